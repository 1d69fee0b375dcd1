"""Locks that survive a fork: the child's is its own, and free, whoever held the parent's."""

from __future__ import annotations

import os
import threading


class ProcessLock:
    """A lock for each process: a thread that a fork did not copy may hold its parent's for ever."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def own(self) -> threading.Lock:
        """The lock of this process."""
        return self._locks.setdefault(os.getpid(), threading.Lock())
