"""The blocking session: its methods wait, and take turns."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Concatenate, Final, ParamSpec, Self, TypeVar

from ..concurrency.locks import ForkLock
from ..config import Config
from ..flow import Transport, advance
from ..models.tokens import IdToken, Tokens, TokenUse
from ..result import Err, Ok, Result
from ..runner import Runner, as_method
from ..transport import TransportName
from .holder import SessionHolder
from .methods import SessionMethods, SessionProperties
from .refresh import SHORTEST_SLEEP, Refresher, RefreshTask, Wait, Waiting
from .state import SessionFlow, State
from .subscribers import Subscriber

P = ParamSpec("P")
T = TypeVar("T")

_NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)


# needs: the token that the method needs, renewed beforehand, so that an interrupted method interrupts no refresh.


def _method(
    flow: Callable[Concatenate[SessionMethods, P], SessionFlow[T]], *, needs: TokenUse | None = None
) -> Callable[Concatenate[Session, P], Result[T]]:
    return as_method(flow, lambda self, start: self._call(lambda state: start(self._methods(state)), needs))


class Session(SessionProperties, Runner):
    """One user's session with the pool, blocking. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as an `HttpxTransport` of your own; or `"standard"`, for the standard
    library's http.client, which starts faster than httpx. Without one, all clients and sessions of the process share
    one over httpx. Safe to use from many threads: its methods take turns, but a fresh token is given without waiting.
    remember_device: whether a device that the pool begins to track at a login is confirmed and kept in the state, so
    that it may skip the second factor at the user's next login.
    """

    def __init__(
        self,
        config: Config,
        *,
        state: State | None = None,
        transport: Transport | TransportName | None = None,
        remember_device: bool = True,
    ) -> None:
        super().__init__(config, transport=transport)
        self._holder = SessionHolder(config, state or State())
        self._refresher = Refresher(config, self._holder)
        self._remember_device = remember_device
        self._turn = ForkLock()
        self._notifying = ForkLock()

    register = _method(SessionMethods.register)
    confirm_registration = _method(SessionMethods.confirm_registration)
    resend_verification_code = _method(SessionMethods.resend_verification_code)
    login = _method(SessionMethods.login)
    new_password_challenge = _method(SessionMethods.new_password_challenge)
    answer_challenge = _method(SessionMethods.answer_challenge)
    begin_totp_setup = _method(SessionMethods.begin_totp_setup)
    logout = _method(SessionMethods.logout)
    request_password_reset = _method(SessionMethods.request_password_reset)
    reset_password_confirmation = _method(SessionMethods.reset_password_confirmation)
    change_password = _method(SessionMethods.change_password, needs="access")

    def id_token(self) -> Result[IdToken]:
        """The ID token, renewed ahead of its end, so that it is good for a while yet.

        At about four fifths of its life one caller renews it, and all others go on with the one there is; they wait
        only in its last minute. Where the refresh fails without ending the session, a token that is still valid is
        given all the same. Reasons: `no-session` (nobody is signed in), `refresh-token-expired`,
        `refresh-token-revoked`, `refresh-token-reused`, `refresh-answer-lost` and `user-deleted` (each ends the
        session), `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        held = self._holder.held
        fresh = None if held is None else held.fresh("id")
        return self._wait(self._refresher.token("id", self._deadline)) if fresh is None else fresh

    def access_token(self) -> Result[str]:
        """The access token, which the service's own operations take; renewed, and failing, as `id_token`."""
        held = self._holder.held
        fresh = None if held is None else held.fresh("access")
        return self._wait(self._refresher.token("access", self._deadline)) if fresh is None else fresh

    def refresh(self, *, seen: Tokens | None = None) -> Result[IdToken]:
        """Renew the tokens now, whatever is left of them: after a 401, or to have changed attributes in the ID token.

        seen: the tokens of `state` that an API refused. Where the session holds others by now, these are given, and
            nothing is asked; nor is it a moment after a refresh that failed, whose failure is given.

        Who asks while a refresh is under way gets what that one gives. Reasons: those of `id_token`.
        """
        return self._wait(self._refresher.renewed(seen, self._deadline))

    def forget(self) -> Result[None]:
        """Forget the tokens and the challenge here, and ask nobody: for a service that cannot be reached.

        The tokens stay valid until they expire: `logout` revokes them. A call under way does not bring them back.
        """
        self._holder.forget()
        self._notify()
        return Ok(None)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new ID token at every sign-in and refresh, and with None at the end.

        Gives a function that ends it. A callback that raises is logged, and changes nothing.
        """
        import inspect  # here: it costs a cold start more than a sign-in's arithmetic

        if inspect.iscoroutinefunction(callback):
            raise ValueError("callback is a coroutine function, which a blocking session cannot await")
        return self._holder.subscribers.add(callback)

    @contextmanager
    def keep_fresh(self) -> Iterator[Self]:
        """Renew the tokens whenever it is time, in a thread, until the `with` block is left.

        For long-running programs whose subscribers want every new token; `id_token()` keeps itself fresh without.
        It outlasts failures, sign-outs and sign-ins.
        """
        wake, leaving = threading.Event(), threading.Event()
        unsubscribe = self.subscribe(lambda _: wake.set())
        job = partial(self._keep_fresh, wake, leaving)
        thread = threading.Thread(target=job, name="cognito_raw keep_fresh", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            unsubscribe()
            leaving.set()
            wake.set()
            if not sys.is_finalizing():  # then the thread never runs again, and would never end
                thread.join()

    def _keep_fresh(self, wake: threading.Event, leaving: threading.Event) -> None:
        while not leaving.is_set():
            seconds = max(self._refresher.seconds_until_refresh(), SHORTEST_SLEEP)
            task = self._refresher.join_or_start() if self._refresher.seconds_until_refresh() == 0 else None
            if task is not None:
                task.call_when_done(wake.set)
                self._start(task)
                seconds = self.config.deadline
            wake.wait(seconds)
            wake.clear()
            if task is not None:
                task.report()

    def _wait(self, waiting: Waiting[T]) -> T:
        """Wait for each refresh that the generator yields, and return its value."""
        with closing(waiting):
            step = advance(waiting)
            while isinstance(step, Wait):
                self._start(step.task)
                step.task.wait(step.seconds)
                step = advance(waiting)
            return step

    def _start(self, task: RefreshTask) -> None:
        refresh = partial(self._refresh, task)
        if not task.start(refresh, "cognito_raw refresh"):
            refresh()

    def _refresh(self, task: RefreshTask) -> None:
        try:
            with closing(self._refresher.attempts(task)) as attempts:
                step = advance(attempts)
                while not isinstance(step, (Ok, Err)):
                    step = advance(attempts, self._in_turn(step, self.config.deadline))
            self._notify()
        except BaseException as error:
            self._refresher.finish(task, None)
            task.fail(error)
        else:
            task.finish(step)

    def _call(self, flow: Callable[[State], SessionFlow[T]], needs: TokenUse | None) -> Result[T]:
        began = self.config.monotonic()
        if needs is not None:
            needed = self._wait(self._refresher.token(needs, self._deadline))
            if isinstance(needed, Err):
                return needed
        try:
            return self._in_turn(flow, self._deadline - (self.config.monotonic() - began))
        finally:
            self._notify()

    def _in_turn(self, flow: Callable[[State], SessionFlow[T]], deadline: float) -> Result[T]:
        """Run a flow when it is its turn, within so many seconds in all."""
        began = self.config.monotonic()
        if not self._turn.acquire_for(sys._getframe(), max(0.0, deadline)):
            return _NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            return self._drive(self._holder.calls_of(flow(self._holder.state)), left)
        finally:
            self._turn.release_for(sys._getframe())

    def _notify(self) -> None:
        """Call the subscribers, outside the turn, so that a callback may use the session from any thread."""
        pending = self._holder.subscribers.pending
        while pending and self._notifying.acquire_for(sys._getframe(), 0.0):
            try:
                while pending:
                    pending.pop(0)()
            finally:
                self._notifying.release_for(sys._getframe())
