"""The asynchronous session: one user's session with the pool, with `await`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ..concurrency.locks import Turns
from ..config import Config
from ..flow import AsyncTransport
from ..models.tokens import IdToken, Tokens
from ..result import Err, Ok, Result
from ..runner import Asynchronous, dressed
from .expiry import Kind
from .holder import SHORTEST_NAP, Flight, Known, Memory, Subscriber, log
from .methods import Journeys, is_lost
from .state import Journey, State

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)
_INTERRUPTED: Final = Err("connection-lost", "the event loop ended during the refresh", sent="maybe", retryable=True)

# `first`: the token that the journey needs, renewed before it so that an interruption of the journey hurts no refresh.


def _asynchronous(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, first: Kind | None = None
) -> Callable[Concatenate[AsyncShell, P], Coroutine[Any, Any, Result[T]]]:
    async def method(self: AsyncShell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return await self._go(lambda journeys: journey(journeys, *args, **kwargs), first=first)

    return dressed(method, journey)


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


class AsyncSession(AsyncShell):
    """One user's session with the pool, with `await`. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `AsyncHttpxTransport`. Without one, all clients and sessions of the
    process share one. Its methods take turns, but a fresh token is given without waiting; use it in one event loop at
    a time.
    remember_device: whether a device that the pool begins to track at a login is confirmed and kept in the state, so
    that it may skip the second factor at the user's next login.
    """

    register = _asynchronous(Journeys.register)
    confirm_registration = _asynchronous(Journeys.confirm_registration)
    resend_verification_code = _asynchronous(Journeys.resend_verification_code)
    login = _asynchronous(Journeys.login)
    new_password_challenge = _asynchronous(Journeys.new_password_challenge)
    answer_challenge = _asynchronous(Journeys.answer_challenge)
    begin_totp_setup = _asynchronous(Journeys.begin_totp_setup)
    logout = _asynchronous(Journeys.logout)
    request_password_reset = _asynchronous(Journeys.request_password_reset)
    reset_password_confirmation = _asynchronous(Journeys.reset_password_confirmation)
    change_password = _asynchronous(Journeys.change_password, first="access")

    async def id_token(self) -> Result[IdToken]:
        """The ID token, renewed ahead of its end, so that it is good for a while yet.

        At about four fifths of its life one caller renews it, and all others go on with the one there is; they wait
        only in its last minute. Where the refresh fails without ending the session, a token that is still valid is
        given all the same. Reasons: `no-session` (nobody is signed in), `refresh-token-expired`,
        `refresh-token-revoked`, `refresh-token-reused`, `refresh-answer-lost`, `user-deleted` and `user-not-found`
        (each ends the session), `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("id")
        return given or await self._token("id")

    async def access_token(self) -> Result[str]:
        """The access token, which the service's own operations take; renewed, and failing, as `id_token`."""
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("access")
        return given or await self._token("access")

    async def refresh(self, *, seen: Tokens | None = None) -> Result[IdToken]:
        """Renew the tokens now, whatever is left of them: after a 401, or to have changed attributes in the ID token.

        seen: the tokens of `state` that an API refused. Where the session holds others by now, these are given, and
            nothing is asked; nor is it a moment after a refresh that failed, whose failure is given.

        Who asks while a refresh is under way gets what that one gives. Reasons: those of `id_token`.
        """
        return await self._refreshed(seen)


async def _awaited(told: object) -> None:
    if isinstance(told, Awaitable):
        try:
            await told
        except Exception as error:
            log("a subscriber of a session failed", error)
