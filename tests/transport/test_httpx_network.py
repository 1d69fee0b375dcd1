"""The network below our own httpx clients, over real sockets, used in ways that this version of httpx does not."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpcore
import pytest

from cognito_raw.transport.httpx_async_network import AsyncNetwork
from cognito_raw.transport.httpx_blocking import Network
from cognito_raw.transport.httpx_internals import ReplyWatch
from cognito_raw.transport.sockets import CurrentDeadline, Deadline


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(5)
        yield made


def echo(listener: socket.socket, amount: int) -> bytes:
    """Accept a connection, answer with a word, and return what came."""
    peer, _ = listener.accept()
    with peer:
        peer.settimeout(5)
        came = peer.recv(amount)
        peer.sendall(b"pong")
        return came


def test_what_waits_to_be_sent_leaves_before_a_read(listener: socket.socket) -> None:
    """Also if httpx does not say where the request ends."""
    current = CurrentDeadline()
    current.deadline = Deadline(60)
    stream = Network(current).connect_tcp("127.0.0.1", listener.getsockname()[1])
    with ThreadPoolExecutor(1) as threads:
        received = threads.submit(echo, listener, 4)
        stream.write(b"ping")
        assert stream.read(4) == b"pong"
        assert received.result() == b"ping"
    stream.close()


def test_what_waits_to_be_sent_leaves_before_an_async_read(listener: socket.socket) -> None:
    """The same, with `await`."""

    async def main() -> None:
        network = AsyncNetwork(httpcore.AnyIOBackend())
        stream = await network.connect_tcp("127.0.0.1", listener.getsockname()[1], timeout=5)
        await stream.write(b"ping")
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(4, timeout=0.01)
        assert await asyncio.to_thread(echo, listener, 4) == b"ping"
        assert await stream.read(4, timeout=5) == b"pong"
        await stream.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("system", ["with poll", "without poll"])
def test_a_socket_tells_if_it_has_something_to_read(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no poll."""
    if system == "without poll":
        monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = ReplyWatch(ours, encrypted=False)
        assert not watch.is_readable()
        theirs.send(b"!")
        assert watch.is_readable()


def test_a_closed_socket_counts_as_one_to_read() -> None:
    """So no request goes out on it."""
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    assert ReplyWatch(ours, encrypted=False).is_readable()
