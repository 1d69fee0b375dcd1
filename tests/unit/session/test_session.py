"""The shell around a session's journeys: what it remembers, who is told of it and in which order, and taking turns."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncSession, Challenge, Config, Err, IdToken, Ok, Reply, Request, Result, Session, State
from tests.support.conversation import (
    NOW,
    Act,
    Answering,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    play,
    refused,
    signed_in,
    srp_sign_in,
    tokens,
)

END = NOW + 3600
FIRST, SECOND = tokens().id_token, tokens(at=END, n=2).id_token
REVOKED = Exchange("RevokeToken", None, answered({}))
REFRESHED = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(at=END, n=2)))
Told = list[IdToken | None]


def at_the_end(*exchanges: Exchange) -> Session:
    """A session whose token must be refreshed."""
    return Session(configured(clock=Clock(END)), state=signed_in(), transport=Script(exchanges))


def async_at_the_end(*exchanges: Exchange) -> AsyncSession:
    return AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=AsyncScript(exchanges))


# --- what it knows


def test_a_session_knows_nothing_at_first() -> None:
    """A new session has an empty state and no challenge, and needs no network to say so."""
    for session in (Session(configured()), AsyncSession(configured())):
        assert (session.state, session.challenge) == (State(), None)


def test_a_session_shows_its_state_and_its_challenge() -> None:
    """The challenge that waits is part of the state, which can be given to another session."""
    body = {"ChallengeName": "SMS_MFA", "Session": "s"}
    session = Session(configured(), transport=Script(srp_sign_in(answered(body))))
    assert isinstance(session.login("jane", "Passw0rd!"), Err)
    shown = session.challenge
    assert shown == Challenge("SMS_MFA", "5u8-of-jane", "s")
    assert Session(configured(), state=session.state).challenge == shown
    assert AsyncSession(configured(), state=session.state).challenge == shown


def test_a_whole_life_is_the_same_in_both_colours() -> None:
    """A sign-in, a refresh, a changed password and a sign-out give equal results, states and news."""
    outcome = play(
        Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(authentication_result()))),
        Act("id_token"),
        Act("access_token", (), (REFRESHED,), END),
        Act("change_password", ("a", "b"), (Exchange("ChangePassword", None, answered({})),), END),
        Act("logout", (), (REVOKED,), END),
        Act("id_token"),
    )
    assert outcome.told == [FIRST, SECOND, None]
    assert outcome.last == Err("no-session")


def test_a_representation_keeps_what_is_secret() -> None:
    """Neither the tokens nor the handle of a challenge stands in the `repr` of a session."""
    state = State("jane", Challenge("SMS_MFA", "jane", "hidden-session"), tokens(refresh="hidden-refresh"))
    for session in (Session(configured(), state=state), AsyncSession(configured(), state=state)):
        assert repr(session).startswith(f"{type(session).__name__}(State(username='jane'")
        assert "hidden" not in repr(session)
        assert tokens().access_token not in repr(session)


# --- subscribers


def test_subscribers_are_told_in_the_order_of_their_subscriptions() -> None:
    """Everybody hears everything once per subscription, also who subscribed twice, until the unsubscription."""
    heard: list[tuple[str, IdToken | None]] = []
    session = at_the_end(REFRESHED, REVOKED)

    def listener(name: str) -> Callable[[IdToken | None], None]:
        return lambda token: heard.append((name, token))

    twice = listener("b")
    session.subscribe(listener("a"))
    end_first, _ = session.subscribe(twice), session.subscribe(twice)
    assert session.id_token() == Ok(SECOND)
    assert heard == [("a", SECOND), ("b", SECOND), ("b", SECOND)]
    end_first()
    end_first()
    session.logout()
    assert heard[3:] == [("a", None), ("b", None)]


def test_who_unsubscribes_hears_nothing_more() -> None:
    """A callback may end its own subscription and another's, which then is not called even for the same news."""
    told: Told = []
    others: Told = []
    ends: list[Callable[[], None]] = []

    def once(token: IdToken | None) -> None:
        told.append(token)
        for end in ends:
            end()

    session = at_the_end(REFRESHED, REVOKED)
    ends += [session.subscribe(once), session.subscribe(others.append)]
    session.id_token()
    session.logout()
    assert (told, others) == ([SECOND], [])


def test_who_subscribes_while_news_is_told_hears_the_next() -> None:
    """A subscription begins with what happens after it."""
    told: Told = []
    session = at_the_end(REFRESHED, REVOKED)
    end = session.subscribe(lambda _: session.subscribe(told.append))
    session.id_token()
    end()
    assert told == []
    session.logout()
    assert told == [None]


def test_a_callback_that_raises_is_logged_and_harmless(caplog: pytest.LogCaptureFixture) -> None:
    """The result is the same, the others are told, and the log has the exception without a token."""
    told: Told = []

    def fails(_: IdToken | None) -> None:
        raise RuntimeError("broken subscriber")

    async def fails_later(token: IdToken | None) -> None:
        fails(token)

    session, async_session = at_the_end(REFRESHED), async_at_the_end(REFRESHED)
    session.subscribe(fails)
    async_session.subscribe(fails)
    async_session.subscribe(fails_later)
    session.subscribe(told.append)
    async_session.subscribe(told.append)
    with caplog.at_level(logging.ERROR, "cognito_raw"):
        assert session.id_token() == Ok(SECOND)
        assert asyncio.run(async_session.id_token()) == Ok(SECOND)
    assert told == [SECOND, SECOND]
    assert [record.name for record in caplog.records] == ["cognito_raw"] * 3
    assert caplog.text.count("RuntimeError: broken subscriber") == 3
    assert SECOND.jwt not in caplog.text


