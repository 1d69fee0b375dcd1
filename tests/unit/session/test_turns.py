"""Turns: a session makes one call at a time, and waiting for a turn is part of the deadline."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, Ok, Reply, Request, Result, Session
from tests.support.conversation import (
    NOW,
    Answering,
    Clock,
    answered,
    configured,
    signed_in,
    tokens,
)
from tests.support.sessions import CHANGED, END, FIRST, REFRESHED, SECOND, reason, waiting_change, waiting_refresh


def test_waiting_for_a_turn_is_part_of_the_deadline() -> None:
    """Another thread's slow call makes a call late, not endless: `timed-out`, and nothing was sent."""
    session, sent, go_on = waiting_refresh(configured(clock=Clock(END)))
    with ThreadPoolExecutor(1) as threads:
        refresh = threads.submit(session.id_token)
        assert sent.wait(10)
        late = session.within(0.05).logout()
        go_on.set()
        assert refresh.result(10) == Ok(SECOND)
    assert isinstance(late, Err)
    assert (late.reason, late.sent, late.retryable) == ("timed-out", "no", True)
    assert session.state.tokens == tokens(at=END, n=2)


def test_waiting_for_a_turn_is_part_of_the_deadline_of_a_task() -> None:
    """The same among tasks."""

    async def scene() -> tuple[object, object]:
        sent, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_: Request) -> Result[Reply]:
            sent.set()
            await go_on.wait()
            return REFRESHED.reply

        session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(slow))
        refresh = asyncio.create_task(session.id_token())
        await sent.wait()
        late = await session.within(0.05).logout()
        go_on.set()
        return late, await refresh

    late, refreshed = asyncio.run(asyncio.wait_for(scene(), 10))
    assert isinstance(late, Err)
    assert (late.reason, late.sent, late.retryable) == ("timed-out", "no", True)
    assert refreshed == Ok(SECOND)


def test_what_was_waited_is_missing_to_the_request() -> None:
    """A request gets what the wait for the turn left of the deadline."""
    begun, now = threading.Event(), [0.0]

    def running() -> float:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
        return now[0]

    timeouts: dict[str, float] = {}

    def other(request: Request) -> Result[Reply]:
        timeouts[request.headers["X-Amz-Target"].rpartition(".")[2]] = request.timeout
        if len(timeouts) == 1:
            waits.append(threads.submit(session.logout))
            assert begun.wait(10)
            now[0] = 4.0
        return answered({})

    waits: list[Any] = []
    session = Session(configured(monotonic=running), state=signed_in(), transport=Answering(other))
    with ThreadPoolExecutor(1) as threads:
        assert session.change_password("old", "new") == Ok(None)
        assert waits[0].result(10) == Ok(None)
    assert timeouts == {"ChangePassword": 10.0, "RevokeToken": 6.0}


@pytest.mark.parametrize("left", [3000, 30], ids=["fresh", "valid for a moment yet"])
def test_a_valid_token_is_given_while_another_call_hangs(left: int) -> None:
    """A fresh token needs no turn; one near its end is given at the deadline, where it cannot be refreshed."""
    clock = Clock(NOW)
    session, asked, go_on = waiting_change(clock)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(session.change_password, "old", "new")
        assert asked.wait(10)
        clock.now = END - left
        early = session.within(0.05)
        assert (early.id_token(), early.access_token().unwrap()) == (Ok(FIRST), tokens().access_token)
        go_on.set()
        assert other.result(10) == Ok(None)


def test_a_valid_token_is_given_while_another_task_hangs() -> None:
    """The same among tasks."""

    async def scene() -> None:
        clock, asked, go_on = Clock(NOW), asyncio.Event(), asyncio.Event()

        async def slow(_: object) -> Any:
            asked.set()
            await go_on.wait()
            return answered({})

        session = AsyncSession(configured(clock=clock), state=signed_in(), transport=Answering(slow))
        other = asyncio.create_task(session.change_password("old", "new"))
        await asked.wait()
        for left in (3000, 30):
            clock.now = END - left
            assert await session.within(0.05).id_token() == Ok(FIRST)
        late = await session.within(0.05).logout()
        assert isinstance(late, Err)
        assert late.reason == "timed-out"
        go_on.set()
        assert await other == Ok(None)

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_the_token_that_a_method_needs_is_part_of_its_deadline() -> None:
    """What its refresh took is missing to the call itself."""
    running = Clock(0.0)
    exchanges = [REFRESHED, CHANGED]
    requests: list[Request] = []

    def takes_time(request: Request) -> Result[Reply]:
        requests.append(request)
        running.now += 4.0
        return exchanges.pop(0).reply

    async def takes_time_too(request: Request) -> Result[Reply]:
        return takes_time(request)

    config = configured(clock=Clock(END), monotonic=running)
    session = Session(config, state=signed_in(), transport=Answering(takes_time))
    assert session.change_password("old", "new") == Ok(None)
    exchanges[:] = [REFRESHED, CHANGED]
    async_session = AsyncSession(config, state=signed_in(), transport=Answering(takes_time_too))
    assert asyncio.run(async_session.change_password("old", "new")) == Ok(None)
    assert [request.timeout for request in requests] == [10.0, 6.0] * 2


def test_a_method_whose_token_took_all_the_time_is_late() -> None:
    """Nothing of it was sent."""
    running = Clock(0.0)

    def takes_all(_: Request) -> Result[Reply]:
        running.now += 10.0
        return REFRESHED.reply

    config = configured(clock=Clock(END), monotonic=running)
    result = Session(config, state=signed_in(), transport=Answering(takes_all)).change_password("old", "new")
    assert isinstance(result, Err)
    assert (result.reason, result.sent) == ("timed-out", "no")


def test_a_turn_that_is_taken_makes_late() -> None:
    """A second call that has no time to wait is told so, sync and async; without a token none is made."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: Request) -> Result[Reply]:
        asked.set()
        assert go_on.wait(10)
        return answered({})

    session = Session(configured(), state=signed_in(), transport=Answering(slow))
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(session.change_password, "old", "new")
        assert asked.wait(10)
        late = session.within(0.02).logout()
        go_on.set()
        assert other.result(10) == Ok(None)
    assert (reason(late), reason(Session(configured()).change_password("a", "b"))) == ("timed-out", "no-session")

    async def scene() -> None:
        released = asyncio.Event()

        async def slow(_: Request) -> Result[Reply]:
            await released.wait()
            return answered({})

        session = AsyncSession(configured(), state=signed_in(), transport=Answering(slow))
        other = asyncio.create_task(session.change_password("old", "new"))
        await asyncio.sleep(0)
        assert reason(await session.within(0.02).logout()) == "timed-out"
        released.set()
        assert await other == Ok(None)
        assert reason(await AsyncSession(configured()).change_password("a", "b")) == "no-session"
        assert reason(await AsyncSession(configured()).refresh()) == "no-session"

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert reason(Session(configured()).refresh()) == "no-session"
