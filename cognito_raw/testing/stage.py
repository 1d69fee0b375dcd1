"""What the transports of this kit have in common: they serve both colours, and make sessions of either.

One object can be both a `Transport` and an `AsyncTransport` because what it answers is a result that may also be
awaited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from ..call import Reply, Request
from ..config import Config
from ..result import Err, Ok, Result
from ..session.asynchronous import AsyncSession
from ..session.blocking import Session
from ..session.state import State


class _AwaitableOk(Ok[Reply]):
    __slots__ = ()
    # To everybody who compares, copies or shows it, it is what it can be awaited for.
    __class__ = property(lambda _: Ok)  # pyright: ignore[reportIncompatibleMethodOverride]  # a type is all it gives

    def __await__(self) -> Generator[Any, None, Result[Reply]]:
        return self
        yield


class _AwaitableErr(Err):
    __slots__ = ()
    __class__ = property(lambda _: Err)  # pyright: ignore[reportIncompatibleMethodOverride]  # as above

    def __await__(self) -> Generator[Any, None, Result[Reply]]:
        return self
        yield


Answered: TypeAlias = _AwaitableOk | _AwaitableErr


def awaitable(result: Result[Reply]) -> Answered:
    """The same result, which a blocking caller takes as it is and an asynchronous one awaits."""
    if isinstance(result, Ok):
        return _AwaitableOk(result.value)
    return _AwaitableErr(result.reason, result.message, status=result.status, sent=result.sent)


class Stage(ABC):
    """A transport for both colours with a configuration of its own.

    As a context manager it calls `finish` at the end, unless the block failed for another reason.
    """

    config: Config

    @abstractmethod
    def send(self, request: Request) -> Answered:
        """Answer one request."""

    @abstractmethod
    def finish(self) -> None:
        """Check that everything happened that was to happen."""

    def session(self, state: State | None = None) -> Session:
        """A session on this stage."""
        return Session(self.config, state=state, transport=self)

    def async_session(self, state: State | None = None) -> AsyncSession:
        """An asynchronous session on this stage."""
        return AsyncSession(self.config, state=state, transport=self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.finish()


if TYPE_CHECKING:
    from ..flow import AsyncTransport, Transport

    def _is_both(stage: Stage) -> tuple[Transport, AsyncTransport]:
        return stage, stage
