"""Background tasks: each runs outside its callers, and they share its result.

No caller can cancel it. It may be lost to a fork, an ended event loop or a suspended process. Its callers then do not
wait forever: they see that it is lost, and begin another.
"""

from __future__ import annotations

import _thread
import os
import sys
from collections.abc import Callable, Coroutine, Hashable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from .clock import Instant
from .locks import AutoResetEvent, ForkLock

if TYPE_CHECKING:
    import asyncio
    from threading import Thread

T = TypeVar("T")

Loop: TypeAlias = "asyncio.AbstractEventLoop"
MakeTask: TypeAlias = "Callable[[Coroutine[Any, Any, object], Loop], asyncio.Task[object]]"


class BackgroundTask(Generic[T]):
    """One task, in a thread or in an event loop.

    It has no lock that an interrupted caller could leave locked: lists and dictionaries change atomically.

    began: its start. lifetime: seconds after which it counts as lost. loop: the event loop that runs it, if any.
    thread: the one that was started for it.
    """

    def __init__(self, began: Instant, lifetime: float, loop: Loop | None = None) -> None:
        self.began = began
        self.lifetime = lifetime
        self._loop = loop
        self._process = os.getpid()
        self._caller = _thread.get_ident()
        self.thread: Thread | None = None
        self._starting = ForkLock()
        self._runners: dict[str, object] = {}
        self._outcome: dict[str, tuple[Any, BaseException | None]] = {}
        self._wakers: list[Callable[[], object]] = []

    @property
    def done(self) -> bool:
        """Tell whether it has finished or failed."""
        return bool(self._outcome)

    @property
    def error(self) -> BaseException | None:
        """The exception that it raised."""
        return self._outcome["of"][1] if self._outcome else None

    def value(self) -> T:
        """Return the value of a task that is done, or raise its exception."""
        value, error = self._outcome["of"]
        if error is not None:
            raise error
        finished: T = value
        return finished

    def is_alive(self, now: Instant, loop: Loop | None) -> bool:
        """Tell if it can still finish while a caller waits in this event loop, or blocks if there is none."""
        if self.done or self._process != os.getpid() or now.since(self.began) >= self.lifetime:
            return False
        if self._loop is None or self._loop is loop:
            return True
        return self._loop.is_running() and self._caller != _thread.get_ident()

    def start(self, job: Callable[[], object], name: str) -> bool:
        """Run the job in a new thread, if none runs it yet. Return False if no thread starts: the caller runs it."""
        if sys.is_finalizing():  # no thread ever goes on
            return False
        with self._starting:
            if "thread" not in self._runners:
                self.thread = start_thread(partial(self._run, job), name)
                self._runners["thread"] = self.thread or "the caller's"
                return self.thread is not None
        return True

    def run(self, job: Callable[[], object]) -> bool:
        """Run the job in this thread, unless it runs already. Return whether it ran."""
        self._runners.setdefault("thread", "the caller's")
        return self._run(job)

    def start_async(
        self, job: Callable[[], Coroutine[Any, Any, object]], *, lost: T, make: MakeTask | None = None
    ) -> None:
        """Run the job as a task of its event loop, if none runs it yet. Without a loop, it gets one in a new thread.

        lost: the value for all callers if the event loop ends before the job has returned one.
        make: makes a task of another kind, for which the end of the event loop waits.
        """
        if self._loop is None:
            if not self.start(partial(_run_in_own_loop, job), "cognito_raw"):
                self.finish(lost)
        elif self._runners.setdefault("loop", job) is job:
            loop, coroutine = self._loop, job()
            task = loop.create_task(coroutine, name="cognito_raw") if make is None else make(coroutine, loop)
            self._runners["task"] = task  # kept, since an event loop keeps no reference to its tasks
            task.add_done_callback(lambda _: self.finish(lost))

    def finish(self, value: T) -> None:
        """Give the value to all waiting callers. Does nothing if the task is done, or in a fork."""
        self._end(value, None)

    def fail(self, error: BaseException) -> None:
        """Raise the error in all waiting callers."""
        self._end(None, error)

    def wait(self, seconds: float) -> None:
        """Wait until the task is done, for so many seconds at most."""
        waiting = AutoResetEvent()
        self.call_when_done(waiting.set)
        waiting.wait(max(0.0, min(seconds, _thread.TIMEOUT_MAX)))

    async def wait_async(self, seconds: float) -> None:
        """Wait in an event loop. A cancelled caller leaves the task alone."""
        import asyncio

        loop = running_loop()
        waiting = loop.create_future()
        self.call_when_done(lambda: loop.call_soon_threadsafe(waiting.cancel))
        await asyncio.wait((waiting,), timeout=seconds)
        waiting.cancel()

    def call_when_done(self, callback: Callable[[], object]) -> None:
        """Call the callback once the task is done, at once if it is already, from whichever thread."""
        self._wakers.append(callback)
        if self.done:
            self._wake()

    def _run(self, job: Callable[[], object]) -> bool:
        # An interrupted caller may have started two threads.
        mine = self._runners.setdefault("job", job) is job
        if mine:
            job()
        return mine

    def _end(self, value: Any, error: BaseException | None) -> None:
        if self._process == os.getpid():
            self._outcome.setdefault("of", (value, error))
            self._wake()

    def _wake(self) -> None:
        while self._wakers:
            try:
                self._wakers.pop(0)()
            except (IndexError, RuntimeError):  # another thread was quicker, or the caller's event loop has ended
                pass


