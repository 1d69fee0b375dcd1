"""The flow contract: a flow yields calls, is sent each one's result, and returns its own result.

It performs no I/O and owns nothing while it waits, so its runner may close it at any time. `advance` steps a flow by
hand. `retry` turns it into requests and pauses, and `runner` has a sync and an async driver for these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from .call import Call, Reply, Request, ServiceReply
from .models.fields import UnexpectedJson
from .models.frozen import frozen
from .result import Err, Ok, Result

T = TypeVar("T")
Y = TypeVar("Y")

Flow: TypeAlias = Generator[Call, Result[ServiceReply], Result[T]]
"""Yields calls, receives their results, returns a result."""


@frozen
class Pause:
    """A step: wait for so many seconds."""

    seconds: float


Steps: TypeAlias = Generator[Request | Pause, Result[Reply] | None, T]
"""Yields requests and pauses, receives each request's reply (None after a pause), returns the flow's result."""


class Transport(Protocol):
    """Sends one request and returns the raw reply within `request.timeout` seconds; never raises for the network."""

    def send(self, request: Request) -> Result[Reply]: ...


class AsyncTransport(Protocol):
    """The same for async programs. Cancelling `send` ends the request.

    A sync transport may serve async clients too: they use the `AsyncTransport` that its method `as_async()` returns.
    """

    def send(self, request: Request) -> Awaitable[Result[Reply]]: ...


def ask(
    operation: str, parameters: Mapping[str, object]
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """Make one call from within a flow.

    Use it as `answer = yield from ask("GetUser", {"AccessToken": token})`.
    """
    return (yield Call(operation, parameters))


def parse(answer: Result[ServiceReply], read: Callable[[Mapping[str, object]], T]) -> Result[T]:
    """Return the value that `read` makes of the reply; `malformed-reply` if the reply does not fit."""
    if isinstance(answer, Err):
        return answer
    try:
        return Ok(read(answer.value.body))
    except UnexpectedJson as error:
        return malformed(answer.value, str(error))


def malformed(answer: ServiceReply, message: str) -> Err:
    """Return the failure for a reply that makes no sense."""
    return Err("malformed-reply", message, None, answer.operation, answer.status, answer.request_id, sent="maybe")


def done(answer: Result[object]) -> Result[None]:
    """Return `Ok(None)` for a success, whose value the caller does not need."""
    return answer if isinstance(answer, Err) else Ok(None)


def advance(flow: Generator[Y, Any, T], answer: object = None) -> Y | T:
    """Advance a flow to its next call or to its result.

    Pass no answer to start it. After that, pass the result of the call that it waits for:

        step = advance(flow)
        while isinstance(step, Call):
            step = advance(flow, answer_of_your_own(step))
    """
    try:
        return flow.send(answer)
    except StopIteration as stop:
        returned: T = stop.value
        return returned
