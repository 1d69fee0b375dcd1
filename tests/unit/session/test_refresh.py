"""What a session remembers: fresh tokens without waiting, news outside the turn, users of interrupted calls."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, IdToken, Ok, Session, State
from tests.support.conversation import (
    NOW,
    Answering,
    Clock,
    answered,
    authentication_result,
    configured,
    refused,
    signed_in,
    tokens,
)

FIRST = tokens().id_token
END = NOW + 3600


def held_up(clock: Clock) -> tuple[Session, threading.Event, threading.Event]:
    """A signed-in session whose transport tells that it was asked, and answers a change of password when it may."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> Any:
        asked.set()
        assert go_on.wait(10)
        return answered({})

    return Session(configured(clock=clock), state=signed_in(), transport=Answering(slow)), asked, go_on


@pytest.mark.parametrize("left", [3000, 30], ids=["fresh", "valid for a moment yet"])
def test_a_valid_token_is_given_while_another_call_hangs(left: int) -> None:
    """A fresh token needs no turn; one near its end is given at the deadline, where it cannot be refreshed."""
    clock = Clock(NOW)
    session, asked, go_on = held_up(clock)
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


def test_a_callback_may_wait_for_another_thread_that_uses_the_session() -> None:
    """Subscribers are told outside the turn, so that no thread waits for a slow one."""
    fresh = answered(authentication_result(at=END, n=2))
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(lambda _: fresh))
    results: list[Any] = []

    def uses(_: IdToken | None) -> None:
        thread = threading.Thread(target=lambda: results.append(session.change_password("old", "new")))
        thread.start()
        thread.join(10)

    session.subscribe(uses)
    session.id_token()
    assert results == [Ok(None)]


def test_a_blocking_session_takes_no_coroutine_function() -> None:
    """It could not await it, and says so at once."""

    async def callback(_: IdToken | None) -> None: ...

    with pytest.raises(ValueError, match="cannot await"):
        Session(configured()).subscribe(callback)


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.register("jane", "secret"),
        lambda session: session.login("jane", "secret"),
        lambda session: session.request_password_reset("jane"),
    ],
    ids=["register", "login", "request_password_reset"],
)
def test_the_user_of_an_interrupted_call_is_remembered(call: Callable[[Session], Any]) -> None:
    """The service may have acted: the user can be confirmed, or get a code, all the same."""

    def interrupted(_: object) -> Any:
        raise KeyboardInterrupt

    session = Session(configured(), transport=Answering(interrupted))
    with pytest.raises(KeyboardInterrupt):
        call(session)
    assert session.state.username == "jane"


def test_subscribers_hear_of_a_refresh_whose_call_was_interrupted() -> None:
    """Whoever keeps the tokens by subscribing gets the new ones, although the method never came back."""
    replies = [lambda: answered(authentication_result(at=END, n=2))]

    def then_interrupted(_: object) -> Any:
        if replies:
            return replies.pop()()
        raise KeyboardInterrupt

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(then_interrupted))
    told: list[IdToken | None] = []
    session.subscribe(told.append)
    with pytest.raises(KeyboardInterrupt):
        session.change_password("old", "new")
    assert told == [tokens(at=END, n=2).id_token]


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("NotAuthorizedException", "Invalid Refresh Token", "refresh-token-invalid"),
        ("NotAuthorizedException", "User is disabled.", "disabled-user"),
        ("UnsupportedTokenTypeException", "", "token-type-not-supported"),
        ("UnsupportedOperationException", "", "operation-not-supported"),
    ],
)
def test_a_log_out_that_is_refused_forgets_the_tokens_all_the_same(code: str, message: str, reason: str) -> None:
    """What the service said of the token is told, and the session is over here."""
    refusal = refused(code, message)
    session = Session(configured(), state=signed_in(), transport=Answering(lambda _: refusal))
    result = session.logout()
    assert isinstance(result, Err)
    assert result.reason == reason
    assert session.state == State("jane")


# --- one refresh at a time


def renewing(*replies: Any, clock: Clock | None = None) -> tuple[Session, list[object]]:
    """A session at the end of its token, and the requests that it makes."""
    requests: list[object] = []
    waiting = list(replies)

    def answers(request: object) -> Any:
        requests.append(request)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    config = configured(clock=clock or Clock(END), monotonic=Clock(0.0))
    return Session(config, state=signed_in(), transport=Answering(answers)), requests


