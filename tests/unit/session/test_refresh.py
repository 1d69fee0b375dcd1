"""Refreshes: one at a time, ahead of the end of a token, with pauses after failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, Ok, Session
from tests.support.conversation import (
    NOW,
    Answering,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    refused,
    signed_in,
    tokens,
)
from tests.support.plays import Act, play
from tests.support.sessions import END, FIRST, REFRESHED, REVOKED, SECOND, async_at_the_end, at_the_end, renewing
from tests.support.sign_ins import srp_sign_in


def test_many_threads_make_one_refresh() -> None:
    """Threads that want a fresh token at once wait for one refresh, and all get what it gave."""
    session = at_the_end(REFRESHED)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: session.id_token(), range(32))) == [Ok(SECOND)] * 32


def test_many_tasks_make_one_refresh() -> None:
    """Tasks likewise, and in every event loop that the session meets."""
    session = async_at_the_end(REFRESHED, REVOKED, *srp_sign_in(answered(authentication_result())))

    async def together(*methods: Callable[[], Any]) -> list[Any]:
        return await asyncio.gather(*(method() for method in methods))

    assert asyncio.run(together(*[session.id_token] * 8)) == [Ok(SECOND)] * 8
    results = asyncio.run(together(session.logout, session.logout, session.id_token))
    assert results == [Ok(None), Err("no-session"), Ok(SECOND)]  # the token was still good when it was asked for


def test_tokens_that_were_replaced_need_no_refresh() -> None:
    """Who has seen other tokens than those held gets these, and who has seen these has them renewed."""
    held, older = signed_in(n=2), tokens()
    outcome = play(
        Act("refresh", (), (), options={"seen": older}),
        Act("refresh", (), (REFRESHED,), options={"seen": held.tokens}),
        Act("refresh", (), (REFRESHED,), options={"seen": None}),
        Act("logout", (), (REVOKED,)),
        Act("refresh", options={"seen": older}),
        state=held,
    )
    assert outcome.results[:3] == [Ok(tokens(n=2).id_token), Ok(SECOND), Ok(SECOND)]
    assert outcome.last == Err("no-session")


def test_a_refresh_for_a_401_rests_after_a_failure() -> None:
    """Who has seen the tokens gets the failure for a moment; who insists does not, nor who comes later."""
    outage = Exchange("GetTokensFromRefreshToken", None, refused("LimitExceededException"))
    held = signed_in()
    outcome = play(
        Act("refresh", (), (outage,), options={"seen": held.tokens}),
        Act("refresh", options={"seen": held.tokens}),
        Act("refresh", options={"seen": tokens(n=2)}),
        Act("refresh", (), (outage,)),
        Act("refresh", (), (REFRESHED,), NOW + 60, {"seen": held.tokens}),
        state=held,
    )
    failure = Err("daily-operations-limit-exceeded", "", "LimitExceededException", status=400, sent="yes")
    assert outcome.results == [failure, failure, Ok(FIRST), failure, Ok(SECOND)]


def test_a_refresh_may_be_asked_for_sync_and_async() -> None:
    """Whatever is left of the tokens."""
    session = Session(configured(), state=signed_in(), transport=Script([REFRESHED]))
    async_session = AsyncSession(configured(), state=signed_in(), transport=AsyncScript([REFRESHED]))
    assert session.refresh() == asyncio.run(async_session.refresh()) == Ok(SECOND)


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
    session.close()
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
    """No later flow, which measures nothing, changes it."""
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


def test_without_tokens_there_is_nothing_to_renew() -> None:
    """`refresh` says so, as the others do."""
    assert Session(configured()).refresh() == Err("no-session")
    assert Session(configured()).id_token() == Err("no-session")


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


def test_a_token_that_turns_out_good_after_a_look_is_not_renewed() -> None:
    """Between the look and the refresh a clock was set right, or another refresh ended."""
    readings = iter((NOW, END, END))  # when the tokens came, and at the first two looks
    session = Session(
        configured(clock=lambda: next(readings, NOW)), state=signed_in(), transport=Answering(lambda _: 1)
    )
    assert session.id_token() == Ok(FIRST)


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


def test_a_lost_answer_to_the_other_operation_is_asked_for_once_more() -> None:
    """The pool refuses one operation, and the repetition goes by the other alone: three requests fail at most."""
    refusal = Exchange("InitiateAuth", None, refused("NotAuthorizedException", "Rotated"))
    lost = Exchange("GetTokensFromRefreshToken", None, Err("connection-lost", sent="maybe"))
    state = replace(signed_in(), refresh_flow="REFRESH_TOKEN_AUTH")
    outcome = play(Act("refresh", (), (refusal, lost, REFRESHED)), state=state)
    assert outcome.last == Ok(SECOND)
    assert outcome.state.refresh_flow == "GetTokensFromRefreshToken"
