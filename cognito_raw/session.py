"""The stateful face: one user's session with the pool.

What a session does is in `flows.journey`, as functions of what it knows. Here is the thin shell around it, in both
colours: it keeps the state, lets one journey go at a time, and tells the subscribers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

from .call import Call
from .challenge import Challenge
from .config import Config
from .face import Asynchronous, Blocking, dressed
from .flow import AsyncTransport, Transport, advance
from .flows.journey import Journey, Journeys
from .result import Err, Result
from .shapes import Answer, IdToken
from .state import State

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")

Subscriber: TypeAlias = Callable[[IdToken | None], object]

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)


class _Memory:
    """What a session knows, and whom it tells; shared by the copies of it that `within` makes."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.subscribers: dict[object, Subscriber] = {}
        self._untold: deque[Callable[[], object]] = deque()
        self._telling = False

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        ticket = object()
        self.subscribers[ticket] = callback

        def unsubscribe() -> None:
            self.subscribers.pop(ticket, None)

        return unsubscribe

    def keep(self, state: State) -> None:
        """Keep a new state, of which the subscribers must be told if the tokens changed with it."""
        before, self.state = self.state, state
        if state.tokens is not before.tokens:
            token = None if state.tokens is None else state.tokens.id_token
            self._untold.extend(partial(self._tell, ticket, token) for ticket in list(self.subscribers))

    def keeping(self, journey: Journey[T]) -> Generator[Call, Result[Answer], tuple[State, Result[T]]]:
        """The journey's calls alone; the states that it yields on its way are kept at once."""
        with closing(journey):
            step = advance(journey)
            while not isinstance(step, tuple):
                if isinstance(step, State):
                    self.keep(step)
                    step = advance(journey)
                else:
                    step = advance(journey, (yield step))
            return step

    def untold(self) -> Generator[Callable[[], object], None, None]:
        """The calls that tell the subscribers, oldest news first; none while another journey is at it.

        A callback that uses the session makes news itself, which must not overtake what the others are still to hear.
        """
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                yield self._untold.popleft()
        finally:
            self._telling = False

    def _tell(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber, if it still is one; what it raises is logged: the session is none the worse for it."""
        callback = self.subscribers.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            _log(error)
            return None


def _log(error: Exception) -> None:
    import logging  # here, because it is needed only when something went wrong

    logging.getLogger("cognito_raw").error("a subscriber of a session failed", exc_info=error)


class _Known:
    """What both colours of a session show of their memory."""

    _memory: _Memory

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
        self._memory = _Memory(state or State())
        self._turn = threading.RLock()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        Gives a function that ends it. A callback that raises is logged, and changes nothing.
        """
        return self._memory.subscribe(callback)

    def _travel(self, journey: Callable[[Journeys], Journey[T]]) -> Result[T]:
        began = self.config.monotonic()
        if not self._turn.acquire(timeout=min(self._deadline, threading.TIMEOUT_MAX)):
            return _NO_TURN
        try:
            left = self._deadline - (self.config.monotonic() - began)
            journeys = Journeys(self.config, self._memory.state)
            state, result = self._drive(self._memory.keeping(journey(journeys)), left)
            self._memory.keep(state)
            with closing(self._memory.untold()) as calls:
                for tell in calls:
                    tell()
        finally:
            self._turn.release()
        return result


class _AsyncShell(_Known, Asynchronous):
    def __init__(self, config: Config, *, state: State | None = None, transport: AsyncTransport | None = None) -> None:
        super().__init__(config, transport=transport)
        self._memory = _Memory(state or State())
        self._turns = _Turns()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        It may be a coroutine function, which is then awaited. Gives a function that ends it. A callback that raises
        is logged, and changes nothing.
        """
        return self._memory.subscribe(callback)

    async def _travel(self, journey: Callable[[Journeys], Journey[T]]) -> Result[T]:
        import asyncio

        lock, began = self._turns.lock(), self.config.monotonic()
        try:
            async with asyncio.timeout(self._deadline):
                await lock.acquire()
        except TimeoutError:
            return _NO_TURN
        try:
            left = self._deadline - (self.config.monotonic() - began)
            journeys = Journeys(self.config, self._memory.state)
            state, result = await self._drive(self._memory.keeping(journey(journeys)), left)
            self._memory.keep(state)
        finally:
            lock.release()
        # Outside the lock, so that a callback may use the session.
        with closing(self._memory.untold()) as calls:
            for tell in calls:
                await _awaited(tell())
        return result


async def _awaited(told: object) -> None:
    if isinstance(told, Awaitable):
        try:
            await told
        except Exception as error:
            _log(error)


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


def _blocking(journey: Callable[Concatenate[Journeys, P], Journey[T]]) -> Callable[Concatenate[_Shell, P], Result[T]]:
    def method(self: _Shell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return self._travel(lambda journeys: journey(journeys, *args, **kwargs))

    return dressed(method, journey)


def _asynchronous(
    journey: Callable[Concatenate[Journeys, P], Journey[T]],
) -> Callable[Concatenate[_AsyncShell, P], Coroutine[Any, Any, Result[T]]]:
    async def method(self: _AsyncShell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return await self._travel(lambda journeys: journey(journeys, *args, **kwargs))

    return dressed(method, journey)


class Session(_Shell):
    """One user's session with the pool, blocking. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `HttpxTransport`. Without one, all clients and sessions of the process
    share one. Safe to use from many threads; its methods take turns.
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
    id_token = _blocking(Journeys.id_token)
    access_token = _blocking(Journeys.access_token)


class AsyncSession(_AsyncShell):
    """One user's session with the pool, with `await`. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `AsyncHttpxTransport`. Without one, all clients and sessions of the
    process share one. Its methods take turns.
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
    id_token = _asynchronous(Journeys.id_token)
    access_token = _asynchronous(Journeys.access_token)
