"""The network below our own async httpx clients."""

from __future__ import annotations

from typing import Any

from .httpx_internals import ReplyWatch


class AsyncStream:
    """A network stream as httpx wants it, under our watch.

    inner: the stream of httpx, which has one of anyio.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        encrypted = inner.get_extra_info("ssl_object") is not None
        self._watch = ReplyWatch(inner.get_extra_info("socket"), encrypted=encrypted)

    async def read(self, *arguments: Any, **options: Any) -> bytes:
        """Read some bytes."""
        data: bytes = await self._inner.read(*arguments, **options)
        self._watch.receive(data)
        return data

    async def write(self, buffer: bytes, *arguments: Any, **options: Any) -> None:
        """Send all bytes."""
        for part in self._watch.parts(buffer):
            await self._inner.write(part, *arguments, **options)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(self, *arguments: Any, **options: Any) -> AsyncStream:
        """Return the connection under TLS."""
        return AsyncStream(await self._inner.start_tls(*arguments, **options))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpx asks for by name."""
        return self._inner.get_extra_info(info)

    def is_quiet(self) -> bool:
        """Return whether nothing is left to read, in anyio or in the socket, and no reply came too early.

        Only looks, and waits for nothing. `AttributeError` if a version of anyio hides its buffers elsewhere.
        """
        layer = self._inner._stream
        while hasattr(layer, "transport_stream"):
            if layer._read_bio.pending or layer._ssl_object.pending():
                return False
            layer = layer.transport_stream
        return not (self._watch.early or layer._protocol.read_queue or self._watch.is_readable())


class AsyncNetwork:
    """Opens connections for httpx.

    inner: the network of httpx.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncStream:
        """Open a connection."""
        return AsyncStream(await self._inner.connect_tcp(*arguments, **options))
