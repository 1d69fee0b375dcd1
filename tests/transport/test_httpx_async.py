"""The asyncio transport alone: cancellation wins, and a loop that ends closes its connections."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from cognito_raw import AsyncHttpxTransport, Reply, Result
from cognito_raw.transport import httpx_async
from tests.support.deadlines import LaterClock, timed_out, wait_until
from tests.support.hostile import (
    MIB,
    Behaviour,
    Held,
    deaf,
    dripping,
    echoing,
    refusing,
    reply,
    replying,
    saying,
    serving,
    together,
)
from tests.support.transports import body_of, post, summary

OK = b"HTTP/1.1 200 OK\r\n"


pytestmark = pytest.mark.usefixtures("tidy")


def test_a_hundred_tasks_share_a_transport() -> None:
    """Each of many tasks gets its own answer."""

    async def main(url: str) -> list[bytes]:
        transport = AsyncHttpxTransport()
        results = await asyncio.gather(*(transport.send(post(url, b"%d" % number)) for number in range(100)))
        return [body_of(result) for result in results]

    with serving(echoing) as server:
        assert asyncio.run(main(server.url)) == [b"%d" % number for number in range(100)]
        assert server.is_left()


def test_each_loop_has_its_own_connections_and_takes_them_with_it() -> None:
    """One transport serves one `asyncio.run` after the other, and keeps neither connections nor loops."""
    transport = AsyncHttpxTransport()
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def main(url: str) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        for _ in range(2):
            assert body_of(await transport.send(post(url, b"x"))) == b"x"

    with serving(echoing) as server:
        for number in (1, 2, 3):
            asyncio.run(main(server.url))
            assert server.is_left()
            assert server.connections == number
        gc.collect()
        assert [loop() for loop in loops] == [None, None, None]


def test_a_loop_that_was_not_shut_down_is_forgotten() -> None:
    """A loop that was closed without ceremony is given up as soon as another one is used."""
    transport = AsyncHttpxTransport()
    with serving(saying(reply(b"{}", 200, "Connection: close"))) as server:
        bare = asyncio.new_event_loop()
        assert summary(bare.run_until_complete(transport.send(post(server.url)))) == ("200", "yes")
        bare.close()
        gone = weakref.ref(bare)
        del bare
        assert summary(asyncio.run(transport.send(post(server.url)))) == ("200", "yes")
        gc.collect()
        assert gone() is None


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(deaf, id="silence"),
        pytest.param(dripping(OK, b"X: y\r\n"), id="headers"),
        pytest.param(dripping(OK + b"Content-Length: 999\r\n\r\n", b" "), id="body"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancelling_ends_the_request(behaviour: Behaviour, scheme: str) -> None:
    """A cancelled request closes its connection, and the cancellation goes on to whoever waits."""

    async def main(url: str) -> None:
        task = asyncio.create_task(AsyncHttpxTransport().send(post(url)))
        assert await asyncio.to_thread(wait_until, lambda: server.connections == 1)
        await asyncio.sleep(0.05)  # a little of the reply, or of the handshake
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.is_left)

    with serving(behaviour) as server:
        asyncio.run(main(server.url.replace("http", scheme)))
        assert server.connections == 1


@pytest.mark.parametrize("inner", [0.1, 0.15, 0.2])
def test_a_deadline_of_the_callers_own_wins(inner: float) -> None:
    """If both deadlines pass in the same moment, the caller's own decides."""

    async def main(url: str) -> None:
        asyncio.get_running_loop().call_later(0.05, time.sleep, 0.3)  # a loop that is late finds both passed
        async with asyncio.timeout(0.15):
            await AsyncHttpxTransport().send(post(url, within=inner))
            await asyncio.sleep(9)

    with serving(deaf) as server:
        with pytest.raises(TimeoutError):
            asyncio.run(main(server.url))
        assert server.is_left()


