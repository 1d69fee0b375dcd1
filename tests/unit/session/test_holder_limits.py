"""Tokens whose answer arrives long after its question: a process was suspended meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cognito_raw import AsyncSession, Ok, Reply, Request, Result, Session, State
from tests.support.conversation import (
    NOW,
    Answering,
    Clock,
    answered,
    authentication_result,
    configured,
    not_authorized,
    signed_in,
    tokens,
)

LIFE = 3600


class Suspended:
    """A service that answers at once, to a process that is suspended until so many seconds later."""

    def __init__(self, seconds: float, *, stopped: bool) -> None:
        self.wall, self.running = Clock(NOW), Clock(1000.0)
        self.seconds, self.stopped = seconds, stopped
        self.config = configured(clock=self.wall, monotonic=self.running, deadline=86_400.0)
        self.requests = 0

    def send(self, _: Request) -> Result[Reply]:
        self.requests += 1
        if self.requests > 1:
            return not_authorized("Refresh Token has expired")
        self.wall.now += self.seconds
        self.running.now += 0 if self.stopped else self.seconds
        return answered(authentication_result(at=NOW, n=2))

    async def send_async(self, request: Request) -> Result[Reply]:
        return self.send(request)


def refreshed(service: Suspended) -> Session:
    session = Session(service.config, state=signed_in(), transport=Answering(service.send))
    assert session.refresh() == Ok(tokens(n=2).id_token)
    return session


@pytest.mark.parametrize("stopped", [False, True], ids=["the monotonic clock ran", "it stood still"])
@pytest.mark.parametrize(("seconds", "fresh"), [(LIFE / 2, True), (LIFE - 30, False)])
def test_tokens_are_as_old_as_the_question(seconds: float, fresh: bool, stopped: bool) -> None:
    """Their life begins when they were asked for, not when the process that was suspended reads them."""
    service = Suspended(seconds, stopped=stopped)
    session = refreshed(service)
    assert (session.id_token() == Ok(tokens(n=2).id_token)) is fresh
    assert service.requests == (1 if fresh else 2)


def test_tokens_are_as_old_as_the_question_for_tasks_too() -> None:
    """The same with `await`."""

    async def scene() -> Any:
        session = AsyncSession(service.config, state=signed_in(), transport=Answering(service.send_async))
        assert await session.refresh() == Ok(tokens(n=2).id_token)
        return await session.id_token()

    service = Suspended(LIFE - 30, stopped=True)
    assert asyncio.run(scene()).reason == "refresh-token-expired"
    assert service.requests == 2


def test_the_state_keeps_the_age_of_tokens_that_came_late() -> None:
    """`state.drift` is right to the second after the suspension, so that whoever loads the state knows their age."""
    session = refreshed(Suspended(LIFE / 2, stopped=True))
    assert session.state.drift == 0
    carried = Session(
        configured(clock=Clock(NOW + LIFE + 1)), state=State.from_dict(session.state.to_dict()), transport=None
    )
    assert carried.state == session.state
