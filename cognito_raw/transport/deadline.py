"""The deadline of one request, for sync transports."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from ..concurrency.clock import steady
from ..concurrency.signals import is_from_signal
from .limits import CLOCK_TOLERANCE, POLL_INTERVAL, TIMED_OUT

T = TypeVar("T")

# Seconds by which a time-out may come too early: Windows's clocks are coarse.
_TOO_EARLY: Final = 0.02


class Deadline:
    """The end of a request, by the monotonic clock and the wall clock.

    The monotonic clock may stop while a process is suspended.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = steady() + seconds
        self._resumed = time.time() + seconds + CLOCK_TOLERANCE

    def remaining(self) -> float:
        """Return the seconds that remain, always above 0. `TimeoutError` if the deadline has passed."""
        remaining = self._ends - steady()
        if remaining <= 0 or time.time() > self._resumed:
            raise TimeoutError(TIMED_OUT)
        return remaining

    def wait(self, operation: Callable[[], T], sock: socket.socket) -> T:
        """Run an operation of a socket until it succeeds or the deadline passes. Look at the clocks regularly."""
        while True:
            seconds = min(self.remaining(), POLL_INTERVAL)
            sock.settimeout(seconds)
            began = steady()
            try:
                return operation()
            except TimeoutError as error:
                if steady() - began < seconds - _TOO_EARLY or is_from_signal(error):  # not the socket's
                    raise
                self.remaining()

    def join(self, thread: threading.Thread) -> None:
        """Wait until a thread ends or the deadline passes."""
        try:
            while thread.is_alive():
                thread.join(min(self.remaining(), POLL_INTERVAL))
        except TimeoutError as error:
            if is_from_signal(error):
                raise


class CurrentDeadline:
    """The deadline of the present request on a connection that serves one at a time."""

    deadline: Deadline

    def wait(self, operation: Callable[[], T], sock: socket.socket) -> T:
        """Run an operation of a socket until it succeeds or the deadline passes."""
        return self.deadline.wait(operation, sock)
