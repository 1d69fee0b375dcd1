"""Sync and async runners of flows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeVar

from .call import Request
from .concurrency.background import Loop, in_thread, running_loop
from .config import Config, checked_deadline
from .flow import Action, Driven, Pause, Steps, advance
from .models.frozen import replace
from .models.lazy import LateType
from .result import Err
from .retry import Budget, with_retries
from .transport import ASYNC_NAMES, TRANSPORT_NAMES, AsyncTransportName, TransportName, shared, shared_async

if TYPE_CHECKING:
    from .transport.protocol import AsyncTransport, Transport
else:  # imported by who asks for the types
    Transport = LateType(f"{__package__}.transport.protocol", "Transport")
    AsyncTransport = LateType(f"{__package__}.transport.protocol", "AsyncTransport")

N = TypeVar("N")
R = TypeVar("R")
T = TypeVar("T")


def run(steps: Steps[T], transport: Transport) -> T:
    """Drive the steps to their end, blocking."""
    with closing(steps):
        step = advance(steps)
        while isinstance(step, (Request, Pause, Action)):
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                step = advance(steps)
            elif isinstance(step, Action):
                step = advance(steps, step.perform())
            else:
                step = advance(steps, transport.send(step))
        return step


async def arun(steps: Steps[T], transport: AsyncTransport) -> T:
    """Drive the steps to their end, in any event loop for which the transport is made."""
    with closing(steps):
        step = await _advance(steps, None)
        while isinstance(step, (Request, Pause, Action)):
            if isinstance(step, Pause):
                await _sleep(step.seconds)
                step = advance(steps)
            elif isinstance(step, Action):
                step = advance(steps, await step.perform())
            else:
                step = await _advance(steps, await transport.send(step))
        return step


async def _advance(steps: Steps[T], answer: object) -> Request | Pause | Action | T:
    """Advance the steps, which may compute a proof. In asyncio, do it when no other task does."""
    loop = _loop()
    if loop is not None:
        from .concurrency.event_loops import turns_of

        await turns_of(loop).take(loop)
    return advance(steps, answer)


async def _sleep(seconds: float) -> None:
    """Sleep in asyncio, and elsewhere by means of anyio, which comes with httpx."""
    if _loop() is None:
        from anyio import sleep
    else:
        from asyncio import sleep
    await sleep(seconds)


def _loop() -> Loop | None:
    """Return the event loop of asyncio that runs in this thread."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Deadlined:
    def __init__(self, config: Config) -> None:
        if not isinstance(config, Config):
            raise ValueError(f"config must be Config(iss=..., client_id=...), not {type(config).__name__}")
        self.config = config
        self._deadline: float = config.deadline

    def within(self, seconds: float | None = None, *, headers: Mapping[str, str] | None = None) -> Self:
        """Return a copy whose methods may each take so many seconds in all: `client.within(2.5).sign_in(...)`.

        headers: further headers of its calls, which replace those of the same name.
        """
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__
        if seconds is not None or headers is None:
            other._deadline = checked_deadline(seconds)
        if headers is not None:
            from .models.headers import merged  # here: few calls have some

            other.config = replace(self.config, headers=merged(self.config.headers, headers))
        return other


def _checked(transport: R | N | None, names: tuple[N, ...]) -> R | N:
    """Return the transport or its name, the first one by default. `ValueError` if it can be none."""
    if transport is None:
        return names[0]
    if isinstance(transport, str):
        for name in names:
            if name == transport:
                return name
        known = "".join(f'"{name}", ' for name in names)
        raise ValueError(f"transport {transport!r}: must be {known}or an object with a send method")
    kind = transport if isinstance(transport, type) else type(transport)
    is_client = any(base.__module__.partition(".")[0] in ASYNC_NAMES for base in kind.__mro__)
    if isinstance(transport, type) or is_client or not callable(getattr(transport, "send", None)):
        raise ValueError(
            f"transport must be an object with a send method, such as HttpxTransport(), not {kind.__qualname__}"
            + ("; give the client to HttpxTransport or AsyncHttpxTransport" if is_client else "")
        )
    return transport


class Runner(_Deadlined):
    """Runs flows for sync clients and sessions."""

    def __init__(self, config: Config, *, transport: Transport | TransportName | None = None) -> None:
        super().__init__(config)
        self._transport: Transport | TransportName = _checked(transport, TRANSPORT_NAMES)

    def close(self) -> None:
        """Close the idle connections of the transport, shared or own, if it can. The next call opens new ones."""
        close = getattr(self._sender(), "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sender(self) -> Transport:
        return shared(self._transport) if isinstance(self._transport, str) else self._transport

    def _drive(self, flow: Driven[R], deadline: float, budget: Budget | None = None) -> R | Err:
        return run(with_retries(flow, self.config, deadline, budget), self._sender())


class AsyncRunner(_Deadlined):
    """Runs flows for async clients and sessions."""

    def __init__(self, config: Config, *, transport: AsyncTransport | AsyncTransportName | None = None) -> None:
        super().__init__(config)
        # Read from the class, since a mock has every attribute.
        as_async = getattr(type(transport), "as_async", None)
        chosen = transport if as_async is None else as_async(transport)
        self._transport: AsyncTransport | AsyncTransportName = _checked(chosen, ASYNC_NAMES)

    async def aclose(self) -> None:
        """Close the idle connections of the transport, shared or own, if it can. The next call opens new ones."""
        close = getattr(self._sender(), "aclose", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _sender(self) -> AsyncTransport:
        if isinstance(self._transport, str) or type(self._transport).__module__.startswith(f"{__package__}.transport."):
            running_loop()
        return shared_async(self._transport) if isinstance(self._transport, str) else self._transport

    async def _ready_sender(self, seconds: float, *, flows: bool = True) -> AsyncTransport:
        """Return the transport once all is loaded: in a thread, since no event loop waits for files."""
        name = self._transport if isinstance(self._transport, str) else None
        if (name, flows) not in _loaded:
            # The call itself says that it is too late, or outside asyncio, where a transport of one's own may do.
            with suppress(TimeoutError, *(() if name else (RuntimeError,))):
                await in_thread((_load, name, flows), partial(_load, name, flows), seconds)
        return self._sender()

    async def _drive(self, flow: Driven[R], deadline: float, budget: Budget | None = None) -> R | Err:
        sender = await self._ready_sender(deadline)
        return await arun(with_retries(flow, self.config, deadline, budget), sender)


# The transports that are ready, and whether flows are too.
_loaded: Final[set[tuple[AsyncTransportName | None, bool]]] = set()


def _load(name: AsyncTransportName | None, flows: bool) -> None:
    """Load what a first call needs."""
    from .concurrency import event_loops  # noqa: F401

    if name is not None:
        shared_async(name).load()
    if flows:
        from .flows import authentication, challenges, registration, tokens  # noqa: F401
        from .reply import failure  # noqa: F401
        from .srp.openssl import power

        power(2, 1, 7)
    _loaded.add((name, flows))
