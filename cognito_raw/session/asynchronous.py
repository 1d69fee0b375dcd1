"""The async session: the methods of `Session`, with `await`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, overload

from ..concurrency.background import log_error, running_loop
from ..concurrency.locks import LoopLock, TaskLock
from ..config import Config
from ..flow import AsyncTransport, advance
from ..models.context import RefreshMetadata
from ..models.device import RememberedDevice
from ..models.tokens import IdToken, Tokens, TokenUse
from ..result import Err, Ok, Result
from ..retry import Budget
from ..runner import AsyncRunner
from .holder import SessionHolder
from .properties import SessionMembers
from .refresh import SHORTEST_SLEEP, Refresher, RefreshTask, Wait, Waiting
from .state import SessionFlow, State
from .subscribers import Subscriber

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)
_INTERRUPTED: Final = Err("connection-lost", "the event loop ended during the refresh", sent="maybe", retryable=True)


class AsyncSession(SessionMembers, AsyncRunner):
    """One user's session with the pool, async. Every method returns `Ok` or `Err`.

    state: the state of an earlier session, to continue it.
    transport: sends the requests, such as an `AsyncHttpxTransport`. By default, the whole process shares one.
    remember_device: whether to confirm a device that the pool begins to track at a login, and keep it in the state.
        It may then skip the second factor at the user's next login.
    refresh_metadata: the ClientMetadata of refreshes, for the pool's triggers, or a function that returns it. None
        keeps that of the sign-in; an empty mapping sends none.

    Its methods take turns, but a fresh token is returned without waiting. Use it in one event loop at a time.
    """

    def __init__(
        self,
        config: Config,
        *,
        state: State | None = None,
        transport: AsyncTransport | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
    ) -> None:
        super().__init__(config, transport=transport)
        self._holder = SessionHolder(config, State() if state is None else state, refresh_metadata)
        self._refresher = Refresher(config, self._holder)
        self._remember_device = remember_device
        self._turn = LoopLock()
        self._notifying = TaskLock()

    @classmethod
    def from_tokens(
        cls,
        config: Config,
        tokens: Tokens,
        *,
        username: str | None = None,
        device: RememberedDevice | None = None,
        transport: AsyncTransport | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
    ) -> Self:
        """Return the session of a user who signed in elsewhere: by a `Client`, or in a browser.

        username: the name that the user typed, if it is known. device: the one that signed in, if the pool tracks them.
        Tokens of another pool or app client are a `ValueError`. With empty ones, every method is `no-session`.
        """
        state = State.of_tokens(tokens, username, device)
        return cls(
            config,
            state=state,
            transport=transport,
            remember_device=remember_device,
            refresh_metadata=refresh_metadata,
        )

    @classmethod
    def from_refresh_token(
        cls,
        config: Config,
        refresh_token: str,
        *,
        username: str | None = None,
        device: RememberedDevice | None = None,
        transport: AsyncTransport | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
    ) -> Self:
        """Return the session of a refresh token. The first method that needs another token fetches it.

        username: the service's own name of the user. An app client with a secret needs it where the pool lacks
            GetTokensFromRefreshToken. device: the one that signed in, if the pool tracks them.
        With an empty token, every method is `no-session`.
        """
        state = State.of_refresh_token(refresh_token, username, device)
        return cls(
            config,
            state=state,
            transport=transport,
            remember_device=remember_device,
            refresh_metadata=refresh_metadata,
        )

    async def id_token(self) -> Result[IdToken]:
        """Return the ID token, renewed ahead of its end, so that it is good for a while yet.

        After about four fifths of its life, one caller renews it, and the others get the present one. They wait only in
        its last minute. If the refresh fails without ending the session, a token that is still valid is returned.
        Reasons: `no-session` (nobody is signed in), `refresh-token-expired`, `refresh-token-revoked`,
        `refresh-token-reused`, `refresh-answer-lost` and `user-deleted` (each ends the session),
        `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        held = self._holder.held
        fresh = None if held is None else held.fresh("id")
        if fresh is not None:
            return fresh
        return await self._wait(self._refresher.token("id", self._deadline, running_loop()))

    async def access_token(self) -> Result[str]:
        """Return the access token, for the service's own operations, renewed and with the reasons of `id_token`."""
        held = self._holder.held
        fresh = None if held is None else held.fresh("access")
        if fresh is not None:
            return fresh
        return await self._wait(self._refresher.token("access", self._deadline, running_loop()))

    async def refresh(
        self, *, seen: Tokens | None = None, client_metadata: Mapping[str, str] | None = None
    ) -> Result[IdToken]:
        """Renew the tokens now: after a 401, or to get changed attributes into the ID token.

        seen: the tokens of `state` that an API refused. If the session holds others by now, no request is made and they
            are returned. Just after a failed refresh, its failure is returned.
        client_metadata: for the pool's triggers, instead of the sign-in's, in this refresh and those to come.

        Callers during a refresh share its result. Reasons: those of `id_token`.
        """
        return await self._wait(self._refresher.renewed(seen, self._deadline, running_loop(), client_metadata))

    async def forget(self) -> Result[None]:
        """Forget the tokens and the challenge here, and ask nobody: for a service that cannot be reached.

        The tokens stay valid until they expire: `logout` revokes them. A call under way does not bring them back.
        """
        self._holder.forget()
        await self._notify()
        return Ok(None)

    async def aclose(self) -> None:
        """Wait for a refresh under way and for subscribers, then close the transport's idle connections, if it can.

        The end of an `async with` block does it too. It takes the deadline at most. The next call opens new
        connections.
        """
        began, task = self.config.monotonic(), self._refresher.open_task(running_loop())
        if task is not None:
            self._start(task)
            await task.wait_async(self._deadline)
        await self._wait_for_subscribers(self._deadline - (self.config.monotonic() - began))
        await super().aclose()

    @overload
    def subscribe(self, callback: Subscriber) -> Callable[[], None]: ...
    @overload
    def subscribe(self, callback: Callable[[State], object], *, state: Literal[True]) -> Callable[[], None]: ...
    def subscribe(self, callback: Callable[[Any], object], *, state: bool = False) -> Callable[[], None]:
        """Call `callback` with the new ID token at every sign-in and refresh, and with None at the end of the session.

        state: whether it gets the session's state instead, to save it before a refresh token is lost.
        Returns a function that ends this. A coroutine function is awaited. Exceptions are logged, and change nothing.
        After a refresh, no caller waits for the callbacks but `aclose`.
        """
        return self._holder.subscribers.add((lambda _: callback(self.state)) if state else callback)

    @asynccontextmanager
    async def keep_fresh(self) -> AsyncIterator[Self]:
        """Renew the tokens whenever it is time, in a task, until the `async with` block ends.

        For long-running programs whose subscribers want every new token; `id_token()` does not need it. Failures,
        sign-outs and sign-ins do not end it.
        """
        import asyncio

        loop, wake = running_loop(), asyncio.Event()
        unsubscribe = self.subscribe(lambda _: loop.call_soon_threadsafe(wake.set))
        task = loop.create_task(self._keep_fresh(wake))
        try:
            yield self
        finally:
            unsubscribe()
            task.cancel()
            await asyncio.wait((task,))

    async def _keep_fresh(self, wake: asyncio.Event) -> None:
        import asyncio

        loop, refresher = asyncio.get_running_loop(), self._refresher
        while True:
            if refresher.seconds_until_refresh() == 0 and (task := refresher.join_or_start(loop)) is not None:
                self._start(task)
                await task.wait_async(self.config.deadline)
                task.report()
            try:
                async with asyncio.timeout(max(refresher.seconds_until_refresh(), SHORTEST_SLEEP)):
                    await wake.wait()
            except TimeoutError:
                pass
            wake.clear()

    async def _wait(self, waiting: Waiting[T], budget: Budget | None = None) -> T:
        """Wait for each refresh that the generator yields, and return its value. Its failures count in the budget."""
        with closing(waiting):
            step = advance(waiting)
            while isinstance(step, Wait):
                self._start(step.task)
                await step.task.wait_async(step.seconds)
                if budget is not None:
                    budget.add(step.task.budget)
                step = advance(waiting)
            return step

    def _start(self, task: RefreshTask) -> None:
        task.start_async(partial(self._refresh, task), lost=_INTERRUPTED, seconds=self.config.deadline)

    async def _refresh(self, task: RefreshTask) -> None:
        try:
            with closing(self._refresher.attempts(task)) as attempts:
                step = advance(attempts)
                while not isinstance(step, (Ok, Err)):
                    step = advance(attempts, await self._in_turn(step, self.config.deadline, task.budget))
            task.finish(step)
        except BaseException as error:
            self._refresher.finish(task, None)
            if not isinstance(error, Exception):  # the event loop ends, and the refresh with it
                raise
            task.fail(error)
        await self._call_subscribers()

    async def _call(self, flow: Callable[[State], SessionFlow[T]], needs: TokenUse | None) -> Result[T]:
        loop, began, budget = running_loop(), self.config.monotonic(), Budget()
        if needs is not None:
            needed = await self._wait(self._refresher.token(needs, self._deadline, loop), budget)
            if isinstance(needed, Err):
                return needed
        try:
            return await self._in_turn(flow, self._deadline - (self.config.monotonic() - began), budget)
        finally:
            await self._notify()

    async def _in_turn(
        self, flow: Callable[[State], SessionFlow[T]], deadline: float, budget: Budget | None = None
    ) -> Result[T]:
        """Run a flow in its turn, within so many seconds in all."""
        import asyncio

        began = self.config.monotonic()
        try:
            async with asyncio.timeout(max(0.0, deadline)):
                release = await self._turn.acquire()
        except TimeoutError:
            return _NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            return await self._drive(self._holder.calls_of(flow(self._holder.state)), left, budget)
        finally:
            release()

    async def _notify(self) -> None:
        """Call the subscribers outside the turn, so that a callback may use the session; no caller can cancel it."""
        import asyncio

        if self._holder.subscribers.pending:
            await asyncio.shield(running_loop().create_task(self._call_subscribers()))

    async def _wait_for_subscribers(self, seconds: float) -> None:
        import asyncio

        task = self._notifying.other_task()
        if task is not None:
            await asyncio.wait((task,), timeout=max(0.0, seconds))

    async def _call_subscribers(self) -> None:
        pending = self._holder.subscribers.pending
        while pending and self._notifying.acquire():
            try:
                while pending:
                    await _awaited(pending.pop(0)())
            finally:
                self._notifying.release()


async def _awaited(called: object) -> None:
    import asyncio

    if isinstance(called, Awaitable):
        try:
            await called
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the event loop ends
                raise
            log_error("a subscriber of a session failed", error)