def test_a_callback_may_use_its_session() -> None:
    """A callback sees the new state, and calls of the session from within it do not dead-lock."""
    seen: list[object] = []
    session = at_the_end(REFRESHED)
    session.subscribe(lambda _: seen.append((session.id_token(), session.state.tokens)))
    assert session.id_token() == Ok(SECOND)
    assert seen == [(Ok(SECOND), tokens(at=END, n=2))]


def test_an_asynchronous_callback_may_use_its_session() -> None:
    """A coroutine function is awaited before the method returns, and may await the session's own methods."""
    seen: list[object] = []
    session = async_at_the_end(REFRESHED)

    async def uses(_: IdToken | None) -> None:
        seen.append((await session.id_token(), session.state.tokens))

    session.subscribe(uses)
    assert asyncio.run(asyncio.wait_for(session.id_token(), 10)) == Ok(SECOND)
    assert seen == [(Ok(SECOND), tokens(at=END, n=2))]


def test_news_made_by_a_callback_overtakes_nothing() -> None:
    """A callback that signs out makes news, which the others hear after what they were still to hear."""
    told: Told = []
    session = at_the_end(REFRESHED, REVOKED)
    session.subscribe(lambda token: token and session.logout())
    session.subscribe(told.append)
    assert session.id_token() == Ok(SECOND)
    assert told == [SECOND, None]


def test_news_of_another_task_overtakes_nothing() -> None:
    """While a slow callback hears of a refresh, another task signs out: the last news is that of the sign-out."""
    told: Told = []
    session = async_at_the_end(REFRESHED, REVOKED)

    async def scene() -> None:
        listening, signed_out = asyncio.Event(), asyncio.Event()

        async def slow(token: IdToken | None) -> None:
            listening.set()
            if token is not None:
                await signed_out.wait()

        session.subscribe(slow)
        session.subscribe(told.append)
        refresh = asyncio.create_task(session.id_token())
        await listening.wait()
        assert await session.logout() == Ok(None)
        assert told == []
        signed_out.set()
        assert await refresh == Ok(SECOND)

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert told == [SECOND, None]


def test_news_outlives_the_event_loop_that_told_it() -> None:
    """A refresh that is cut off by the end of its loop leaves the rest of the news to the next call."""
    told: Told = []
    session = async_at_the_end(REFRESHED, REVOKED)

    async def scene() -> None:
        listening = asyncio.Event()

        async def hangs(token: IdToken | None) -> None:
            listening.set()
            if token is not None:
                await asyncio.Event().wait()

        session.subscribe(hangs)
        session.subscribe(told.append)
        refresh = asyncio.create_task(session.id_token())
        await listening.wait()
        refresh.cancel()
        with pytest.raises(asyncio.CancelledError) as kept:
            await refresh
        assert session.state.tokens == tokens(at=END, n=2)
        assert kept.value.args == ()

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert told == []
    assert asyncio.run(session.logout()) == Ok(None)
    assert told == [SECOND, None]


# --- turns


def held_up(config: Config) -> tuple[Session, threading.Event, threading.Event]:
    """A session whose refresh waits for the second event, and sets the first when it is sent."""
    sent, go_on = threading.Event(), threading.Event()

    def slow(_: Request) -> Result[Reply]:
        sent.set()
        assert go_on.wait(10)
        return REFRESHED.reply

    return Session(config, state=signed_in(), transport=Answering(slow)), sent, go_on


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


def test_waiting_for_a_turn_is_part_of_the_deadline() -> None:
    """Another thread's slow call makes a call late, not endless: `timed-out`, and nothing was sent."""
    session, sent, go_on = held_up(configured(clock=Clock(END)))
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


def test_a_refresh_may_be_asked_for_in_both_colours() -> None:
    """Whatever is left of the tokens."""
    session = Session(configured(), state=signed_in(), transport=Script([REFRESHED]))
    async_session = AsyncSession(configured(), state=signed_in(), transport=AsyncScript([REFRESHED]))
    assert session.refresh() == asyncio.run(async_session.refresh()) == Ok(SECOND)


def test_within_is_the_same_session() -> None:
    """What `within` gives shares the state and the subscribers, and has a deadline of its own.

    The refresh is everybody's, and has the deadline of the configuration.
    """
    told: Told = []
    script = Script([REFRESHED, REVOKED])
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=script)
    hurried = session.within(2.5)
    hurried.subscribe(told.append)
    assert hurried.id_token() == Ok(SECOND)
    assert session.state == hurried.state
    assert hurried.logout() == Ok(None)
    assert session.state.tokens is None
    assert told == [SECOND, None]
    assert [request.timeout for request in script.requests] == [10.0, 2.5]
