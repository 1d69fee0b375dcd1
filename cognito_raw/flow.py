"""The flow contract. A flow is a generator: it yields calls, is sent each one's result, and returns its own.

It performs no I/O, and owns nothing while it waits, so that whoever runs it may close it at any time. `advance`
steps one by hand. `run` and `arun` drive what a flow has become once requests and pauses are worked out; they are
the only place where blocking and asynchronous programs differ.
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
"""Yields calls, takes their results, returns a result."""


@frozen
class Pause:
    """Wait so many seconds before going on."""

    seconds: float


Steps: TypeAlias = Generator[Request | Pause, Result[Reply] | None, T]
"""Yields requests and pauses, takes each request's reply (None after a pause), returns what the flow returned."""


class Transport(Protocol):
    """Sends one request and gives the raw reply, within `request.timeout` seconds; never raises for the network."""

    def send(self, request: Request) -> Result[Reply]: ...


class AsyncTransport(Protocol):
    """The same for async programs, awaited. Cancelling it ends the request.

    A sync transport may serve async clients too: they use the `AsyncTransport` that its method `as_async()` returns.
    """

    def send(self, request: Request) -> Awaitable[Result[Reply]]: ...


def ask(
    operation: str, parameters: Mapping[str, object]
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """One call from within a flow, and its answer.

    Use it as `answer = yield from ask("GetUser", {"AccessToken": token})`.
    """
    return (yield Call(operation, parameters))


def parse(answer: Result[ServiceReply], read: Callable[[Mapping[str, object]], T]) -> Result[T]:
    """The value that `read` makes of the answer; `malformed-reply` where it does not fit."""
    if isinstance(answer, Err):
        return answer
    try:
        return Ok(read(answer.value.body))
    except UnexpectedJson as error:
        return malformed(answer.value, str(error))


def malformed(answer: ServiceReply, message: str) -> Err:
    """The failure of an answer that came, but makes no sense."""
    return Err("malformed-reply", message, None, answer.operation, answer.status, answer.request_id, sent="maybe")


def done(answer: Result[object]) -> Result[None]:
    """`Ok(None)` for whatever worked, where its value is nothing to the caller."""
    return answer if isinstance(answer, Err) else Ok(None)


def advance(flow: Generator[Y, Any, T], answer: object = None) -> Y | T:
    """Take a flow to its next call, or to its result.

    Without an answer it starts; after that, give the result of the call that it waits for:

        step = advance(flow)
        while isinstance(step, Call):
            step = advance(flow, answer_of_your_own(step))
    """
    try:
        return flow.send(answer)
    except StopIteration as stop:
        returned: T = stop.value
        return returned
