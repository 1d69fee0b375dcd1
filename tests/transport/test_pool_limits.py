"""The age of an idle connection, by both clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cognito_raw.transport.pool import Connection, Pool


class Fake(Connection):
    """A connection that records if it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


class SystemClocks:
    """The two clocks of this machine."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_783_415_103.0, 1000.0


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemClocks]:
    """The clocks that a pool reads, which takes none as arguments; they stand until they are set."""
    clocks = SystemClocks()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: clocks.wall)
        patch.setattr("cognito_raw.transport.pool.steady", lambda: clocks.monotonic)
        yield clocks


@pytest.mark.parametrize(
    ("monotonic", "wall", "fresh"),
    [
        pytest.param(0, 0, True, id="at once"),
        pytest.param(3.75, 3.75, True, id="just before"),
        pytest.param(4, 4, False, id="after four seconds"),
        pytest.param(4, 0, False, id="by the monotonic clock alone"),
        pytest.param(3.75, 4, False, id="by the wall clock alone"),
        pytest.param(0, 3 * 3600, False, id="frozen for hours"),
        pytest.param(0, 3.75, True, id="frozen for a moment"),
        pytest.param(3.75, -3.75, True, id="wall clock set back a little"),
        pytest.param(0, -4, False, id="wall clock set back by four seconds"),
        pytest.param(1, -3600, False, id="wall clock set back by an hour"),
    ],
)
def test_a_connection_is_stale_after_four_seconds_by_either_clock(
    clocks: SystemClocks, monotonic: float, wall: float, fresh: bool
) -> None:
    """A connection is used again only within four seconds of the monotonic clock and of the wall clock.

    A process that was frozen sees its time on the wall clock alone, and a wall clock that was set back may hide it.
    """
    pool: Pool[Fake] = Pool()
    connection = Fake("a")
    pool.release(connection)
    clocks.monotonic += monotonic
    clocks.wall += wall
    assert connection.is_fresh() is fresh
    assert pool.acquire("a") is (connection if fresh else None)
    assert connection.closed is not fresh


def test_the_idle_time_begins_anew_with_each_release(clocks: SystemClocks) -> None:
    """A connection that is in use again and again stays fresh."""
    pool: Pool[Fake] = Pool()
    connection = Fake("a")
    for _ in range(5):
        pool.release(connection)
        clocks.monotonic += 3
        clocks.wall += 3
        assert pool.acquire("a") is connection
