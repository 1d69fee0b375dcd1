"""Requests that tracers see, such as those of AWS X-Ray, Sentry and Datadog.

A tracer changes `http.client`, which our own sockets do not use. So each request also goes through a connection of
`http.client` that sends nothing itself. It gets none of our headers, since they may hold secrets.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from http import client
from io import BytesIO
from types import FunctionType
from typing import Any

from .proxy import Route
from .response import Response


def traced(
    method: str, target: str, route: Route, context: ssl.SSLContext | None, send: Callable[[], Response]
) -> Response:
    """Send a request and return its response. Show it to tracers, if there are any."""
    if not _is_changed():
        return send()
    kind: Any = client.HTTPConnection if context is None else partial(client.HTTPSConnection, context=context)
    connection = kind(route.target.host, route.target.port)
    connection.sock = exchange = _Exchange(send)
    connection.request(method, target)
    connection.getresponse()
    return exchange.response


def _is_changed() -> bool:
    """Return whether a tracer has replaced a function. vcrpy replaces the class, which then has requests of its own."""
    function = client.HTTPConnection.getresponse
    # By its type, since a wrapper may name that of the original as its class.
    is_original = type(function) is FunctionType and function.__globals__ is vars(client)
    return client.HTTPConnection.__module__ == client.__name__ and not is_original


class _Exchange:
    """Stands in for a socket. The exchange takes place when a response is read from it."""

    response: Response

    def __init__(self, send: Callable[[], Response]) -> None:
        self._send = send

    def sendall(self, data: bytes) -> None:
        """Do nothing: `send` sends the request."""

    def makefile(self, *_: Any) -> BytesIO:
        """Return the file of a response of the same status, without a body."""
        return _Lines(self._exchange)

    def _exchange(self) -> int:
        self.response = self._send()
        return self.response.status

    def close(self) -> None:
        """Do nothing: the connection may be used again."""


class _Lines(BytesIO):
    """The lines of a response. As with a socket, what fails does so when the first is read."""

    def __init__(self, exchange: Callable[[], int]) -> None:
        super().__init__()
        self._exchange = exchange

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line."""
        if not self.getvalue():
            self.write(b"HTTP/1.1 %d \r\nContent-Length: 0\r\n\r\n" % self._exchange())
            self.seek(0)
        return super().readline(size)
