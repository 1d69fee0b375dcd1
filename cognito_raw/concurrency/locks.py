"""Who may go on, and who must wait: locks that survive a fork, and turns that survive an event loop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

# Seconds between looks whether another event loop is done with its turn.
_LOOK: Final = 0.01


class ForkLock:
    """A lock for each process: a thread that a fork did not copy may hold its parent's for ever."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def own(self) -> threading.Lock:
        """The lock of this process."""
        return self._locks.setdefault(os.getpid(), threading.Lock())


class LoopLock:
    """One journey at a time: among the tasks of an event loop, of which there may be a new one at every invocation.

    And among the loops that run, as in two threads: one that left its journey unfinished keeps no turn.
    """

    __slots__ = ("_holder", "_locks", "_taking")

    def __init__(self) -> None:
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        self._holder: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._taking = ForkLock()

    async def acquire(self) -> Callable[[], None]:
        """Wait for a turn. Gives a function that ends it, also after its event loop ended."""
        import asyncio

        loop = asyncio.get_running_loop()
        lock = self._lock(loop)
        await lock.acquire()
        try:
            while not self._take(loop):  # noqa: ASYNC110  # nothing tells one event loop that another is done
                await asyncio.sleep(_LOOK)
        except BaseException:
            lock.release()
            raise

        def end() -> None:
            with self._taking.own():
                if self._holder == (os.getpid(), loop):
                    self._holder = None
            lock.release()

        return end

    def _lock(self, loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
        import asyncio

        with self._taking.own():
            if loop not in self._locks:
                self._locks = {other: lock for other, lock in self._locks.items() if not other.is_closed()}
                self._locks[loop] = asyncio.Lock()
            return self._locks[loop]

    def _take(self, loop: asyncio.AbstractEventLoop) -> bool:
        with self._taking.own():
            process, holder = self._holder or (0, loop)
            if holder is not loop and process == os.getpid() and holder.is_running():
                return False
            self._holder = (os.getpid(), loop)
            return True
