"""What a session remembers: fresh tokens without waiting, news outside the turn, users of interrupted calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, IdToken, Ok, Session, State
from tests.conversation import (
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
