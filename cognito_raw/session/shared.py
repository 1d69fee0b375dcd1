"""A session whose state is in a store that other sessions share, in this process or in others.

The state in memory is a copy of the entry. Each change is saved before it is kept. Where somebody saved first, the
change is made again on the newer state. New tokens are kept only where they replace the tokens in it. A refresh takes
the lease of the entry. The service checks no lease, so the versions of entries alone decide.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from ..call import Call
from ..concurrency.clock import Instant
from ..concurrency.locks import ForkLock
from ..config import Config
from ..flow import Action, Driven, Limited, advance
from ..models.context import RefreshMetadata
from ..models.frozen import replace
from ..models.tokens import Tokens, TokenUse
from ..result import Err, Ok, Result
from ..store.changes import LONGEST_WAIT, Mark
from ..store.protocol import Entry
from .expiry import HeldTokens, issue_time
from .holder import SessionHolder
from .state import Exclusive, SessionFlow, State
from .store_calls import StoreCalls

T = TypeVar("T")
Change: TypeAlias = Callable[[State], State]

# The last seconds of a lease, in which nothing is sent.
_RESERVE: Final = 3.0
# Seconds between two looks at the store of who waits for a lease: doubled from the first to the second.
_POLL: Final = (0.05, 0.4)
# Seconds between two attempts to save what could not be saved.
_RETRY: Final = 1.0
_NOTHING: Final = (0, hash(b""))
_BUSY: Final = Err("timed-out", "another session refreshed for too long", retryable=True)
_SIGNED_OUT: Final = {"tokens": None, "challenge": None}


class SharedTokens(HeldTokens):
    """Tokens of a store. A session returns them without another look for a while only."""

    __slots__ = ("_holder",)

    def __init__(self, holder: SharedHolder, config: Config, tokens: Tokens, drift: float) -> None:
        super().__init__(config, tokens, drift)
        self._holder = holder

    def fresh(self, use: TokenUse) -> Ok[Any] | None:
        """Return the token if it is not due yet, and the store was loaded from lately."""
        return super().fresh(use) if self._holder.is_current else None


class SharedHolder(SessionHolder):
    """The state of a session with a store.

    ask: makes the calls of the store. staleness: seconds for which the state in memory is used without asking it.
    """

    __slots__ = ("_checked", "_loaded", "_lock", "_mark", "_pending", "_saved", "_seen", "_staleness", "_suffix", "ask")

    def __init__(
        self, config: Config, state: State, metadata: RefreshMetadata | None, ask: StoreCalls, staleness: float
    ) -> None:
        if not staleness >= 0:
            raise ValueError(f"staleness {staleness!r}: must be a number of seconds, 0 or more")
        self.ask = ask
        self._staleness = staleness
        self._suffix = os.urandom(8).hex()
        self._lock = ForkLock()
        self._checked: Instant | None = None
        self._mark = ask.watch.mark
        self._seen: Instant | None = None  # the last time at which `state` was surely the store's
        self._loaded = False
        self._pending: list[Change] = []  # not saved yet
        self._saved: tuple[int, int] = _NOTHING  # the version and the hash of the entry that `state` is
        super().__init__(config, state, metadata)

    def _hold(self, tokens: Tokens, drift: float) -> HeldTokens:
        return SharedTokens(self, self._config, tokens, drift)

    @property
    def is_current(self) -> bool:
        """Tell if the store was loaded from lately, and no change was announced since."""
        if not self.ask.watch.is_current(self._mark, self._saved[0]):
            return False
        checked, limit = self._checked, min(self._staleness, _RETRY) if self._pending else self._staleness
        return self._loaded and checked is not None and checked.age(self._config) < limit

    def waking(self, wake: Callable[[], object]) -> AbstractContextManager[None]:
        """Call the function at each notification of the store, until the block ends."""
        return self.ask.watch.waking(wake)

    def forget(self) -> None:
        """Forget the tokens and the challenge, at the next sync in the store too."""
        super().forget()
        self._pending.append(lambda state: replace(state, **_SIGNED_OUT))
        self._checked = None

    def calls_of(self, start: Callable[[State], SessionFlow[T]], seconds: float) -> Driven[Result[T]]:
        """Start the flow on the store's state, keep its states there, and return its result."""
        if not self.ask.watch.is_live or not self.is_current:
            failure = yield from self.sync()
            if failure is not None:
                return failure
        return (yield from _Run(self, start, seconds).steps())

    @property
    def owner(self) -> str:
        """The name of this session as an owner of leases. A fork has another."""
        return f"{os.getpid()}-{self._suffix}"

    def sync(
        self, change: Change | None = None, *, loaded: tuple[Mark, Entry | None] | None = None
    ) -> Generator[Action, Any, Err | None]:
        """Take over a newer state of the store, make our changes on it, and save what the store lacks.

        loaded: the entry, if it was loaded just now, and the position in the notifications before.
        change: a change of our own. If the store fails, it is kept in memory, and saved at a later sync.
        """
        began = Instant.now(self._config)
        if change is None:
            self._checked, self._mark = began, self.ask.watch.mark if loaded is None else loaded[0]
        else:
            self._pending.append(change)
        with self._lock:
            base, saved = self.state, self._saved
        lacks, reload = False, change is None
        while True:
            if reload:
                read = self._read((yield self.ask("load")) if loaded is None else Ok(loaded[1]))
                if isinstance(read, Err):
                    self._keep_pending(base, saved, read)
                    return read
                (found, state), loaded = read.value, None
                if state is not None and found[0] > saved[0]:
                    base, saved = state, found
                lacks = found != saved or (found == _NOTHING and base != State())
            changes = list(self._pending)
            state = _changed(base, changes)
            if not changes and not lacks:
                break
            value = json.dumps(state.to_dict(), separators=(",", ":")).encode()
            answer = yield self.ask("save", value, after=saved[0])
            if isinstance(answer, Err):
                self._keep_pending(base, saved, answer)
                return answer
            if answer.value is not None:
                saved = answer.value, hash(value)
                break
            reload = True
        self._settle(self._dated(state) if reload and state is base else state, saved, changes)
        self._loaded, self._seen = True, began
        return None

    def _dated(self, state: State) -> State:
        """Return a loaded state whose tokens are no older than the last look: another machine's clock may differ."""
        issued = None if state.tokens is None else issue_time(state.tokens)
        if issued is None or self._seen is None or state.tokens == self.state.tokens:
            return state
        return replace(state, drift=min(state.drift, issued - self._config.clock() + self._seen.age(self._config)))

    def _read(self, loaded: Result[Entry | None]) -> Result[tuple[tuple[int, int], State | None]]:
        """Return the version and hash of an entry, and its state."""
        if isinstance(loaded, Err):
            return loaded
        entry = loaded.value
        if entry is None:
            return Ok((_NOTHING, None))
        try:
            state = State.from_dict(json.loads(entry.value)).bound_to(self._config.pool_id, self._config.client_id)
        except (ValueError, RecursionError) as error:  # from JSON, it would quote the entry
            is_json = not isinstance(error, (json.JSONDecodeError, UnicodeError, RecursionError))
            return Err("store-entry-refused", str(error) if is_json else "the entry is not JSON")
        return Ok(((entry.version, hash(entry.value)), state))

    def _keep_pending(self, base: State, saved: tuple[int, int], failure: Err) -> None:
        if failure.reason == "store-entry-refused":
            self._loaded = False
        else:
            self._settle(_changed(base, self._pending), saved, [])

    def _settle(self, state: State, saved: tuple[int, int], changes: list[Change]) -> None:
        """Keep the state, unless another thread has a newer one by now."""
        with self._lock:
            for change in changes:
                if change in self._pending:
                    self._pending.remove(change)
            if saved[0] < self._saved[0]:
                return
            if state.tokens == self.state.tokens:  # they are compared by identity
                state = replace(state, tokens=self.state.tokens)
            self._saved = saved
            self._asked = None
            if state != self.state:
                self.keep(state)


