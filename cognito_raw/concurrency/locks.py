"""Fork-safe and loop-safe locks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

# Seconds between two looks at a lock that another event loop holds.
_POLL_INTERVAL: Final = 0.01


class ForkLock:
    """A lock for each process. After a fork, a thread of the parent may hold the parent's lock for ever."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def own(self) -> threading.Lock:
        """Return the lock of this process."""
        return self._locks.setdefault(os.getpid(), threading.Lock())


class LoopLock:
    """A lock among tasks of one event loop after the other, as a serverless function has them.

    It also holds among event loops that run at the same time, in several threads. A loop that has stopped loses it.
    """

    __slots__ = ("_guard", "_holder", "_locks")

    def __init__(self) -> None:
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        self._holder: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._guard = ForkLock()

    async def acquire(self) -> Callable[[], None]:
        """Wait for the lock. Returns a function that releases it, also after its event loop has ended."""
        import asyncio

        loop = asyncio.get_running_loop()
        lock = self._lock(loop)
        await lock.acquire()
        try:
            while not self._take(loop):  # noqa: ASYNC110  # nothing tells one event loop that another is done
                await asyncio.sleep(_POLL_INTERVAL)
        except BaseException:
            lock.release()
            raise

        def release() -> None:
            with self._guard.own():
                if self._holder == (os.getpid(), loop):
                    self._holder = None
            lock.release()

        return release

    def _lock(self, loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
        import asyncio

        with self._guard.own():
            if loop not in self._locks:
                self._locks = {other: lock for other, lock in self._locks.items() if not other.is_closed()}
                self._locks[loop] = asyncio.Lock()
            return self._locks[loop]

    def _take(self, loop: asyncio.AbstractEventLoop) -> bool:
        with self._guard.own():
            process, holder = self._holder or (0, loop)
            if holder is not loop and process == os.getpid() and holder.is_running():
                return False
            self._holder = (os.getpid(), loop)
            return True
