"""Jobs that come due again and again, run for the whole process by few threads.

One thread keeps the time, and ends with the last job. It alone decides when a job runs. Workers run what is due, and
end when nothing is. A fork begins without jobs.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from contextvars import copy_context
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Final

from .background import log_error, start_thread
from .clock import steady
from .locks import AutoResetEvent

# Workers of one service at the same time. Beside them are the thread that keeps the time, and that of idle connections.
_MAX_WORKERS: Final = 6
# Seconds after which a job is slow, so that another worker takes its place: in the program's own code, and at all.
_SLOW: Final = 0.25
_LOST: Final = 60.0
# Seconds until a job that raised an exception is looked at again.
_AFTER_ERROR: Final = 30.0
_NEVER: Final = float("inf")


class Job:
    """A job that runs whenever it is due, one run at a time, in the context of its maker.

    service: jobs of the same service share its workers, so that one that hangs delays no other.
    look: returns the seconds until it is due. It must not wait. run: does it, and returns the seconds to the next look.
    """

    __slots__ = ("_context", "_run", "_scheduler", "again", "at", "is_running", "look", "service", "slow_at")

    def __init__(self, service: Hashable, look: Callable[[], float], run: Callable[[Job], float]) -> None:
        self.service = service
        self.look = look
        self._run = run
        self._context = copy_context()
        self._scheduler = _scheduler()
        self.at = self.slow_at = _NEVER
        self.is_running = self.again = False

    def start(self) -> Running:
        """Begin to look at it, until the returned object ends that."""
        return Running(self, self._scheduler)

    def wake(self) -> None:
        """Look at it now, from whichever thread."""
        self._scheduler.tell(self, None)

    def calls_out(self) -> None:
        """Note that the rest of this run is the program's own code, which may be slow."""
        self.slow_at = steady() + _SLOW

    def perform(self) -> float:
        """Run it, and return the seconds to the next look."""
        self.slow_at = steady() + _LOST
        try:
            return self._context.run(self._run, self)
        except BaseException as error:
            log_error("a job in the background failed", error)
            return _AFTER_ERROR


class Running:
    """The time in which a job is looked at. It ends with the frame that holds it, whichever line is interrupted."""

    def __init__(self, job: Job, scheduler: _Scheduler) -> None:
        self._end = partial(scheduler.remove, job)
        scheduler.add(job)

    def close(self) -> None:
        """Let the job not run again. A run under way goes on."""
        self._end()

    __del__ = close


class _Service:
    """The jobs of one service that are due, and the workers that run some."""

    __slots__ = ("ready", "workers")

    def __init__(self) -> None:
        self.ready: deque[Job] = deque()
        self.workers: dict[object, Job] = {}

    def has_room(self) -> bool:
        """Tell if another worker may start. Slow ones do not count."""
        now = steady()
        return sum(job.slow_at >= now for job in list(self.workers.values())) < _MAX_WORKERS

    def next(self) -> Job | None:
        """Take the next job that is due."""
        try:
            return self.ready.popleft()
        except IndexError:  # a worker was quicker
            return None


class _Scheduler:
    """The jobs of one process.

    No lock guards it: other threads add and remove jobs, and send messages. Only the thread that keeps the time acts.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._jobs: set[Job] = set()
        self._messages: deque[tuple[Job, float | None]] = deque()
        self._news = AutoResetEvent()
        self._keeper: dict[str, object] = {}
        self._times: list[tuple[float, int, Job]] = []
        self._numbers = count()
        self._services: defaultdict[Hashable, _Service] = defaultdict(_Service)

    def add(self, job: Job) -> None:
        """Begin to look at a job."""
        self._jobs.add(job)
        self.tell(job, None)
        if not self._keeper:
            threading.Thread(target=self._keep_time, name="cognito_raw keep_fresh", daemon=True).start()

    def remove(self, job: Job) -> None:
        """Remove a job, which then does not run again."""
        self._jobs.discard(job)
        self._news.set()

    def tell(self, job: Job, seconds: float | None) -> None:
        """Check a job now or, after a run, in so many seconds."""
        if job in self._jobs and self._process == os.getpid():
            self._messages.append((job, seconds))
            self._news.set()

    def _keep_time(self) -> None:
        me = object()
        # Two threads may have been started, and a job may come while this one ends.
        while self._jobs and self._keeper.setdefault("is", me) is me:
            try:
                while self._jobs:
                    self._news.wait(self._turn())
            finally:
                self._times.clear()
                self._services.clear()
                del self._keeper["is"]

    def _turn(self) -> float:
        """Take the messages, look at the jobs whose time has come, and return the seconds until the next."""
        while self._messages:
            job, seconds = self._messages.popleft()
            if seconds is not None:
                job.is_running = False
            if seconds is None or job.again:
                self._look(job)
            else:
                self._look_later(job, seconds)
        now = steady()
        while self._times and self._times[0][0] <= now:
            at, _, job = heappop(self._times)
            if at == job.at:
                job.at = _NEVER
                self._look(job)
        wait = self._times[0][0] - now if self._times else _AFTER_ERROR
        queues = list(map(self._has_queue, self._services.values()))
        return min(wait, _SLOW) if any(queues) else wait

    def _look(self, job: Job) -> None:
        job.again = job.is_running
        if job.is_running or job not in self._jobs:
            return
        try:
            seconds = job.look()
        except Exception:  # raised again in the run
            seconds = 0.0
        if seconds > 0:
            self._look_later(job, seconds)
        else:
            job.is_running, job.at = True, _NEVER
            self._services[job.service].ready.append(job)

    def _look_later(self, job: Job, seconds: float) -> None:
        at = steady() + seconds
        if at < job.at:  # else it is looked at before
            job.at = at
            heappush(self._times, (at, next(self._numbers), job))

    def _has_queue(self, service: _Service) -> bool:
        """Start workers for the jobs that are due, and return whether some must wait."""
        while service.has_room():
            job = service.next()
            if job is None:
                return False
            if not self._start_worker(service, job):
                service.ready.appendleft(job)
                return True
        return bool(service.ready)

    def _start_worker(self, service: _Service, job: Job) -> bool:
        worker = object()
        service.workers[worker] = job
        started = start_thread(partial(self._work, service, worker, job), "cognito_raw refresh") is not None
        if not started:
            del service.workers[worker]
        return started

    def _work(self, service: _Service, worker: object, job: Job | None) -> None:
        while job is not None:
            service.workers[worker] = job
            self.tell(job, job.perform() if job in self._jobs else 0.0)
            # Another worker took the place of a slow one.
            job = None if job.slow_at < steady() else service.next()
        del service.workers[worker]
        self._news.set()


_schedulers: Final[dict[int, _Scheduler]] = {}


def _scheduler() -> _Scheduler:
    """Return the scheduler of this process. A fork has none of its parent's threads."""
    return _schedulers.get(os.getpid()) or _schedulers.setdefault(os.getpid(), _Scheduler())
