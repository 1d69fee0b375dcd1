"""Locks that survive a fork, and turns that survive an event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw.concurrency.event_loops import LoopLock
from cognito_raw.concurrency.locks import AutoResetEvent, ForkLock
from tests.support.deadlines import wait_until


def test_one_thread_at_a_time_holds_a_lock() -> None:
    """However many there are, and however often one takes the lock from the other."""
    lock, counted, inside = ForkLock(), [0], [0]

    def count(_: int) -> None:
        for _ in range(50):
            with lock:
                inside[0] += 1
                assert inside[0] == 1
                before = counted[0]
                time.sleep(0)
                counted[0] = before + 1
                inside[0] -= 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(count, range(16)))
    assert counted[0] == 16 * 50


def test_a_release_does_not_wake_all_that_wait() -> None:
    """Each of many threads looks at the lock a few times, however many the others are."""
    looks = [0]

    class Counted(ForkLock):
        def _end_of_chain(self) -> Any:
            looks[0] += 1
            return super()._end_of_chain()

    def take(_: int) -> None:
        with lock:
            time.sleep(0.001)  # and the others run

    lock, many = Counted(), 200
    with ThreadPoolExecutor(many) as threads:
        with lock:
            taken = threads.map(take, range(many))
            assert wait_until(lambda: looks[0] > many)
        list(taken)
    assert looks[0] < 20 * many


def test_a_lock_that_is_held_is_waited_for_so_long() -> None:
    """Then the answer is that it is not free."""
    lock, go_on, held = ForkLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            go_on.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    assert not lock.acquire_for(sys._getframe(), 0.01)
    assert not lock.acquire_for(sys._getframe(), 0.6)  # looks twice at the frame that holds it
    lock.release_for(sys._getframe())  # which does not hold it
    assert not lock.acquire_for(sys._getframe(), 0.0)
    go_on.set()
    assert lock.acquire_for(sys._getframe(), 10.0)
    thread.join()
    lock.release_for(sys._getframe())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the same thread", "another thread"])
def test_a_lock_that_nobody_released_is_free(*, elsewhere: bool) -> None:
    """An interrupted caller leaves it behind, also where its traceback is kept."""
    lock = ForkLock()
    kept: list[BaseException] = []

    def interrupted() -> None:
        lock.acquire_for(sys._getframe())
        raise KeyboardInterrupt

    def call() -> None:
        try:
            interrupted()
        except KeyboardInterrupt as error:
            kept.append(error)

    if elsewhere:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    else:
        call()
    with lock:
        assert kept
    with lock:
        pass


def test_a_frame_that_missed_its_release_takes_the_lock_again() -> None:
    """A function that is interrupted in the middle, and tries once more, does not wait for itself."""
    lock = ForkLock()
    for _ in range(2):
        assert lock.acquire_for(sys._getframe(), 0.0)
    lock.release_for(sys._getframe())


@pytest.mark.skipif(sys.platform == "win32", reason="no forks here")
def test_the_lock_of_a_child_is_free() -> None:
    """Whoever of the parent held it when the child was forked."""
    lock = ForkLock()
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            go_on.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads
        child = os.fork()
    if child == 0:
        os._exit(0 if lock.acquire_for(sys._getframe(), 10.0) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not lock.acquire_for(sys._getframe(), 0.0)
    go_on.set()
    thread.join()


async def _takes(turns: LoopLock, order: list[int], number: int) -> None:
    end = await turns.acquire()
    order.append(number)
    await asyncio.sleep(0)
    order.append(number)
    end()


def test_tasks_take_turns_in_their_order() -> None:
    """Nobody begins before who came earlier has ended."""

    async def scene() -> None:
        turns, order = LoopLock(), list[int]()
        await asyncio.gather(*(_takes(turns, order, number) for number in range(50)))
        assert order == [number for number in range(50) for _ in range(2)]

    asyncio.run(scene())


def test_who_is_cancelled_takes_no_turn() -> None:
    """Neither in the line of its own event loop, nor while it waits for another's."""
    turns = LoopLock()

    async def scene(then: Callable[[], object] = lambda: None) -> None:
        end = await turns.acquire()
        waits = asyncio.create_task(turns.acquire())
        await asyncio.sleep(0)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        then()
        end()

    async def late() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await turns.acquire()

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(scene(lambda: threads.submit(asyncio.run, late()).result(10)))
        asyncio.run(asyncio.wait_for(scene(), 10))


def test_event_loops_in_several_threads_take_turns() -> None:
    """SessionMethods of one session never mix, even where it is used in two event loops."""
    turns, order = LoopLock(), list[int]()

    async def scene(loop: int) -> None:
        await asyncio.gather(*(_takes(turns, order, 10 * loop + number) for number in range(10)))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda loop: asyncio.run(scene(loop)), range(2)))
    assert order[::2] == order[1::2]
    assert sorted(order[::2]) == list(range(20))


def test_a_turn_that_an_event_loop_left_unfinished_is_free() -> None:
    """Whether the loop was closed or merely no longer runs; its late end takes nobody else's turn."""
    turns, ends = LoopLock(), list[Callable[[], None]]()

    async def takes() -> None:
        ends.append(await turns.acquire())

    stopped, closed = asyncio.new_event_loop(), asyncio.new_event_loop()
    stopped.run_until_complete(takes())
    closed.run_until_complete(takes())
    closed.close()

    async def scene() -> None:
        end = await turns.acquire()
        for late in ends:
            late()
        with ThreadPoolExecutor(1) as threads, pytest.raises(TimeoutError):
            await asyncio.get_running_loop().run_in_executor(threads, lambda: asyncio.run(_in_time(turns)))
        end()

    asyncio.run(scene())
    stopped.close()
    asyncio.run(asyncio.wait_for(takes(), 10))


async def _in_time(turns: LoopLock) -> None:
    async with asyncio.timeout(0.05):
        await turns.acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="no forks here")
def test_a_turn_of_the_parent_is_free_in_a_child() -> None:
    """The event loop of another thread looks as if it ran there, but it does not."""
    turns, taken, over = LoopLock(), threading.Event(), threading.Event()

    async def holds() -> None:
        end = await turns.acquire()
        taken.set()
        await asyncio.get_running_loop().run_in_executor(None, over.wait, 10)
        end()

    with ThreadPoolExecutor(1) as threads, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        holder = threads.submit(asyncio.run, holds())
        assert taken.wait(10)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_in_time(turns))
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        over.set()
        holder.result(10)


def test_an_event_ends_one_wait_each_time() -> None:
    """Set twice before it, it still ends only one."""
    event = AutoResetEvent()
    assert not event.wait(0)
    event.set()
    event.set()
    assert event.wait(60)
    assert not event.wait(0)
