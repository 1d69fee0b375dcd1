"""`keep_fresh`: subscribers are supplied with fresh tokens, without being asked."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, Config, Err, IdToken, Ok, Reply, Request, Result, Session, State
from tests.support.conversation import (
    CLIENT_ID,
    ISS,
    NOW,
    Answering,
    Clock,
    configured,
    refused,
    signed_in,
)
from tests.support.deadlines import Stopwatch, wait_until
from tests.support.rotation import AsyncWire, Fault, Service, Wire
from tests.support.sessions import END, REFRESHED, SECOND, renewing
from tests.support.threads import living

REAL = Config(ISS, CLIENT_ID)


class Faults:
    """What befalls the requests of a real-time service, to be changed while it runs."""

    def __init__(self) -> None:
        self.now: Fault = "none"

    def __call__(self) -> Fault:
        return self.now


def in_real_time(lasts: int = 2, **choices: Any) -> tuple[Service, State]:
    service = Service(time.time, lasts=lasts, grace=30.0, **choices)
    return service, service.sign_in()[1]


async def until(condition: Callable[[], bool], within: float = 8.0) -> bool:
    """Whether the condition comes true in time, while the event loop runs on."""
    last, left = time.monotonic(), within
    while not condition() and left > 0:
        await asyncio.sleep(0.01)
        now = time.monotonic()
        left -= min(now - last, 0.02)  # as `wait_until` counts
        last = now
    return condition()


def live(told: list[IdToken | None], now: float) -> bool:
    return bool(told) and told[-1] is not None and told[-1].exp > now


def test_a_thread_keeps_subscribers_supplied() -> None:
    """Through failures, a sign-out and a sign-in; at the end of the block it is gone."""
    faults = Faults()
    service, state = in_real_time(fault=faults)
    session = Session(REAL, state=state, transport=Wire(service))
    told: list[IdToken | None] = []
    session.subscribe(told.append)
    with session.keep_fresh() as same:
        assert same is session
        assert wait_until(lambda: len(told) >= 2, 8.0)
        assert wait_until(lambda: live(told, time.time()), 8.0)
        faults.now = "busy"
        asked = service.requests
        assert wait_until(lambda: service.requests > asked, 8.0)
        faults.now = "none"
        heard = len(told)
        assert wait_until(lambda: len(told) > heard, 8.0)
        assert session.logout() == Ok(None)
        assert wait_until(lambda: told[-1] is None, 8.0)  # the thread may be telling of a renewal
        asked = service.requests
        time.sleep(0.3)
        assert service.requests == asked
        _, again = service.sign_in()
        session._holder.keep(again)  # as a sign-in does
        session.logout()
    assert wait_until(lambda: not [thread for thread in living() if "cognito_raw keep_fresh" in thread.name], 8.0)


def test_a_task_keeps_subscribers_supplied() -> None:
    """The same in an event loop."""

    async def scene() -> None:
        faults = Faults()
        service, state = in_real_time(fault=faults)
        session = AsyncSession(REAL, state=state, transport=AsyncWire(service))
        told: list[IdToken | None] = []
        session.subscribe(told.append)
        async with session.keep_fresh() as same:
            assert same is session
            assert await until(lambda: len(told) >= 2)
            assert await until(lambda: live(told, time.time()))
            faults.now = "busy"
            asked = service.requests
            assert await until(lambda: service.requests > asked)
            faults.now = "none"
            heard = len(told)
            assert await until(lambda: len(told) > heard)
            assert await session.logout() == Ok(None)
            asked = service.requests
            await asyncio.sleep(0.3)
            assert (told[-1], service.requests) == (None, asked)
        assert await until(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(scene())


def test_a_sign_in_wakes_keep_fresh() -> None:
    """Signed out there is nothing to do; new tokens are renewed in their time."""
    service, state = in_real_time()
    first = Session(REAL, transport=Wire(service))
    with first.keep_fresh():
        time.sleep(0.1)
        assert service.requests == 0
        first.subscribe(lambda _: None)
        first._in_turn(lambda methods: _signs_in(state), 10.0)  # noqa: ARG005
        first._notify()
        assert wait_until(lambda: service.requests > 0, 8.0)


def _signs_in(state: State) -> Any:
    """A flow that needs no service."""
    yield state
    return state, Ok(None)


def test_a_task_is_woken_by_a_sign_in_too() -> None:
    """Also in an event loop."""

    async def scene() -> None:
        service, state = in_real_time()
        session = AsyncSession(REAL, transport=AsyncWire(service))
        async with session.keep_fresh():
            await asyncio.sleep(0.1)
            await session._in_turn(lambda methods: _signs_in(state), 10.0)  # noqa: ARG005
            await session._notify()
            assert await until(lambda: service.requests > 0)

    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.mark.parametrize("lasts", [0, 1, -5], ids=["no life", "a life too short", "ended long ago"])
def test_tokens_that_come_dead_cause_no_storm(lasts: int) -> None:
    """They are asked for again as after a failure, a little later each time."""
    wall, monotonic = time.time(), time.monotonic()
    # After these 0.6 s time stands still, so that the pause after the failure, of a second, does not end.
    clock, running = (lambda: min(time.time(), wall + 0.6)), (lambda: min(time.monotonic(), monotonic + 0.6))
    service = Service(clock, lasts=lasts)
    session = Session(configured(clock=clock, monotonic=running), state=service.sign_in()[1], transport=Wire(service))
    with session.keep_fresh():
        time.sleep(0.6)
        results = [session.id_token() for _ in range(50)]
    assert {result.reason for result in results if isinstance(result, Err)} == {"malformed-reply"}
    assert service.requests == 1


def test_without_a_refresh_token_nothing_is_asked() -> None:
    """The session ends with its token, and the subscribers hear of it."""
    service, state = in_real_time(3)
    assert state.tokens is not None
    session = Session(
        REAL, state=replace(state, tokens=replace(state.tokens, refresh_token=None)), transport=Wire(service)
    )
    told: list[IdToken | None] = []
    session.subscribe(told.append)
    with session.keep_fresh():
        assert wait_until(lambda: told == [None], 8.0)
    assert service.requests == 0


def test_the_block_ends_at_once_also_while_a_refresh_hangs() -> None:
    """The refresh itself goes on: it is everybody's."""
    go_on, asked = threading.Event(), threading.Event()

    def slow(_: Request) -> Result[Reply]:
        asked.set()
        assert go_on.wait(10)
        return REFRESHED.reply

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(slow))
    with Stopwatch() as watch, session.keep_fresh():
        assert asked.wait(10)
    assert watch.seconds < 5
    go_on.set()
    assert session.id_token() == Ok(SECOND)


