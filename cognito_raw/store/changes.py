"""Notifications of changes in a store, which one subscriber receives for all sessions of the process.

A notification only means that a copy may be old. Where they are missing, a copy is read again after a while.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from weakref import WeakSet, WeakValueDictionary

from ..concurrency.clock import steady
from ..concurrency.locks import ForkLock

Mark: TypeAlias = tuple[int, int]
"""A position in the notifications of one key."""

# Seconds between two looks at the store of a session that waits, in case a notification is lost.
LONGEST_WAIT: Final = 1.0
# After so many silent intervals, a connection counts as lost: each one sends a ping.
_LONGEST_SILENCE: Final = 3


class Changes:
    """The notifications of one store.

    is_live: whether a subscriber receives them. is_closed: whether it shall end.
    """

    __slots__ = ("__weakref__", "_lock", "_silence", "_watches", "epoch", "is_closed", "is_live")

    def __init__(self) -> None:
        self.epoch = 0  # grows whenever notifications may have been missed
        self.is_live = False
        self.is_closed = False
        self._silence = 0
        self._watches = WeakValueDictionary[bytes, Watch]()
        self._lock = ForkLock()
        _ALL.add(self)

    def watch(self, name: bytes) -> Watch:
        """Return the notifications of one name, shared by all callers."""
        with self._lock:
            return self._watches.setdefault(name, Watch(self))

    def receive(self, message: Mapping[str, Any] | None) -> bool:
        """Take a message of the subscription, None after an interval of silence. Return whether to send a ping.

        The text of a message is the version and the name of a changed entry.
        """
        self._silence = self._silence + 1 if message is None else 0
        if self._silence > _LONGEST_SILENCE:
            raise TimeoutError("the subscription's connection is silent")
        if message is not None and message["type"] == "subscribe":
            self.miss(is_live=True)
        elif message is not None and message["type"] == "message":
            data: str | bytes = message["data"]
            version, _, name = (data.encode() if isinstance(data, str) else data).partition(b" ")
            watch = self._watches.get(name)
            if watch is not None and version.isdigit():
                watch.receive(int(version))
        return message is None

    def close(self) -> None:
        """Receive no more."""
        self.is_closed = True
        self.miss()

    def miss(self, *, is_live: bool = False) -> None:
        """Make every copy stale, since notifications may have been missed."""
        missed, self.is_live, self._silence = is_live or self.is_live, is_live, 0
        if not missed:
            return
        self.epoch += 1
        with self._lock:
            watches = list(self._watches.values())
        for watch in watches:
            watch.wake()


class Watch:
    """The notifications of one key."""

    __slots__ = ("__weakref__", "_asked", "_changes", "_received", "_version", "_wakers")

    def __init__(self, changes: Changes) -> None:
        self._asked: tuple[Mark, float] | None = None
        self._changes = changes
        self._received = 0
        self._version = 0
        self._wakers: list[Callable[[], object]] = []

    @property
    def is_live(self) -> bool:
        """Tell if notifications are received."""
        return self._changes.is_live

    @property
    def mark(self) -> Mark:
        """The present position: take it before reading the entry."""
        return self._changes.epoch, self._received

    def is_current(self, mark: Mark, version: int) -> bool:
        """Tell if no newer version was announced since the mark, and nothing missed."""
        return mark[0] == self._changes.epoch and (mark[1] == self._received or self._version <= version)

    def may_ask(self) -> bool:
        """Tell if this session may ask for the lease, and note it: no other one of the process has just done so.

        Without a notification since, the answer would be the same. If a session gives up or dies, another one asks.
        """
        asked, now, mark = self._asked, steady(), self.mark
        if self.is_live and asked is not None and asked[0] == mark and now - asked[1] < LONGEST_WAIT:
            return False
        self._asked = mark, now
        return True

    def end_asking(self) -> None:
        """Let any session ask again."""
        self._asked = None

    def receive(self, version: int) -> None:
        """Take the version of a changed entry."""
        self._version = version
        self._received += 1
        self.wake()

    def wake(self) -> None:
        """Wake all who wait."""
        for wake in list(self._wakers):
            try:
                wake()
            except RuntimeError:  # its event loop has ended
                pass

    def wait(self, mark: Mark, seconds: float) -> None:
        """Wait for a notification after the mark."""
        import threading

        changed = threading.Event()
        with self.waking(changed.set):
            if self.mark == mark:
                changed.wait(seconds)

    async def wait_async(self, mark: Mark, seconds: float) -> None:
        """Wait for a notification after the mark, which another thread may receive."""
        import asyncio

        changed, loop = asyncio.Event(), asyncio.get_running_loop()
        with self.waking(lambda: loop.call_soon_threadsafe(changed.set)):
            if self.mark == mark:
                try:
                    await asyncio.wait_for(changed.wait(), seconds)
                except TimeoutError:
                    pass

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call the function at each notification, until the block ends."""
        self._wakers.append(wake)
        try:
            yield
        finally:
            self._wakers.remove(wake)


def _miss_all() -> None:
    """Make every copy stale: a fork has no thread that receives notifications."""
    for changes in list(_ALL):
        changes.miss()


_ALL: Final = WeakSet[Changes]()
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_miss_all)
