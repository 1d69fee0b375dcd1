"""Background work: a task that runs outside of its callers, and whose result all of them share.

No caller can cancel it. A caller that waits for it is never left waiting by a fork, by an event loop that has ended, or
by a process that was suspended: it is told that the task is lost, and begins another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from .clock import Instant

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

T = TypeVar("T")

Loop: TypeAlias = "asyncio.AbstractEventLoop"


class BackgroundTask(Generic[T]):
    """One piece of work under way, in a thread or in an event loop.

    began: when it began. lifetime: seconds after which it is taken for lost. loop: the event loop that runs it, if one
    does.
    """

    __slots__ = ("_loop", "_process", "_running", "_started", "_thread", "began", "lifetime", "result")

    def __init__(self, began: Instant, lifetime: float, loop: Loop | None = None) -> None:
        from concurrent.futures import Future  # here: a cold start's sign-in does without it

        self.began = began
        self.lifetime = lifetime
        self.result: Future[T] = Future()
        self.result.set_running_or_notify_cancel()  # from here on no caller can cancel it
        self._loop = loop
        self._process = os.getpid()
        self._thread = threading.get_ident()
        self._started = threading.Lock()
        self._running: object = None  # kept, since an event loop keeps no reference to its tasks

    def is_alive(self, now: Instant, loop: Loop | None) -> bool:
        """Tell whether it can still finish while a caller waits in this event loop, or blocks if there is none."""
        if self.result.done() or self._process != os.getpid() or now.since(self.began) >= self.lifetime:
            return False
        if self._loop is None or self._loop is loop:
            return True
        return self._loop.is_running() and self._thread != threading.get_ident()

    def start(self, job: Callable[[], object], name: str) -> bool:
        """Run the job in a thread of its own, if nobody has yet. False if there can be no more threads."""
        if self._started.acquire(blocking=False):
            thread = threading.Thread(target=copy_context().run, args=(job,), name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # as when the interpreter shuts down
                return False
        return True

    def start_async(self, job: Callable[[], Coroutine[Any, Any, object]], *, lost: T) -> None:
        """Run the job as a task of its event loop, if nobody has yet.

        lost: the value for all who wait if the event loop ends before the job has given one.
        """
        if self._loop is not None and self._started.acquire(blocking=False):
            self._running = task = self._loop.create_task(job(), name="cognito_raw")
            task.add_done_callback(lambda _: self.finish(lost))

    def finish(self, value: T) -> None:
        """Give the value to all who wait. Does nothing if the task has finished, or in a fork."""
        from concurrent.futures import InvalidStateError

        if self._process == os.getpid():  # in a fork, the future's lock may be held for ever
            try:
                self.result.set_result(value)
            except InvalidStateError:
                pass

    def fail(self, error: BaseException) -> None:
        """Raise the error for all who wait."""
        self.result.set_exception(error)

    def wait(self, seconds: float) -> None:
        """Wait until the task has finished, for so many seconds at most."""
        from concurrent.futures import wait

        wait((self.result,), min(seconds, threading.TIMEOUT_MAX))

    async def wait_async(self, seconds: float) -> None:
        """Wait in an event loop. A cancelled caller leaves the task alone."""
        import asyncio

        finished = asyncio.wrap_future(self.result)
        try:
            await asyncio.wait((finished,), timeout=seconds)
        finally:
            # A closed loop must not be told of the end, and no exception may count as one that nobody retrieved.
            if not finished.cancel():
                finished.exception()


def running_loop() -> Loop:
    """Return the event loop that runs in this thread."""
    import asyncio

    return asyncio.get_running_loop()


def log_error(event: str, error: BaseException) -> None:
    """Log an exception that no caller waits for."""
    import logging  # here: it is needed only when something went wrong

    logging.getLogger("cognito_raw").error(event, exc_info=error)
