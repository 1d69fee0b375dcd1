"""The end of a session's block: a refresh under way is waited for, so that its new tokens are not lost."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from cognito_raw import AsyncSession, Reply, Request, Result, Session, State
from tests.support.conversation import Answering, Clock, configured, signed_in
from tests.support.sessions import END, REFRESHED, SECOND, reason, waiting_refresh


def test_close_waits_for_a_refresh_under_way() -> None:
    """Whoever began it has gone, and its tokens come all the same."""
    session, sent, go_on = waiting_refresh(configured(clock=Clock(END)))
    with session:
        assert reason(session.within(0.01).refresh()) == "timed-out"
        assert sent.wait(10)
        threading.Timer(0.1, go_on.set).start()
    assert session.state.tokens is not None
    assert session.state.tokens.id_token == SECOND


def test_aclose_waits_for_a_refresh_under_way() -> None:
    """The event loop that ends after it kills nothing."""

    async def main() -> State:
        go_on = asyncio.Event()

        async def slow(_: Request) -> Result[Reply]:
            await go_on.wait()
            return REFRESHED.reply

        transport: Any = Answering(slow)
        async with AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=transport) as session:
            assert reason(await session.within(0.01).refresh()) == "timed-out"
            asyncio.get_running_loop().call_later(0.1, go_on.set)
        return session.state  # before the end of the loop, which waits too

    state = asyncio.run(main())
    assert state.tokens is not None
    assert state.tokens.id_token == SECOND


def test_close_waits_for_its_deadline_at_most() -> None:
    """A service that never answers keeps nobody."""
    session, sent, go_on = waiting_refresh(configured(clock=Clock(END)))
    assert reason(session.within(0.01).refresh()) == "timed-out"
    assert sent.wait(10)
    session.within(0.01).close()
    assert session.state.tokens == signed_in().tokens
    go_on.set()


def test_a_subscriber_may_close_its_session() -> None:
    """The tokens are held when it hears of them, so there is nothing to wait for."""
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(lambda _: REFRESHED.reply))
    session.subscribe(lambda _: session.close())
    assert session.refresh().unwrap() == SECOND
