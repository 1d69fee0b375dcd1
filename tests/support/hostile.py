"""A server on this machine that answers, misbehaves or says nothing, as its behaviour tells it, byte by byte.

It runs in one thread for all its connections, counts them, and keeps what it received.

    with serving(replying(reply(b"<html>", status=503))) as server:
        Config(iss=..., client_id=..., endpoint=server.url)
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, SupportsIndex, TypeAlias

from tests.support.deadlines import wait_until

# Small, so that what the server could write is nearly what was read from it.
BUFFER: Final = 64 * 1024
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Received:
    """One request as it came, and the number of the connection that it came on, from 1."""

    line: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


class Recorder(asyncio.StreamReader):
    """A reader that also keeps all that came."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self.raw = bytearray()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.raw += bytes(data)
        super().feed_data(data)


class Peer:
    """One connection, seen from the server."""

    def __init__(self, reader: Recorder, writer: asyncio.StreamWriter, server: Server) -> None:
        self._reader = reader
        self.raw = reader.raw
        self._writer = writer
        self._server = server
        self.number = server.connections

    async def receive(self) -> Received | None:
        """The next request, or None where the other side is gone."""
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in rest)}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        except asyncio.IncompleteReadError as error:
            self._server.heard += len(error.partial)
            return None
        except ConnectionError:
            return None
        self._server.heard += len(head) + len(body)
        received = Received(line, headers, body, self.number)
        self._server.received.append(received)
        return received

    async def receive_some(self) -> None:
        """Wait for the first bytes that come."""
        self._server.heard += len(await self._reader.read(1))

    async def read_head(self) -> None:
        """Wait for the headers of a request, and leave its body unread."""
        await self._reader.readuntil(b"\r\n\r\n")

    async def read_some(self) -> bytes:
        """What has come by now, or comes first."""
        return await self._reader.read(BUFFER)

    async def send(self, data: bytes) -> None:
        """Write, as far as the other side reads."""
        self._writer.write(data)
        await self._writer.drain()
        self._server.written += len(data)

    async def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Write one byte after the other."""
        for byte in data:
            await self.send(bytes((byte,)))
            await asyncio.sleep(pause)

    async def relay(self, address: str) -> None:
        """Be a tunnel to another server of this machine, whatever its name, until either side is gone."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await source.read(BUFFER):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pass_on(self._reader, writer), pass_on(reader, self._writer))

    async def see_off(self) -> None:
        """Say nothing until the other side is gone."""
        with suppress(ConnectionError):
            while data := await self._reader.read(BUFFER):
                self._server.heard += len(data)

    def reset(self) -> None:
        """Close without a farewell: the other side gets a reset."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Behaviour: TypeAlias = Callable[[Peer], Awaitable[None]]


class Server:
    """A running server and its counts: connections, those that are open, bytes of requests, bytes of replies.

    raw: all that arrived on each connection, also bytes that no behaviour has read. Use it through `serving`.
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.open = 0
        self.heard = 0
        self.written = 0
        self.received: list[Received] = []
        self.raw: list[bytearray] = []
        self._behaviour = behaviour
        self._writers: list[asyncio.StreamWriter] = []
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"
        # Only a proxy finds it under this name: nobody looks it up.
        self.url_behind_proxy = self.url.replace("127.0.0.1", "pool.example")
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="hostile", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(10)

    def stop_listening(self) -> None:
        """Refuse further connections; for a behaviour to call."""
        self._listener.close()

    def is_left(self, within: float = 3.0) -> bool:
        """Whether everybody has closed their connections, waiting a while for it."""
        return wait_until(lambda: self.open == 0, within)

    def _run(self) -> None:
        with closing(self._loop), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._listener = await self._loop.create_server(self._protocol, sock=self._socket, ssl=self._tls)
        await self._ended.wait()
        await asyncio.sleep(0.01)  # asyncio loses whom it was just accepting when a listener closes
        self._listener.close()
        for writer in self._writers:
            with suppress(AttributeError):  # Python 3.11 has let go of a transport that wrote its last bytes and closed
                writer.transport.abort()
        await asyncio.sleep(0)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = Recorder(BUFFER, self._loop)
        self.raw.append(reader.raw)
        return asyncio.StreamReaderProtocol(reader, lambda _, writer: self._meet(reader, writer), loop=self._loop)

    async def _meet(self, reader: Recorder, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self._writers.append(writer)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):  # cancelled when the server stops
                await self._behaviour(Peer(reader, writer, self))
        finally:
            writer.close()
            # asyncio closes the socket a moment later. Until then the other side may still send.
            with suppress(OSError):
                await asyncio.wait_for(writer.wait_closed(), 1)
            self.open -= 1


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that treats each of its connections so."""
    server = Server(behaviour, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a port that refuses connections, and stays ours so that nobody else takes it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


@contextmanager
def ignoring(*, full: bool) -> Iterator[str]:
    """The address of a listener that accepts nobody: with a full queue, not even the system does it in its place."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queue = [socket.socket() for _ in range(8 if full else 0)]
        for waiting in queue:
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            for waiting in queue:
                waiting.close()


