"""Turns, locks and lasting tasks, which the tasks of an event loop share.

asyncio is imported when it is first needed: programs without it import this module too.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from .locks import ForkLock

if TYPE_CHECKING:
    import asyncio

# As many as the connections of a transport that refreshes use.
_MAX_REFRESHES: Final = 16
# Seconds between two checks of a lock that another event loop holds.
_POLL_INTERVAL: Final = 0.01


class Turns:
    """Turns at what takes long to compute, such as a proof, in order of arrival.

    Where many tasks are ready at once, each computes in an iteration of the loop of its own. So the loop is never held
    for longer than one of them takes, and answers the network in between.
    """

    def __init__(self) -> None:
        from asyncio import Semaphore

        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        # For each service, of its refreshes that no caller waits for.
        self.refreshes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: Semaphore(_MAX_REFRESHES))

    async def take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for an iteration of the loop in which no other task has its turn."""
        if self._taken:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._taken = True
            loop.call_soon(self._give, loop)

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # done if its task was cancelled
                turn.set_result(None)
                loop.call_soon(self._give, loop)
                return
        self._taken = False


class _Own(threading.local):
    turns: tuple[ref[asyncio.AbstractEventLoop], Turns] | None = None


_own = _Own()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return the turns of the event loop that runs in this thread."""
    if _own.turns is None or _own.turns[0]() is not loop:
        _own.turns = ref(loop), Turns()
    return _own.turns[1]


class LoopLock:
    """A lock for the tasks of successive event loops, as in a serverless function.

    It also works between event loops that run at the same time in several threads. A loop that has stopped loses it.
    """

    __slots__ = ("_guard", "_holder", "_locks")

    def __init__(self) -> None:
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}
        self._holder: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._guard = ForkLock()

    async def acquire(self) -> Callable[[], None]:
        """Wait for the lock. Return a function that releases it, also after its event loop has ended."""
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
            with self._guard:
                if self._holder == (os.getpid(), loop):
                    self._holder = None
            lock.release()

        return release

    def _lock(self, loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
        import asyncio

        with self._guard:
            if loop not in self._locks:
                self._locks = {other: lock for other, lock in self._locks.items() if not other.is_closed()}
                self._locks[loop] = asyncio.Lock()
            return self._locks[loop]

    def _take(self, loop: asyncio.AbstractEventLoop) -> bool:
        with self._guard:
            process, holder = self._holder or (0, loop)
            if holder is not loop and process == os.getpid() and holder.is_running():
                return False
            self._holder = (os.getpid(), loop)
            return True


class TaskLock:
    """A lock that one task of an event loop holds at a time. A task whose loop has stopped loses it."""

    __slots__ = ("_guard", "_holder", "_process")

    def __init__(self) -> None:
        self._guard = ForkLock()
        self._holder: asyncio.Task[object] | None = None
        self._process = 0

    def acquire(self) -> bool:
        """Acquire the lock if no task holds it."""
        import asyncio

        with self._guard:
            holder = self._holder if self._process == os.getpid() else None
            if holder is not None and not holder.done() and holder.get_loop().is_running():
                return False
            self._holder, self._process = asyncio.current_task(), os.getpid()
            return True

    def other_task(self) -> asyncio.Task[object] | None:
        """Return another task of this event loop that holds the lock."""
        import asyncio

        holder = self._holder
        if holder is None or holder is asyncio.current_task() or holder.get_loop() is not asyncio.get_running_loop():
            return None
        return holder

    def release(self) -> None:
        """Release the lock, which this task holds."""
        self._holder = None


def lasting_task(
    job: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop, seconds: float
) -> asyncio.Task[object]:
    """Return a task that outlives the end of `asyncio.run`, by so many seconds at most."""
    task: asyncio.Task[object] = _kind()(job, loop, seconds)
    return task


@cache
def _kind() -> Any:
    import asyncio

    class LastingTask(asyncio.Task[object]):
        """The end of a loop cancels all tasks between two runs of the loop, and then waits for them."""

        def __init__(self, job: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop, seconds: float) -> None:
            super().__init__(job, loop=loop, name="cognito_raw")
            self._seconds = seconds

        def cancel(self, msg: Any = None) -> bool:
            """Cancel the task, at the end of its loop only after a while."""
            loop = self.get_loop()
            if loop.is_running():
                return super().cancel(msg)
            loop.call_later(self._seconds, super().cancel)
            return True

    return LastingTask