def test_the_pauses_after_failures_grow_and_stay() -> None:
    """One second after the first, and never more than 32, however many thousands there were."""
    clock = Clock(END)
    session, requests = renewing(refused("LimitExceededException"), clock=clock)
    for pause in (1, 2, 4, 8, 16, *[32] * 1500):
        asked = len(requests)
        assert isinstance(session.id_token(), Err)
        assert len(requests) == asked + 1
        clock.now += pause - 0.5
        assert isinstance(session.id_token(), Err)
        assert len(requests) == asked + 1
        clock.now += 0.5


def test_tokens_that_come_dead_are_no_tokens() -> None:
    """They are not given, and asked for again as after a failure, a little later each time."""
    clock = Clock(END)
    session, requests = renewing(answered(authentication_result(at=END, n=2, lasts=0)), clock=clock)
    for asked, pause in enumerate((1, 2, 4, 8), 1):
        for _ in range(3):
            result = session.id_token()
            assert isinstance(result, Err)
            assert result.reason == "malformed-reply"
        assert len(requests) == asked
        clock.now += pause


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
def test_who_is_signed_out_while_it_waits_gets_what_it_waited_for(kind: str) -> None:
    """The tokens were good when they were asked for; only the next caller hears of the sign-out."""
    session, _ = renewing(answered(authentication_result(at=END, n=2)))
    session.subscribe(lambda token: token and session.logout())
    fresh = tokens(at=END, n=2)
    assert getattr(session, kind)() == Ok(fresh.id_token if kind == "id_token" else fresh.access_token)
    assert session.id_token() == Err("no-session")


def test_who_is_signed_out_and_out_of_patience_has_no_session() -> None:
    """Where another call ends the session before the refresh has its turn."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> Any:
        asked.set()
        assert go_on.wait(10)
        return answered({})

    clock = Clock(NOW)
    session = Session(configured(clock=clock), state=signed_in(), transport=Answering(slow))
    heard = threading.Event()
    session.subscribe(lambda _: heard.wait(0.5) and None)
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(session.logout)
        assert asked.wait(10)
        clock.now = END
        waits = threads.submit(session.id_token)
        late = session.within(0.02).id_token()
        assert isinstance(late, Err)
        assert (late.reason, late.sent) == ("timed-out", "maybe")
        go_on.set()
        assert other.result(10) == Ok(None)
        assert waits.result(10) == Err("no-session")
    heard.set()


def test_one_caller_waits_a_moment_for_a_refresh_ahead_of_time() -> None:
    """And the others not at all: the token is good for long yet."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> Any:
        asked.set()
        assert go_on.wait(10)
        return answered(authentication_result(at=END - 500, n=2))

    session = Session(configured(clock=Clock(END - 500)), state=signed_in(), transport=Answering(slow))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(session.id_token)
        assert asked.wait(10)
        assert session.id_token() == Ok(FIRST)
        assert first.result(10) == Ok(FIRST)
        go_on.set()
        second = tokens(at=END - 500, n=2)
        assert session.refresh() == Ok(second.id_token)
        assert session.state.tokens == second


def test_an_answer_that_lay_there_while_the_process_was_frozen_is_as_old_as_the_question() -> None:
    """Its tokens are dead though they came just now, which no clock but the wall's tells: they are renewed again."""
    clock = Clock(END)
    thaws = [3 * 3600, 0]

    def answers(_: object) -> Any:
        issued = clock.now
        clock.now += thaws.pop(0)
        return answered(authentication_result(at=issued, n=len(thaws)))

    config = configured(clock=clock, monotonic=Clock(0.0))
    session = Session(config, state=signed_in(), transport=Answering(answers))
    first = session.id_token()
    assert isinstance(first, Err)
    clock.now += 1  # as after a failure
    assert session.id_token() == Ok(tokens(at=END + 3 * 3600 + 1, n=0).id_token)
    assert session.state.drift == 0


