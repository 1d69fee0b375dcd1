"""Recording of a client's requests to a real pool, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

from ..call import Reply, Request
from ..concurrency.locks import ForkLock
from ..config import Config
from ..flow import AsyncTransport, Transport
from ..result import Err, Result
from ..transport import shared, shared_async
from .cassette import Cassette, Exchange, operation_of
from .kit import AsyncAdapter, KitTransport
from .redaction import Redaction


class Recorder(KitTransport):
    """A transport that sends over another one, and writes the exchanges to a cassette.

        with Recorder("cassettes/login.json", config, proof=True) as recorder:
            recorder.session().login("throwaway", "An-Engine-1843")

    path: the cassette. It is written when the block succeeds. A block that fails leaves the file as it was.
    config: of the recorded pool.
    transport: sends the requests, sync or async. The default is the shared transports.
    proof: True keeps the inputs of the SRP proof: the random draws, the secret blocks and the signatures. Whoever has
        them can try passwords without limit, so use a throwaway user and delete it afterwards.
    password: that user's password, to keep with them.
    keep: names of members that have no secrets and stay, such as parameters of a custom challenge.
    against: a description of what is recorded. The default for the service's own endpoint is of the form
        "Amazon Cognito in eu-west-1".

    Record with `session()` and `async_session()`, or with clients that use this object and its `config`.
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
        self._redaction = Redaction(proof=proof, keep=frozenset(self._kept))
        self._exchanges: list[Exchange] = []
        self._clock: list[float] = []
        self._draws: list[bytes] = []
        self._turn = ForkLock()
        self.config = replace(config, clock=self._read_clock, randomness=self._draw)

    def send(self, request: Request) -> Any:
        """Send a request over the transport, and record its result."""
        result: Any = (self._transport or shared()).send(request)
        self.note(request, result)
        return result

    def as_async(self) -> AsyncAdapter:
        """Return the same recorder for async clients."""
        inner = AsyncAdapter((self._transport or shared_async()).send)

        async def send(request: Request) -> Result[Reply]:
            result = await inner.send(request)
            self.note(request, result)
            return result

        return AsyncAdapter(send)

    def note(self, request: Request, result: Result[Reply]) -> None:
        """Record one exchange, redacted. A failure of the transport is recorded too.

        Fetched documents, such as a pool's keys, are not: no key has signed the stand-ins for tokens.
        """
        if request.method == "POST":
            with self._turn:
                self._note(request, result)

    def _note(self, request: Request, result: Result[Reply]) -> None:
        operation, sent = operation_of(request), self._redaction.request(json.loads(request.body))
        if isinstance(result, Err):
            failure = {"reason": result.reason, "sent": result.sent, "status": result.status}
            self._exchanges.append(Exchange(operation, sent, failure=failure))
            return
        body, headers = self._redaction.reply(_read(result.value.body), result.value.headers)
        self._exchanges.append(Exchange(operation, sent, result.value.status, headers, body))

    def cassette(self) -> Cassette:
        """Return the recording so far."""
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
            exchanges=tuple(self._exchanges),
            password=self.password,
            kept=self._kept,
        )

    def save(self) -> None:
        """Write the cassette. Raise `ValueError` if a replay could not compute its proof."""
        proven = any("SRP_A" in exchange.request.get("AuthParameters", {}) for exchange in self._exchanges)
        if self._proof and proven and not self._draws:
            raise ValueError("the proof's random draws were not seen: use this recorder's config, not one of your own")
        self.cassette().save(self._path)

    _on_success = save

    def _read_clock(self) -> float:
        self._clock.append(self._source.clock())
        return self._clock[-1]

    def _draw(self, size: int) -> bytes:
        self._draws.append(self._source.randomness(size))
        return self._draws[-1]


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
