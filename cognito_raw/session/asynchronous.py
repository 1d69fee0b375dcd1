"""The async session: the methods of `Session`, with `await`."""

from __future__ import annotations

import urllib.parse  # noqa: F401  # for a configuration that is made in an event loop
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from ..concurrency.background import log_error, running_loop
from ..concurrency.event_loops import LoopLock, TaskLock, lasting_task, turns_of
from ..flow import Action, advance
from ..models.tokens import IdToken, Tokens, TokenUse
from ..result import Err, Ok, Result
from ..retry import Budget
from ..runner import AsyncRunner
from . import saved_state  # noqa: F401  # for a state that is saved in an event loop
from .properties import NO_TURN, SessionMembers
from .refresh import SHORTEST_SLEEP, RefreshTask, Wait, Waiting
from .state import SessionFlow, State

if TYPE_CHECKING:
    import asyncio

    from ..store.protocol import AsyncStore, Store
    from ..transport import AsyncTransportName
    from ..transport.protocol import AsyncTransport
    from .account import AsyncAccount

    _Members = SessionMembers[AsyncTransport | AsyncTransportName, Store | AsyncStore]
else:  # an import of the library does not need the types
    _Members = SessionMembers

T = TypeVar("T")

_INTERRUPTED: Final = Err("connection-lost", "the event loop ended during the refresh", sent="maybe", retryable=True)


