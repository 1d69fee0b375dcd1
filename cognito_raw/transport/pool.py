"""A pool of connections, of which so many at most are in use for one address.

An idle connection is kept for some seconds, for its address, and never used after a fork. If several are idle, a thread
closes those that are no longer needed, and ends with the last of them. A single one waits for the next request, so that
a program with one thread needs no other.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from ..call import Request
from ..concurrency.background import start_thread
from ..concurrency.clock import steady
from ..concurrency.locks import AutoResetEvent, ForkLock
from .leases import Address, Lease, Leases
from .limits import MAX_CONNECTIONS, MAX_IDLE, REAP_INTERVAL
from .proxy import split_url
from .sockets import Deadline


def address_of(url: str) -> Address:
    """Return the scheme, host and port of a URL. A text that is no URL stands for itself."""
    try:
        parts, target = split_url(url)
    except ValueError:
        return url
    return parts.scheme, target.host, target.port


class Reusable:
    """Belongs to one address, serves one request at a time, and is not used after a long idle time.

    lease: the right to it while it is in use.
    """

    lease: Lease | None = None

    def __init__(self, address: Address) -> None:
        self.address = address
        self._process = os.getpid()
        self._idle_since = (0.0, 0.0)

    def mark_idle(self) -> None:
        """Start the idle time."""
        self._idle_since = (steady(), time.time())

    def is_fresh(self) -> bool:
        """Return whether it may be used again."""
        # A fork shares its parent's sockets and must not use them. A suspended process may miss one of the clocks.
        return (
            self._process == os.getpid()
            and steady() - self._idle_since[0] < MAX_IDLE
            and abs(time.time() - self._idle_since[1]) < MAX_IDLE
        )


class Connection(Reusable, ABC):
    """One connection to one address, used by one request at a time.

    generation: counts how often its pool had been closed before it was opened.
    """

    generation = 0

    def is_quiet(self) -> bool:
        """Return whether the server has neither sent more nor closed it. If that cannot be told, it is quiet."""
        return True

    @abstractmethod
    def close(self) -> None:
        """Close the connection. In a fork, close only the fork's copy."""


C = TypeVar("C", bound=Connection)
T = TypeVar("T")


class Pool(Generic[C]):
    """Connections, in use and idle. Safe to use from many threads.

    limit: how many calls may have one to the same address. Others wait until one is free.
    lock: guards the connections. The pool's owner may use it too.
    """

    def __init__(self, limit: int = MAX_CONNECTIONS) -> None:
        self.lock = ForkLock()
        self._leases = Leases(limit, self.lock)
        self._idle: list[C] = []
        self._generation = 0
        self._reaper: threading.Thread | None = None
        self._ending = AutoResetEvent()
        _pools.add(self)

    def connect(self, request: Request, address: Address, deadline: Deadline, make: Callable[[], C]) -> C:
        """Return a connection for a request: an idle one, or else a new one. Wait for it if too many are in use.

        `TimeoutError` if none is free before the deadline. Public documents never wait for calls.
        """
        lease = None
        if request.method != "GET":
            lease = self._leases.take(address_of(request.url), deadline.remaining, background=request.background)
        generation = self._generation
        try:
            connection = self.acquire(address) or make()
        except BaseException:
            if lease is not None:
                lease.give_back()
            raise
        connection.lease, connection.generation = lease, generation
        return connection

    def acquire(self, address: Address) -> C | None:
        """Remove and return a usable connection to the address, if there is one. Close all stale ones."""
        while True:
            with self.lock:
                stale = self._take_stale()
                found = next((connection for connection in reversed(self._idle) if connection.address == address), None)
                if found is not None:
                    self._idle.remove(found)
            for connection in stale:
                connection.close()
            if found is None or found.is_quiet():
                return found
            found.close()

    def use(self, connection: C, exchange: Callable[[], tuple[T, bool]]) -> T:
        """Run an exchange over a connection. It returns its result, and whether the connection may be used again."""
        reusable = False
        try:
            result, reusable = exchange()
        finally:
            self.release(connection, reusable=reusable)
        return result

    def release(self, connection: C, *, reusable: bool = True) -> None:
        """Keep a connection for the next request to its address. Close it if the pool was closed meanwhile."""
        lease, connection.lease = connection.lease, None
        with self.lock:
            connection.mark_idle()  # here, so that the longest idle comes first
            kept = reusable and connection.generation == self._generation
            if kept:
                self._idle.append(connection)
                self._start_reaper()
        if not kept:
            connection.close()
        if lease is not None:  # now, so that who waits for it finds the connection
            lease.give_back()

    def close(self) -> None:
        """Close all idle connections, and those in use once they are released."""
        with self.lock:
            connections, self._idle = self._idle, []
            self._generation += 1
        for connection in connections:
            connection.close()

    def _take_stale(self) -> list[C]:
        stale = list(takewhile(lambda connection: not connection.is_fresh(), self._idle))
        del self._idle[: len(stale)]
        return stale

    def _start_reaper(self) -> None:
        reaping = self._reaper is not None and self._reaper.is_alive()  # not in a fork
        if reaping or len(self._idle) < 2 or sys.is_finalizing():
            return
        self._ending = ending = AutoResetEvent()
        # None if there can be no more threads: then the next request closes them.
        self._reaper = start_thread(partial(self._reap, ending), "cognito_raw idle")

    def _reap(self, ending: AutoResetEvent) -> None:
        reaping = True
        while reaping and not ending.wait(REAP_INTERVAL):
            with self.lock:
                stale = self._take_stale()
                if not self._idle:
                    self._reaper, reaping = None, False
            for connection in stale:
                connection.close()

    def end_reaper(self) -> None:
        """End the thread that closes idle connections. The next request starts it again."""
        reaper, self._reaper = self._reaper, None
        if reaper is not None and reaper.is_alive():
            self._ending.set()
            reaper.join(REAP_INTERVAL)


_pools: Final[WeakSet[Pool[Any]]] = WeakSet()


def _prepare_fork() -> None:
    for pool in list(_pools):
        pool.end_reaper()


# Python warns of a fork beside threads. Windows has no forks.
getattr(os, "register_at_fork", lambda **_: None)(before=_prepare_fork)
