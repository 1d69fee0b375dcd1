"""Refreshes at the end of `asyncio.run`, against a service that takes longer than a caller waits."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

from cognito_raw import AsyncHttpxTransport, AsyncSession, Config, IdToken, Ok, Reply, Request, Result
from tests.support.conversation import CLIENT_ID, ISS, Answering, Clock, configured, signed_in
from tests.support.deadlines import Stopwatch
from tests.support.hostile import Behaviour, Peer, reply, serving
from tests.support.rotation import Service
from tests.support.sessions import END, REFRESHED
from tests.support.transports import leaving_nothing

# Seconds of the service: longer than a caller waits while its token is valid.
SLOW: Final = 0.7
Main = Callable[[AsyncSession, Service], Coroutine[Any, Any, object]]


async def id_token(session: AsyncSession, _: Service) -> None:
    assert isinstance(await session.id_token(), Ok)


async def is_asked(service: Service) -> None:
    while not service.requests:  # noqa: ASYNC110  # in the thread of the server
        await asyncio.sleep(0.01)


async def cancelled(session: AsyncSession, service: Service) -> None:
    caller = asyncio.create_task(session.refresh())
    await is_asked(service)
    caller.cancel()


async def out_of_time(session: AsyncSession, service: Service) -> None:
    while not service.requests:
        await session.within(0.1).refresh()


async def kept_fresh(session: AsyncSession, service: Service) -> None:
    async with session.keep_fresh():
        await is_asked(service)


async def answers(_: object) -> Result[Reply]:
    return REFRESHED.reply


def slowly(service: Service) -> Behaviour:
    """Rotate the refresh token at once, and answer late."""

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            headers = {"X-Amz-Target": received.headers["x-amz-target"]}
            answer, _ = service.answer(Request("", headers, received.body, 10.0))
            await asyncio.sleep(SLOW)
            await peer.send(reply(answer.unwrap().body))

    return behaviour


@pytest.mark.parametrize("main", [id_token, cancelled, out_of_time, kept_fresh])
def test_the_end_of_a_loop_waits_for_a_refresh(main: Main) -> None:
    """Its rotated token is kept and told, although no caller waits for it any more."""
    now = time.time()
    service = Service(lambda: now)
    family, state = service.sign_in()
    told: list[IdToken | None] = []
    with leaving_nothing(), serving(slowly(service)) as server:
        config = Config(ISS, CLIENT_ID, endpoint=server.url, clock=lambda: now + 3300)
        session = AsyncSession(config, state=state, transport=AsyncHttpxTransport())
        session.subscribe(told.append)
        asyncio.run(main(session, service))
    tokens = session.state.tokens
    assert tokens is not None
    assert (tokens.refresh_token, session.state.unanswered) == (family.newest, False)
    assert told == [tokens.id_token]
    assert service.requests == 1


def test_the_end_of_a_loop_waits_for_the_deadline_at_most() -> None:
    """Neither a service that never answers nor a subscriber that hangs keeps it longer."""

    async def never(_: object) -> Any:
        await asyncio.Event().wait()

    for send, subscriber in ((never, lambda _: None), (answers, never)):
        config = configured(clock=Clock(END), monotonic=time.monotonic, deadline=1.0)
        session = AsyncSession(config, state=signed_in(), transport=Answering(send))
        session.subscribe(subscriber)
        with Stopwatch() as watch:
            asyncio.run(session.within(0.1).refresh())
        assert watch.seconds < 10
        assert session.state.unanswered is (send is never)
    gc.collect()
