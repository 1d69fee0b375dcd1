"""The refresh of a session's tokens: its timing, its single flight, its result and its failures.

`token` and `renewed` are generators that yield each `Wait` for a refresh; the sync and the async session do the
waiting. A refresh runs in the background: no caller can cancel it, and there is one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from ..concurrency.background import BackgroundTask, Loop, log_error
from ..concurrency.clock import Instant
from ..concurrency.locks import ForkLock
from ..config import Config
from ..flows.parameters import strings
from ..models.frozen import Frozen
from ..models.tokens import IdToken, Tokens, TokenUse
from ..result import Err, Ok, Result
from ..retry import Budget, is_lost
from .expiry import MANDATORY_WINDOW, HeldTokens
from .holder import SessionHolder
from .state import NO_SESSION, SessionFlow, State
from .transitions import renew

T = TypeVar("T")
Metadata: TypeAlias = Mapping[str, str] | None

# Seconds that one caller waits for a refresh while the present token is valid for longer than the window.
ADVISORY_WAIT: Final = 0.5
# The back-off, in seconds: after the first failed refresh, after the second, and so on.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# After so many deadlines, a refresh counts as lost, its retry included.
_LONGEST_REFRESH: Final = 3
# Seconds between two checks of `keep_fresh`: at most, since clocks may jump; at least, since tokens may come expired.
_LONGEST_SLEEP: Final = 30.0
SHORTEST_SLEEP: Final = 0.05

_NO_LIMIT: Final = float("inf")

_LATE: Final = Err(
    "timed-out", "the refresh did not finish in time, and may still succeed", sent="maybe", retryable=True
)
_ENDED: Final = Err("malformed-reply", "the new tokens had expired already when they came", sent="yes")


class RefreshTask(BackgroundTask[Result[Tokens]]):
    """One refresh in the background.

    held: the tokens that it renews. metadata: the ClientMetadata that its caller gave for this refresh and those to
    come.
    """

    __slots__ = ("budget", "held", "metadata")

    def __init__(self, config: Config, loop: Loop | None, held: HeldTokens, metadata: Metadata = None) -> None:
        super().__init__(Instant.now(config), config.deadline * _LONGEST_REFRESH, loop)
        self.budget = Budget(background=True)
        self.held = held
        self.metadata = metadata

    def report(self) -> None:
        """Log its exception, for which no caller waits."""
        if self.error is not None:
            log_error("a refresh of a session failed", self.error)


class Wait(Frozen):
    """A step: wait for a refresh, for so many seconds at most. Start it first if nobody has."""

    task: RefreshTask
    seconds: float


Waiting: TypeAlias = Generator[Wait, None, T]
"""Yields what to wait for, and returns a value."""


class Backoff(Frozen):
    """The failed refreshes of the same tokens. `failure` is the last one's, if it raised nothing."""

    held: HeldTokens
    failure: Err | None
    failures: int
    since: Instant

    def left(self, config: Config) -> float:
        """Return the seconds until the next refresh may be tried."""
        return _PAUSES[min(self.failures, len(_PAUSES)) - 1] - self.since.age(config)


