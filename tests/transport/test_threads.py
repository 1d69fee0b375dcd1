"""The sync transports in programs with many threads, and in one that is interrupted."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from cognito_raw import HttpxTransport, StandardTransport
from cognito_raw.transport import pool
from tests.support.deadlines import LaterClock, wait_until
from tests.support.hostile import Peer, Server, echoing, reply, serving, together
from tests.support.signals import RAISED, raising
from tests.support.threads import living
from tests.support.transports import body_of, post, summary, workers

pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture(params=[HttpxTransport, StandardTransport])
def transport(request: pytest.FixtureRequest) -> Iterator[HttpxTransport | StandardTransport]:
    made: HttpxTransport | StandardTransport = request.param()
    yield made
    made.close()


def test_many_threads_share_a_transport(transport: HttpxTransport | StandardTransport) -> None:
    """Each of many threads gets its own answers, over connections that are used again."""
    with serving(echoing) as server, ThreadPoolExecutor(32) as threads:

        def talk(thread: int) -> bool:
            bodies = [f"{thread}-{number}".encode() for number in range(5)]
            return [body_of(transport.send(post(server.url, body))) for body in bodies] == bodies

        assert all(threads.map(talk, range(32)))
        assert len(server.received) == 160
        assert server.connections <= 32
        transport.close()
        assert server.is_left()


def test_no_idle_connection_is_kept_for_long(
    transport: HttpxTransport | StandardTransport, idle_time: LaterClock
) -> None:
    """A connection that lay idle for more than some seconds is not used again, and all that did are closed."""
    with serving(echoing) as server, ThreadPoolExecutor(8) as threads:
        list(threads.map(transport.send, [post(server.url)] * 8))
        before = server.connections
        idle_time.jump(4.1)
        assert body_of(transport.send(post(server.url, b"late"))) == b"late"
        assert server.connections == before + 1
        assert wait_until(lambda: server.open == 1)


def test_connections_in_use_at_the_close_are_closed_when_their_requests_end(
    transport: HttpxTransport | StandardTransport,
) -> None:
    """Each request has its reply, and no connection is kept. Those of later requests are."""
    released = threading.Event()

    async def holding(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await asyncio.to_thread(released.wait, 10)
            await peer.send(reply(received.body))

    with serving(holding) as server, ThreadPoolExecutor(20) as threads:
        replies = threads.map(transport.send, [post(server.url, b"in use")] * 20)
        assert wait_until(lambda: len(server.received) == 20)
        transport.close()
        released.set()
        assert set(map(body_of, replies)) == {b"in use"}
        assert server.is_left()
        for _ in range(2):
            assert body_of(transport.send(post(server.url, b"later"))) == b"later"
        assert server.connections == 21


def test_idle_connections_are_closed_without_another_request(
    transport: HttpxTransport | StandardTransport, idle_time: LaterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a thread that begins with the second and ends with the last of them. One alone needs none."""
    monkeypatch.setattr(pool, "REAP_INTERVAL", 0.02)
    assert wait_until(lambda: not is_reaping())

    with serving(together(3, 3)) as server, ThreadPoolExecutor(3) as threads:
        for rounds in (1, 2):
            replies = threads.map(transport.send, [post(server.url, b"three")] * 3)
            assert set(map(body_of, replies)) == {b"three"}
            assert server.connections == 3 * rounds
            assert is_reaping()
            idle_time.jump(4.1)
            assert server.is_left()
            assert wait_until(lambda: not is_reaping())
    with serving(echoing) as server:
        transport.send(post(server.url))
        assert not is_reaping()


def is_reaping() -> bool:
    return any(thread.name == "cognito_raw idle" for thread in living())


def test_replies_at_the_very_deadline_do_not_mix(transport: HttpxTransport | StandardTransport) -> None:
    """A reply that comes as its deadline passes is given or lost, and never given to another request."""
    pause = 0.02

    async def slow(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await asyncio.sleep(pause)
            await peer.send(reply(received.body))

    def talk(number: int) -> bool:
        body = b"%d" % number
        result = transport.send(post(server.url, body, within=pause + random.uniform(-0.005, 0.015)))
        # On a busy machine the deadline may pass before the request has begun: then nothing was sent.
        return summary(result) in (("timed-out", "no"), ("timed-out", "maybe")) or body_of(result) == body

    with serving(slow) as server, ThreadPoolExecutor(8) as threads:
        assert all(threads.map(talk, range(200)))
        transport.close()
        assert wait_until(lambda: not workers())
        assert server.is_left()


@pytest.mark.parametrize("error", RAISED)
def test_an_interrupted_wait_leaves_nothing(
    transport: HttpxTransport | StandardTransport, error: type[BaseException]
) -> None:
    """What a signal handler raises while a request waits comes out at once, and its connection is closed."""
    with interrupting(error) as server:
        with pytest.raises(error, match="program"):
            transport.send(post(server.url))
        assert server.is_left()


@pytest.mark.parametrize("error", RAISED)
def test_an_interrupted_wait_for_a_client_of_ones_own_ends(error: type[BaseException]) -> None:
    """Its request is in another thread, which ends with the reply."""
    with interrupting(error) as server, httpx.Client() as client:
        with pytest.raises(error, match="program"):
            HttpxTransport(client).send(post(server.url))
        server.stop()
        assert wait_until(lambda: not workers())


@contextmanager
def interrupting(error: type[BaseException]) -> Iterator[Server]:
    """A server that sends this program a signal instead of a reply, whose handler raises."""
    with raising(error) as interrupt:

        async def behaviour(peer: Peer) -> None:
            await peer.receive()
            await asyncio.sleep(0.1)  # in which the other side begins to wait
            interrupt()
            await peer.see_off()

        with serving(behaviour) as server:
            yield server
