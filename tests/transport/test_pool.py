"""A pool of idle connections: each for one address, for some seconds, in one process."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from cognito_raw.transport.pool import Connection, Pool
from tests.support.deadlines import LaterClock


class Fake(Connection):
    """A connection that records if it was closed, and how often it was asked if it is quiet."""

    closed = False
    quiet = True
    asked = 0

    def is_quiet(self) -> bool:
        self.asked += 1
        return self.quiet

    def close(self) -> None:
        self.closed = True


def test_a_connection_waits_for_the_next_request_to_its_address() -> None:
    """It is given once, for its address only."""
    pool: Pool[Fake] = Pool()
    connection = Fake("a")
    pool.release(connection)
    assert pool.acquire("b") is None
    assert pool.acquire("a") is connection
    assert pool.acquire("a") is None
    assert not connection.closed


def test_the_connection_that_was_used_last_is_used_next() -> None:
    """The others become stale if fewer are needed."""
    pool: Pool[Fake] = Pool()
    connections = [Fake("a"), Fake("a"), Fake("b")]
    for connection in connections:
        pool.release(connection)
    assert [pool.acquire("a"), pool.acquire("a"), pool.acquire("b")] == [connections[1], connections[0], connections[2]]


def test_only_the_connection_that_is_used_next_is_looked_at() -> None:
    """A request does not take longer because many others are idle. One that the server has left is closed."""
    pool: Pool[Fake] = Pool()
    connections = [Fake("a") for _ in range(5)]
    for connection in connections:
        pool.release(connection)
    connections[4].quiet = False
    assert pool.acquire("a") is connections[3]
    assert [(connection.asked, connection.closed) for connection in connections] == [
        (0, False), (0, False), (0, False), (1, False), (1, True),
    ]  # fmt: skip
    pool.close()


def test_a_stale_connection_is_closed_at_the_next_request(idle_time: LaterClock) -> None:
    """After some seconds a connection is not used any more."""
    pool: Pool[Fake] = Pool()
    connection = Fake("a")
    pool.release(connection)
    idle_time.jump(4.1)
    assert pool.acquire("b") is None
    assert connection.closed


def test_closing_closes_all_that_wait() -> None:
    """Connections in use stay open until they are released."""
    pool: Pool[Fake] = Pool()
    waiting, used = Fake("a"), Fake("a")
    pool.release(used)
    assert pool.acquire("a") is used
    pool.release(waiting)
    pool.close()
    assert (waiting.closed, used.closed) == (True, False)
    pool.release(used)
    assert used.closed
    assert pool.acquire("a") is None


def test_a_connection_that_cannot_be_closed_by_a_thread_waits_for_the_next_request(
    idle_time: LaterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the interpreter shuts down and has no more threads."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError(f"no more threads: {thread.name}")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    pool: Pool[Fake] = Pool()
    connections = [Fake("a"), Fake("a")]
    for connection in connections:
        pool.release(connection)
    idle_time.jump(4.1)
    assert pool.acquire("a") is None
    assert [connection.closed for connection in connections] == [True, True]


def test_a_fork_closes_its_copies_of_the_connections() -> None:
    """A child uses no connection of its parent, even if the parent held the lock as it forked."""
    if sys.platform == "win32":
        pytest.skip("no forks here")
    pool: Pool[Fake] = Pool()
    connection = Fake("a")
    pool.release(connection)
    holding, over = threading.Event(), threading.Event()

    def hold() -> None:
        with pool.lock:
            holding.set()
            over.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.acquire("a") is None and connection.closed else 1)
    over.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert pool.acquire("a") is connection
