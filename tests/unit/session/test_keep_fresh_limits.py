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
