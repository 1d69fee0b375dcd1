"""Jobs that come due again and again: few threads run them, and none that hangs or is slow delays the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from contextvars import ContextVar

import pytest

from cognito_raw.concurrency.scheduler import Job, Running
from tests.support.deadlines import wait_until
from tests.support.threads import living

NEVER = 1e9
Start = Callable[..., Job]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a job that is due at once, and then again when it is woken. No thread is left at the end."""
    running = dict[Job, Running]()

    def started(run: Callable[[Job], object], service: str = "a") -> Job:
        def perform(job: Job) -> float:
            run(job)
            return NEVER

        job = Job(service, lambda: 0.0, perform)
        running[job] = job.start()
        return job

    yield started
    for one in running.values():
        one.close()
    assert wait_until(lambda: not [one for one in living() if one.name.startswith("cognito_raw ")], 20.0)


def test_jobs_that_hang_delay_none_of_another_service(start: Start) -> None:
    """Six threads are for each service, and no more."""
    begun, go_on, other = list[Job](), threading.Event(), threading.Event()

    def hang(job: Job) -> None:
        begun.append(job)
        assert go_on.wait(60)

    for _ in range(9):
        start(hang)
    start(lambda _: other.set(), "b")
    assert other.wait(60)
    assert wait_until(lambda: len(begun) == 6, 20.0)
    assert len([one for one in living() if one.name == "cognito_raw refresh"]) <= 7
    go_on.set()
    assert wait_until(lambda: len(begun) == 9, 20.0)


def test_slow_code_of_the_program_delays_no_job(start: Start) -> None:
    """Another thread takes the place of one that it holds, so that all are there at the end."""
    together = threading.Barrier(16)

    def tell(job: Job) -> None:
        job.calls_out()
        together.wait(60)

    for _ in range(15):
        start(tell)
    together.wait(60)


def test_a_job_runs_once_at_a_time(start: Start) -> None:
    """It runs again if it was woken meanwhile."""
    runs, go_on, again = list[bool](), threading.Event(), threading.Event()
    running = threading.Lock()

    def run(_: Job) -> None:
        runs.append(running.acquire(blocking=False))
        assert go_on.wait(60)
        running.release()
        if len(runs) == 2:
            again.set()

    job = start(run)
    assert wait_until(lambda: len(runs) == 1, 20.0)
    for _ in range(3):
        job.wake()
    go_on.set()
    assert again.wait(60)
    assert runs == [True, True]


def test_a_job_that_has_ended_runs_no_more(start: Start) -> None:
    """Not even if it was due and waited for a thread."""
    begun, go_on = list[Job](), threading.Event()

    def hang(job: Job) -> None:
        begun.append(job)
        assert go_on.wait(60)

    def run(job: Job) -> float:
        hang(job)
        return NEVER

    for _ in range(6):
        start(hang)
    assert wait_until(lambda: len(begun) == 6, 20.0)
    late = Job("a", lambda: 0.0, run)
    late.start().close()
    last = start(hang)
    go_on.set()
    assert wait_until(lambda: last in begun, 20.0)
    assert late not in begun


def test_a_job_that_raises_runs_again(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The exception is logged, since no caller hears of it."""
    runs = list[Job]()

    def fail(job: Job) -> None:
        runs.append(job)
        raise SystemExit("broken")

    job = start(fail)
    for times in (1, 2):
        assert wait_until(lambda times=times: caplog.text.count("SystemExit: broken") == times, 20.0)  # type: ignore[misc]
        job.wake()
    assert wait_until(lambda: len(runs) == 3, 20.0)


def test_a_job_whose_clock_raises_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """The thread that keeps the time goes on."""

    def broken() -> float:
        raise ZeroDivisionError

    with closing(Job("a", broken, lambda _: broken()).start()):
        assert wait_until(lambda: "ZeroDivisionError" in caplog.text, 20.0)


def test_a_job_runs_in_the_context_of_its_maker(start: Start) -> None:
    """As a thread that it had started would."""
    place: ContextVar[str] = ContextVar("place", default="nowhere")
    seen = list[str]()
    place.set("here")
    start(lambda _: seen.append(place.get()))
    place.set("there")
    assert wait_until(lambda: seen == ["here"], 20.0)


def test_a_job_waits_where_no_thread_starts(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until one does."""
    refused, ran = threading.Event(), threading.Event()
    begin = threading.Thread.start

    def starts(thread: threading.Thread) -> None:
        if thread.name == "cognito_raw refresh" and not refused.is_set():
            refused.set()
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", starts)
    start(lambda _: ran.set())
    assert ran.wait(60)
    assert refused.is_set()


def test_a_job_that_is_not_due_is_looked_at_again() -> None:
    """When it said; it runs once it is due."""
    looks, ran = [0.02, 0.0], threading.Event()

    def run(_: Job) -> float:
        ran.set()
        return NEVER

    with closing(Job("a", lambda: looks.pop(0), run).start()):
        assert ran.wait(60)
    assert looks == []


def test_a_job_that_is_woken_is_looked_at_once_for_each_time() -> None:
    """A time that a later look has replaced is forgotten."""
    looks, ran = [0.2, 0.01, NEVER], threading.Event()
    woken = Job("a", lambda: looks.pop(0), lambda _: NEVER)
    waits = woken.start()
    assert wait_until(lambda: len(looks) == 2, 20.0)
    woken.wake()
    times = [0.3, 0.0]

    def run(_: Job) -> float:
        ran.set()
        return NEVER

    with closing(waits), closing(Job("a", lambda: times.pop(0), run).start()):
        assert ran.wait(60)
    assert looks == []


def test_a_fork_begins_without_jobs(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of its parent have no thread there."""
    runs = list[Job]()
    job = start(runs.append)
    assert wait_until(lambda: runs == [job], 20.0)
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: -1)
        job.wake()
        start(runs.append)
        assert wait_until(lambda: len(runs) == 2, 20.0)
    assert runs.count(job) == 1
