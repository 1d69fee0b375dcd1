"""Slow subscribers: nobody waits for them who only waits for tokens, and the end of a block does."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cognito_raw import AsyncSession, IdToken, Ok
from tests.support.conversation import AsyncScript, Clock, configured, signed_in
from tests.support.deadlines import Stopwatch
from tests.support.sessions import END, REFRESHED, REVOKED, SECOND, async_at_the_end, at_the_end

Told = list[IdToken | None]


@pytest.mark.parametrize("method", ["refresh", "id_token"])
def test_a_refresh_is_done_before_it_is_reported(method: str) -> None:
    """Its callers have the tokens while a subscriber waits for a lock that one of them holds."""
    session, lock = at_the_end(REFRESHED), threading.Lock()
    told: Told = []

    def slow(_: object) -> None:
        with lock:
            pass

    session.subscribe(slow)
    session.subscribe(told.append)
    with Stopwatch() as watch, lock:
        assert getattr(session.within(30), method)() == Ok(SECOND)
        assert session.refresh(seen=signed_in().tokens) == Ok(SECOND)
        assert told == []
    assert watch.seconds < 20
    session.close()
    assert told == [SECOND]


@pytest.mark.parametrize("method", ["refresh", "id_token"])
def test_a_refresh_in_its_callers_thread_is_done_too(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time the caller has, where no other thread begins."""
    session = at_the_end(REFRESHED)
    session.subscribe(lambda _: time.sleep(0.1))

    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    assert getattr(session.within(0.01), method)() == Ok(SECOND)


@pytest.mark.parametrize("method", ["refresh", "id_token"])
def test_an_async_refresh_is_done_before_it_is_reported(method: str) -> None:
    """The same for a coroutine function and a lock of the event loop."""
    session = async_at_the_end(REFRESHED)
    told: Told = []

    async def scene() -> None:
        lock = asyncio.Lock()

        async def slow(_: IdToken | None) -> None:
            async with lock:
                pass

        session.subscribe(slow)
        session.subscribe(told.append)
        async with session:
            await lock.acquire()
            assert await getattr(session, method)() == Ok(SECOND)
            assert told == []
            lock.release()

    asyncio.run(asyncio.wait_for(scene(), 8))
    assert told == [SECOND]


def test_no_later_caller_calls_the_subscribers_of_a_refresh() -> None:
    """Its thread has their turn before its callers go on, and calls them for later changes too."""
    session = at_the_end(REFRESHED, REVOKED)
    asked, turns = threading.Event(), list[bool]()
    told: list[tuple[str, IdToken | None]] = []

    def slow(token: IdToken | None) -> None:
        told.append((threading.current_thread().name, token))
        assert asked.wait(10)

    session.subscribe(slow)
    task = session._refresher.join_or_start()
    assert task is not None
    task.call_when_done(lambda: turns.append(session._notifying.is_mine()))
    assert session.refresh() == Ok(SECOND)
    assert session.logout() == Ok(None)
    asked.set()
    session.close()
    assert turns == [True]
    assert told == [("cognito_raw refresh", SECOND), ("cognito_raw refresh", None)]


def test_close_waits_for_subscribers() -> None:
    """So that who keeps new tokens elsewhere has kept them at the end of a program."""
    told: Told = []
    with at_the_end(REFRESHED) as session:
        session.subscribe(lambda _: time.sleep(0.2))
        session.subscribe(told.append)
        session.refresh()
    assert told == [SECOND]

    async def scene() -> None:
        async with async_at_the_end(REFRESHED) as other:
            other.subscribe(lambda _: asyncio.sleep(0.2))
            other.subscribe(told.append)
            await other.refresh()
        assert told == [SECOND, SECOND]  # before the end of the loop, which waits too

    asyncio.run(scene())


def test_close_waits_for_subscribers_within_its_deadline() -> None:
    """One that hangs keeps nobody."""
    go_on, asked = threading.Event(), threading.Event()

    def hangs(_: object) -> None:
        asked.set()
        assert go_on.wait(60)

    session = at_the_end(REFRESHED)
    session.subscribe(hangs)
    session.refresh()
    assert asked.wait(10)
    with Stopwatch() as watch:
        session.within(0.01).close()
    assert watch.seconds < 20
    go_on.set()
    session.close()

    async def scene() -> None:
        config = configured(clock=Clock(END), deadline=0.1)
        other = AsyncSession(config, state=signed_in(), transport=AsyncScript([REFRESHED]))
        other.subscribe(lambda _: asyncio.Event().wait())
        await other.refresh()
        await other.within(0.01).aclose()

    asyncio.run(asyncio.wait_for(scene(), 8))


def test_an_async_subscriber_may_close_its_session() -> None:
    """It does not wait for itself."""
    session = async_at_the_end(REFRESHED)
    closed: list[bool] = []

    async def closes(_: object) -> None:
        await session.aclose()
        closed.append(True)

    async def scene() -> None:
        session.subscribe(closes)
        async with session:
            assert await session.refresh() == Ok(SECOND)

    asyncio.run(asyncio.wait_for(scene(), 8))
    assert closed == [True]
