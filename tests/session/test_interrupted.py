"""A session whose calls are interrupted: its turn is given on, and nothing that it learned is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, IdToken, Ok, Request, Session
from tests.support.conversation import (
    NOW,
    Answering,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    signed_in,
    tokens,
)

END = NOW + 3600
SECOND = tokens(at=END, n=2).id_token
REVOKED = Exchange("RevokeToken", None, answered({}))
REFRESHED = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(at=END, n=2)))
Told = list[IdToken | None]


def test_what_interrupts_a_call_leaves_the_session_usable() -> None:
    """Whatever a transport raises goes out, and the next call has its turn."""

    class Interrupt(BaseException):
        """As KeyboardInterrupt is."""

    def interrupts(_: object) -> Any:
        raise Interrupt

    broken = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(interrupts))
    for _ in range(2):
        with pytest.raises(Interrupt):
            broken.id_token()
    assert broken.state == replace(signed_in(), unanswered=True)

    told: Told = []
    session = Session(configured(), state=signed_in(), transport=Script((REVOKED,)))
    session.subscribe(interrupts)
    session.subscribe(told.append)
    with pytest.raises(Interrupt) as kept:
        session.logout()
    session.close()
    assert told == [None]
    assert kept.value.args == ()


def test_a_cancelled_task_hurts_no_refresh() -> None:
    """Tasks that are cancelled while they wait for a refresh neither end nor repeat it: the next caller gets it."""

    async def scene() -> None:
        sent, go_on = asyncio.Event(), asyncio.Event()
        requests: list[Request] = []

        async def send(request: Request) -> Any:
            requests.append(request)
            sent.set()
            await go_on.wait()
            return REFRESHED.reply

        session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(send))
        first, second = asyncio.create_task(session.id_token()), asyncio.create_task(session.id_token())
        await sent.wait()
        for task in (second, first):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        go_on.set()
        assert await session.id_token() == Ok(SECOND)
        assert len(requests) == 1

    asyncio.run(asyncio.wait_for(scene(), 10))


def rotating(then: Callable[[], Any]) -> Callable[[Request], Any]:
    """Answers the first request, the refresh, with a new refresh token, and does `then` at the next."""
    fresh: Any = authentication_result(at=END, n=2)
    fresh["AuthenticationResult"]["RefreshToken"] = "rotated"
    replies = [lambda: answered(fresh), then]
    return lambda _: replies.pop(0)()


def refresh_token_of(session: Session | AsyncSession) -> str | None:
    assert session.state.tokens is not None
    return session.state.tokens.refresh_token


def test_a_rotated_refresh_token_outlives_an_interruption() -> None:
    """What a refresh gave is kept before the call that it was for, whatever becomes of that."""

    def interrupt() -> Any:
        raise KeyboardInterrupt

    transport = Answering(rotating(interrupt))
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=transport)
    with pytest.raises(KeyboardInterrupt):
        session.change_password("old", "new")
    assert refresh_token_of(session) == "rotated"


def test_a_rotated_refresh_token_outlives_a_cancelled_task() -> None:
    """The same for a task that is cancelled while it waits for the call's answer."""

    async def scene() -> None:
        asked = asyncio.Event()
        answer = rotating(asked.set)

        async def send(request: Request) -> Any:
            reply = answer(request)
            return reply if reply is not None else await asyncio.Event().wait()

        session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(send))
        task = asyncio.create_task(session.change_password("old", "new"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert refresh_token_of(session) == "rotated"

    asyncio.run(asyncio.wait_for(scene(), 10))
