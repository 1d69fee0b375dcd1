"""The private parts of httpx and httpx2 that our own clients need, and a watch over each of their connections.

httpx hides its connections. `install` puts our network below a client, and `is_reusable` looks for bytes beyond a
reply. Where a version of httpx has no such parts, it uses its own network, and we use no connection twice. A caller's
own client is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, Final

from .limits import MAX_HEAD, MAX_INTERIM, TOO_LONG_HEAD, TOO_MANY_INTERIM, MalformedResponse
from .sockets import readability

# The most bytes that are sent at once. Between two such parts we look for an early reply.
PART: Final = 65536
# As h11 finds the end of headers.
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_INTERIM: Final = re.compile(rb"HTTP/\d\.\d 1")


class ReplyWatch:
    """Watches the replies on one connection: the size of their headers, and if one comes too early.

    sock: the connection's socket. encrypted: if so, the first bytes to read may belong to TLS.
    early: whether a reply began before its request was sent.
    """

    def __init__(self, sock: Any, *, encrypted: bool) -> None:
        self.early = False
        self.is_readable = readability(sock)
        self._may_be_tls = encrypted
        self._sending = self._in_head = False
        self._head = b""
        self._size = self._interim = 0

    def parts(self, data: bytes) -> Iterator[bytes]:
        """Yield the data to be sent, in parts. Look for an early reply before each but the first."""
        for start in range(0, len(data), PART):
            if not self._sending:  # httpx itself has just looked
                self._sending = self._in_head = True
                self._head, self._size, self._interim = b"", 0, 0
            elif not (self.early or self._may_be_tls):
                self.early = self.is_readable()
            yield data[start : start + PART]

    def receive(self, data: bytes) -> None:
        """Note received bytes. `MalformedResponse` for endless headers or interim responses."""
        self._sending = self._may_be_tls = False
        if self._in_head:
            searched = max(len(self._head) - 2, 0)
            self._head += data
            self._size += len(data)
            self._skip_interim(searched)

    def _skip_interim(self, searched: int) -> None:
        while self._in_head and (end := _HEAD_END.search(self._head, searched)):
            searched = 0
            if _INTERIM.match(self._head):
                self._interim += 1
            else:  # the rest is the body's
                self._in_head, self._size = False, self._size - len(self._head) + end.end()
            self._head = self._head[end.end() :] if self._in_head else b""
            if self._interim > MAX_INTERIM:
                raise MalformedResponse(TOO_MANY_INTERIM)
        if self._size > MAX_HEAD:
            raise MalformedResponse(TOO_LONG_HEAD)


def install(client: Any, network: Callable[[Any], object]) -> bool:
    """Put a network of ours below a client of ours, also where it goes through proxies. Return whether it could.

    network: makes it from the one that is there.
    """
    try:
        for pool in _pools(client):
            pool._network_backend = network(pool._network_backend)
            # It serves one request at a time. An interruption could leave its own lock taken, and so hang `close`.
            pool._optional_thread_lock = nullcontext()
    except AttributeError:
        return False
    return True


def is_reusable(client: Any) -> bool:
    """Return whether the idle connections of a client have nothing left to read, in httpx or below it."""
    try:
        for pool in _pools(client):
            for connection in pool.connections:
                if connection.is_idle() and not connection.is_closed() and not _is_quiet(connection):
                    return False
    except AttributeError:
        return False
    return True


def _pools(client: Any) -> Iterator[Any]:
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            # A tracer may have put its own transport around it.
            inner = (one for one in vars(transport).values() if hasattr(one, "_pool"))
            yield (transport if hasattr(transport, "_pool") else next(inner, transport))._pool


def _is_quiet(connection: Any) -> bool:
    while not hasattr(connection, "_h11_state"):  # the connection to a proxy, or one that has just been opened
        connection = connection._connection
    received, _ = connection._h11_state.trailing_data
    return not received and connection._network_stream.is_quiet()
