"""Forgetting a session without asking the service, and carrying one only as its state."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncSession, Err, Ok, Request, Session
from tests.support.conversation import (
    NOW,
    Answering,
    Clock,
    Script,
    answered,
    authentication_result,
    configured,
    signed_in,
)
from tests.support.modes import Mode


def test_forgetting_asks_nobody(mode: Mode) -> None:
    """The tokens and the challenge are gone, the user's name and device stay, and subscribers hear of it."""
    session = mode.session(configured(), state=signed_in(), transport=Script())
    told: list[object] = []
    session.subscribe(told.append)
    assert session.forget() == Ok(None)
    assert (session.state.tokens, session.state.username, told) == (None, "jane", [None])
    assert session.id_token() == Err("no-session")
    assert session.forget() == Ok(None)
    assert told == [None]


def test_a_refresh_under_way_does_not_bring_the_tokens_back() -> None:
    """Its answer comes after the session was forgotten."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: Request) -> Any:
        asked.set()
        assert go_on.wait(10)
        return answered(authentication_result(at=NOW, n=2))

    session = Session(configured(clock=Clock(NOW)), state=signed_in(), transport=Answering(slow))
    told: list[object] = []
    session.subscribe(told.append)
    with ThreadPoolExecutor(1) as threads:
        refreshed = threads.submit(session.refresh)
        assert asked.wait(10)
        assert session.forget() == Ok(None)
        go_on.set()
        refreshed.result(10)
    assert (session.state.tokens, told) == (None, [None])
    assert session.refresh() == Err("no-session")


def test_an_async_refresh_under_way_does_not_bring_the_tokens_back() -> None:
    """The same among tasks."""

    async def main() -> None:
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_: Request) -> Any:
            asked.set()
            await go_on.wait()
            return answered(authentication_result(at=NOW, n=2))

        session = AsyncSession(configured(clock=Clock(NOW)), state=signed_in(), transport=Answering(slow))
        refreshed = asyncio.create_task(session.refresh())
        await asked.wait()
        assert await session.forget() == Ok(None)
        go_on.set()
        await refreshed
        assert session.state.tokens is None

    asyncio.run(asyncio.wait_for(main(), 10))


@pytest.mark.parametrize("kind", [Session, AsyncSession])
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_is_carried_as_its_state_alone(kind: type[Any], duplicate: Any) -> None:
    """A pickle or a copy would renew the same tokens, and sign the user out under rotation."""
    with pytest.raises(TypeError, match=r"to_dict\(\)"):
        duplicate(kind(configured(), state=signed_in()))