class Refresher:
    """Renews the tokens of one session."""

    __slots__ = ("_backoff", "_config", "_holder", "_lock", "_task")

    def __init__(self, config: Config, holder: SessionHolder) -> None:
        self._config = config
        self._holder = holder
        self._lock = ForkLock()
        self._task: RefreshTask | None = None
        self._backoff: Backoff | None = None

    def token(self, use: TokenUse, seconds: float, loop: Loop | None = None) -> Waiting[Result[Any]]:
        """Return the token, renewed first if it is due."""
        while not isinstance(decision := self.decide(use, loop), (Ok, Err)):
            task = self.join_or_start(loop, use)
            if task is not None:
                yield Wait(task, min(decision, seconds))
                return self._token_after(task, use)
        return decision

    def decide(self, use: TokenUse, loop: Loop | None = None) -> Result[Any] | float:
        """Return the result now, or the longest time to wait for a refresh."""
        task = self._running(loop)
        held = self._holder.held  # read after the task, as below
        failure = self._recent_failure() if task is None else None
        if held is None:
            return NO_SESSION
        valid = held.valid(use)
        if failure is not None:
            return failure if valid is None else valid
        if valid is None:
            return _NO_LIMIT
        if held.tokens.refresh_token is None or not held.is_due(use):
            return valid
        if held.left(use) <= MANDATORY_WINDOW:
            return _NO_LIMIT
        return ADVISORY_WAIT if task is None else valid

    def renewed(
        self, seen: Tokens | None, seconds: float, loop: Loop | None = None, metadata: Metadata = None
    ) -> Waiting[Result[IdToken]]:
        """Return the ID token, renewed now, unless the session holds other tokens than those seen.

        metadata: for the pool's triggers. A refresh under way with other metadata is waited for, and then repeated.
        """
        metadata = None if metadata is None else strings("client_metadata", metadata)
        task = self.join_or_start(loop, seen=seen, metadata=metadata)
        while task is not None and metadata is not None and task.metadata != metadata:
            yield Wait(task, seconds)
            if not task.done:
                return _LATE
            task = self.join_or_start(loop, metadata=metadata)
        if task is None:
            return self._without_refresh(seen)
        yield Wait(task, seconds)
        if not task.done:  # it may be about to finish
            return _LATE if self._holder.held is task.held else self._without_refresh(task.held.tokens)
        result = task.value()
        return result if isinstance(result, Err) else Ok(result.value.id_token)

    def join_or_start(
        self,
        loop: Loop | None = None,
        use: TokenUse | None = None,
        *,
        seen: Tokens | None = None,
        metadata: Metadata = None,
    ) -> RefreshTask | None:
        """Return the refresh under way, or a new one; None if none is needed.

        use: the token that is wanted. Another refresh may have ended since the caller looked at it.
        seen: the tokens that an API refused. No refresh is needed if the session holds others, or one has just failed.
        """
        with self._lock:
            task = self._running(loop)
            held = self._holder.held  # read after the task: a refresh that has finished has changed it
            if held is None or (seen is not None and held.tokens is not seen):
                return None
            if task is None and seen is not None and self._recent_failure() is not None:
                return None
            if task is None and (use is None or isinstance(self.decide(use, loop), float)):
                task = self._task = RefreshTask(self._config, loop, held, metadata)
            return task

    def open_task(self, loop: Loop | None = None) -> RefreshTask | None:
        """Return the refresh under way, if new tokens may still come of it."""
        task = self._running(loop)
        return task if task is not None and self._holder.held is task.held else None

    def _running(self, loop: Loop | None) -> RefreshTask | None:
        task = self._task
        return task if task is not None and task.is_alive(Instant.now(self._config), loop) else None

    def attempts(
        self, task: RefreshTask
    ) -> Generator[Callable[[State], SessionFlow[Tokens]], Result[Tokens], Result[Tokens]]:
        """Yield each flow that renews the tokens, to be run in its turn; return the result of the last."""
        seen, ended, metadata = task.held.tokens, task.held.ends_in() < 0, self._holder.refresh_metadata
        flow = partial(renew, self._config, seen=seen, ended=ended, metadata=metadata, changed=task.metadata)
        result = yield flow
        if isinstance(result, Err) and is_lost(result) and not task.budget.is_spent:
            result = yield flow
        self.finish(task, result)
        return result

    def _token_after(self, task: RefreshTask, use: TokenUse) -> Result[Any]:
        result = task.value() if task.done else None
        held = self._holder.held
        valid = None if held is None else held.valid(use)
        if valid is not None:
            return valid
        if isinstance(result, Err):
            return result
        if result is None:
            return NO_SESSION if held is None else _LATE
        # Signed out meanwhile, unless the new tokens came expired.
        return _ENDED if held else Ok(result.value.id_token if use == "id" else result.value.access_token)

    def _without_refresh(self, seen: Tokens | None) -> Result[IdToken]:
        held, failure = self._holder.held, self._recent_failure()
        if held is None:
            return NO_SESSION
        return Ok(held.tokens.id_token) if failure is None or held.tokens is not seen else failure

    def finish(self, task: RefreshTask, result: Result[Tokens] | None) -> None:
        """Record the result of a refresh, None if it was interrupted. The next caller begins another."""
        held = self._holder.held
        with self._lock:
            failure = result if isinstance(result, Err) else None
            failed = held is task.held
            if isinstance(result, Ok):
                # Tokens that came expired count as a failure.
                failure, failed = _ENDED, held is not None and held.ends_in() < 0
            if failed and held is not None and task.held.tokens.refresh_token is not None:
                before = self._backoff_of(task.held)
                failures = 1 if before is None else before.failures + 1
                self._backoff = Backoff(held, failure, failures, Instant.now(self._config))
            if self._task is task:
                self._task = None

    def _backoff_of(self, held: HeldTokens | None) -> Backoff | None:
        backoff = self._backoff
        return backoff if backoff is not None and backoff.held is held else None

    def _recent_failure(self) -> Err | None:
        """Return the last failure during its back-off. Only `refresh()` then makes another refresh."""
        backoff = self._backoff_of(self._holder.held)
        return backoff.failure if backoff is not None and backoff.left(self._config) > 0 else None

    def seconds_until_refresh(self) -> float:
        """Return the seconds until `keep_fresh` has something to do."""
        held = self._holder.held
        if held is None:
            return _LONGEST_SLEEP
        backoff = self._backoff_of(held)
        seconds = held.ends_in() if held.tokens.refresh_token is None else held.due_in()
        if backoff is not None:
            seconds = max(seconds, backoff.left(self._config))
        return max(0.0, min(seconds, _LONGEST_SLEEP))
