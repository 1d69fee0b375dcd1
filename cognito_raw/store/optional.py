"""Abilities that a store may have beside its protocol: news, and a lease and the entry in one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .changes import Watch
from .protocol import Acquired, Entry

Taken: TypeAlias = tuple[Acquired, Entry | None]
"""The former state of a lease that was taken, and the entry as it is then."""


def watch_of(store: Any, key: str) -> Watch | None:
    """Return the news of a key, if the store has any."""
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