def test_what_a_transport_raises_is_logged_by_keep_fresh(caplog: pytest.LogCaptureFixture) -> None:
    """There is no caller to hear of it; the next refresh comes later, as after a failure."""
    asked: list[object] = []

    def broken(request: object) -> Any:
        asked.append(request)
        raise TypeError("broken transport")

    async def broken_too(request: object) -> Any:
        broken(request)

    async def scene() -> None:
        session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(broken_too))
        async with session.keep_fresh():
            assert await until(lambda: len(caplog.records) == 2)
            await asyncio.sleep(0.1)

    with caplog.at_level(logging.ERROR):
        with Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(broken)).keep_fresh():
            assert wait_until(lambda: len(caplog.records) == 1)
            time.sleep(0.1)
        asyncio.run(scene())
        gc.collect()
    assert len(asked) == 2
    assert [record.name for record in caplog.records] == ["cognito_raw"] * 2
    assert caplog.text.count("TypeError: broken transport") == 2


def test_keep_fresh_leaves_a_session_that_is_signed_out_or_in_trouble() -> None:
    """There is nothing to do until news comes, or until the pause is over."""
    clock = Clock(END)
    session, requests = renewing(refused("LimitExceededException"), clock=clock)
    refresher = session._refresher
    assert refresher.seconds_until_refresh() == 0
    session.id_token()
    assert (refresher.seconds_until_refresh(), len(requests)) == (1.0, 1)
    clock = Clock(NOW)
    session = Session(configured(clock=clock, monotonic=Clock(0.0)), state=signed_in())
    refresher, holder = session._refresher, session._holder
    assert refresher.seconds_until_refresh() == 30.0
    holder.keep(signed_in(refresh=None))
    clock.now = END - 11
    assert refresher.seconds_until_refresh() == 10.0
    holder.keep(State("jane"))
    assert refresher.seconds_until_refresh() == 30.0


def test_what_a_refresh_raises_is_logged_where_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Its callers hear it otherwise."""

    def broken(_: object) -> Any:
        raise TypeError("broken transport")

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(broken))
    with session.keep_fresh():
        assert wait_until(lambda: "TypeError: broken transport" in caplog.text)
    with pytest.raises(TypeError):
        session.id_token()