def test_the_drift_of_tokens_stays_with_them() -> None:
    """No later journey, which measures nothing, changes it."""
    clock = Clock(END)
    took = [2.0, 5.0]

    def answers(_: object) -> Any:
        clock.now += took.pop(0)
        return answered(authentication_result(at=clock.now, n=2) if took else {})

    session = Session(configured(clock=clock), state=signed_in(), transport=Answering(answers))
    session.refresh()
    assert session.state.drift == 2.0
    assert session.change_password("old", "new") == Ok(None)
    assert session.state.drift == 2.0


def test_nothing_of_a_refresh_is_kept() -> None:
    """Tens of thousands of sessions may be held."""
    session, _ = renewing(answered(authentication_result(at=END, n=2)))
    before = session.state.tokens
    session.id_token()
    deadline = time.monotonic() + 5
    while any(thread.name == "cognito_raw refresh" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
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
    session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=transport)
    stopped = asyncio.new_event_loop()
    assert isinstance(stopped.run_until_complete(session.within(0.02).id_token()), Err)
    transport._send = answers
    assert asyncio.run(session.id_token()) == Ok(tokens(at=END, n=2).id_token)
    assert len(set(loops)) == 2
    for task in asyncio.all_tasks(stopped):
        task.cancel()
        stopped.run_until_complete(asyncio.wait((task,)))
    stopped.close()


def test_a_callback_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Who unsubscribed meanwhile is not called at all."""
    session, _ = renewing(answered({}))
    told: list[object] = []

    def fails(_: object) -> None:
        end()
        raise RuntimeError("broken subscriber")

    session.subscribe(fails)
    end = session.subscribe(told.append)
    session.logout()
    assert (told, caplog.text.count("RuntimeError: broken subscriber")) == ([], 1)


def test_nobody_keeps_a_session_fresh_that_is_signed_out_or_in_trouble() -> None:
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


def test_without_tokens_there_is_nothing_to_renew() -> None:
    """`refresh` says so, as the others do."""
    assert Session(configured()).refresh() == Err("no-session")
    assert Session(configured()).id_token() == Err("no-session")


def test_what_a_refresh_raises_is_logged_where_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Its callers hear it otherwise."""

    def broken(_: object) -> Any:
        raise TypeError("broken transport")

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(broken))
    with session.keep_fresh():
        deadline = time.monotonic() + 5
        while not caplog.records:
            assert time.monotonic() < deadline
    assert "TypeError: broken transport" in caplog.text
    with pytest.raises(TypeError):
        session.id_token()


def test_a_refresh_that_raised_nothing_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Neither one that has finished nor one under way."""
    session, _ = renewing(answered(authentication_result(at=END, n=2)))
    task = session._refresher.join_or_start()
    assert task is not None
    task.report()
    task.finish(Ok(tokens(at=END)))
    task.report()
    assert caplog.records == []


def test_a_callback_may_refresh_again() -> None:
    """The refresh that it hears of is over; it makes another, of which everybody hears next."""
    session, requests = renewing(*(answered(authentication_result(at=END, n=n)) for n in (2, 3)))
    told: list[IdToken | None] = []
    session.subscribe(lambda _: len(requests) == 1 and session.refresh())
    session.subscribe(told.append)
    assert session.id_token() == Ok(tokens(at=END, n=3).id_token)
    assert told == [tokens(at=END, n=n).id_token for n in (2, 3)]


def test_tokens_that_others_replaced_are_not_renewed_again() -> None:
    """Who saw an API refuse the old ones gets the new ones; and after a failure the same failure, for a while."""
    clock = Clock(END)
    fresh = answered(authentication_result(at=END, n=2))
    session, requests = renewing(fresh, refused("LimitExceededException"), clock=clock)
    old = session.state.tokens
    assert session.refresh(seen=old) == session.refresh(seen=old) == Ok(tokens(at=END, n=2).id_token)
    assert len(requests) == 1
    failures = [session.refresh(seen=session.state.tokens) for _ in range(2)]
    assert failures[0] == failures[1]
    assert len(requests) == 2


def test_a_token_that_turns_out_good_is_not_renewed() -> None:
    """Between the look and the refresh a clock was set right, or another refresh ended."""
    readings = iter((NOW, END, END))  # when the tokens came, and at the first two looks
    session = Session(
        configured(clock=lambda: next(readings, NOW)), state=signed_in(), transport=Answering(lambda _: 1)
    )
    assert session.id_token() == Ok(FIRST)