class _Run(Generic[T]):
    """One flow on the shared state."""

    def __init__(self, holder: SharedHolder, start: Callable[[State], SessionFlow[T]], seconds: float) -> None:
        self._holder = holder
        self._config = holder._config
        self._start = start
        self._ends = self._config.monotonic() + seconds
        self._lease: float | None = None  # its end
        self._forgotten = holder._forgotten
        self._before = holder.state
        self._sent = False

    def steps(self) -> Driven[Result[T]]:
        """Run the flow, from its beginning again if another session renewed the tokens meanwhile."""
        result: Result[T] | None = None
        while result is None:
            result = yield from self._attempt()
        yield from self._release()
        return result

    def _attempt(self) -> Driven[Result[T] | None]:
        self._before = base = self._holder.state
        with closing(self._start(base)) as flow:
            step = advance(flow)
            while True:
                if isinstance(step, Call):
                    yield from self._prolong()
                    self._holder._asked = Instant.now(self._config)
                    self._sent = True
                    call = step if self._lease is None else Limited(step, self._lease, _RESERVE)
                    step = advance(flow, (yield call))
                    continue
                if isinstance(step, Exclusive) and self._lease is None:
                    failure = yield from self._acquire()
                    if failure is not None:
                        return failure
                    if self._holder.state != base:
                        return None
                state, result = step if isinstance(step, tuple) else (step, None)
                state = state.state if isinstance(state, Exclusive) else state
                failure = yield from self._keep(state)
                if failure is not None and (not self._sent or (isinstance(result, Ok) and self._lease is None)):
                    return replace(failure, sent="yes" if self._sent else "no")
                if self._lease is not None and self._holder.state.tokens != state.tokens:
                    return None  # another session renewed them
                if result is not None:
                    return result
                if isinstance(step, State):
                    yield from self._release()
                step = advance(flow)

    def _prolong(self) -> Driven[None]:
        """Take the lease once more if too little of it is left to send a request, and nobody has saved meanwhile."""
        holder, began = self._holder, self._config.monotonic()
        if self._lease is not None and self._lease - began < _RESERVE:
            taken = yield holder.ask.take(holder.owner)
            entry = taken.value[1] if isinstance(taken, Ok) and taken.value is not None else None
            if entry is not None and entry.version == holder._saved[0]:
                self._lease = began + holder.ask.lease

    def _keep(self, state: State) -> Generator[Action, Any, Err | None]:
        """Save the change since the last state, and keep it."""
        holder, before, self._before = self._holder, self._before, state
        if state.tokens is not None and state.tokens is not before.tokens:
            state = holder._aged(state)
        if self._forgotten != holder._forgotten:
            state = replace(state, **_SIGNED_OUT)
        changed: dict[str, object] = {
            name: getattr(state, name) for name in _NAMES if getattr(state, name) != getattr(before, name)
        }
        if not changed:
            return None
        if "tokens" in changed:  # these belong to the tokens
            changed |= {"drift": state.drift, "unanswered": state.unanswered}
        renewed = before.tokens if self._lease is not None else None
        return (yield from holder.sync(partial(_with_changes, changed, renewed)))

    def _acquire(self) -> Driven[Err | None]:
        """Take the lease, and load again. Return without it if the state changes meanwhile."""
        holder, before, pause, watch = self._holder, self._holder.state, _POLL[0], self._holder.ask.watch
        while holder.state == before:
            mark, began, asks = watch.mark, self._config.monotonic(), watch.may_ask()
            taken = (yield holder.ask.take(holder.owner)) if asks else Ok(None)
            if isinstance(taken, Err):
                return taken
            if taken.value is not None:
                self._lease = began + holder.ask.lease
                return (yield from holder.sync(loaded=(mark, taken.value[1])))
            left = self._ends - self._config.monotonic()
            if left <= pause:
                return _BUSY
            yield holder.ask.wait(mark, pause, min(left, LONGEST_WAIT))
            pause = min(2 * pause, _POLL[1])
            failure = (yield from holder.sync()) if asks or watch.mark != mark else None
            if failure is not None:
                return failure
        return None

    def _release(self) -> Generator[Action, Any, None]:
        if self._lease is not None:
            self._lease = None
            yield self._holder.ask("release", self._holder.owner)
            self._holder.ask.watch.end_asking()


_NAMES: Final = State.__match_args__[:-2]  # not those of the pool and the app client, which never change


def _with_changes(changed: dict[str, object], renewed: Tokens | None, state: State) -> State:
    """Return the state with these changes. A renewal changes only the tokens that it renewed."""
    if renewed is not None and state.tokens != renewed:
        return state
    return replace(state, **changed)


def _changed(state: State, changes: list[Change]) -> State:
    for change in list(changes):
        state = change(state)
    return state
