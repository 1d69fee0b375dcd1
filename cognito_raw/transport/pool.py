"""A pool of idle connections. Each is kept for some seconds, for one address, and never used after a fork."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from ..concurrency.locks import ForkLock
from .limits import MAX_IDLE


class Reusable:
    """Belongs to one address, serves one request at a time, and is not used after a long idle time."""

    def __init__(self, address: object) -> None:
        self.address = address
        self._process = os.getpid()
        self._idle_since = (0.0, 0.0)

    def mark_idle(self) -> None:
        """Start the idle time."""
        self._idle_since = (time.monotonic(), time.time())

    def is_fresh(self) -> bool:
        """Return whether it may be used again."""
        # A fork shares its parent's sockets and must not use them. A suspended process may miss one of the clocks.
        return (
            self._process == os.getpid()
            and time.monotonic() - self._idle_since[0] < MAX_IDLE
            and abs(time.time() - self._idle_since[1]) < MAX_IDLE
        )


class Connection(Reusable, ABC):
    """One connection to one address, used by one request at a time."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. In a fork, close only the fork's copy."""


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """Idle connections. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._idle: list[C] = []

    def lock(self) -> ForkLock:
        """Return the lock of the connections. The pool's owner may use it too."""
        return self._lock

    def acquire(self, address: object) -> C | None:
        """Remove and return a fresh connection to the address, if there is one. Close all stale ones."""
        fresh: list[C] = []
        stale: list[C] = []
        with self.lock():
            for connection in self._idle:
                (fresh if connection.is_fresh() else stale).append(connection)
            found = next((connection for connection in reversed(fresh) if connection.address == address), None)
            self._idle = [connection for connection in fresh if connection is not found]
        for connection in stale:
            connection.close()
        return found

    def release(self, connection: C) -> None:
        """Keep a connection for the next request to its address."""
        connection.mark_idle()
        with self.lock():
            self._idle.append(connection)

    def close(self) -> None:
        """Close all idle connections."""
        with self.lock():
            connections, self._idle = self._idle, []
        for connection in connections:
            connection.close()
