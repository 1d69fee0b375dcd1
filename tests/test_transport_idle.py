"""Connections that lie idle: each for one address, for some seconds, and for one process."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from cognito_raw.transport.pool import Idle, Line


class Kept(Line):
    """A line that knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_line_waits_for_the_next_request_to_its_address() -> None:
    """It is given once, to who asks for its address; others get none."""
    idle: Idle[Kept] = Idle()
    line = Kept("a")
    idle.keep(line)
    assert idle.take("b") is None
    assert idle.take("a") is line
    assert idle.take("a") is None
    assert not line.closed


def test_the_line_that_was_used_last_is_used_next() -> None:
    """So that the others may go stale where fewer are needed."""
    idle: Idle[Kept] = Idle()
    lines = [Kept("a"), Kept("a"), Kept("b")]
    for line in lines:
        idle.keep(line)
    assert [idle.take("a"), idle.take("a"), idle.take("b")] == [lines[1], lines[0], lines[2]]


def test_a_stale_line_is_closed_whoever_comes_next() -> None:
    """After some seconds a line is not given any more."""
    idle: Idle[Kept] = Idle()
    line = Kept("a")
    idle.keep(line)
    time.sleep(4.1)
    assert idle.take("b") is None
    assert line.closed


def test_closing_closes_all_that_wait() -> None:
    """And nothing that is in use."""
    idle: Idle[Kept] = Idle()
    waiting, used = Kept("a"), Kept("a")
    idle.keep(used)
    assert idle.take("a") is used
    idle.keep(waiting)
    idle.close()
    assert (waiting.closed, used.closed) == (True, False)
    idle.close()
    assert idle.take("a") is None


def test_a_fork_closes_what_its_parent_left_it() -> None:
    """A child takes no line of its parent's, not even where the parent was busy with them as it forked."""
    if sys.platform == "win32":
        pytest.skip("no forks here")
    idle: Idle[Kept] = Idle()
    line = Kept("a")
    idle.keep(line)
    holding, over = threading.Event(), threading.Event()

    def hold() -> None:
        with idle.lock():
            holding.set()
            over.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    child = os.fork()
    if child == 0:
        os._exit(0 if idle.take("a") is None and line.closed else 1)
    over.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert idle.take("a") is line
