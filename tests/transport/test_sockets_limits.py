"""The deadline of a request by both clocks, and the thread that looks a host up."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.proxy import HostPort
from cognito_raw.transport.sockets import connect
from tests.support.hostile import refusing


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
        patch.setattr("cognito_raw.transport.deadline.steady", lambda: clocks[0])
        patch.setattr(time, "time", lambda: clocks[1])
        deadline = Deadline(10.0)
        clocks[0] += monotonic
        clocks[1] += wall
        if remaining is None:
            with pytest.raises(TimeoutError, match=r"^the deadline passed$"):
                deadline.remaining()
        else:
            assert deadline.remaining() == remaining


def test_a_look_up_keeps_no_program_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in a daemon thread with the name of the library, which is abandoned at the deadline."""
    threads: list[threading.Thread] = []
    real = socket.getaddrinfo

    def look_up(_: object, *arguments: Any, **options: Any) -> Any:
        threads.append(threading.current_thread())
        return real("127.0.0.1", *arguments, **options)

    with refusing() as url, monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        port = int(url.rstrip("/").rpartition(":")[2])
        with pytest.raises(ConnectionRefusedError):
            connect(HostPort("localhost", port), Deadline(5.0))
    assert [(thread.name, thread.daemon) for thread in threads] == [("cognito_raw", True)]
