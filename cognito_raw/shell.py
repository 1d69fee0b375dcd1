"""The shell around a session's journeys, in both colours.

It keeps what the session knows, lets one journey go at a time, and one refresh, and tells the subscribers.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from .challenge import Challenge
from .config import Config
from .face import Asynchronous, Blocking
from .flow import AsyncTransport, Transport
from .flows.journey import Journey, Journeys, is_lost
from .lease import Kind
from .locks import ProcessLock, Turns
from .memory import SHORTEST_NAP, Flight, Memory, Subscriber, log
from .result import Err, Ok, Result
from .shapes import IdToken, Tokens
from .state import State
from .transport import TransportName

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)
_INTERRUPTED: Final = Err("connection-lost", "the event loop ended during the refresh", sent="maybe", retryable=True)


class Known:
    """What both colours of a session show of their memory."""

    config: Config
    _memory: Memory
    _remember_device: bool

    def _journeys(self) -> Journeys:
        return Journeys(self.config, self._memory.state, self._remember_device)

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


class Shell(Known, Blocking):
    """What every blocking session has beside its journeys."""

    def __init__(
        self,
        config: Config,
        *,
        state: State | None = None,
        transport: Transport | TransportName | None = None,
        remember_device: bool = True,
    ) -> None:
        super().__init__(config, transport=transport)
        self._memory = Memory(config, state or State())
        self._remember_device = remember_device
        self._turn = ProcessLock()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        Gives a function that ends it. A callback that raises is logged, and changes nothing.
        """
        import inspect  # here: it costs a cold start more than a sign-in's arithmetic

        if inspect.iscoroutinefunction(callback):
            raise ValueError("callback is a coroutine function, which a blocking session cannot await")
        return self._memory.subscribe(callback)

    @contextmanager
    def keep_fresh(self) -> Iterator[Self]:
        """Renew the tokens whenever it is time, in a thread, until the `with` block is left.

        For long-running programs whose subscribers want every new token; `id_token()` keeps itself fresh without.
        It outlasts failures, sign-outs and sign-ins.
        """
        from concurrent.futures import Future

        wake, over = threading.Event(), Future[Any]()
        unsubscribe = self.subscribe(lambda _: wake.set())
        thread = threading.Thread(target=self._watch, args=(wake, over), name="cognito_raw keep_fresh", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            unsubscribe()
            over.set_result(None)
            wake.set()
            thread.join()

    def _watch(self, wake: threading.Event, over: Future[Any]) -> None:
        from concurrent.futures import FIRST_COMPLETED, wait

        while not over.done():
            if self._memory.nap() == 0 and (flight := self._boarded()) is not None:
                wait([flight.landed, over], self.config.deadline, FIRST_COMPLETED)
                flight.report()
            wake.wait(max(self._memory.nap(), SHORTEST_NAP))
            wake.clear()

    def _token(self, kind: Kind) -> Result[Any]:
        while not isinstance(need := self._memory.need(kind), (Ok, Err)):
            flight = self._boarded(kind)
            if flight is not None:
                self._wait_for(flight, min(need, self._deadline))
                return self._memory.verdict(kind, flight)
        return need

    def _refreshed(self, seen: Tokens | None) -> Result[IdToken]:
        flight = self._boarded(seen=seen)
        if flight is not None:
            self._wait_for(flight, self._deadline)
        return self._memory.outcome(flight, seen)

    def _boarded(self, kind: Kind | None = None, *, seen: Tokens | None = None) -> Flight | None:
        """The refresh under way, or a new one in a thread of its own, which no caller can interrupt."""
        flight, new = self._memory.board(kind=kind, seen=seen)
        if flight is not None and new:
            thread = threading.Thread(
                target=copy_context().run, args=(self._fly, flight), name="cognito_raw refresh", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no more threads, as when the interpreter shuts down
                self._fly(flight)
        return flight

    def _wait_for(self, flight: Flight, seconds: float) -> None:
        from concurrent.futures import wait

        wait((flight.landed,), min(seconds, threading.TIMEOUT_MAX))

    def _fly(self, flight: Flight) -> None:
        try:
            result = self._renewed(flight)
        except BaseException as error:
            self._memory.touch_down(flight, None)
            flight.landed.set_exception(error)
        else:
            flight.landed.set_result(result)
        self._memory.leave(flight)

    def _renewed(self, flight: Flight) -> Result[Tokens]:
        result = self._in_turn(flight.journey, self.config.deadline)
        if isinstance(result, Err) and is_lost(result):  # at once, while the service still takes the old refresh token
            result = self._in_turn(flight.journey, self.config.deadline)
        self._memory.touch_down(flight, result)
        self._tell()
        return result

    def _go(self, journey: Callable[[Journeys], Journey[T]], *, first: Kind | None) -> Result[T]:
        began = self.config.monotonic()
        if first is not None and isinstance(held := self._token(first), Err):
            return held
        try:
            return self._in_turn(journey, self._deadline - (self.config.monotonic() - began))
        finally:
            self._tell()

    def _in_turn(self, journey: Callable[[Journeys], Journey[T]], deadline: float) -> Result[T]:
        began, turn = self.config.monotonic(), self._turn.own()
        if not turn.acquire(timeout=max(0.0, deadline)):
            return _NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            state, result = self._drive(self._memory.keeping(journey(self._journeys())), left)
            self._memory.keep(state)
        finally:
            turn.release()
        return result

    def _tell(self) -> None:
        # Outside the turn, so that a callback may use the session, from whichever thread.
        with closing(self._memory.untold()) as calls:
            for tell in calls:
                tell()


class AsyncShell(Known, Asynchronous):
    """What every asynchronous session has beside its journeys."""

    def __init__(
        self,
        config: Config,
        *,
        state: State | None = None,
        transport: AsyncTransport | None = None,
        remember_device: bool = True,
    ) -> None:
        super().__init__(config, transport=transport)
        self._memory = Memory(config, state or State())
        self._remember_device = remember_device
        self._turns = Turns()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        It may be a coroutine function, which is then awaited. Gives a function that ends it. A callback that raises
        is logged, and changes nothing.
        """
        return self._memory.subscribe(callback)

    @asynccontextmanager
    async def keep_fresh(self) -> AsyncIterator[Self]:
        """Renew the tokens whenever it is time, in a task, until the `async with` block is left.

        For long-running programs whose subscribers want every new token; `id_token()` keeps itself fresh without.
        It outlasts failures, sign-outs and sign-ins.
        """
        import asyncio

        loop, wake = asyncio.get_running_loop(), asyncio.Event()
        unsubscribe = self.subscribe(lambda _: loop.call_soon_threadsafe(wake.set))
        task = loop.create_task(self._watch(wake))
        try:
            yield self
        finally:
            unsubscribe()
            task.cancel()
            await asyncio.wait((task,))

    async def _watch(self, wake: asyncio.Event) -> None:
        import asyncio

        while True:
            if self._memory.nap() == 0 and (flight := self._boarded()) is not None:
                await self._wait_for(flight, self.config.deadline)
                flight.report()
            try:
                async with asyncio.timeout(max(self._memory.nap(), SHORTEST_NAP)):
                    await wake.wait()
            except TimeoutError:
                pass
            wake.clear()

    async def _token(self, kind: Kind) -> Result[Any]:
        import asyncio

        loop = asyncio.get_running_loop()
        while not isinstance(need := self._memory.need(kind, loop), (Ok, Err)):
            flight = self._boarded(kind)
            if flight is not None:
                await self._wait_for(flight, min(need, self._deadline))
                return self._memory.verdict(kind, flight)
        return need

    async def _refreshed(self, seen: Tokens | None) -> Result[IdToken]:
        flight = self._boarded(seen=seen)
        if flight is not None:
            await self._wait_for(flight, self._deadline)
        return self._memory.outcome(flight, seen)

    def _boarded(self, kind: Kind | None = None, *, seen: Tokens | None = None) -> Flight | None:
        """The refresh under way, or a new one in a task of its own, which no caller can cancel."""
        import asyncio

        loop = asyncio.get_running_loop()
        flight, new = self._memory.board(loop, kind, seen=seen)
        if flight is not None and new:
            flight.task = loop.create_task(self._fly(flight))
        return flight

    async def _wait_for(self, flight: Flight, seconds: float) -> None:
        import asyncio

        landed = asyncio.wrap_future(flight.landed)
        try:
            await asyncio.wait((landed,), timeout=seconds)
        finally:
            # What nobody waits for any more must not be told to a closed loop, nor an exception be missed.
            if not landed.cancel():
                landed.exception()

    async def _fly(self, flight: Flight) -> None:
        try:
            result = await self._renewed(flight)
        except BaseException as error:
            self._memory.touch_down(flight, None)
            if not isinstance(error, Exception):  # the event loop ends, and the refresh with it
                flight.landed.set_result(_INTERRUPTED)
                raise
            flight.landed.set_exception(error)
        else:
            flight.landed.set_result(result)
        finally:
            self._memory.leave(flight)

    async def _renewed(self, flight: Flight) -> Result[Tokens]:
        result = await self._in_turn(flight.journey, self.config.deadline)
        if isinstance(result, Err) and is_lost(result):  # at once, while the service still takes the old refresh token
            result = await self._in_turn(flight.journey, self.config.deadline)
        self._memory.touch_down(flight, result)
        await self._tell()
        return result

    async def _go(self, journey: Callable[[Journeys], Journey[T]], *, first: Kind | None) -> Result[T]:
        began = self.config.monotonic()
        if first is not None and isinstance(held := await self._token(first), Err):
            return held
        try:
            return await self._in_turn(journey, self._deadline - (self.config.monotonic() - began))
        finally:
            await self._tell()

    async def _in_turn(self, journey: Callable[[Journeys], Journey[T]], deadline: float) -> Result[T]:
        import asyncio

        began = self.config.monotonic()
        try:
            async with asyncio.timeout(max(0.0, deadline)):
                end = await self._turns.begin()
        except TimeoutError:
            return _NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            state, result = await self._drive(self._memory.keeping(journey(self._journeys())), left)
            self._memory.keep(state)
        finally:
            end()
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
            log("a subscriber of a session failed", error)
