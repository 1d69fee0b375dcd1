"""Subscribers: each hears of every change, in order, outside the turn."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cognito_raw import AsyncSession, IdToken, Ok, Session, State
from tests.support.conversation import (
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
from tests.support.sessions import END, REFRESHED, REVOKED, SECOND, async_at_the_end, at_the_end, renewing

Told = list[IdToken | None]
FIRST_AT_END = tokens(at=END).id_token


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
    session.close()
    assert heard == [("a", SECOND), ("b", SECOND), ("b", SECOND)]
    end_first()
    end_first()
    session.logout()
    assert heard[3:] == [("a", None), ("b", None)]


def test_a_subscriber_may_ask_for_the_whole_state() -> None:
    """Every rotation can be saved, and the end of the session too. A coroutine function is awaited."""
    rotated = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(at=END, refresh="new", n=2)))
    saved, async_saved = list[State](), list[State]()
    session, async_session = at_the_end(rotated, REVOKED), async_at_the_end(rotated, REVOKED)

    async def save(state: State) -> None:
        await asyncio.sleep(0)
        async_saved.append(state)

    async def main() -> None:
        async_session.subscribe(save, state=True)
        await async_session.id_token()
        await async_session.aclose()
        await async_session.logout()

    session.subscribe(saved.append, state=True)
    session.id_token()
    session.close()
    session.logout()
    asyncio.run(main())
    assert saved == async_saved
    assert [state.tokens and state.tokens.refresh_token for state in saved] == ["new", None]
    assert saved[-1] == session.state


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
    session.close()
    assert (told, others) == ([SECOND], [])


def test_who_subscribes_while_news_is_told_hears_the_next() -> None:
    """A subscription begins with what happens after it."""
    told: Told = []
    session = at_the_end(REFRESHED, REVOKED)
    end = session.subscribe(lambda _: session.subscribe(told.append))
    session.id_token()
    session.close()
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
        session.close()
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
    session.close()
    assert seen == [(Ok(SECOND), tokens(at=END, n=2))]


def test_an_asynchronous_callback_may_use_its_session() -> None:
    """A coroutine function is awaited, and may await the session's own methods."""
    seen: list[object] = []
    session = async_at_the_end(REFRESHED)

    async def uses(_: IdToken | None) -> None:
        seen.append((await session.id_token(), session.state.tokens))

    async def scene() -> None:
        async with session:
            assert await session.id_token() == Ok(SECOND)

    session.subscribe(uses)
    asyncio.run(asyncio.wait_for(scene(), 10))
    assert seen == [(Ok(SECOND), tokens(at=END, n=2))]


def test_news_made_by_a_callback_overtakes_nothing() -> None:
    """A callback that signs out makes news, which the others hear after what they were still to hear."""
    told: Told = []
    session = at_the_end(REFRESHED, REVOKED)
    session.subscribe(lambda token: token and session.logout())
    session.subscribe(told.append)
    assert session.id_token() == Ok(SECOND)
    session.close()
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
        async with session:
            assert await session.id_token() == Ok(SECOND)
            await listening.wait()
            assert await session.logout() == Ok(None)
            assert told == []
            signed_out.set()

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert told == [SECOND, None]


def test_news_outlives_the_event_loop_that_brought_it() -> None:
    """A loop that ends meanwhile leaves the rest of the news to the next call."""
    told: Told = []
    config = configured(clock=Clock(END), deadline=1.0)
    session = AsyncSession(config, state=signed_in(), transport=AsyncScript([REFRESHED, REVOKED]))

    async def scene() -> None:
        listening = asyncio.Event()

        async def hangs(token: IdToken | None) -> None:
            listening.set()
            if token is not None:
                await asyncio.Event().wait()

        session.subscribe(hangs)
        session.subscribe(told.append)
        assert await session.id_token() == Ok(SECOND)
        await listening.wait()

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert told == []
    assert asyncio.run(session.logout()) == Ok(None)
    assert told == [SECOND, None]


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
    session.close()
    assert results == [Ok(None)]


def test_a_blocking_session_takes_no_coroutine_function() -> None:
    """It could not await it, and says so at once."""

    async def callback(_: IdToken | None) -> None: ...

    with pytest.raises(ValueError, match="cannot await"):
        Session(configured()).subscribe(callback)


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
    session.close()
    assert told == [tokens(at=END, n=2).id_token]


def test_an_interrupted_callback_leaves_the_others_to_the_next_call() -> None:
    """They hear of each change in order. Those to come are one iterator for each change, so a call takes none away."""
    session, told = at_the_end(REVOKED), Told()
    interruptions = [KeyboardInterrupt]

    def interrupted(_: object) -> None:
        if interruptions:
            raise interruptions.pop()

    for callback in (interrupted, *[told.append] * 1000):
        session.subscribe(callback)
    with pytest.raises(KeyboardInterrupt):
        session.logout()
    assert len(session._holder.subscribers.pending) == 1
    assert told == []
    session._holder.keep(signed_in(at=END))
    session.forget()
    assert told == [None] * 1000 + [FIRST_AT_END] * 1000 + [None] * 1000
    assert session._holder.subscribers.pending == []


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


def test_a_callback_may_refresh_again() -> None:
    """The refresh that it hears of is over; it makes another, of which everybody hears next."""
    session, requests = renewing(*(answered(authentication_result(at=END, n=n)) for n in (2, 3)))
    told: list[IdToken | None] = []
    session.subscribe(lambda _: len(requests) == 1 and session.refresh())
    session.subscribe(told.append)
    assert isinstance(session.id_token(), Ok)
    session.close()
    assert session.id_token() == Ok(tokens(at=END, n=3).id_token)
    assert told == [tokens(at=END, n=n).id_token for n in (2, 3)]


def test_news_reaches_subscribers_sync_and_async(caplog: pytest.LogCaptureFixture) -> None:
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


@pytest.mark.parametrize("whose", ["the caller's", "its own"])
def test_a_cancellation_inside_a_callback_keeps_no_news_from_the_others(whose: str) -> None:
    """The caller may be cancelled meanwhile, or the callback itself: the later subscribers hear all the same."""

    async def main() -> list[object]:
        session, told = async_at_the_end(REVOKED), asyncio.Event()
        heard: list[object] = []

        async def first(_: object) -> None:
            if whose == "its own":
                raise asyncio.CancelledError
            caller.cancel()
            await asyncio.sleep(0)

        def second(news: object) -> None:
            heard.append(news)
            told.set()

        session.subscribe(first)
        session.subscribe(second)
        caller = asyncio.create_task(session.logout())
        await asyncio.wait((caller,))
        assert caller.cancelled() is (whose != "its own")
        await asyncio.wait_for(told.wait(), 10)
        return heard

    assert asyncio.run(main()) == [None]


@pytest.mark.parametrize("kind", [Session, AsyncSession])
def test_what_cannot_be_called_is_no_subscriber(kind: Any) -> None:
    """It would only be noticed at the next sign-in."""
    session = kind(configured())
    for options in ({}, {"state": True}):
        with pytest.raises(ValueError, match="callback must be a function, not NoneType"):
            session.subscribe(None, **options)