class AsyncSession(_Members, AsyncRunner):
    """One user's session with the pool, async. Every method returns `Ok` or `Err`.

    Registering: `register`, `confirm_registration`, `resend_verification_code`.
    Signing in: `login`, `challenge`, `answer_challenge`, `new_password_challenge`, `begin_totp_setup`.
    Tokens: `id_token`, `access_token`, `refresh`, `keep_fresh`, `subscribe`.
    Passwords: `change_password`, `request_password_reset`, `reset_password_confirmation`.
    The signed-in user: `account`. Carrying on: `state`, `from_tokens`, `from_refresh_token`, `within`.
    The end: `logout`, `forget`, `aclose`.

    Its methods take turns, but a fresh token is returned without waiting. Use it in one event loop at a time.
    """

    _is_async = True

    def _make_locks(self) -> None:
        self._turn = LoopLock()
        self._loading = LoopLock()
        self._notifying = TaskLock()

    @property
    def account(self) -> AsyncAccount:
        """The user's account: profile, second factors, passkeys, devices and sign-ins, with the client's methods."""
        from .account import AsyncAccount  # here: a sign-in does not need it

        return AsyncAccount(self._as_user, self.aclose)

    async def id_token(self) -> Result[IdToken]:
        """Return the ID token. It is renewed before its end, so that it stays valid for a while.

        After about four fifths of its life, one caller renews it, and the others get the present one. They wait only in
        its last minute. If the refresh fails without ending the session, a token that is still valid is returned.
        Reasons: `no-session` (nobody is signed in), `refresh-token-expired`, `refresh-token-revoked`,
        `refresh-token-reused`, `refresh-answer-lost` and `user-deleted` (each ends the session),
        `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        held = self._holder.held
        fresh = None if held is None else held.fresh("id")
        return await self._token("id") if fresh is None else fresh

    async def access_token(self) -> Result[str]:
        """Return the access token, for the service's own operations. Renewal and reasons are those of `id_token`."""
        held = self._holder.held
        fresh = None if held is None else held.fresh("access")
        return await self._token("access") if fresh is None else fresh

    async def refresh(
        self, *, seen: Tokens | None = None, client_metadata: Mapping[str, str] | None = None
    ) -> Result[IdToken]:
        """Renew the tokens now: after a 401, or to get changed attributes into the ID token.

        seen: the tokens of `state` that an API refused. If the session holds others by now, no request is made and they
            are returned. Just after a failed refresh, its failure is returned.
        client_metadata: for the pool's triggers, instead of the sign-in's, in this refresh and those to come.

        Callers during a refresh share its result. Reasons: those of `id_token`.
        """
        failure = await self._load()
        if failure is not None:
            return failure
        return await self._wait(self._refresher.renewed(seen, self._deadline, running_loop(), client_metadata))

    async def forget(self) -> Result[None]:
        """Forget the tokens and the challenge without a request, if the service cannot be reached.

        The tokens stay valid until they expire: `logout` revokes them. A call under way does not bring them back.
        """
        self._holder.forget()
        failure = await self._load()
        await self._notify()
        return Ok(None) if failure is None else failure

    async def aclose(self) -> None:
        """Wait for a refresh under way and for subscribers, then close the transport's idle connections, if it can.

        The end of an `async with` block does it too. It takes the deadline at most. The next call opens new
        connections.
        """
        import asyncio

        began, task = self.config.monotonic(), self._refresher.open_task(running_loop())
        if task is not None:
            self._start(task)
            await task.wait_async(self._deadline)
        if (calling := self._notifying.other_task()) is not None:
            left = self._deadline - (self.config.monotonic() - began)
            await asyncio.wait((calling,), timeout=max(0.0, left))
        await super().aclose()

    @asynccontextmanager
    async def keep_fresh(self) -> AsyncIterator[Self]:
        """Renew the tokens whenever it is time, in a task, until the `async with` block ends.

        For long-running programs whose subscribers want every new token; `id_token()` does not need it. Failures,
        sign-outs and sign-ins do not end it. Changes that a store announces are taken at once.
        """
        import asyncio

        loop, woken = running_loop(), asyncio.Event()

        def wake(*_: object) -> None:
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(woken.set)

        unsubscribe = self._holder.subscribers.add(wake)
        task = loop.create_task(self._keep_fresh(woken))
        try:
            with self._holder.waking(wake):
                yield self
        finally:
            unsubscribe()
            task.cancel()
            await asyncio.wait((task,))

    async def _keep_fresh(self, woken: asyncio.Event) -> None:
        while True:
            await self._refresh_if_due()
            seconds = max(self._refresher.seconds_until_refresh(), SHORTEST_SLEEP)
            timer = running_loop().call_later(seconds, woken.set)
            try:
                await woken.wait()
            finally:
                timer.cancel()
            woken.clear()

    async def _refresh_if_due(self) -> None:
        """Load from the store if it is time, and renew the tokens if they are due. Few sessions do so at a time."""
        refresher, asks = self._refresher, not self._holder.is_current
        if not asks and refresher.seconds_until_refresh() > 0:
            return
        loop = running_loop()
        async with turns_of(loop).refreshes[self.config.endpoint]:
            if asks:
                await self._ask_store()
            if refresher.seconds_until_refresh() == 0 and (task := refresher.join_or_start(loop)) is not None:
                self._start(task)
                await task.wait_async(self.config.deadline)
                task.report()
        if asks:
            await self._notify()

    async def _token(self, use: TokenUse, budget: Budget | None = None) -> Result[Any]:
        """Return the token, after a look at the store if it is time for one."""
        failure = await self._load()
        if failure is None or self._holder.serves_without(failure):
            return await self._wait(self._refresher.token(use, self._deadline, running_loop()), budget)
        return failure

    async def _load(self) -> Err | None:
        """Load from the store, if there is one and it is time, and call the subscribers."""
        if self._holder.is_current:
            return None
        failure = await self._ask_store()
        await self._notify()
        return failure

    async def _ask_store(self) -> Err | None:
        """Load from the store if it is time. One caller does so at a time."""
        release = await self._loading.acquire()
        try:
            failure = None
            if not self._holder.is_current:
                with closing(self._holder.sync()) as steps:
                    step = advance(steps)
                    while isinstance(step, Action):
                        step = advance(steps, await step.perform())
                    failure = step
        finally:
            release()
        return failure

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
        make = partial(lasting_task, seconds=self.config.deadline)
        task.start_async(partial(self._refresh, task), lost=_INTERRUPTED, make=make)

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
        running_loop()  # outside asyncio, an error before anything is done
        began, budget = self.config.monotonic(), Budget()
        if needs is not None:
            needed = await self._token(needs, budget)
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
            return NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            return await self._drive(self._holder.calls_of(flow, left), left, budget)
        finally:
            release()

    async def _notify(self) -> None:
        """Call the subscribers outside the turn, so that a callback may use the session; no caller can cancel it."""
        import asyncio

        if self._holder.subscribers.pending:
            await asyncio.shield(running_loop().create_task(self._call_subscribers()))

    async def _call_subscribers(self) -> None:
        subscribers = self._holder.subscribers
        while subscribers.pending and self._notifying.acquire():
            try:
                for called in subscribers.calls():
                    if called is not None:
                        await _awaited(called)
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
