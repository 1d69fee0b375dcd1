"""The deadline of a request by both clocks."""

from __future__ import annotations

import time

import pytest

from cognito_raw.transport.sockets import Deadline


@pytest.mark.parametrize(
    ("monotonic", "wall", "remaining"),
    [
        pytest.param(0, 0, 10, id="at once"),
        pytest.param(9.5, 9.5, 0.5, id="just before"),
        pytest.param(10, 10, None, id="passed"),
        pytest.param(0, 70, 10, id="wall clock set by a minute"),
        pytest.param(0, 70.5, None, id="suspended for longer"),
        pytest.param(9.5, -3600, 0.5, id="wall clock set back"),
    ],
)
def test_a_deadline_passes_by_the_monotonic_clock_or_by_a_suspension(
    monkeypatch: pytest.MonkeyPatch, monotonic: float, wall: float, remaining: float | None
) -> None:
    """The wall clock counts from 60 seconds past the deadline on, since clocks are also set."""
    clocks = [1000.0, 1_783_415_103.0]
    with monkeypatch.context() as patch:
        patch.setattr("cognito_raw.transport.sockets.steady", lambda: clocks[0])
        patch.setattr(time, "time", lambda: clocks[1])
        deadline = Deadline(10.0)
        clocks[0] += monotonic
        clocks[1] += wall
        if remaining is None:
            with pytest.raises(TimeoutError, match=r"^the deadline passed$"):
                deadline.remaining()
        else:
            assert deadline.remaining() == remaining
