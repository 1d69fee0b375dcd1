"""A thread that performs one act after another, and ends once none comes for a moment."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from queue import SimpleQueue

import pytest

from cognito_raw.transport.httpx_blocking import LINGER, Worker
from tests.hostile import wait_until
from tests.transports import workers

pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture
def done() -> SimpleQueue[int]:
    """The threads that the acts ran in."""
    return SimpleQueue()


def note(done: SimpleQueue[int]) -> None:
    done.put(threading.get_ident())


def test_one_thread_performs_what_comes_at_once(done: SimpleQueue[int]) -> None:
    """The acts run in one thread that is not the caller's, in the order in which they came."""
    worker = Worker(lambda: note(done))
    first = done.get(timeout=5)
    assert worker.take(lambda: note(done))
    assert done.get(timeout=5) == first != threading.get_ident()


def test_the_thread_ends_by_itself(done: SimpleQueue[int]) -> None:
    """Where nothing more comes within a moment it is gone, and says so to whoever comes then; nothing is performed."""
    worker = Worker(lambda: note(done))
    assert len(workers()) == 1
    assert wait_until(lambda: not workers(), LINGER + 3)
    assert not worker.take(lambda: note(done))
    assert done.qsize() == 1


def test_the_thread_ends_when_it_is_told_to(done: SimpleQueue[int]) -> None:
    """It does first what it was given, and does not wait for more."""
    worker = Worker(lambda: time.sleep(0.05))
    worker.take(lambda: note(done))
    worker.end()
    worker.end()
    assert wait_until(lambda: not workers(), LINGER / 2)
    assert done.qsize() == 1


def test_an_act_at_the_very_end_is_performed_once_or_given_back() -> None:
    """Whoever gives an act as the thread ends knows whether it will be performed, and it never is twice."""
    came: SimpleQueue[int] = SimpleQueue()
    taken = []
    given = [Worker(lambda: None) for _ in range(60)]
    began = time.monotonic()
    for number, worker in enumerate(given):
        time.sleep(max(0.0, began + LINGER + (number - 30) / 10_000 - time.monotonic()))
        if worker.take(lambda number=number: came.put(number)):  # type: ignore[misc]
            taken.append(number)
    assert wait_until(lambda: not workers())
    assert sorted(came.get() for _ in range(came.qsize())) == taken


def test_nothing_of_an_act_is_kept() -> None:
    """While the thread waits, what an act held is free: it may be a password's proof, or tokens."""

    class Secret:
        """What an act holds."""

        def use(self) -> None:
            """Be performed."""

    secret = Secret()
    gone = weakref.ref(secret)
    worker = Worker(secret.use)
    del secret
    assert wait_until(lambda: gc.collect() >= 0 and gone() is None, LINGER)
    assert len(workers()) == 1
    worker.end()


def test_without_another_thread_nothing_is_promised() -> None:
    """Where the system gives no more threads, whoever asks is told at once."""
    before = threading.stack_size(1 << 50)  # more than there is
    try:
        with pytest.raises(RuntimeError):
            Worker(lambda: None)
    finally:
        threading.stack_size(before)
