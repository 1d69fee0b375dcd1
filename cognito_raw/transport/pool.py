"""Connections that lie idle between requests: kept for some seconds, each for one address, and never across a fork."""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from ..concurrency.locks import ForkLock
from .limits import LONGEST_IDLE


class Resting:
    """Something for one address that one request uses at a time, and that must not lie idle for long."""

    def __init__(self, address: object) -> None:
        self.address = address
        self._process = os.getpid()
        self._since = (0.0, 0.0)

    def rest(self) -> None:
        """From now on it lies idle."""
        self._since = (time.monotonic(), time.time())

    def is_fresh(self) -> bool:
        """Whether it may be used once more."""
        # A fork shares its parent's sockets and must not use them. Both clocks: a frozen process may miss one of them.
        return (
            self._process == os.getpid()
            and time.monotonic() - self._since[0] < LONGEST_IDLE
            and abs(time.time() - self._since[1]) < LONGEST_IDLE
        )


class Line(Resting, ABC):
    """One connection for one address, used by one request at a time."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection, or the copy of it that a fork has, which leaves the parent's alone."""


L = TypeVar("L", bound=Line)


class Idle(Generic[L]):
    """The lines that wait for their next request. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._lines: list[L] = []

    def lock(self) -> threading.Lock:
        """What guards the lines, and may guard more of their owner."""
        return self._lock.own()

    def take(self, address: object) -> L | None:
        """A fresh line to this address, which is the caller's now. All that are stale are closed."""
        fresh: list[L] = []
        stale: list[L] = []
        with self.lock():
            for line in self._lines:
                (fresh if line.is_fresh() else stale).append(line)
            found = next((line for line in reversed(fresh) if line.address == address), None)
            self._lines = [line for line in fresh if line is not found]
        for line in stale:
            line.close()
        return found

    def keep(self, line: L) -> None:
        """Have a line wait for the next request to its address."""
        line.rest()
        with self.lock():
            self._lines.append(line)

    def close(self) -> None:
        """Close all that wait."""
        with self.lock():
            lines, self._lines = self._lines, []
        for line in lines:
            line.close()