def reply(body: bytes = b"{}", status: int = 200, *headers: str) -> bytes:
    """A whole reply as it goes over the wire."""
    lines = (f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def replying(*replies: bytes) -> Behaviour:
    """Keep the connection, and answer each request of the server with the next of these, the last one for ever."""
    left = itertools.chain(replies, itertools.repeat(replies[-1]))

    async def behaviour(peer: Peer) -> None:
        while await peer.receive() is not None:
            await peer.send(next(left))

    return behaviour


def saying(data: bytes, *, then: str = "close") -> Behaviour:
    """Take one request, write exactly these bytes, and then close, `reset` the connection, or stay `silent`."""

    async def behaviour(peer: Peer) -> None:
        await peer.receive()
        await peer.send(data)
        if then == "reset":
            if data:
                await asyncio.sleep(0.05)  # what was written shall arrive before the reset throws it away
            peer.reset()
        elif then == "silent":
            await peer.see_off()

    return behaviour


async def echoing(peer: Peer) -> None:
    """Answer each request with its own body."""
    while (received := await peer.receive()) is not None:
        await peer.send(reply(received.body))


def together(*rounds: int) -> Behaviour:
    """Echo requests, those of a round when all of them are there, so that each needs a connection of its own."""
    places = iter([place for number in rounds for place in [asyncio.Barrier(number)] * number])

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            if (place := next(places, None)) is not None:
                await place.wait()
            await peer.send(reply(received.body))

    return behaviour


class Held:
    """Echo requests, but those that must be held only once they are released; bodyless ones are never held."""

    def __init__(self, must: Callable[[Received], bool] = lambda received: bool(received.body)) -> None:
        self.released = threading.Event()
        self._must = must

    async def __call__(self, peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            while self._must(received) and not self.released.is_set():  # noqa: ASYNC110  # set by a thread
                await asyncio.sleep(0.005)
            await peer.send(reply(received.body))


def pouring(head: bytes, chunk: bytes, times: int) -> Behaviour:
    """Take one request, and write a head and then very much."""

    async def behaviour(peer: Peer) -> None:
        await peer.receive()
        await peer.send(head)
        for _ in range(times):
            await peer.send(chunk)

    return behaviour


def dripping(fast: bytes, slow: bytes) -> Behaviour:
    """Take one request, write something at once and the rest a byte at a time, without end."""

    async def behaviour(peer: Peer) -> None:
        await peer.receive()
        await peer.send(fast)
        while True:
            await peer.drip(slow)

    return behaviour


async def tunnelling(peer: Peer) -> None:
    """Be a proxy that makes the tunnel it is asked for."""
    received = await peer.receive()
    assert received is not None
    await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await peer.relay(received.line.split()[1])


async def deaf(peer: Peer) -> None:
    """Read nothing, say nothing, and keep the connection until the other side is gone."""
    await peer.see_off()
