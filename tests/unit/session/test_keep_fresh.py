"""The shell around a session: keeping it fresh without being asked, and refreshes that nobody's misfortune ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, Challenge, Config, Err, IdToken, Ok, Reply, Request, Result, Session, State
from tests.support.conversation import (
    CLIENT_ID,
    ISS,
    NOW,
    Answering,
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
from tests.support.rotation import AsyncWire, Fault, Service, Wire

END = NOW + 3600
REFRESHED = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(at=END, n=2)))
REVOKED = Exchange("RevokeToken", None, answered({}))
CHANGED = Exchange("ChangePassword", None, answered({}))
SECOND = tokens(at=END, n=2).id_token
REAL = Config(ISS, CLIENT_ID)


def ours() -> list[threading.Thread]:
    """The threads of sessions."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("cognito_raw ")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    ends = time.monotonic() + 5
    while ours() and time.monotonic() < ends:
        time.sleep(0.01)
    assert ours() == []


class Faults:
    """What befalls the requests of a real-time service, to be changed while it runs."""

    def __init__(self) -> None:
        self.now: Fault = "none"

    def __call__(self) -> Fault:
        return self.now


def in_real_time(lasts: int = 2, **choices: Any) -> tuple[Service, State]:
    service = Service(time.time, lasts=lasts, grace=30.0, **choices)
    return service, service.sign_in()[1]


def wait_until(condition: Callable[[], bool], within: float = 8.0) -> bool:
    ends = time.monotonic() + within
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True


async def until(condition: Callable[[], bool], within: float = 8.0) -> bool:
    ends = time.monotonic() + within
    while not condition():
        if time.monotonic() > ends:
            return False
        await asyncio.sleep(0.01)
    return True


def live(told: list[IdToken | None], now: float) -> bool:
    return bool(told) and told[-1] is not None and told[-1].exp > now


# --- keeping fresh


def test_a_thread_keeps_subscribers_supplied() -> None:
    """Through failures, a sign-out and a sign-in; at the end of the block it is gone."""
    faults = Faults()
    service, state = in_real_time(fault=faults)
    session = Session(REAL, state=state, transport=Wire(service))
    told: list[IdToken | None] = []
    session.subscribe(told.append)
    with session.keep_fresh() as same:
        assert same is session
        assert wait_until(lambda: len(told) >= 2)
        assert live(told, time.time())
        faults.now = "busy"
        asked = service.requests
        assert wait_until(lambda: service.requests > asked)
        faults.now = "none"
        heard = len(told)
        assert wait_until(lambda: len(told) > heard)
        assert session.logout() == Ok(None)
        assert told[-1] is None
        asked = service.requests
        time.sleep(0.3)
        assert service.requests == asked
        _, again = service.sign_in()
        session._holder.keep(again)  # as a sign-in does
        session.logout()
    assert [thread.name for thread in ours() if "keep_fresh" in thread.name] == []


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
            assert live(told, time.time())
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


def test_a_sign_in_wakes_who_keeps_a_session_fresh() -> None:
    """Signed out there is nothing to do; new tokens are renewed in their time."""
    service, state = in_real_time()
    first = Session(REAL, transport=Wire(service))
    with first.keep_fresh():
        time.sleep(0.1)
        assert service.requests == 0
        first.subscribe(lambda _: None)
        first._in_turn(lambda journeys: _signs_in(state), 10.0)  # noqa: ARG005
        first._notify()
        assert wait_until(lambda: service.requests > 0)


def _signs_in(state: State) -> Any:
    """A journey that needs no service."""
    yield state
    return state, Ok(None)


def test_a_task_is_woken_by_a_sign_in_too() -> None:
    """Also in an event loop."""

    async def scene() -> None:
        service, state = in_real_time()
        session = AsyncSession(REAL, transport=AsyncWire(service))
        async with session.keep_fresh():
            await asyncio.sleep(0.1)
            await session._in_turn(lambda journeys: _signs_in(state), 10.0)  # noqa: ARG005
            await session._notify()
            assert await until(lambda: service.requests > 0)

    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.mark.parametrize("lasts", [0, 1, -5], ids=["no life", "a life too short", "ended long ago"])
def test_tokens_that_come_dead_cause_no_storm(lasts: int) -> None:
    """They are asked for again as after a failure, a little later each time."""
    service, state = in_real_time(lasts)
    session = Session(REAL, state=state, transport=Wire(service))
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
        assert wait_until(lambda: told == [None])
    assert service.requests == 0


