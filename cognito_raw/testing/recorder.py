"""Recording of a client's requests to a real pool, without secrets."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

from ..call import Reply, Request
from ..config import Config
from ..result import Err, Result
from ..transport import shared, shared_async
from ..transport.protocol import AsyncTransport, Transport
from .cassette import Cassette, Exchange, operation_of
from .kit import AsyncAdapter, KitTransport
from .redaction import Redaction


class Recorder(KitTransport):
    """A transport that sends over another one, and writes the exchanges to a cassette.

        with Recorder("cassettes/login.json", config, proof=True) as recorder:
            recorder.session().login("throwaway", "An-Engine-1843")

    path: the cassette. It is written when the block succeeds. A block that fails leaves the file as it was.
    config: of the recorded pool.
    transport: sends the requests: a sync one for sync clients, an async one for async clients. The default is the
        shared transports.
    proof: True keeps the inputs of the SRP proof: the random draws, the secret blocks and the signatures. Whoever has
        them can try passwords without limit, so use a throwaway user and delete it afterwards.
    password: that user's password, to keep with them.
    keep: names of members that have no secrets and stay, such as parameters of a custom challenge.
    against: a description of what is recorded. The default for the service's own endpoint is of the form
        "Amazon Cognito in eu-west-1".

    Record with `session()` and `async_session()`, or with clients that use this object and its `config`. Exchanges have
    the order in which their requests were sent. A failure of the transport is recorded too. Fetched documents, such as
    a pool's keys, are not: no key has signed the stand-ins for tokens.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        config: Config,
        transport: Transport | AsyncTransport | None = None,
        *,
        proof: bool = False,
        password: str | None = None,
        keep: Iterable[str] = (),
        against: str | None = None,
    ) -> None:
        if password is not None and not proof:
            raise ValueError("a password is kept with the proof only: say proof=True, or leave it out")
        if isinstance(keep, str):
            raise ValueError("keep is a list of names, not one name")
        self._path = Path(path)
        self._source = config
        self._transport = transport
        self._proof = proof
        self.password = password
        self._against = against or _described(config)
        self._kept = tuple(keep)
        # With the result of each, once it is there.
        self._calls: list[tuple[Request, list[Result[Reply]]]] = []
        self._clock: list[float] = []
        self._draws: list[bytes] = []
        self.config = replace(config, clock=self._read_clock, randomness=self._draw)

    def send(self, request: Request) -> Any:
        """Send a request over the transport, and record its result."""
        transport = self._transport or shared()
        if inspect.iscoroutinefunction(transport.send):
            raise ValueError("this recorder has an async transport: a sync client needs a sync one")
        place = self._place(request)
        result: Any = transport.send(request)
        place.append(result)
        return result

    def as_async(self) -> AsyncAdapter:
        """Return the same recorder for async clients. `ValueError` if its transport would block the event loop."""
        own: Any = self._transport
        as_async = getattr(type(own), "as_async", None)
        inner: Any = as_async(own) if as_async else own or shared_async()
        if not inspect.iscoroutinefunction(inner.send):
            raise ValueError("this recorder has a sync transport: an async client needs an async one")

        async def send(request: Request) -> Result[Reply]:
            place = self._place(request)
            result: Result[Reply] = await inner.send(request)
            place.append(result)
            return result

        return AsyncAdapter(send)

    def _place(self, request: Request) -> list[Result[Reply]]:
        """Keep the place of a request, and return the list for its result."""
        place: list[Result[Reply]] = []
        if request.method == "POST":
            self._calls.append((request, place))
        return place

    def cassette(self) -> Cassette:
        """Return the recording so far, redacted."""
        redaction = Redaction(proof=self._proof, keep=frozenset(self._kept))
        return Cassette(
            provenance={
                "recorded_by": "cognito_raw.testing.Recorder",
                "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "against": self._against,
            },
            iss=self._source.iss,
            client_id=self._source.client_id,
            has_secret=self._source.client_secret is not None,
            clock=tuple(self._clock),
            randomness=tuple(self._draws) if self._proof else None,
            exchanges=tuple(
                _exchange(redaction, request, result) for request, place in self._calls for result in place
            ),
            password=self.password,
            kept=self._kept,
        )

    def save(self) -> None:
        """Write the cassette. Raise `ValueError` if a replay could not compute its proof."""
        cassette = self.cassette()
        proven = any("SRP_A" in exchange.request.get("AuthParameters", {}) for exchange in cassette.exchanges)
        if self._proof and proven and not self._draws:
            raise ValueError("the proof's random draws were not seen: use this recorder's config, not one of your own")
        cassette.save(self._path)

    _on_success = save

    def _read_clock(self) -> float:
        now = self._source.clock()
        self._clock.append(now)
        return now

    def _draw(self, size: int) -> bytes:
        drawn = self._source.randomness(size)
        self._draws.append(drawn)
        return drawn


def _exchange(redaction: Redaction, request: Request, result: Result[Reply]) -> Exchange:
    operation, sent = operation_of(request), redaction.request(json.loads(request.body))
    if isinstance(result, Err):
        failure = {"reason": result.reason, "sent": result.sent, "status": result.status}
        return Exchange(operation, sent, failure=failure)
    body, headers = redaction.reply(_read(result.value.body), result.value.headers)
    return Exchange(operation, sent, result.value.status, headers, body)


def _described(config: Config) -> str:
    # Only the service's own pools have two issuers.
    moved = config.fips or config.dual_stack  # these exclude any other endpoint
    own = len(config.issuers) == 2 and (moved or config.issuers[0] == f"{config.endpoint}/{config.pool_id}")
    return f"Amazon Cognito in {config.region}" if own else "an emulator or a proxy"


def _read(body: bytes) -> Any:
    """Return the JSON object of a body, or a string for any other, such as a gateway's page."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else body.decode("utf-8", "replace")
