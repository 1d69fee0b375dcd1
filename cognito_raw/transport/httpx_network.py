"""The network below our own sync httpx clients."""

from __future__ import annotations

from typing import Any

from .deadline import Deadline
from .happy_eyeballs import connect
from .httpx_internals import PART, ReplyWatch, errors_of_httpx


class Stream:
    """A network stream as httpx wants it, under our watch.

    inner: the stream of httpx.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._unsent = b""
        encrypted = inner.get_extra_info("ssl_object") is not None
        self._watch = ReplyWatch(inner.get_extra_info("socket"), encrypted=encrypted)

    def read(self, *arguments: Any, **options: Any) -> bytes:
        """Read some bytes."""
        if self._unsent:
            self._flush(*arguments[1:], **options)
        data: bytes = self._inner.read(*arguments, **options)
        self._watch.receive(data)
        return data

    def write(self, buffer: bytes, *arguments: Any, **options: Any) -> None:
        """Send bytes, the headers and the body of a request at once. httpx writes no bytes where a request ends."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > PART:
            self._flush(*arguments, **options)

    def _flush(self, *arguments: Any, **options: Any) -> None:
        unsent, self._unsent = self._unsent, b""
        for part in self._watch.parts(unsent):
            self._inner.write(part, *arguments, **options)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(self, *arguments: Any, **options: Any) -> Stream:
        """Return the connection under TLS."""
        return Stream(self._inner.start_tls(*arguments, **options))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpx asks for by name."""
        if info == "is_readable":  # asked twice for each request
            return self._watch.is_readable()
        return self._inner.get_extra_info(info)

    def is_quiet(self) -> bool:
        """Return whether nothing is left in the buffers of TLS, and no reply came too early.

        httpx itself looks at the socket before each request.
        """
        encrypted = self._inner.get_extra_info("ssl_object")
        # TLS within TLS, as through a proxy that is itself encrypted, has a buffer of its own.
        nested = getattr(self._inner, "_incoming", None)
        pending = (encrypted is not None and encrypted.pending()) or (nested is not None and nested.pending)
        return not (self._watch.early or pending)


class Network:
    """Opens connections for httpx.

    inner: the network of httpx. `KeyError` if its streams have another name.
    """

    def __init__(self, inner: Any) -> None:
        self._stream_of = inner.connect_tcp.__globals__["SyncStream"]

    def connect_tcp(self, host: str, port: int, timeout: float, **_: Any) -> Stream:
        """Open a connection."""
        with errors_of_httpx():
            return Stream(self._stream_of(connect(host, port, Deadline(timeout).remaining)))
