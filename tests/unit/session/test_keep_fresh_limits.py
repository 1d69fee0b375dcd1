"""A session that keeps itself fresh rests while there is nothing to do."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from cognito_raw import AsyncSession, Ok, Session
from tests.support.conversation import (
    NOW,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    signed_in,
    tokens,
)
from tests.support.deadlines import wait_until

RENEWED = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(n=2)))
SECOND = tokens(n=2).id_token
# Seconds in which a loop that does not rest reads the clocks thousands of times.
WATCHED = 0.3


class CountingClock(Clock):
    """A clock that counts how often it is read, and stops a loop that never rests."""

    reads = 0

    def __call__(self) -> float:
        self.reads += 1
        assert self.reads < 1000, "the clock is read without rest"
        return super().__call__()


def test_keep_fresh_rests_after_news() -> None:
    """New tokens wake its thread once; then it sleeps again."""
    clock = CountingClock(NOW)
    session = Session(configured(clock=clock), state=signed_in(), transport=Script([RENEWED]))
    with session.keep_fresh():
        assert session.refresh() == Ok(SECOND)
        time.sleep(0.1)
        before = clock.reads
        time.sleep(WATCHED)
        assert before < 100
        assert clock.reads == before


def test_the_task_of_keep_fresh_rests_after_news() -> None:
    """The same in an event loop."""

    async def scene() -> None:
        clock = CountingClock(NOW)
        session = AsyncSession(configured(clock=clock), state=signed_in(), transport=AsyncScript([RENEWED]))
        async with session.keep_fresh():
            assert await session.refresh() == Ok(SECOND)
            await asyncio.sleep(0.1)
            before = clock.reads
            await asyncio.sleep(WATCHED)
            assert before < 100
            assert clock.reads == before

    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.mark.parametrize("first", ["id", "access"])
@pytest.mark.parametrize("kind", [Session, AsyncSession])
def test_without_a_refresh_token_the_first_token_ends_the_session(
    kind: type[Session | AsyncSession], first: str
) -> None:
    """Its end is told then, not before, and nothing is asked."""
    began = time.monotonic()

    def clock() -> float:
        return NOW + time.monotonic() - began

    lasts = (2, 3600) if first == "id" else (3600, 2)
    state = signed_in(lasts=lasts[0], access_lasts=lasts[1], refresh=None)
    told: list[tuple[object, bool]] = []

    def hear(token: object) -> None:
        told.append((token, clock() >= NOW + 1))  # tokens end a second early

    def kept() -> None:
        session = Session(configured(clock=clock), state=state, transport=Script())
        session.subscribe(hear)
        with session.keep_fresh():
            assert wait_until(lambda: bool(told), 10)
        assert session.state.tokens is None

    async def kept_async() -> None:
        session = AsyncSession(configured(clock=clock), state=state, transport=AsyncScript())
        session.subscribe(hear)
        async with session.keep_fresh(), asyncio.timeout(10):
            while not told:  # noqa: ASYNC110  # no event tells it
                await asyncio.sleep(0.01)
        assert session.state.tokens is None

    if kind is Session:
        kept()
    else:
        asyncio.run(kept_async())
    assert told == [(None, True)]


def test_keep_fresh_leaves_no_subscriber_behind(caplog: pytest.LogCaptureFixture) -> None:
    """News after the end of the block, in another event loop, reach nobody of it."""
    session = AsyncSession(configured(), state=signed_in(), transport=AsyncScript([RENEWED]))

    async def kept() -> None:
        async with session.keep_fresh():
            pass

    asyncio.run(kept())
    with caplog.at_level(logging.ERROR):
        assert asyncio.run(session.refresh()) == Ok(SECOND)
    assert caplog.records == []
