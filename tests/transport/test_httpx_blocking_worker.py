"""A thread that runs one job after another, and ends if none comes for a moment."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from queue import SimpleQueue

import pytest

from cognito_raw.transport import httpx_blocking
from cognito_raw.transport.httpx_blocking import WORKER_IDLE, Worker
from tests.support.deadlines import wait_until
from tests.support.transports import workers

pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture
def done() -> SimpleQueue[int]:
    """The threads in which jobs ran."""
    return SimpleQueue()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads wait so long for another job that none ends by itself during a test."""
    monkeypatch.setattr(httpx_blocking, "WORKER_IDLE", 3600.0)


def note(done: SimpleQueue[int]) -> None:
    done.put(threading.get_ident())


@pytest.mark.usefixtures("patient")
def test_one_thread_runs_jobs_that_come_at_once(done: SimpleQueue[int]) -> None:
    """The jobs run in order, in one thread that is not the caller's."""
    worker = Worker(lambda: note(done))
    first = done.get(timeout=5)
    assert worker.submit(lambda: note(done))
    assert done.get(timeout=5) == first != threading.get_ident()
    worker.stop()


def test_the_thread_ends_by_itself(done: SimpleQueue[int]) -> None:
    """After a moment without a job it has ended. Later jobs are refused and do not run."""
    go_on = threading.Event()

    def job() -> None:
        note(done)
        go_on.wait(10)

    worker = Worker(job)
    assert len(workers()) == 1
    go_on.set()
    assert wait_until(lambda: not workers(), WORKER_IDLE + 3)
    assert not worker.submit(lambda: note(done))
    assert done.qsize() == 1


@pytest.mark.usefixtures("patient")
def test_the_thread_ends_when_it_is_told_to(done: SimpleQueue[int]) -> None:
    """It first runs the jobs that it has, and waits for no more."""
    worker = Worker(lambda: time.sleep(0.05))
    worker.submit(lambda: note(done))
    worker.stop()
    worker.stop()
    assert wait_until(lambda: not workers())
    assert done.qsize() == 1


def test_a_job_at_the_very_end_runs_once_or_is_refused() -> None:
    """The caller learns if a job will run that comes as the thread ends. It never runs twice."""
    came: SimpleQueue[int] = SimpleQueue()
    taken = []
    given = [Worker(lambda: None) for _ in range(60)]
    began = time.monotonic()
    for number, worker in enumerate(given):
        time.sleep(max(0.0, began + WORKER_IDLE + (number - 30) / 10_000 - time.monotonic()))
        if worker.submit(lambda number=number: came.put(number)):  # type: ignore[misc]
            taken.append(number)
    assert wait_until(lambda: not workers())
    assert sorted(came.get() for _ in range(came.qsize())) == taken


@pytest.mark.usefixtures("patient")
def test_no_job_is_kept() -> None:
    """A waiting thread references no earlier job, which may hold a password proof or tokens."""

    class Secret:
        """An object that a job references."""

        def use(self) -> None:
            """Run."""

    secret = Secret()
    gone = weakref.ref(secret)
    worker = Worker(secret.use)
    del secret
    assert wait_until(lambda: gc.collect() >= 0 and gone() is None)
    assert len(workers()) == 1
    worker.stop()


def test_without_another_thread_there_is_no_worker() -> None:
    """If the system has no more threads, the caller is told at once."""
    before = threading.stack_size(1 << 50)  # more than there is
    try:
        with pytest.raises(RuntimeError):
            Worker(lambda: None)
    finally:
        threading.stack_size(before)
