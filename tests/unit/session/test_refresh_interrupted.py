"""Refreshes that are interrupted, never begin or never end."""

from __future__ import annotations

import asyncio
import gc
import threading
import types
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, Ok, Request, Session
from tests.support.conversation import (
    Answering,
    AsyncScript,
    Clock,
    Script,
    answered,
    authentication_result,
    configured,
    signed_in,
    tokens,
)
from tests.support.deadlines import wait_until
from tests.support.sessions import END, REFRESHED, SECOND, reason, renewing
from tests.support.threads import living


def test_who_calls_hears_what_a_transport_raises() -> None:
    """Every time, and all who wait; nothing is logged of it, and the session is none the worse."""

    def broken(_: object) -> Any:
        raise TypeError("broken transport")

    async def broken_too(_: object) -> Any:
        await asyncio.sleep(0.01)
        raise TypeError("broken transport")

    config = configured(clock=Clock(END))
    session = Session(config, state=signed_in(), transport=Answering(broken))
    for _ in range(2):
        with pytest.raises(TypeError, match="broken transport"):
            session.id_token()
    assert session.state.tokens == tokens()

    async def scene() -> None:
        session = AsyncSession(config, state=signed_in(), transport=Answering(broken_too))
        for method in (session.id_token, session.refresh):
            results = await asyncio.gather(*(method() for _ in range(5)), return_exceptions=True)
            assert [type(result) for result in results] == [TypeError] * 5
        assert session.state.tokens == tokens()

    asyncio.run(scene())


def test_a_refresh_without_a_thread_is_made_by_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no more threads begin, as when the interpreter shuts down."""
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Script([REFRESHED]))

    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    assert session.id_token() == Ok(SECOND)


def test_a_refresh_that_was_never_started_is_started_by_the_next_caller() -> None:
    """An interruption in the wrong moment leaves nobody waiting."""
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Script([REFRESHED]))
    task = session._refresher.join_or_start()
    assert session.id_token() == Ok(SECOND)
    assert task is not None
    assert task.done


def test_a_refresh_that_never_ends_is_given_up() -> None:
    """A thread that hangs for good does not leave everybody waiting for ever."""
    running = Clock(0.0)
    config = configured(clock=Clock(END), monotonic=running)
    session = Session(config, state=signed_in(), transport=Script([REFRESHED]))
    task = session._refresher.join_or_start()
    assert task is not None
    assert task.start(lambda: None, "cognito_raw refresh")
    assert reason(session.within(0.02).id_token()) == "timed-out"
    running.now = 31.0
    assert session.id_token() == Ok(SECOND)


def test_a_refresh_whose_task_is_cancelled_is_made_again() -> None:
    """By who ends all tasks of a loop that goes on; who waited hears that it may have happened."""

    async def scene() -> None:
        asked = asyncio.Event()
        replies: list[Any] = [asyncio.Event().wait, None]

        async def send(_: Request) -> Any:
            asked.set()
            wait = replies.pop(0)
            return REFRESHED.reply if wait is None else await wait()

        session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(send))
        waits = asyncio.create_task(session.id_token())
        await asked.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task(), waits}:
            task.cancel()
        result = await waits
        assert isinstance(result, Err)
        assert (result.reason, result.sent, session.state.unanswered) == ("connection-lost", "maybe", True)
        assert await session.id_token() == Ok(SECOND)
        assert not session.state.unanswered

    asyncio.run(scene())


def test_a_refresh_that_a_stopped_event_loop_left_is_made_by_the_next() -> None:
    """The answer may never come; the new loop waits neither for it nor for its turn."""

    async def never(_: Request) -> Any:
        await asyncio.Event().wait()

    config = configured(clock=Clock(END), deadline=0.1)
    session = AsyncSession(config, state=signed_in(), transport=Answering(never))
    stopped = asyncio.new_event_loop()
    hurried = session.within(0.02)
    assert reason(stopped.run_until_complete(hurried.id_token())) == "timed-out"
    session._transport = AsyncScript([REFRESHED])
    assert asyncio.run(asyncio.wait_for(session.within(10).id_token(), 10)) == Ok(SECOND)
    for task in asyncio.all_tasks(stopped):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            stopped.run_until_complete(task)
    stopped.close()


def test_nothing_of_a_refresh_is_kept() -> None:
    """Tens of thousands of sessions may be held."""
    session, _ = renewing(answered(authentication_result(at=END, n=2)))
    before = session.state.tokens
    session.id_token()
    assert wait_until(lambda: all(thread.name != "cognito_raw refresh" for thread in living()), 5.0)
    gc.collect()
    assert not [held for held in gc.get_referrers(before) if not isinstance(held, types.FrameType)]


def test_a_refresh_of_a_stopped_event_loop_is_not_waited_for() -> None:
    """Another loop makes its own, also ahead of the end; one that runs in another thread is joined."""
    fresh = answered(authentication_result(at=END, n=2))
    loops: list[object] = []

    async def never(_: object) -> Any:
        loops.append(asyncio.get_running_loop())
        await asyncio.Event().wait()

    async def answers(_: object) -> Any:
        loops.append(asyncio.get_running_loop())
        return fresh

    transport = Answering(never)
    config = configured(clock=Clock(END), deadline=0.1)
    session = AsyncSession(config, state=signed_in(), transport=transport)
    stopped = asyncio.new_event_loop()
    assert isinstance(stopped.run_until_complete(session.within(0.02).id_token()), Err)
    transport._send = answers
    assert asyncio.run(session.within(10).id_token()) == Ok(tokens(at=END, n=2).id_token)
    assert len(set(loops)) == 2
    for task in asyncio.all_tasks(stopped):
        task.cancel()
        stopped.run_until_complete(asyncio.wait((task,)))
    stopped.close()


def test_a_refresh_that_raised_nothing_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Neither one that has finished nor one under way."""
    session, _ = renewing(answered(authentication_result(at=END, n=2)))
    task = session._refresher.join_or_start()
    assert task is not None
    task.report()
    task.finish(Ok(tokens(at=END)))
    task.report()
    assert caplog.records == []
