"""The common part of the kit's transports: they serve sync and async clients, and make sessions of both kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from ..call import Reply, Request
from ..config import Config
from ..result import Err, Ok, Result
from ..session.asynchronous import AsyncSession
from ..session.blocking import Session
from ..session.state import State

if TYPE_CHECKING:
    from ..transport.protocol import AsyncTransport, Transport

TransportResult: TypeAlias = Any
"""A `Result[Reply]`. Its type lets type checkers accept a transport both as sync and as async."""


class AsyncAdapter:
    """An `AsyncTransport` made of a function, sync or async."""

    def __init__(self, send: Callable[[Request], Any]) -> None:
        self._send = send

    async def send(self, request: Request) -> Result[Reply]:
        """Send one request."""
        answer = self._send(request)
        return answer if isinstance(answer, (Ok, Err)) else await answer


class KitTransport(ABC):
    """A sync transport with its configuration. Async clients use the result of `as_async`."""

    config: Config

    @abstractmethod
    def send(self, request: Request) -> TransportResult:
        """Send one request."""

    def as_async(self) -> AsyncAdapter:
        """Return the same transport for async clients."""
        return AsyncAdapter(self.send)

    @abstractmethod
    def _on_success(self) -> None:
        """End a `with` block that has not failed."""

    def session(self, state: State | None = None) -> Session:
        """Return a session over this transport."""
        return Session(self.config, state=state, transport=self)

    def async_session(self, state: State | None = None) -> AsyncSession:
        """Return an async session over this transport."""
        return AsyncSession(self.config, state=state, transport=self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self._on_success()


if TYPE_CHECKING:

    def _is_both(transport: KitTransport) -> tuple[Transport, AsyncTransport]:
        return transport, transport
