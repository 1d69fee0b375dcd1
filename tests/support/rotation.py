"""A service that really rotates refresh tokens, and whatever can happen to a refresh; and time that costs nothing.

It keeps each sign-in as a family of refresh tokens: the newest is good until it is used, and then for the grace period.
A use after that ends the family. What it answers may be lost, late or refused, as a test wants it.
"""

from __future__ import annotations

import asyncio
import json
import math
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal, TypeAlias

from cognito_raw import Err, Ok, Reply, Request, Result, State, Tokens
from tests.support.conversation import CLIENT_ID, ISS, NOW, answered, not_authorized, refused, unsigned_token

Fault: TypeAlias = Literal[
    "none", "lost", "torn", "hangs", "failed after", "unsent", "stalls", "throttled", "failed", "page", "busy"
]
# In these the service renewed the tokens, and nobody heard of it.
SWALLOWED: Final[frozenset[Fault]] = frozenset(("lost", "torn", "hangs", "failed after"))

INSTEAD: Final[dict[Fault, Result[Reply]]] = {
    "lost": Err("connection-lost", sent="maybe"),
    "torn": Ok(Reply(200, {}, b'{"AuthenticationResult":{"IdTo')),
    "hangs": Err("timed-out", sent="maybe"),
    "failed after": refused("InternalErrorException"),
    "unsent": Err("connection-failed", sent="no"),
    "stalls": Err("timed-out", sent="maybe"),
    "throttled": refused("TooManyRequestsException"),
    "failed": refused("InternalErrorException"),
    "page": Ok(Reply(403, {}, b"<html>blocked</html>")),
    "busy": refused("LimitExceededException"),
}


@dataclass
class Family:
    """The refresh tokens of one sign-in: when each ends, and which answers never arrived."""

    user: str
    newest: str
    ends: dict[str, float] = field(default_factory=dict)
    unheard: bool = False
    stolen: bool = False
    ended: str | None = None
    refreshes: int = 0


class Service:
    """The pool. `clock` is its own; `fault` says what happens to the next request."""

    def __init__(
        self,
        clock: Callable[[], float] = lambda: NOW,
        *,
        grace: float = 0.0,
        lasts: int = 3600,
        fault: Callable[[], Fault] = lambda: "none",
        rotates: bool = True,
    ) -> None:
        self.clock = clock
        self.grace = grace
        self.lasts = lasts
        self.fault = fault
        self.rotates = rotates
        self.requests = 0
        self.refreshes = 0
        self._families: dict[str, Family] = {}
        self._numbers = count(1)

    def sign_in(self, user: str = "5u8") -> tuple[Family, State]:
        """A new sign-in, and the state of a session that has just made it."""
        family = Family(user, self._new_token())
        self._families[family.newest] = family
        family.ends[family.newest] = math.inf
        tokens = Tokens.read(self._tokens(family))
        return family, State(user, tokens=tokens)

    def end(self, family: Family) -> None:
        """As an administrator's sign-out of the user does."""
        family.ended = "refresh-token-revoked"

    def steal(self, family: Family) -> None:
        """Somebody else uses the newest refresh token."""
        family.stolen = True
        self._rotate(family, family.newest)

    def answer(self, request: Request) -> tuple[Result[Reply], Fault]:
        """What comes of a request, at once; a transport makes it late where the fault is one of time."""
        self.requests += 1
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        asked = json.loads(request.body)
        if operation == "RevokeToken":
            self.end(self._families[asked["Token"]])
            return answered({}), "none"
        assert operation == "GetTokensFromRefreshToken", operation
        fault = self.fault()
        if fault != "none" and fault not in SWALLOWED:
            return INSTEAD[fault], fault
        reply = self._refresh(self._families[asked["RefreshToken"]], asked["RefreshToken"], heard=fault == "none")
        return (reply if fault == "none" else INSTEAD[fault]), fault

    def _refresh(self, family: Family, token: str, *, heard: bool) -> Result[Reply]:
        if family.ended is None and family.ends[token] <= self.clock():
            family.ended = "refresh-answer-lost" if family.unheard and not family.stolen else "refresh-token-reused"
            return refused("RefreshTokenReuseException")
        if family.ended is not None:
            over = family.ended == "refresh-token-revoked"
            return not_authorized("Refresh Token has been revoked") if over else refused("RefreshTokenReuseException")
        self.refreshes += 1
        family.refreshes += 1
        if self.rotates:
            self._rotate(family, token)
        family.unheard = not heard
        return answered(self._tokens(family))

    def _rotate(self, family: Family, token: str) -> None:
        family.ends[token] = min(family.ends[token], self.clock() + self.grace)
        family.newest = self._new_token()
        self._families[family.newest] = family
        family.ends[family.newest] = math.inf

    def _new_token(self) -> str:
        return f"refresh-{next(self._numbers)}"

    def _tokens(self, family: Family) -> dict[str, Any]:
        issued = int(self.clock())
        said = {"sub": family.user, "iss": ISS, "iat": issued, "exp": issued + self.lasts, "n": family.newest}
        result = {
            "IdToken": unsigned_token(aud=CLIENT_ID, **said),
            "AccessToken": unsigned_token(client_id=CLIENT_ID, **said),
            "ExpiresIn": self.lasts,
            "RefreshToken": family.newest,
        }
        return {"AuthenticationResult": result}


class Wire:
    """A blocking transport to it, on a clock that the faults of time set."""

    def __init__(self, service: Service, passes: Callable[[float], None] = lambda _: None) -> None:
        self._service = service
        self._passes = passes

    def send(self, request: Request) -> Result[Reply]:
        reply, fault = self._service.answer(request)
        self._passes(request.timeout if fault in ("hangs", "stalls") else 0.02)
        return reply


class AsyncWire:
    """The same for asynchronous programs, in the time of the event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def send(self, request: Request) -> Result[Reply]:
        await asyncio.sleep(0.01)
        reply, fault = self._service.answer(request)
        await asyncio.sleep(request.timeout if fault in ("hangs", "stalls") else 0.01)
        return reply


# --- time that costs nothing


class _Leaping(selectors.DefaultSelector):
    """Waits for nothing: where an event loop would wait for a timer, its time leaps there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(None if timeout is None else 0)
        if not events and timeout is not None:
            self.now += timeout
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop in which hours pass in no time."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)
        self._clock_resolution = 1e-6  # less is lost among months

    def time(self) -> float:
        return self._leaping.now


def in_no_time(main: Callable[[Callable[[], float]], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function, which is given the running clock, in time that costs nothing."""
    loop = LeapingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main(loop.time))
