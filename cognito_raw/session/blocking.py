"""The sync session: its methods block, and take turns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..concurrency.locks import ForkLock
from ..flow import Action, advance
from ..models.tokens import IdToken, Tokens, TokenUse
from ..result import Err, Ok, Result
from ..retry import Budget
from ..runner import Runner
from .properties import NO_TURN, SessionMembers
from .state import SessionFlow, State

if TYPE_CHECKING:
    from ..concurrency.scheduler import Job
    from ..store.protocol import Store
    from ..transport import TransportName
    from ..transport.protocol import Transport
    from .account import Account
    from .refresh import RefreshTask, Waiting

    _Members = SessionMembers[Transport | TransportName, Store]
else:  # an import of the library does not need the types
    _Members = SessionMembers

T = TypeVar("T")


class Session(_Members, Runner):
    """One user's session with the pool, sync. Every method returns `Ok` or `Err`.

    Registering: `register`, `confirm_registration`, `resend_verification_code`.
    Signing in: `login`, `challenge`, `answer_challenge`, `new_password_challenge`, `begin_totp_setup`.
    Tokens: `id_token`, `access_token`, `refresh`, `keep_fresh`, `subscribe`.
    Passwords: `change_password`, `request_password_reset`, `reset_password_confirmation`.
    The signed-in user: `account`. Carrying on: `state`, `from_tokens`, `from_refresh_token`, `within`.
    The end: `logout`, `forget`, `close`.

    Many threads may use it: its methods take turns, but a fresh token is returned without waiting.
    """

    def _make_locks(self) -> None:
        self._turn = ForkLock()
        self._loading = ForkLock()
        self._notifying = ForkLock()

    @property
    def account(self) -> Account:
        """The user's account: profile, second factors, passkeys, devices and sign-ins, with the client's methods."""
        from .account import Account  # here: a sign-in does not need it

        return Account(self._as_user, self.close)

    def id_token(self) -> Result[IdToken]:
        """Return the ID token. It is renewed before its end, so that it stays valid for a while.

        After about four fifths of its life, one caller renews it, and the others get the present one. They wait only in
        its last minute. If the refresh fails without ending the session, a token that is still valid is returned.
        Reasons: `no-session` (nobody is signed in), `refresh-token-expired`, `refresh-token-revoked`,
        `refresh-token-reused`, `refresh-answer-lost` and `user-deleted` (each ends the session),
        `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        held = self._holder.held
        fresh = None if held is None else held.fresh("id")
        return self._token("id") if fresh is None else fresh

    def access_token(self) -> Result[str]:
        """Return the access token, for the service's own operations. Renewal and reasons are those of `id_token`."""
        held = self._holder.held
        fresh = None if held is None else held.fresh("access")
        return self._token("access") if fresh is None else fresh

    def refresh(
        self, *, seen: Tokens | None = None, client_metadata: Mapping[str, str] | None = None
    ) -> Result[IdToken]:
        """Renew the tokens now: after a 401, or to get changed attributes into the ID token.

        seen: the tokens of `state` that an API refused. If the session holds others by now, no request is made and they
            are returned. Just after a failed refresh, its failure is returned.
        client_metadata: for the pool's triggers, instead of the sign-in's, in this refresh and those to come.

        Callers during a refresh share its result. Reasons: those of `id_token`.
        """
        failure = self._load()
        if failure is not None:
            return failure
        return self._wait(self._refresher.renewed(seen, self._deadline, metadata=client_metadata))

    def forget(self) -> Result[None]:
        """Forget the tokens and the challenge without a request, if the service cannot be reached.

        The tokens stay valid until they expire: `logout` revokes them. A call under way does not bring them back.
        """
        self._holder.forget()
        failure = self._load()
        self._notify()
        return Ok(None) if failure is None else failure

    def close(self) -> None:
        """Wait for a refresh under way and for subscribers, then close the transport's idle connections, if it can.

        The end of a `with` block does it too. It takes the deadline at most. The next call opens new connections.
        """
        began, task = self.config.monotonic(), self._refresher.open_task() if self._refreshers else None
        if task is not None:
            self._start(task)
            task.wait(self._deadline)
        if not self._notifying.is_mine():  # else a subscriber would wait for itself
            self._notify(wait=self._deadline - (self.config.monotonic() - began))
        super().close()

    @contextmanager
    def keep_fresh(self) -> Iterator[Self]:
        """Renew the tokens whenever it is time, until the `with` block ends. All sessions share a few threads for it.

        For long-running programs whose subscribers want every new token; `id_token()` does not need it. Failures,
        sign-outs and sign-ins do not end it. Changes that a store announces are taken at once.
        """
        from ..concurrency.scheduler import Job  # here: few programs need it

        _ = self._refresher  # imported here: a fork must not hit another thread in the midst of it
        job = Job(self.config.endpoint, self._seconds_until_refresh, self._refresh_if_due)
        unsubscribe = self._holder.subscribers.add(lambda _: job.wake())
        try:
            with self._holder.waking(job.wake), closing(job.start()):
                yield self
        finally:
            unsubscribe()

    def _seconds_until_refresh(self) -> float:
        return self._refresher.seconds_until_refresh() if self._holder.is_current else 0.0

    def _refresh_if_due(self, job: Job) -> float:
        """Ask the store if it is time for it, then renew the tokens if they are due. Return the seconds to the next."""
        from .refresh import SHORTEST_SLEEP  # here, as below: a sign-in does not need it

        if not self._holder.is_current:
            self._ask_store()
        if self._holder.subscribers.pending:
            job.calls_out()
            self._notify()
        if self._refresher.seconds_until_refresh() == 0 and (task := self._refresher.join_or_start()) is not None:
            task.call_when_done(job.calls_out)
            if not task.run(partial(self._refresh, task)):  # another thread does
                task.call_when_done(job.wake)
                return self.config.deadline
            task.report()
        return max(self._refresher.seconds_until_refresh(), SHORTEST_SLEEP)

    def _token(self, use: TokenUse, budget: Budget | None = None) -> Result[Any]:
        """Return the token, after a look at the store if it is time for one."""
        failure = self._load()
        if failure is None or self._holder.serves_without(failure):
            return self._wait(self._refresher.token(use, self._deadline), budget)
        return failure

    def _load(self) -> Err | None:
        """Load from the store, if there is one and it is time, and call the subscribers."""
        if self._holder.is_current:
            return None
        failure = self._ask_store()
        self._notify()
        return failure

    def _ask_store(self) -> Err | None:
        """Load from the store if it is time. One caller does so at a time."""
        if not self._loading.acquire_for(sys._getframe(), self._deadline):
            return NO_TURN
        try:
            failure = None
            if not self._holder.is_current:
                with closing(self._holder.sync()) as steps:
                    step = advance(steps)
                    while isinstance(step, Action):
                        step = advance(steps, step.perform())
                    failure = step
        finally:
            self._loading.release_for(sys._getframe())
        return failure

    def _wait(self, waiting: Waiting[T], budget: Budget | None = None) -> T:
        """Wait for each refresh that the generator yields, and return its value. Its failures count in the budget."""
        from .refresh import Wait

        with closing(waiting):
            step = advance(waiting)
            while isinstance(step, Wait):
                self._start(step.task)
                step.task.wait(step.seconds)
                if budget is not None:
                    budget.add(step.task.budget)
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
                    step = advance(attempts, self._in_turn(step, self.config.deadline, task.budget))
            land = partial(task.finish, step)
        except BaseException as error:
            self._refresher.finish(task, None)
            land = partial(task.fail, error)
        self._notify(land)

    def _call(self, flow: Callable[[State], SessionFlow[T]], needs: TokenUse | None) -> Result[T]:
        began, budget = self.config.monotonic(), Budget()
        if needs is not None:
            needed = self._token(needs, budget)
            if isinstance(needed, Err):
                return needed
        try:
            return self._in_turn(flow, self._deadline - (self.config.monotonic() - began), budget)
        finally:
            self._notify()

    def _in_turn(
        self, flow: Callable[[State], SessionFlow[T]], deadline: float, budget: Budget | None = None
    ) -> Result[T]:
        """Run a flow in its turn, within so many seconds in all."""
        began = self.config.monotonic()
        if not self._turn.acquire_for(sys._getframe(), max(0.0, deadline)):
            return NO_TURN
        try:
            left = deadline - (self.config.monotonic() - began)
            return self._drive(self._holder.calls_of(flow, left), left, budget)
        finally:
            self._turn.release_for(sys._getframe())

    def _notify(self, first: Callable[[], object] | None = None, *, wait: float = 0.0) -> None:
        """Call the subscribers outside the turn, so that a callback may use the session from any thread.

        first: called before them. wait: seconds to wait for a thread that calls them already.
        """
        subscribers, frame = self._holder.subscribers, sys._getframe()
        while True:
            is_mine = self._notifying.acquire_for(frame, max(0.0, wait))
            try:
                if first is not None:
                    first()
                for _ in subscribers.calls() if is_mine else ():
                    pass
            finally:
                self._notifying.release_for(frame)
            if not (is_mine and subscribers.pending):
                return
