"""Sync stores for async programs: each call runs in a thread, so that no file holds the event loop."""

from __future__ import annotations

from .changes import Watch
from .optional import Taken, take, watch_of
from .protocol import Acquired, Entry, Store


class InThreads:
    """An `AsyncStore` made of a sync store. An `AsyncSession` makes one itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, key: str) -> Entry | None:
        """Load in a thread."""
        import asyncio

        return await asyncio.to_thread(self._store.load, key)

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Save in a thread."""
        import asyncio

        return await asyncio.to_thread(self._store.save, key, value, after=after)

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        """Acquire in a thread."""
        import asyncio

        return await asyncio.to_thread(self._store.acquire, key, owner, seconds)

    async def release(self, key: str, owner: str) -> None:
        """Release in a thread."""
        import asyncio

        await asyncio.to_thread(self._store.release, key, owner)

    async def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the lease and load in a thread."""
        import asyncio

        return await asyncio.to_thread(take, self._store, key, owner, seconds)

    def watch(self, key: str) -> Watch | None:
        """Return the store's news."""
        return watch_of(self._store, key)