# With the process that began each: a fork has none of its parent's threads.
_under_way: Final[dict[tuple[int, Hashable], BackgroundTask[Any]]] = {}


# Jobs of `in_thread`, which import modules: a fork in the midst of one would find the locks of imports taken for ever.
_jobs: Final[set[BackgroundTask[Any]]] = set()
_LONGEST_JOB: Final = 10.0


def join_or_start(key: Hashable, job: Callable[[], T]) -> BackgroundTask[T]:
    """Return the running task with this key. If there is none, start one that runs the job in a new thread."""
    name = (os.getpid(), key)
    task: BackgroundTask[T] = _under_way.setdefault(name, BackgroundTask(Instant(0.0, 0.0), 0.0))
    perform = partial(_perform, name, task, job)
    if not task.start(perform, "cognito_raw"):
        perform()
    return task


def _perform(name: tuple[int, Hashable], task: BackgroundTask[T], job: Callable[[], T]) -> None:
    # It is under way no more before its outcome is there, so that nobody joins it for the outcome of an earlier time.
    try:
        value = job()
    except BaseException as error:  # an interruption too, if the thread is a caller's
        _under_way.pop(name, None)
        task.fail(error)
    else:
        _under_way.pop(name, None)
        task.finish(value)


async def in_thread(key: Hashable, job: Callable[[], T], seconds: float) -> T:
    """Run a job in a thread and return its value. `TimeoutError` after so many seconds.

    All who use the same key meanwhile share it. The thread is its own: those of the event loop may all be busy.
    """
    task = join_or_start(key, job)
    if not task.done:
        _jobs.add(task)
        task.call_when_done(partial(_jobs.discard, task))
    return await task_value(task, seconds)


async def task_value(task: BackgroundTask[T], seconds: float) -> T:
    """Wait in an event loop for the value of a task. `TimeoutError` after so many seconds."""
    if not task.done:
        await task.wait_async(seconds)
    if not task.done:
        raise TimeoutError
    return task.value()


def start_thread(job: Callable[[], object], name: str) -> Thread | None:
    """Run a job in a daemon thread, in the caller's context. Return None if there can be no more threads."""
    from threading import Thread  # here: an import of the library does not need it

    thread = Thread(target=copy_context().run, args=(job,), name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def _run_in_own_loop(job: Callable[[], Coroutine[Any, Any, object]]) -> None:
    import asyncio

    asyncio.run(job())


def running_loop() -> Loop:
    """Return the event loop that runs in this thread. Raise `RuntimeError` outside asyncio."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "this needs a running asyncio event loop: elsewhere, as in trio, call a sync Session, Client or "
            "TokenVerifier in a thread, or use an AsyncClient with a transport of your own"
        ) from None


def log_error(event: str, error: BaseException) -> None:
    """Log an exception that no caller waits for."""
    import logging  # here: only a failure needs it

    logging.getLogger("cognito_raw").error(event, exc_info=error)


def _wait_for_jobs() -> None:
    for task in list(_jobs):
        task.wait(_LONGEST_JOB)


# Windows has no forks.
getattr(os, "register_at_fork", lambda **_: None)(before=_wait_for_jobs)
