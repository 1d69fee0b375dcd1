"""Many sessions that are kept fresh: few threads and connections, and nobody waits for another's subscribers."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from cognito_raw import (
    AsyncHttpxTransport,
    AsyncSession,
    Config,
    HttpxTransport,
    IdToken,
    Reply,
    Request,
    Result,
    Session,
    StandardTransport,
)
from cognito_raw.concurrency import scheduler
from tests.support.conversation import CLIENT_ID, ISS, Answering, Clock, authentication_result, configured, signed_in
from tests.support.deadlines import wait_until
from tests.support.hostile import Peer, reply, serving
from tests.support.sessions import END, REFRESHED, SECOND
from tests.support.threads import living

MANY = 60


class Counting:
    """Answers refreshes from a moment on, and counts those that are under way at the same time."""

    def __init__(self) -> None:
        self.asked = self.most = self._now = 0
        self.answers = False

    async def __call__(self, peer: Peer) -> None:
        while await peer.receive() is not None:
            self.asked += 1
            self._now += 1
            self.most = max(self.most, self._now)
            while not self.answers:  # noqa: ASYNC110  # another thread sets it
                await asyncio.sleep(0.01)
            self._now -= 1
            await peer.send(reply(json.dumps(authentication_result(at=END, n=2)).encode()))


def config(url: str) -> Config:
    return Config(ISS, CLIENT_ID, endpoint=url, clock=Clock(END), deadline=60.0)


def threads() -> int:
    """Those that refresh, and the one that keeps the time."""
    return len([one for one in living() if one.name in ("cognito_raw refresh", "cognito_raw keep_fresh")])


@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_many_sessions_that_are_due_at_once_take_eight_threads(
    kind: type[HttpxTransport | StandardTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six refresh, each over one connection, one keeps the time, and the eighth closes idle connections."""
    monkeypatch.setattr(scheduler, "_SLOW", 60.0)  # a busy machine makes no subscriber slow
    transport, service, counts = kind(), Counting(), list[int]()
    with serving(service) as server, ExitStack() as block:
        sessions = [Session(config(server.url), state=signed_in(), transport=transport) for _ in range(MANY)]
        for session in sessions:
            session.subscribe(lambda _: counts.append(threads()))
            block.enter_context(session.keep_fresh())
        assert wait_until(lambda: service.asked == 6, 60.0)
        service.answers = True
        assert wait_until(lambda: len(counts) == MANY, 60.0)
    transport.close()
    assert max(counts) == 7
    assert service.most == 6
    assert service.asked == MANY


def test_many_async_sessions_that_are_due_at_once_refresh_in_turn() -> None:
    """Sixteen at a time: the others do not even ask for a connection, and so do not wait in vain for one."""
    told = list[IdToken | None]()
    most = now = 0

    async def refresh(_: Request) -> Result[Reply]:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return REFRESHED.reply

    async def main() -> None:
        async with AsyncExitStack() as block, asyncio.timeout(60):
            for _ in range(MANY):
                session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(refresh))
                session.subscribe(told.append)
                await block.enter_async_context(session.keep_fresh())
            while len(told) < MANY:  # noqa: ASYNC110  # no event tells it
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert told == [SECOND] * MANY
    assert most == 16


def test_many_async_sessions_use_few_connections() -> None:
    """The same over a socket."""
    service, told = Counting(), list[IdToken | None]()

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        async with AsyncExitStack() as block, asyncio.timeout(60):
            for _ in range(MANY):
                session = AsyncSession(config(url), state=signed_in(), transport=transport)
                session.subscribe(told.append)
                await block.enter_async_context(session.keep_fresh())
            while len(told) < MANY:  # no event tells it
                service.answers = service.answers or service.asked == 16
                await asyncio.sleep(0.01)

    with serving(service) as server:
        asyncio.run(main(server.url))
    assert service.most == 16
    assert service.asked == MANY


def test_slow_subscribers_delay_no_other_session() -> None:
    """All refresh, although more subscribers than there are threads wait for the last one."""
    together = threading.Barrier(12)

    def slow(_: object) -> None:
        together.wait(60)

    with ExitStack() as block:
        for _ in range(11):
            session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(_refreshes))
            session.subscribe(slow)
            block.enter_context(session.keep_fresh())
        together.wait(60)
    assert not together.broken


def _refreshes(_: Request) -> Any:
    return REFRESHED.reply


def test_slow_async_subscribers_delay_no_other_session() -> None:
    """The same in an event loop."""

    async def main() -> None:
        together = asyncio.Barrier(41)

        async def slow(_: object) -> None:
            await together.wait()

        async def refreshes(_: Request) -> Any:
            return REFRESHED.reply

        async with AsyncExitStack() as block, asyncio.timeout(60):
            for _ in range(40):
                session = AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=Answering(refreshes))
                session.subscribe(slow)
                await block.enter_async_context(session.keep_fresh())
            await together.wait()

    asyncio.run(main())


def test_a_block_may_end_in_its_own_subscriber() -> None:
    """Nobody waits for oneself."""
    entered, ended, block = threading.Event(), threading.Event(), ExitStack()

    def end(_: object) -> None:
        assert entered.wait(60)
        block.close()
        ended.set()

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(_refreshes))
    session.subscribe(end)
    block.enter_context(session.keep_fresh())
    entered.set()
    assert ended.wait(60)


def test_a_refresh_of_a_caller_is_not_made_twice() -> None:
    """Who keeps the session fresh is woken at its end."""
    asked, go_on, told = list[Request](), threading.Event(), threading.Event()

    def slow(request: Request) -> Any:
        asked.append(request)
        assert go_on.wait(60)
        return REFRESHED.reply

    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=Answering(slow))
    session.subscribe(lambda _: told.set())
    caller = threading.Thread(target=session.refresh)
    caller.start()
    assert wait_until(lambda: len(asked) == 1, 20.0)
    with session.keep_fresh():
        assert wait_until(lambda: bool(session._refresher.open_task() and _wakers(session)), 20.0)
        go_on.set()
        assert told.wait(60)
    caller.join()
    assert len(asked) == 1


def _wakers(session: Session) -> bool:
    task = session._refresher.open_task()
    return task is not None and len(task._wakers) > 2
