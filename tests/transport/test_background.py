"""The refreshes of sessions use few connections of a transport, and calls never wait behind them."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncHttpxTransport, AsyncSession, Config, HttpxTransport, Ok, Session, StandardTransport
from cognito_raw.concurrency.locks import ForkLock
from cognito_raw.transport.leases import Leases
from tests.support.conversation import CLIENT_ID, ISS, NOW, Clock, authentication_result, signed_in
from tests.support.hostile import Peer, reply, serving
from tests.support.transports import Sender, body_of, post

pytestmark = pytest.mark.usefixtures("tidy")

END = NOW + 3600


class Busy:
    """Answers refreshes once so many are under way, and other calls at once.

    most: how many refreshes were under way at the same time. called: whether a refresh waits for a call, too.
    """

    def __init__(self, enough: int, body: bytes = b"", *, called: bool = True) -> None:
        self.most = self._now = 0
        self._enough = enough
        self._body = body
        self._called = called

    async def __call__(self, peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            if received.body == b"call":
                self._called = True
            else:
                await self._refresh()
            await peer.send(reply(self._body or received.body))

    async def _refresh(self) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        while not (self._called and self.most >= self._enough):  # noqa: ASYNC110  # waits for other connections
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)  # others would come now
        self._now -= 1


@pytest.mark.parametrize(("limit", "most"), [(2, 1), (6, 3), (40, 16)])
def test_few_connections_are_for_refreshes(sender: Sender, limit: int, most: int) -> None:
    """Half of the limit, and 16 at most. A call that comes later need not wait for the rest of them."""
    any_sender: Any = sender
    any_sender.transport = type(any_sender.transport)(limit=limit)
    busy = Busy(most, called=False)
    with serving(busy) as server:
        refreshes = [replace(post(server.url, b"%d" % number), background=True) for number in range(2 * most + 1)]
        results = sender.send_all([*refreshes, post(server.url, b"call")])
    assert [body_of(result) for result in results] == [*(request.body for request in refreshes), b"call"]
    assert busy.most == most


@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_the_only_connection_is_for_refreshes_too(kind: type[HttpxTransport | StandardTransport]) -> None:
    """With a limit of 1 there is no other."""
    transport = kind(limit=1)
    with serving(Busy(1)) as server:
        for _ in range(2):
            assert body_of(transport.send(replace(post(server.url, b"refresh"), background=True))) == b"refresh"
        transport.close()


def session_config(url: str) -> Config:
    return Config(ISS, CLIENT_ID, endpoint=url, clock=Clock(END), deadline=60.0)


REFRESHED = json.dumps(authentication_result(at=END, n=2)).encode()


@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_the_refreshes_of_sessions_are_such(kind: type[HttpxTransport | StandardTransport]) -> None:
    """Many sessions share a transport, and their tokens end together."""
    transport, busy = kind(limit=4), Busy(2, REFRESHED)
    results: list[bool] = []
    with serving(busy) as server:
        sessions = [Session(session_config(server.url), state=signed_in(), transport=transport) for _ in range(8)]
        threads = [
            threading.Thread(target=lambda one=one: results.append(isinstance(one.id_token(), Ok))) for one in sessions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert results == [True] * 8
    assert busy.most == 2


def test_the_refreshes_of_async_sessions_are_such() -> None:
    """The same, with `await`."""
    busy = Busy(2, REFRESHED)

    async def main(url: str) -> list[bool]:
        transport = AsyncHttpxTransport(limit=4)
        sessions = [AsyncSession(session_config(url), state=signed_in(), transport=transport) for _ in range(8)]
        return [isinstance(token, Ok) for token in await asyncio.gather(*(one.id_token() for one in sessions))]

    with serving(busy) as server:
        assert asyncio.run(main(server.url)) == [True] * 8
    assert busy.most == 2


def test_a_refresh_that_gets_no_connection_gives_its_place_back() -> None:
    """The next one finds it free."""

    def late() -> float:
        raise TimeoutError

    leases = Leases(2, ForkLock())
    calls = [leases.take("a", late), leases.take("a", late)]
    for _ in range(2):
        with pytest.raises(TimeoutError):
            leases.take("a", late, background=True)
    calls.pop().give_back()
    leases.take("a", late, background=True).give_back()
    leases.take("a", late, background=True)
