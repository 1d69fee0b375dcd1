"""Background tasks at the ends of their lifetime, and of the event loop that runs them."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from typing import TypeVar

import pytest

from cognito_raw.concurrency.background import BackgroundTask, log_error
from cognito_raw.concurrency.clock import Instant

T = TypeVar("T")
BEGAN = Instant(100.0, 1_783_415_103.0)


def after(monotonic: float, wall: float) -> Instant:
    return Instant(BEGAN.monotonic + monotonic, BEGAN.wall + wall)


def no_more(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def elsewhere(ask: Callable[[], T]) -> T:
    """What a function gives in another thread."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(ask).result(10)


@pytest.mark.parametrize(
    ("monotonic", "wall", "alive"),
    [(0, 0, True), (9.5, 9.5, True), (10, 0, False), (0, 10, False), (10, 10, False), (9.5, -3600, True)],
)
def test_a_task_is_lost_at_the_end_of_its_lifetime(monotonic: float, wall: float, alive: bool) -> None:
    """The clock that saw more time counts."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    assert task.is_alive(after(monotonic, wall), None) is alive
    task.finish(5)
    assert not task.is_alive(BEGAN, None)
    assert task.value() == 5


def test_a_task_of_an_event_loop_is_alive_while_the_loop_runs() -> None:
    """Other threads may wait for it then; another loop, or a blocking caller, of the same thread may not."""

    async def scene() -> None:
        loop, other = asyncio.get_running_loop(), asyncio.new_event_loop()
        tasks.append(BackgroundTask(BEGAN, 10.0, loop))
        assert tasks[0].is_alive(BEGAN, loop)
        assert not tasks[0].is_alive(BEGAN, None)
        assert not tasks[0].is_alive(BEGAN, other)
        assert await loop.run_in_executor(None, lambda: tasks[0].is_alive(BEGAN, None))
        assert await loop.run_in_executor(None, lambda: tasks[0].is_alive(BEGAN, other))
        other.close()

    tasks: list[BackgroundTask[int]] = []
    asyncio.run(scene())
    assert not tasks[0].is_alive(BEGAN, None)
    assert not elsewhere(lambda: tasks[0].is_alive(BEGAN, None))


def test_a_job_runs_once_although_its_start_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupted caller's thread may have begun. The next caller starts another, which leaves the job alone."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    started: list[threading.Thread] = []
    ran: list[int] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread)
        if len(started) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        task.start(lambda: ran.append(1), "first")
    assert task.start(lambda: ran.append(2), "second")
    for thread in started:
        thread.join(10)
    assert ran == [1]


def test_the_first_result_of_a_task_counts() -> None:
    """A later one changes nothing, and neither raises."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    task.finish(1)
    task.finish(2)
    assert task.value() == 1


def test_an_error_is_raised_for_those_who_wait() -> None:
    """A task that failed is no longer alive, and has no value."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    task.fail(TypeError("broken"))
    assert not task.is_alive(BEGAN, None)
    with pytest.raises(TypeError, match="broken"):
        task.value()


def test_a_task_runs_once_whoever_starts_it() -> None:
    """The first job that is given runs, in a thread of the given name, and `start` is true for all."""
    task: BackgroundTask[str] = BackgroundTask(BEGAN, 10.0)
    assert task.start(lambda: task.finish(threading.current_thread().name), "first")
    assert task.start(lambda: task.finish("nobody"), "second")
    task.wait(10)
    assert task.value() == "first"


def test_a_task_without_a_thread_is_left_to_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives no more threads, `start` is false for the first caller, who runs the job itself."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        assert not task.start(lambda: task.finish(1), "first")
        assert task.start(lambda: task.finish(2), "second")
    assert not task.done


def test_no_task_starts_a_thread_as_the_interpreter_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would never go on."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "is_finalizing", lambda: True)
        assert not task.start(lambda: task.finish(1), "first")
    assert not task.done


def test_waiting_ends_in_time() -> None:
    """A caller waits for so many seconds at most, and the task goes on; a wait of centuries is a long one."""
    task: BackgroundTask[int] = BackgroundTask(BEGAN, 10.0)
    task.wait(0)
    asyncio.run(task.wait_async(0))
    assert task.is_alive(BEGAN, None)
    finishing = threading.Timer(0.05, task.finish, (1,))
    finishing.start()
    task.wait(1e300)
    assert task.value() == 1
    asyncio.run(task.wait_async(1))
    finishing.join()


def test_a_task_that_its_event_loop_does_not_finish_is_lost() -> None:
    """All who wait get the value that was agreed for that case."""

    async def scene() -> BackgroundTask[str]:
        task: BackgroundTask[str] = BackgroundTask(BEGAN, 10.0, asyncio.get_running_loop())
        task.start_async(asyncio.Event().wait, lost="lost")
        await asyncio.sleep(0)
        return task

    assert asyncio.run(scene()).value() == "lost"


def test_a_task_of_an_event_loop_runs_once_too() -> None:
    """The first job that is given runs."""
    ran: list[str] = []

    async def job(name: str) -> None:
        ran.append(name)

    async def scene() -> None:
        task: BackgroundTask[str] = BackgroundTask(BEGAN, 10.0, asyncio.get_running_loop())
        for name in ("first", "second"):
            task.start_async(partial(job, name), lost="lost")
        await task.wait_async(10)

    asyncio.run(scene())
    assert ran == ["first"]


def test_a_coroutine_without_an_event_loop_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread, with the context of its caller. Where there are no more threads, it is lost."""
    of_caller: ContextVar[str] = ContextVar("of_caller")
    of_caller.set("mine")

    async def job(task: BackgroundTask[str]) -> None:
        task.finish(of_caller.get())

    def start() -> BackgroundTask[str]:
        task: BackgroundTask[str] = BackgroundTask(BEGAN, 10.0)
        task.start_async(partial(job, task), lost="lost")
        task.wait(10)
        return task

    assert start().value() == "mine"
    monkeypatch.setattr(threading.Thread, "start", no_more)
    assert start().value() == "lost"


def test_an_error_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Under the name of the library, with its traceback."""
    with caplog.at_level(logging.ERROR):
        log_error("an event", TypeError("broken"))
    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("cognito_raw", "ERROR", "an event")
    assert record.exc_info is not None
    assert "TypeError: broken" in caplog.text
