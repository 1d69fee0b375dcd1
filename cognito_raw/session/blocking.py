"""The blocking session: one user's session with the pool."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ..concurrency.locks import ProcessLock
from ..config import Config
from ..flow import Transport
from ..models.tokens import IdToken, Tokens
from ..result import Err, Ok, Result
from ..runner import Blocking, dressed
from ..transport import TransportName
from .expiry import Kind
from .holder import SHORTEST_NAP, Flight, Known, Memory, Subscriber
from .methods import Journeys, is_lost
from .state import Journey, State

if TYPE_CHECKING:
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)

# `first`: the token that the journey needs, renewed before it so that an interruption of the journey hurts no refresh.


def _blocking(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, first: Kind | None = None
) -> Callable[Concatenate[Shell, P], Result[T]]:
    def method(self: Shell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return self._go(lambda journeys: journey(journeys, *args, **kwargs), first=first)

    return dressed(method, journey)


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


class Session(Shell):
    """One user's session with the pool, blocking. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as an `HttpxTransport` of your own; or `"standard"`, for the standard
    library's http.client, which starts faster than httpx. Without one, all clients and sessions of the process share
    one over httpx. Safe to use from many threads: its methods take turns, but a fresh token is given without waiting.
    remember_device: whether a device that the pool begins to track at a login is confirmed and kept in the state, so
    that it may skip the second factor at the user's next login.
    """

    register = _blocking(Journeys.register)
    confirm_registration = _blocking(Journeys.confirm_registration)
    resend_verification_code = _blocking(Journeys.resend_verification_code)
    login = _blocking(Journeys.login)
    new_password_challenge = _blocking(Journeys.new_password_challenge)
    answer_challenge = _blocking(Journeys.answer_challenge)
    begin_totp_setup = _blocking(Journeys.begin_totp_setup)
    logout = _blocking(Journeys.logout)
    request_password_reset = _blocking(Journeys.request_password_reset)
    reset_password_confirmation = _blocking(Journeys.reset_password_confirmation)
    change_password = _blocking(Journeys.change_password, first="access")

    def id_token(self) -> Result[IdToken]:
        """The ID token, renewed ahead of its end, so that it is good for a while yet.

        At about four fifths of its life one caller renews it, and all others go on with the one there is; they wait
        only in its last minute. Where the refresh fails without ending the session, a token that is still valid is
        given all the same. Reasons: `no-session` (nobody is signed in), `refresh-token-expired`,
        `refresh-token-revoked`, `refresh-token-reused`, `refresh-answer-lost`, `user-deleted` and `user-not-found`
        (each ends the session), `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("id")
        return given or self._token("id")

    def access_token(self) -> Result[str]:
        """The access token, which the service's own operations take; renewed, and failing, as `id_token`."""
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("access")
        return given or self._token("access")

    def refresh(self, *, seen: Tokens | None = None) -> Result[IdToken]:
        """Renew the tokens now, whatever is left of them: after a 401, or to have changed attributes in the ID token.

        seen: the tokens of `state` that an API refused. Where the session holds others by now, these are given, and
            nothing is asked; nor is it a moment after a refresh that failed, whose failure is given.

        Who asks while a refresh is under way gets what that one gives. Reasons: those of `id_token`.
        """
        return self._refreshed(seen)
