"""The protocol of stores: entries with versions, and leases; and an async store made of a sync one.

Values are bytes, so that one store can wrap another. A store that cannot be reached raises `OSError`. One that cannot
read an entry raises `EntryRefused`. The service checks no lease, so the versions decide: a lease only saves requests.
A store may also send notifications (`watch`), and take a lease and load in one step (`take`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

from ..models.frozen import Frozen, field
from .changes import Watch

P = ParamSpec("P")
T = TypeVar("T")

Acquired: TypeAlias = Literal["free", "taken over"]
"""The former state of a lease: free, or held by an owner who did not release it."""


class Entry(Frozen):
    """A saved value. Its version grows with every save."""

    value: bytes = field(repr=False)
    version: int


class EntryRefused(ValueError):
    """An entry that this store cannot read. Nobody may overwrite it unasked."""


class Store(Protocol):
    """A place that sessions of several processes share. Any text is a key."""

    def load(self, key: str) -> Entry | None:
        """Return the entry; None if it was never saved, or lost."""
        ...

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Save a value at once or not at all, and return its version, which is greater than `after`.

        after: the version that the value replaces; 0 for none. The store may have lost it, and hold an older one.
            If it holds a newer one, nothing is saved, and None is returned. Leases play no part in this.
        """
        ...

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        """Take the lease of a key for so many seconds of the store's clock; None if another owner holds it.

        An owner who already holds it gets it again, as "taken over".
        """
        ...

    def release(self, key: str, owner: str) -> None:
        """End the lease, if this owner holds it."""
        ...


class AsyncStore(Protocol):
    """The same for async programs."""

    async def load(self, key: str) -> Entry | None:
        """Return the entry, as `Store.load` does."""
        ...

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Save a value, as `Store.save` does."""
        ...

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        """Take the lease, as `Store.acquire` does."""
        ...

    async def release(self, key: str, owner: str) -> None:
        """End the lease, as `Store.release` does."""
        ...


Taken: TypeAlias = tuple[Acquired, Entry | None]
"""The former state of a lease that was taken, and the entry as it is then."""


def watch_of(store: Any, key: str) -> Watch | None:
    """Return the notifications of a key, if the store sends any."""
    watch: Callable[[str], Watch | None] | None = getattr(store, "watch", None)
    return None if watch is None else watch(key)


def take(store: Any, key: str, owner: str, seconds: float) -> Taken | None:
    """Take the lease and load the entry; None if another owner holds the lease."""
    if hasattr(store, "take"):
        taken: Taken | None = store.take(key, owner, seconds)
        return taken
    acquired: Acquired | None = store.acquire(key, owner, seconds)
    return None if acquired is None else (acquired, store.load(key))


async def take_async(store: Any, key: str, owner: str, seconds: float) -> Taken | None:
    """Do the same with an async store."""
    if hasattr(store, "take"):
        taken: Taken | None = await store.take(key, owner, seconds)
        return taken
    acquired: Acquired | None = await store.acquire(key, owner, seconds)
    return None if acquired is None else (acquired, await store.load(key))


class InThreads(AsyncStore):
    """An `AsyncStore` made of a sync store, whose calls run in threads. An `AsyncSession` makes one itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, key: str) -> Entry | None:
        return await _in_thread(self._store.load, key)

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:
        return await _in_thread(self._store.save, key, value, after=after)

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        return await _in_thread(self._store.acquire, key, owner, seconds)

    async def release(self, key: str, owner: str) -> None:
        await _in_thread(self._store.release, key, owner)

    async def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the lease and load in a thread."""
        return await _in_thread(take, self._store, key, owner, seconds)

    def watch(self, key: str) -> Watch | None:
        """Return the store's notifications."""
        return watch_of(self._store, key)


async def _in_thread(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    import asyncio  # here: a program without an event loop imports this module too

    return await asyncio.to_thread(call, *arguments, **named)
