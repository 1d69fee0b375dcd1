"""The sessions of a program at two pools, and what may be drawn for each step of its life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cognito_raw import IdToken, Ok, Reply, Request, Result, State
from tests.support.model_service.pool import Pool
from tests.support.model_service.world import Ear, Rules, Time
from tests.support.modes import Mode, Sync
from tests.support.rotation import Fault

REASONS: Final[dict[Fault, str]] = {
    "lost": "connection-lost",
    "torn": "malformed-reply",
    "hangs": "timed-out",
    "stalls": "timed-out",
    "failed": "service-unavailable",
    "failed after": "service-unavailable",
    "unsent": "connection-failed",
    "throttled": "throttled",
    "page": "request-blocked",
    "busy": "daily-operations-limit-exceeded",
}
OPERATIONS: Final = st.sampled_from(("both", "new", "old"))
POOLS: Final = st.sampled_from((0, 0, 0, 1))
USERS: Final = st.integers(0, 1)
WAYS: Final = st.sampled_from((None, "USER_PASSWORD_AUTH", "EMAIL_OTP"))
CODE: Final = st.sampled_from((None, True, True, False))
FORMS: Final = st.sampled_from((0, 0, 1))
# A fault of the first request, of the second, or of all; often none.
FAULTS: Final = st.sampled_from(
    [[]] * 2 * len(REASONS) + [faults for one in REASONS for faults in ([one], ["none", one], [one] * 3)]
)
Life: TypeAlias = Callable[[Time], None]
"""A while in the life of a program, which runs or is suspended. Then somebody may set the clock."""


def _while(seconds: int, suspended: bool, set_by: int) -> Life:
    def live(time: Time) -> None:
        time.passes(seconds, suspended=suspended)
        time.ahead += set_by

    return live


LIFE: Final = st.builds(
    _while,
    st.sampled_from((0, 0, 1, 100, 310, 2900, 3599, 90_000)),
    st.booleans(),
    st.sampled_from((0, 0, 0, -90_000, -3600, -100, 100, 3600, 90_000)),
)
RULES: Final = st.builds(
    Rules,
    secret=st.sampled_from((None, "s3cret")),
    rotates=st.booleans(),
    grace=st.sampled_from((0, 60)),
    refresh_tokens=st.sampled_from((True, True, False)),
    operations=OPERATIONS,
    tracks=st.booleans(),
    names_device=st.sampled_from((False, False, True)),
    factor=st.sampled_from((None, None, "SMS_MFA", "SOFTWARE_TOKEN_MFA")),
    lasts=st.sampled_from((3600, 3600, 300)),
    access_lasts=st.sampled_from((300, 300, 3600)),
    issued=st.sampled_from(("right", "right", "zero", "absent")),
)


class AsyncWire:
    """A pool as an async transport."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def send(self, request: Request) -> Result[Reply]:
        await asyncio.sleep(0)
        return self._pool.send(request)


class Seat:
    """A session at a pool, and all that its user remembers of it."""

    def __init__(self, mode: Mode, pool: Pool) -> None:
        self.mode, self.pool = mode, pool
        self.typed: str | None = None
        self.reset: str | None = None
        self.told: list[str | None] = []
        self.slow = False
        self.older: Any = None
        self.open(None)

    @property
    def ear(self) -> Ear:
        return self.pool.ear

    def open(self, state: State | None) -> None:
        transport = self.pool if isinstance(self.mode, Sync) else AsyncWire(self.pool)
        self.session = self.mode.session(self.pool.config, state=state, transport=transport)
        self.session.subscribe(self._hear if isinstance(self.mode, Sync) else self._hear_slowly)

    def _hear(self, token: IdToken | None) -> None:
        self.told.append(None if token is None else token.jwt)

    async def _hear_slowly(self, token: IdToken | None) -> None:
        self._hear(token)
        await asyncio.sleep(100 if self.slow else 0)


def anybody(_: Seat) -> bool:
    return True


def signed_in(seat: Seat) -> bool:
    return seat.ear.family is not None


def challenged(seat: Seat) -> bool:
    return seat.session.challenge is not None


def lacking(seat: Seat) -> bool:
    return not all(user.exists for user in seat.pool.users)


def registered(seat: Seat) -> bool:
    return seat.ear.handle is not None


def goes_on(result: Any) -> bool:
    return isinstance(result, Ok) or result.reason.endswith("-challenge")


def step(ready: Callable[[Seat], bool] = anybody, **drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule for one of the sessions that are ready for it."""

    def decorate(action: Callable[..., None]) -> Any:
        @wraps(action)
        def run(self: Any, at: int, **given: Any) -> None:
            seats = (self.seats[at], self.seats[1 - at])
            action(self, next(seat for seat in seats if ready(seat)), **given)

        def is_ready(machine: Any) -> bool:
            return any(map(ready, machine.seats))

        made: Any = rule(at=POOLS, **drawn)
        return precondition(is_ready)(made(run))

    return decorate