def test_the_block_ends_at_once_also_while_a_refresh_hangs() -> None:
    """The refresh itself goes on: it is everybody's."""
    go_on, asked = threading.Event(), threading.Event()

    def slow(_: Request) -> Result[Reply]:
        asked.set()
        assert go_on.wait(10)
        return REFRESHED.reply

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(slow))
    began = time.monotonic()
    with session.keep_fresh():
        assert asked.wait(10)
    assert time.monotonic() - began < 5
    go_on.set()
    assert session.id_token() == Ok(SECOND)


def test_what_a_transport_raises_is_logged_by_who_keeps_a_session_fresh(caplog: pytest.LogCaptureFixture) -> None:
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
            await asyncio.sleep(0.4)

    with caplog.at_level(logging.ERROR):
        with Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(broken)).keep_fresh():
            time.sleep(0.4)
        asyncio.run(scene())
        gc.collect()
    assert len(asked) == 2
    assert [record.name for record in caplog.records] == ["cognito_raw"] * 2
    assert caplog.text.count("TypeError: broken transport") == 2


# --- a refresh that is interrupted, or never begins


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
    assert _reason(session.within(0.02).id_token()) == "timed-out"
    running.now = 31.0
    assert session.id_token() == Ok(SECOND)


def _reason(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "Ok"


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

    session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(never))
    stopped = asyncio.new_event_loop()
    hurried = session.within(0.02)
    assert _reason(stopped.run_until_complete(hurried.id_token())) == "timed-out"
    session._transport = AsyncScript([REFRESHED])
    assert asyncio.run(asyncio.wait_for(session.id_token(), 10)) == Ok(SECOND)
    for task in asyncio.all_tasks(stopped):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            stopped.run_until_complete(task)
    stopped.close()


# --- deadlines and turns


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
    assert (_reason(late), _reason(Session(configured()).change_password("a", "b"))) == ("timed-out", "no-session")

    async def scene() -> None:
        released = asyncio.Event()

        async def slow(_: Request) -> Result[Reply]:
            await released.wait()
            return answered({})

        session = AsyncSession(configured(), state=signed_in(), transport=Answering(slow))
        other = asyncio.create_task(session.change_password("old", "new"))
        await asyncio.sleep(0)
        assert _reason(await session.within(0.02).logout()) == "timed-out"
        released.set()
        assert await other == Ok(None)
        assert _reason(await AsyncSession(configured()).change_password("a", "b")) == "no-session"
        assert _reason(await AsyncSession(configured()).refresh()) == "no-session"

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert _reason(Session(configured()).refresh()) == "no-session"


def test_a_token_that_turns_out_good_is_not_renewed() -> None:
    """Between the look and the refresh a clock was set right, or another thread's refresh ended."""

    def set_right() -> Callable[[], float]:
        readings = iter((NOW, END, END))  # when the tokens came, and at the first two looks
        return lambda: next(readings, NOW)

    session = Session(configured(clock=set_right()), state=signed_in(), transport=Script())
    assert session.id_token() == Ok(tokens().id_token)
    async_session = AsyncSession(configured(clock=set_right()), state=signed_in(), transport=AsyncScript())
    assert asyncio.run(async_session.id_token()) == Ok(tokens().id_token)


def test_explicit_refreshes_need_no_reason() -> None:
    """A fresh token is renewed as well; a lost answer is asked for again at once."""
    lost = replace(REFRESHED, reply=Err("connection-lost", sent="maybe"))
    session = Session(configured(), state=signed_in(), transport=Script([lost, REFRESHED]))
    assert session.refresh() == Ok(SECOND)
    async_session = AsyncSession(configured(), state=signed_in(), transport=AsyncScript([lost, REFRESHED]))
    assert asyncio.run(async_session.refresh()) == Ok(SECOND)


def test_news_is_told_in_both_colours(caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine function is awaited; what one raises is logged."""
    told: list[Any] = []

    async def hears(token: IdToken | None) -> None:
        told.append(token)
        raise RuntimeError("broken subscriber")

    async_session = AsyncSession(configured(), state=signed_in(), transport=AsyncScript([REVOKED]))
    async_session.subscribe(hears)
    async_session.subscribe(told.append)
    asyncio.run(async_session.logout())
    session = Session(configured(), state=signed_in(), transport=Script([REVOKED]))
    session.subscribe(told.append)
    session.logout()
    assert told == [None] * 3
    assert caplog.text.count("RuntimeError: broken subscriber") == 1
    with pytest.raises(ValueError, match="cannot await"):
        session.subscribe(hears)


def test_a_session_shows_what_it_knows() -> None:
    """Its state, the challenge in it, and neither of them in full in its `repr`."""
    state = State("jane", Challenge("SMS_MFA", "jane", "hidden"))
    session = Session(configured(), state=state)
    assert (session.state, session.challenge) == (state, state.challenge)
    assert repr(session).startswith("Session(State(username='jane'")
    assert "hidden" not in repr(session)
