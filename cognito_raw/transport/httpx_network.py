"""The network below our own sync httpx clients. Each wait ends at the deadline of the present request.

httpx bounds each read but not their sum, and the look-up of a host not at all. So a client with this network needs no
other thread that watches it. Errors of sockets pass through httpx as they are.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

from ..concurrency.signals import is_from_signal
from .addresses import connect
from .httpx_internals import PART, ReplyWatch
from .sockets import CurrentDeadline
from .tls import TLSInTLS, start_tls


class Stream:
    """A connection as httpx wants it, under our watch.

    sock: a socket, plain or under TLS once or twice. current: has the deadline of the present request.
    """

    def __init__(self, sock: Any, current: CurrentDeadline) -> None:
        self._socket = sock
        self._current = current
        self._encrypted = hasattr(sock, "pending")
        self._unsent = b""
        self._watch = ReplyWatch(sock, encrypted=self._encrypted)

    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        if self._unsent:
            self._flush()
        data: bytes = self._current.wait(partial(self._socket.recv, max_bytes), self._socket)
        self._watch.receive(data)
        return data

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        """Send bytes, the headers and the body of a request at once. httpx writes no bytes where a request ends."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > PART:
            self._flush()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, b""
        try:
            for part in self._watch.parts(unsent):
                self._send(part)
        except OSError as error:
            if isinstance(error, TimeoutError) or is_from_signal(error):
                raise
            self._watch.early = True  # closed, perhaps after a reply: httpx reads it, or finds the end

    def _send(self, data: bytes) -> None:
        while data:
            data = data[self._current.wait(partial(self._socket.send, data), self._socket) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str, *_: Any, **__: Any) -> Stream:
        """Return the connection under TLS, with the host's name verified. Close it if that fails."""
        start: Any = TLSInTLS if self._encrypted else start_tls
        return Stream(start(self._socket, server_hostname, ssl_context, self._current.wait), self._current)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpx asks for by name."""
        if info == "is_readable":  # asked twice for each request
            return self._watch.is_readable()
        if info == "ssl_object":
            return self._socket if self._encrypted else None
        return {"socket": lambda: self._socket, "server_addr": self._socket.getpeername}.get(info, lambda: None)()

    def is_quiet(self) -> bool:
        """Return whether nothing is left in the buffers of TLS, and no reply came too early.

        httpx itself looks at the socket before each request.
        """
        return not (self._watch.early or (self._encrypted and self._socket.pending()))


class Network:
    """Opens connections for httpx.

    current: has the deadline of the present request.
    """

    def __init__(self, current: CurrentDeadline) -> None:
        self._current = current

    def connect_tcp(self, host: str, port: int, **_: Any) -> Stream:
        return Stream(connect(host, port, self._current.deadline.remaining), self._current)
