"""Recording what a client does against a real pool, without what is secret in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Self

from ..call import Reply, Request
from ..concurrency.locks import ForkLock
from ..config import Config
from ..flow import AsyncTransport, Transport
from ..result import Err, Result
from ..session.asynchronous import AsyncSession
from ..session.blocking import Session
from ..session.state import State
from ..transport import shared, shared_async
from .cassette import Cassette, Exchange, operation_of
from .redaction import Redaction
from .stage import AsyncAdapter


class Recorder:
    """A transport around any other that writes what passes to a cassette.

        with Recorder("cassettes/login.json", config, proof=True) as recorder:
            recorder.session().login("throwaway", "An-Engine-1843")

    path: where the cassette is written when the block ends well; a block that fails leaves the file as it was.
    config: of the pool that is recorded.
    transport: what really sends, sync or async; without one the shared transports do.
    proof: whether to keep what the SRP proof is computed from: the random draws, the secret blocks, the signatures.
        Whoever has them can try passwords without end, so only for a throwaway user, removed afterwards.
    password: that user's, kept beside them if it is given.
    keep: names of members whose texts are not secret and shall stay, such as parameters of a custom challenge.
    against: what was recorded, in words; "Amazon Cognito in eu-west-1" where the endpoint is the service's own.

    Use `config` and this object, or `session()` and `async_session()`, for what is to be recorded.
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
        self._password = password
        self._against = against or _described(config)
        self._kept = tuple(keep)
        self._redaction = Redaction(proof=proof, keep=frozenset(self._kept))
        self._exchanges: list[Exchange] = []
        self._clock: list[float] = []
        self._draws: list[bytes] = []
        self._turn = ForkLock()
        self.config = replace(config, clock=self._read_clock, randomness=self._draw)

    def send(self, request: Request) -> Any:
        """Send a request over the transport, and keep what comes of it."""
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

    def session(self, state: State | None = None) -> Session:
        """A session that is recorded."""
        return Session(self.config, state=state, transport=self)

    def async_session(self, state: State | None = None) -> AsyncSession:
        """An async session that is recorded."""
        return AsyncSession(self.config, state=state, transport=self)

    def note(self, request: Request, result: Result[Reply]) -> None:
        """Keep one exchange, redacted; a failure of the transport is kept as such.

        What is fetched, as a pool's keys, is not kept: a recording's tokens are stand-ins that no key has signed.
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

    @property
    def password(self) -> str | None:
        """The throwaway user's password, if it was given."""
        return self._password

    def cassette(self) -> Cassette:
        """What was recorded so far."""
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
            password=self._password,
            kept=self._kept,
        )

    def save(self) -> None:
        """Write the cassette; `ValueError` if its proof could not be computed anew."""
        proven = any("SRP_A" in exchange.request.get("AuthParameters", {}) for exchange in self._exchanges)
        if self._proof and proven and not self._draws:
            raise ValueError("the proof's random draws were not seen: use this recorder's config, not one of your own")
        self.cassette().save(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.save()

    def _read_clock(self) -> float:
        self._clock.append(self._source.clock())
        return self._clock[-1]

    def _draw(self, size: int) -> bytes:
        self._draws.append(self._source.randomness(size))
        return self._draws[-1]


def _described(config: Config) -> str:
    # Only the service's own pools have two issuers.
    moved = config.fips or config.dual_stack  # which no other endpoint goes with
    own = len(config.issuers) == 2 and (moved or config.issuers[0] == f"{config.endpoint}/{config.pool_id}")
    return f"Amazon Cognito in {config.region}" if own else "an emulator or a proxy"


def _read(body: bytes) -> Any:
    """The JSON object of a body, or its text: a page of a gateway, say."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else body.decode("utf-8", "replace")
