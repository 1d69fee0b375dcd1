"""The private parts of httpx and httpx2 that our own clients need, and a watch over each of their connections.

httpx hides its connections. `install` puts our network below a client, and `is_reusable` looks for bytes beyond a
reply. Where a version of httpx has no such parts, it uses its own network, and we use no connection twice. A caller's
own client is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from .limits import MAX_HEAD, MAX_INTERIM, TOO_LONG_HEAD, TOO_MANY_INTERIM, MalformedResponse
from .sockets import readability

# The most bytes that are sent at once. Between two such parts we look for an early reply.
PART: Final = 65536
# As h11 finds the end of headers.
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_SCHEMES: Final = (b"http", b"https")
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


class _NoCookies(dict[str, str]):
    """Keeps no cookies, since a client serves many users. It does not look for them either, which is slow."""

    def extract_cookies(self, response: object) -> None:
        """Do nothing."""


class _OneConnection:
    """The one connection of a client, with the methods of httpcore's pool that httpx calls.

    The pool itself looks at all its connections and requests several times a request. In async programs it asks each
    time which library runs them. A client of ours has one connection, which serves one request at a time.
    """

    def __init__(self, pool: Any, network: Callable[[Any], object]) -> None:
        pool._network_backend = network(pool._network_backend)
        self.connection: Any = None
        self._pool = pool
        self._open = pool.create_connection

    def handle_request(self, request: Any) -> Any:
        """Send a request, over a new connection if the present one cannot be used again."""
        sender, unusable = self._sender(request)
        if unusable is not None:
            unusable.close()
        return sender.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request in the same way."""
        sender, unusable = self._sender(request)
        if unusable is not None:
            await unusable.aclose()
        return await sender.handle_async_request(request)

    def _sender(self, request: Any) -> tuple[Any, Any]:
        """Return the connection to use, and the former one if it cannot be used again."""
        if request.url.scheme not in _SCHEMES:
            return self._pool, None  # which refuses it
        former = self.connection
        if former is None or former.has_expired() or not former.is_available():
            self.connection = self._open(request.url.origin)
            return self.connection, former
        if (progress := request.extensions.get("progress")) is not None:
            progress.started = True  # all that is of interest on an open connection, and each event takes time
            del request.extensions["trace"]
        return former, None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    async def aclose(self) -> None:
        if self.connection is not None:
            await self.connection.aclose()


def install(client: Any, network: Callable[[Any], object]) -> bool:
    """Give a client of ours one connection over our network, also through proxies. Return whether that worked.

    network: makes it from the one that is there.
    """
    try:
        client._cookies = _NoCookies()
        for transport in _transports(client):
            transport._pool = _OneConnection(transport._pool, network)
    except AttributeError:
        return False
    return True


def is_reusable(client: Any) -> bool:
    """Return whether the idle connections of a client have nothing left to read, in httpx or below it."""
    try:
        return all(_is_quiet(transport._pool.connection) for transport in _transports(client))
    except AttributeError:
        return False


def _transports(client: Any) -> Iterator[Any]:
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            # A tracer may have put its own transport around it.
            inner = (one for one in vars(transport).values() if hasattr(one, "_pool"))
            yield transport if hasattr(transport, "_pool") else next(inner, transport)


def _is_quiet(connection: Any) -> bool:
    if connection is None or not connection.is_idle() or connection.is_closed():
        return True
    while not hasattr(connection, "_h11_state"):  # the connection to a proxy, or one that has just been opened
        connection = connection._connection
    received, _ = connection._h11_state.trailing_data
    return not received and connection._network_stream.is_quiet()
