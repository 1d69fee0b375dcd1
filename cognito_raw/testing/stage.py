"""The base of this kit's transports: each serves sync and async clients, and makes sessions of both kinds."""

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
    from ..flow import AsyncTransport, Transport

Answered: TypeAlias = Any
"""A `Result[Reply]`, typed so that a type checker also takes its giver as an `AsyncTransport`."""


class AsyncAdapter:
    """An `AsyncTransport` made of a function that gives a result, or something to await for one."""

    def __init__(self, send: Callable[[Request], Any]) -> None:
        self._send = send

    async def send(self, request: Request) -> Result[Reply]:
        """Answer one request."""
        answer = self._send(request)
        return answer if isinstance(answer, (Ok, Err)) else await answer


class Stage(ABC):
    """A sync transport with a configuration of its own; async clients use what `as_async` gives.

    As a context manager it calls `finish` at the end, unless the block failed for another reason.
    """

    config: Config

    @abstractmethod
    def send(self, request: Request) -> Answered:
        """Answer one request."""

    def as_async(self) -> AsyncAdapter:
        """Return the same transport for async clients."""
        return AsyncAdapter(self.send)

    @abstractmethod
    def finish(self) -> None:
        """Check that everything happened that was to happen."""

    def session(self, state: State | None = None) -> Session:
        """A session on this stage."""
        return Session(self.config, state=state, transport=self)

    def async_session(self, state: State | None = None) -> AsyncSession:
        """An async session on this stage."""
        return AsyncSession(self.config, state=state, transport=self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.finish()


if TYPE_CHECKING:

    def _is_both(stage: Stage) -> tuple[Transport, AsyncTransport]:
        return stage, stage
