"""Connections under TLS, and under TLS twice, as through a proxy that is itself encrypted.

wait: runs an operation of a socket until it succeeds, or raises `TimeoutError` at a deadline.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

Wait: TypeAlias = Callable[[Callable[[], Any], socket.socket], Any]

_BUFFER: Final = 65536


def start_tls(raw: socket.socket, host: str, context: ssl.SSLContext, wait: Wait) -> ssl.SSLSocket:
    """Return the connection under TLS, with the host's name verified. Close it if that fails."""
    made: socket.socket = raw
    try:
        # As bytes: for a plain name, ssl then does not load Python's tables of international names. gevent wants text.
        as_bytes = host.isascii() and context.sslsocket_class.__module__ == ssl.__name__
        name: Any = host.encode() if as_bytes else host
        raw.setblocking(True)  # eventlet looks at it only here
        made = tls = context.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        wait(tls.do_handshake, tls)
    except BaseException:
        made.close()
        raise
    return tls


class TLSInTLS:
    """A TLS connection inside another, with the methods of a socket. Python's TLS sockets cannot be nested.

    outer: the connection to the proxy, which is closed if the handshake fails.
    """

    def __init__(self, outer: ssl.SSLSocket, host: str, context: ssl.SSLContext, wait: Wait) -> None:
        self._outer = outer
        self._wait = wait
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.fileno, self.close, self.getpeername = outer.fileno, outer.close, outer.getpeername
        self.gettimeout, self.settimeout = outer.gettimeout, outer.settimeout
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
            self._perform(self._tls.do_handshake)
        except BaseException:
            outer.close()
            raise
        self.selected_alpn_protocol = self._tls.selected_alpn_protocol

    def recv(self, size: int) -> bytes:
        return self._perform(partial(self._tls.read, size))

    def send(self, data: bytes) -> int:
        """Send data. Return how many bytes were sent."""
        return self._perform(partial(self._tls.write, data))

    def pending(self) -> int:
        """Return how many received bytes are in the buffers, of either connection."""
        return self._tls.pending() + self._incoming.pending + self._outer.pending()

    def _perform(self, operation: Callable[[], T]) -> T:
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                pass
            finally:
                self._flush()
            received = self._wait(partial(self._outer.recv, _BUFFER), self._outer)
            if received:
                self._incoming.write(received)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        unsent = self._outgoing.read()
        while unsent:
            unsent = unsent[self._wait(partial(self._outer.send, unsent), self._outer) :]
