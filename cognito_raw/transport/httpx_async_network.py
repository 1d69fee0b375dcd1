"""The network below our own async httpx clients."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from .addresses import ATTEMPT_DELAY, look_up_async
from .httpx_internals import PART, ReplyWatch


class AsyncStream:
    """A network stream as httpx wants it, under our watch.

    inner: the stream of httpx, which has one of anyio.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._unsent = b""
        encrypted = inner.get_extra_info("ssl_object") is not None
        self._watch = ReplyWatch(inner.get_extra_info("socket"), encrypted=encrypted)

    async def read(self, *arguments: Any, **options: Any) -> bytes:
        if self._unsent:
            await self._flush(*arguments[1:], **options)
        data: bytes = await self._inner.read(*arguments, **options)
        self._watch.receive(data)
        return data

    async def write(self, buffer: bytes, *arguments: Any, **options: Any) -> None:
        """Send bytes, the headers and the body of a request at once. httpx writes no bytes where a request ends."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > PART:
            await self._flush(*arguments, **options)

    async def _flush(self, *arguments: Any, **options: Any) -> None:
        unsent, self._unsent = self._unsent, b""
        for part in self._watch.parts(unsent):
            await self._inner.write(part, *arguments, **options)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(self, *arguments: Any, **options: Any) -> AsyncStream:
        return AsyncStream(await self._inner.start_tls(*arguments, **options))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpx asks for by name."""
        if info == "is_readable":  # asked twice for each request
            return self._watch.is_readable()
        return self._inner.get_extra_info(info)

    def is_quiet(self) -> bool:
        """Return whether nothing is left in the buffers of TLS and anyio, and no reply came too early.

        httpx itself looks at the socket before each request. `AttributeError` if a version of anyio has other buffers.
        """
        layer = self._inner._stream
        while hasattr(layer, "transport_stream"):
            if layer._read_bio.pending or layer._ssl_object.pending():
                return False
            layer = layer.transport_stream
        return not (self._watch.early or layer._protocol.read_queue)


class AsyncNetwork:
    """Opens connections for httpx.

    inner: the network of httpx.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def connect_tcp(self, host: str, port: int, **options: Any) -> AsyncStream:
        """Open a connection to the first address of the host that accepts one, as `addresses` does."""
        addresses = await look_up_async(host, port, options["timeout"])
        attempts = [partial(self._inner.connect_tcp, *address[:2], **options) for _, address in addresses]
        return AsyncStream(await (_first_connected(attempts) if attempts[1:] else attempts[0]()))


async def _first_connected(attempts: Iterable[Callable[[], Coroutine[Any, Any, Any]]]) -> Any:
    untried, pending = deque(attempts), list[asyncio.Task[Any]]()
    failure: BaseException = OSError()
    try:
        while untried or pending:
            if untried:
                pending.append(asyncio.create_task(untried.popleft()()))
            done, _ = await asyncio.wait(pending, timeout=ATTEMPT_DELAY, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                pending.remove(task)
                error = task.exception()
                if error is None:
                    return task.result()
                failure = error
        raise failure
    finally:
        await _close(pending)


async def _close(attempts: Iterable[asyncio.Task[Any]]) -> None:
    for task in attempts:
        task.cancel()
    for outcome in await asyncio.gather(*attempts, return_exceptions=True):
        if not isinstance(outcome, BaseException):  # connected at the last moment
            await outcome.aclose()
