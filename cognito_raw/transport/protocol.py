"""The interfaces of a transport, sync and async, for those who bring their own."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ..call import Reply, Request
from ..result import Result


class Transport(Protocol):
    """Sends one request and returns the raw reply within `request.timeout` seconds; never raises for the network."""

    def send(self, request: Request) -> Result[Reply]: ...


class AsyncTransport(Protocol):
    """The same for async programs. Cancelling `send` ends the request.

    A sync transport may serve async clients too: they use the `AsyncTransport` that its method `as_async()` returns.
    """

    def send(self, request: Request) -> Awaitable[Result[Reply]]: ...
