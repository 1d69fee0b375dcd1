"""The stateful face: one user's session with the pool.

What a session does is in `flows.journey`, as functions of what it knows. Here is the thin shell around it, in both
colours: it keeps the state, lets one journey go at a time, and tells the subscribers.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from .challenge import Challenge
from .config import Config
from .face import Asynchronous, Blocking, dressed
from .flow import AsyncTransport, Transport
from .flows.journey import Journey, Journeys
from .memory import Memory, Subscriber, log
from .result import Err, Result
from .state import State

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)


class _Known:
    """What both colours of a session show of their memory."""

    config: Config
    _memory: Memory

    def _journeys(self) -> Journeys:
        return Journeys(self.config, self._memory.state)

    @property
    def state(self) -> State:
        """What the session knows, to carry elsewhere: `Session(config, state=State.from_dict(saved))`."""
        return self._memory.state

    @property
    def challenge(self) -> Challenge | None:
        """The challenge that must be answered to finish signing in, if one waits."""
        return self._memory.state.challenge

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._memory.state!r})"


class _Shell(_Known, Blocking):
    def __init__(self, config: Config, *, state: State | None = None, transport: Transport | None = None) -> None:
        super().__init__(config, transport=transport)
        self._memory = Memory(state or State())
        self._turn = threading.Lock()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        Gives a function that ends it. A callback that raises is logged, and changes nothing.
        """
        if inspect.iscoroutinefunction(callback):
            raise ValueError("callback is a coroutine function, which a blocking session cannot await")
        return self._memory.subscribe(callback)

    def _go(self, journey: Callable[[Journeys], Journey[T]], *, reading: bool) -> Result[T]:
        if reading and (known := self._memory.at_once(journey(self._journeys()))):
            return known
        began = self.config.monotonic()
        if not self._turn.acquire(timeout=min(self._deadline, threading.TIMEOUT_MAX)):
            return self._memory.unanswered(journey(self._journeys()), _NO_TURN) if reading else _NO_TURN
        try:
            left = self._deadline - (self.config.monotonic() - began)
            state, result = self._drive(self._memory.keeping(journey(self._journeys())), left)
            self._memory.keep(state)
        finally:
            self._turn.release()
            self._tell()
        return result

    def _tell(self) -> None:
        # Outside the turn, so that a callback may use the session, from whichever thread.
        with closing(self._memory.untold()) as calls:
            for tell in calls:
                tell()


class _AsyncShell(_Known, Asynchronous):
    def __init__(self, config: Config, *, state: State | None = None, transport: AsyncTransport | None = None) -> None:
        super().__init__(config, transport=transport)
        self._memory = Memory(state or State())
        self._turns = _Turns()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        It may be a coroutine function, which is then awaited. Gives a function that ends it. A callback that raises
        is logged, and changes nothing.
        """
        return self._memory.subscribe(callback)

    async def _go(self, journey: Callable[[Journeys], Journey[T]], *, reading: bool) -> Result[T]:
        import asyncio

        if reading and (known := self._memory.at_once(journey(self._journeys()))):
            return known
        turn, began = self._turns.lock(), self.config.monotonic()
        try:
            async with asyncio.timeout(self._deadline):
                await turn.acquire()
        except TimeoutError:
            return self._memory.unanswered(journey(self._journeys()), _NO_TURN) if reading else _NO_TURN
        try:
            left = self._deadline - (self.config.monotonic() - began)
            state, result = await self._drive(self._memory.keeping(journey(self._journeys())), left)
            self._memory.keep(state)
        finally:
            turn.release()
            await self._tell()
        return result

    async def _tell(self) -> None:
        # Outside the turn, so that a callback may use the session.
        with closing(self._memory.untold()) as calls:
            for tell in calls:
                await _awaited(tell())


async def _awaited(told: object) -> None:
    if isinstance(told, Awaitable):
        try:
            await told
        except Exception as error:
            log(error)


class _Turns:
    """One lock for each event loop, since a serverless function may run a new loop at every invocation."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock: asyncio.Lock | None = None

    def lock(self) -> asyncio.Lock:
        import asyncio

        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


# `reading`: a journey that only reads where it can, and then needs no turn: a fresh token is never waited for.


def _blocking(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, reading: bool = False
) -> Callable[Concatenate[_Shell, P], Result[T]]:
    def method(self: _Shell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return self._go(lambda journeys: journey(journeys, *args, **kwargs), reading=reading)

    return dressed(method, journey)


def _asynchronous(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, reading: bool = False
) -> Callable[Concatenate[_AsyncShell, P], Coroutine[Any, Any, Result[T]]]:
    async def method(self: _AsyncShell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return await self._go(lambda journeys: journey(journeys, *args, **kwargs), reading=reading)

    return dressed(method, journey)


class Session(_Shell):
    """One user's session with the pool, blocking. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `HttpxTransport`. Without one, all clients and sessions of the process
    share one. Safe to use from many threads: its methods take turns, but a fresh token is given without waiting.
    """

    register = _blocking(Journeys.register)
    confirm_registration = _blocking(Journeys.confirm_registration)
    resend_verification_code = _blocking(Journeys.resend_verification_code)
    login = _blocking(Journeys.login)
    new_password_challenge = _blocking(Journeys.new_password_challenge)
    logout = _blocking(Journeys.logout)
    request_password_reset = _blocking(Journeys.request_password_reset)
    reset_password_confirmation = _blocking(Journeys.reset_password_confirmation)
    change_password = _blocking(Journeys.change_password)
    id_token = _blocking(Journeys.id_token, reading=True)
    access_token = _blocking(Journeys.access_token, reading=True)


class AsyncSession(_AsyncShell):
    """One user's session with the pool, with `await`. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `AsyncHttpxTransport`. Without one, all clients and sessions of the
    process share one. Its methods take turns, but a fresh token is given without waiting; use it in one event loop at
    a time.
    """

    register = _asynchronous(Journeys.register)
    confirm_registration = _asynchronous(Journeys.confirm_registration)
    resend_verification_code = _asynchronous(Journeys.resend_verification_code)
    login = _asynchronous(Journeys.login)
    new_password_challenge = _asynchronous(Journeys.new_password_challenge)
    logout = _asynchronous(Journeys.logout)
    request_password_reset = _asynchronous(Journeys.request_password_reset)
    reset_password_confirmation = _asynchronous(Journeys.reset_password_confirmation)
    change_password = _asynchronous(Journeys.change_password)
    id_token = _asynchronous(Journeys.id_token, reading=True)
    access_token = _asynchronous(Journeys.access_token, reading=True)
