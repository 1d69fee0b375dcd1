"""Sync stores for async programs: each call runs in a thread, so that no file holds the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .changes import Watch
from .protocol import Acquired, AsyncStore, Entry, Store, Taken, take, watch_of

P = ParamSpec("P")
T = TypeVar("T")


class InThreads(AsyncStore):
    """An `AsyncStore` made of a sync store. An `AsyncSession` makes one itself."""

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
        """Return the store's news."""
        return watch_of(self._store, key)


async def _in_thread(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    import asyncio  # here: a program without an event loop imports this module too

    return await asyncio.to_thread(call, *arguments, **named)
