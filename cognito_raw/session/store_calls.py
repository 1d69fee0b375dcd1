"""Calls of a store as steps of a flow: what a store raises becomes an `Err`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar

from ..concurrency.locks import is_from_signal
from ..flow import Action, Pause
from ..result import Err, Ok, Result
from ..store.changes import Changes, Mark, Watch
from ..store.protocol import EntryRefused, InThreads, take, take_async, watch_of

T = TypeVar("T")

# Seconds that leave a request some time, and the store a moment before it.
_SHORTEST_LEASE: Final = 4.0
# Those of a store without notifications.
_NO_NEWS: Final = Changes()


class StoreCalls:
    """Makes steps of a store's methods for one entry. For an async session, a sync store runs in threads.

    lease: seconds of the entry's lease.
    """

    __slots__ = ("_attempt", "_key", "_store", "_take", "_wait", "lease", "watch")

    def __init__(self, store: Any, key: str | None, lease: float, *, is_async: bool) -> None:
        if store is None or not isinstance(key, str):
            raise ValueError("store= and key= go together: key is the name of the entry, such as the user's id")
        if not _SHORTEST_LEASE <= lease < float("inf"):
            raise ValueError(f"lease {lease!r}: must be 4 seconds or more, since nothing is sent in its last 3")
        if not is_async and _is_async(store):
            raise ValueError("store is an async store: a sync session needs a sync one")
        self._store = InThreads(store) if is_async and not _is_async(store) else store
        self._key = key
        self.lease = lease
        self._attempt: Callable[[Any], object] = _attempt_async if is_async else _attempt
        self._take: Callable[..., Any] = take_async if is_async else take
        self._wait: Callable[..., Any] = Watch.wait_async if is_async else Watch.wait
        self.watch = watch_of(store, key) or Watch(_NO_NEWS)

    def __call__(self, method: str, *arguments: object, **named: object) -> Action:
        """Return the step that calls a method for the entry."""
        return Action(partial(self._attempt, partial(getattr(self._store, method), self._key, *arguments, **named)))

    def take(self, owner: str) -> Action:
        """Return the step that takes the lease, and then loads the entry."""
        return Action(partial(self._attempt, partial(self._take, self._store, self._key, owner, self.lease)))

    def wait(self, mark: Mark, poll: float, longest: float) -> Action | Pause:
        """Return the step that waits for a notification after the mark, or for the time of a poll."""
        is_live = self.watch.is_live
        return Action(partial(self._wait, self.watch, mark, longest)) if is_live else Pause(min(poll, longest))


def _is_async(store: object) -> bool:
    import inspect

    load = getattr(store, "load", None)
    if not callable(load):
        raise ValueError(f"store must be a store, such as FileStore(folder), not {type(store).__name__}")
    return inspect.iscoroutinefunction(load)


def _attempt(call: Callable[[], T]) -> Result[T]:
    try:
        return Ok(call())
    except (OSError, EntryRefused) as error:
        return _failure(error)


async def _attempt_async(call: Callable[[], Awaitable[T]]) -> Result[T]:
    try:
        return Ok(await call())
    except (OSError, EntryRefused) as error:
        return _failure(error)


def _failure(error: OSError | EntryRefused) -> Err:
    if is_from_signal(error):
        raise error
    if isinstance(error, EntryRefused):
        return Err("store-entry-refused", str(error))
    return Err("store-unavailable", f"{type(error).__name__}: {error}", retryable=True)
