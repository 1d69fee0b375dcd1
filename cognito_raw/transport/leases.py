"""The limit of connections to one address, and the queue of those who wait for one.

A lease is the right to one connection. It is given back when the connection is idle or closed. Leases are counted by
weak references. So one that is dropped, as when an exception hits a thread between two instructions, counts no longer
a moment later. First come, first served.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, TypeAlias
from weakref import ref

from ..concurrency.locks import ForkLock
from .limits import POLL_INTERVAL

Address: TypeAlias = Hashable

# Connections that refreshes use at the same time, but at most half of all.
_MAX_BACKGROUND: Final = 16
# Addresses whose empty queues are kept.
_MAX_QUEUES: Final = 16


class Lease:
    """The right to one connection.

    end: ends it. wake: called when it is given, if it had to wait.
    outer: another lease, which ends with this one.
    """

    __slots__ = ("__weakref__", "_end", "_outer", "queue", "wake")

    wake: Callable[[], object]

    def __init__(self, queue: LeaseQueue, end: Callable[[Lease], None], outer: Lease | None = None) -> None:
        self.queue = queue
        self._end = end
        self._outer = outer

    def give_back(self) -> None:
        """End it. Does nothing the second time, or in a fork."""
        self._end(self)
        if self._outer is not None:
            self._outer.give_back()


class LeaseQueue:
    """The leases of one address: those in use, and those that wait. For one thread at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_use: set[ref[Lease]] = set()
        self._waiting: deque[Lease] = deque()

    def is_empty(self) -> bool:
        return not (self._in_use or self._waiting)

    def ask(self, lease: Lease) -> bool:
        """Give the lease, or let it wait for its turn. Return whether it was given."""
        if self._waiting or not self._has_room():
            self._waiting.append(lease)
            return False
        self._in_use.add(ref(lease))
        return True

    def give_back(self, lease: Lease) -> None:
        """End a lease, in use or waiting, and give those that are free."""
        self._in_use.discard(ref(lease))
        if lease in self._waiting:
            self._waiting.remove(lease)
        self.give_free()

    def give_free(self) -> None:
        """Give free leases to those who wait."""
        while self._waiting and self._has_room():
            lease = self._waiting.popleft()
            self._in_use.add(ref(lease))
            lease.wake()

    def _has_room(self) -> bool:
        if len(self._in_use) >= self._limit:
            self._in_use = {lease for lease in self._in_use if lease() is not None}
        return len(self._in_use) < self._limit


class LeaseQueues(dict[tuple[Address, bool], LeaseQueue]):
    """The queues of all addresses, each with a second one for its refreshes. `ValueError` for an impossible limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = checked_limit(limit)

    def of(self, address: Address, *, background: bool) -> LeaseQueue:
        """Return a queue of an address. Make it if it is not there, and forget empty ones if there are many."""
        name = address, background
        if name not in self:
            if len(self) >= _MAX_QUEUES:
                for other in [other for other, queue in self.items() if queue.is_empty()]:
                    del self[other]
            self[name] = LeaseQueue(min(_MAX_BACKGROUND, max(1, self._limit // 2)) if background else self._limit)
        return self[name]


class Leases:
    """The leases of each address. Safe to use from many threads. A fork begins with none in use.

    lock: that of the connections. An interrupted call that held it has a lease until the next one takes the lock.
    """

    def __init__(self, limit: int, lock: ForkLock) -> None:
        self._lock = lock
        self._queues = LeaseQueues(limit)
        self._process = os.getpid()

    def take(self, address: Address, remaining: Callable[[], float], *, background: bool = False) -> Lease:
        """Wait for a lease, and return it.

        remaining: returns the seconds that remain, and raises `TimeoutError` at the deadline.
        background: whether it is one of the few for refreshes.
        """
        outer = self._take(address, remaining, background=True) if background else None
        return self._take(address, remaining, outer)

    def _take(
        self, address: Address, remaining: Callable[[], float], outer: Lease | None = None, *, background: bool = False
    ) -> Lease:
        with self._lock:
            if self._process != os.getpid():
                self._queues.clear()
                self._process = os.getpid()
            lease = Lease(self._queues.of(address, background=background), self._give_back, outer)
            if lease.queue.ask(lease):
                return lease
            woken = threading.Lock()
            woken.acquire()
            lease.wake = woken.release
        try:
            self._wait(lease, woken, remaining)
        except BaseException:
            lease.give_back()
            raise
        return lease

    def _give_back(self, lease: Lease) -> None:
        with self._lock:
            lease.queue.give_back(lease)

    def _wait(self, lease: Lease, woken: threading.Lock, remaining: Callable[[], float]) -> None:
        # Now and then, since nobody wakes those who wait for a lease that was dropped.
        while not woken.acquire(timeout=min(remaining(), POLL_INTERVAL)):
            with self._lock:
                lease.queue.give_free()


def checked_limit(limit: object) -> int:
    """Return the limit. `ValueError` if it is not a whole number above 0."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ValueError(f"limit {limit!r}: must be a whole number of connections, at least 1")
    return limit
