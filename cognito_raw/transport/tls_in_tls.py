"""Connections under TLS twice, as through a proxy that is itself encrypted. Few programs have one."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from .tls import Wait

T = TypeVar("T")

_BUFFER: Final = 65536


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