def test_a_cancellation_in_the_moment_of_the_deadline_wins() -> None:
    """A task that is cancelled as its deadline passes is cancelled."""

    async def main(url: str) -> None:
        task = asyncio.create_task(AsyncHttpxTransport().send(post(url, within=0.2)))
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, time.sleep, 0.2)
        loop.call_later(0.2, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(deaf) as server:
        asyncio.run(main(server.url))
        assert server.is_left()


def test_closing_does_not_hurt_a_request_in_flight() -> None:
    """`aclose` waits for nobody and breaks nothing: what is under way ends first, and then its connection."""

    held = Held(lambda received: received.body != b"next")

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        tasks = [asyncio.create_task(transport.send(post(url, b"%d" % number))) for number in range(3)]
        assert await asyncio.to_thread(wait_until, lambda: len(server.received) == 3)
        await transport.aclose()
        assert body_of(await transport.send(post(url, b"next"))) == b"next"
        held.released.set()
        assert [body_of(await task) for task in tasks] == [b"0", b"1", b"2"]
        assert await asyncio.to_thread(wait_until, lambda: server.open == 1)  # that of the next one
        await transport.aclose()
        await transport.aclose()
        assert await asyncio.to_thread(server.is_left)

    with serving(held) as server:
        asyncio.run(main(server.url))
        assert server.connections == 4


def test_closing_in_one_loop_leaves_the_others_alone() -> None:
    """`aclose` closes the connections of the loop that it runs in."""
    transport = AsyncHttpxTransport()
    with serving(echoing) as server, asyncio.Runner() as other:
        assert body_of(other.run(transport.send(post(server.url, b"1")))) == b"1"
        asyncio.run(transport.aclose())
        assert body_of(other.run(transport.send(post(server.url, b"2")))) == b"2"
        assert server.connections == 1


def test_no_idle_connection_is_kept_for_long(idle_time: LaterClock) -> None:
    """A connection that lay idle for more than some seconds is closed and not used again."""

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        await asyncio.gather(*(transport.send(post(url)) for _ in range(4)))
        before = server.connections
        idle_time.jump(4.1)
        assert body_of(await transport.send(post(url, b"late"))) == b"late"
        assert server.connections == before + 1
        assert await asyncio.to_thread(wait_until, lambda: server.open == 1)

    with serving(echoing) as server:
        asyncio.run(main(server.url))


def test_connections_that_are_not_needed_any_more_are_closed(idle_time: LaterClock) -> None:
    """If fewer requests run at once than before, the unused connections are closed."""

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        await asyncio.gather(*(transport.send(post(url)) for _ in range(4)))
        for _ in range(6):
            assert body_of(await transport.send(post(url, b"one"))) == b"one"
            idle_time.jump(0.8)
        assert await asyncio.to_thread(wait_until, lambda: server.open == 1)

    with serving(together(4)) as server:
        asyncio.run(main(server.url))
        assert server.connections == 4


def test_cancelling_while_another_connection_is_closed_loses_none(idle_time: LaterClock) -> None:
    """A task that is cancelled before its request began leaves the fresh connections to the next one."""

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        await asyncio.gather(*(transport.send(post(url)) for _ in range(2)))
        idle_time.jump(2.2)
        await transport.send(post(url))
        idle_time.jump(2.2)
        task = asyncio.create_task(transport.send(post(url)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body_of(await transport.send(post(url, b"next"))) == b"next"

    with serving(together(2)) as server:
        asyncio.run(main(server.url))
        assert server.connections == 2


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8])
def test_no_cancellation_loses_a_connection_that_is_being_closed(steps: int, idle_time: LaterClock) -> None:
    """Neither a request's nor that of `aclose`: all stale ones are closed, and then all others."""

    async def cancelled(work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        await asyncio.gather(*(transport.send(post(url)) for _ in range(10)))
        [pool] = transport._pools.values()
        idle_time.jump(2.2)
        await asyncio.gather(*(transport.send(post(url)) for _ in range(5)))
        idle_time.jump(2.2)
        await cancelled(transport.send(post(url)))
        assert await asyncio.to_thread(wait_until, lambda: server.open <= 5)
        assert len(pool._connections) == len(pool._idle) >= 4
        await cancelled(transport.aclose())
        assert await asyncio.to_thread(server.is_left)
        assert not pool._connections

    with serving(together(10, 5)) as server:
        asyncio.run(main(server.url))


def test_idle_connections_are_closed_without_another_request(
    idle_time: LaterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a timer of the event loop, which begins anew with the next."""
    monkeypatch.setattr(httpx_async, "REAP_INTERVAL", 0.02)

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport()
        for _ in range(2):
            await asyncio.gather(*(transport.send(post(url)) for _ in range(3)))
            await asyncio.sleep(0.05)
            assert server.open == 3
            idle_time.jump(4.1)
            assert await asyncio.to_thread(server.is_left)

    with serving(together(3, 3)) as server:
        asyncio.run(main(server.url))


def test_a_task_after_the_other_uses_one_connection_for_each_address() -> None:
    """Requests to several servers by turns do not close each other's connections."""

    async def main(*urls: str) -> None:
        transport = AsyncHttpxTransport()
        for url in urls * 3:
            assert body_of(await transport.send(post(url, b"x"))) == b"x"

    with serving(echoing) as one, serving(echoing) as other:
        asyncio.run(main(one.url, other.url))
        assert (one.connections, other.connections) == (1, 1)
        assert one.is_left()
        assert other.is_left()


async def send(client: httpx.AsyncClient, url: str, *, within: float = 60.0) -> Result[Reply]:
    """Send a request over a client of one's own, which stays open."""
    transport = AsyncHttpxTransport(client)
    result = await transport.send(post(url, b"mine", within=within))
    await transport.aclose()
    assert not client.is_closed
    return result


def test_a_client_of_ones_own_is_used_and_left_open() -> None:
    """Requests go over the caller's client, with its headers and its connections, and closing does not close it."""

    async def main(url: str) -> None:
        async with httpx.AsyncClient(headers={"X-Mine": "yes"}) as client:
            for _ in range(2):
                assert body_of(await send(client, url)) == b"mine"

    with serving(echoing) as server:
        asyncio.run(main(server.url))
        assert {(received.connection, received.headers["x-mine"]) for received in server.received} == {(1, "yes")}


def test_a_client_that_answers_by_itself_is_a_transport_too() -> None:
    """A client without a network, as in tests, gives its own replies."""

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(400, text="a"))) as client:
            assert body_of(await send(client, "http://127.0.0.1:1/")) == b"a"

    asyncio.run(main())


def test_a_hook_may_read_the_reply_or_raise() -> None:
    """A hook that has read the reply does not keep it from us; what a hook raises is `unknown-error`."""

    async def fails(_: object) -> None:
        raise ValueError("the hook's own fault")

    async def main(url: str) -> None:
        async with httpx.AsyncClient(event_hooks={"response": [httpx.Response.aread]}) as client:
            assert body_of(await send(client, url)) == b"mine"
        for event in ("request", "response"):
            async with httpx.AsyncClient(event_hooks={event: [fails]}) as client:
                assert summary(await send(client, url)) == ("unknown-error", "maybe")

    with serving(echoing) as server:
        asyncio.run(main(server.url))


def test_a_client_of_ones_own_is_held_to_the_same_limits() -> None:
    """Deadline and cap hold for the caller's client, and the connections of what failed are closed."""

    async def main(url: str, within: float = 60.0) -> Result[Reply]:
        async with httpx.AsyncClient() as client:
            return await send(client, url, within=within)

    with serving(deaf) as server:
        result = timed_out(lambda within: asyncio.run(main(server.url, within)), server)
        assert summary(result) == ("timed-out", "maybe")
        assert server.is_left()
    with serving(replying(reply(bytes(4 * MIB)))) as server:
        assert summary(asyncio.run(main(server.url))) == ("reply-too-large", "maybe")
        assert server.is_left()
    with refusing() as url:
        assert summary(asyncio.run(main(url))) == ("connection-failed", "no")


def test_loops_of_several_threads_share_a_transport() -> None:
    """Each thread's loop has its own connections."""
    transport = AsyncHttpxTransport()

    async def main(url: str, body: bytes) -> list[bytes]:
        return [body_of(await transport.send(post(url, body))) for _ in range(5)]

    async def together(url: str) -> list[list[bytes]]:
        calls = (asyncio.to_thread(asyncio.run, main(url, b"%d" % number)) for number in range(8))
        return await asyncio.gather(*calls)

    with serving(echoing) as server:
        assert asyncio.run(together(server.url)) == [[b"%d" % number] * 5 for number in range(8)]
        assert wait_until(lambda: server.open == 0)
        assert server.connections == 8
