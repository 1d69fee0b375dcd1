"""Tasks that the end of their event loop waits for."""

from __future__ import annotations

import asyncio
import gc

import pytest

from cognito_raw.concurrency.event_loops import lasting_task
from tests.support.deadlines import Stopwatch


def run(task_lasts: float, loop_lasts: float, *, waits: float | None = None) -> asyncio.Task[object]:
    """Begin a task of so many seconds, and end its event loop, which waits for as many."""

    async def job() -> str:
        async with asyncio.timeout(waits):
            await asyncio.sleep(task_lasts)
        return "done"

    async def main() -> asyncio.Task[object]:
        task = lasting_task(job(), asyncio.get_running_loop(), loop_lasts)
        await asyncio.sleep(0)
        return task

    return asyncio.run(main())


def test_the_end_of_the_loop_waits_for_the_task() -> None:
    """Its result is not lost."""
    assert run(0.1, 60).result() == "done"


def test_the_end_of_the_loop_waits_only_for_a_while() -> None:
    """Then the task is cancelled, and leaves nothing behind."""
    with Stopwatch() as watch:
        assert run(60, 0.05).cancelled()
    assert watch.seconds < 20
    gc.collect()


def test_deadlines_inside_the_task_hold() -> None:
    """Also while its loop ends."""
    with pytest.raises(TimeoutError):
        run(60, 60, waits=0.05).result()


def test_whoever_cancels_the_task_in_its_loop_ends_it() -> None:
    """As with every other task."""

    async def main() -> None:
        task = lasting_task(asyncio.sleep(60), asyncio.get_running_loop(), 60)
        await asyncio.sleep(0)
        assert task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 20))
