"""Waits, bounds and deadlines that mean the same on a busy machine as on a quiet one."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, Self, TypeVar

from cognito_raw import Err, Result

T = TypeVar("T")

# Seconds between two looks. On a busy machine they are further apart, and each still counts as one or two.
_BEAT: Final = 0.01


class Stopwatch:
    """Counts seconds, but not those in which the machine let nothing of this process run.

    with Stopwatch() as watch:
        ...
    assert watch.seconds < 3
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="stopwatch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        last, over = time.monotonic(), False
        while not over:
            over = self._over.wait(_BEAT)
            now = time.monotonic()
            self.seconds += min(now - last, 2 * _BEAT)
            last = now


def wait_until(condition: Callable[[], bool], within: float = 3.0) -> bool:
    """Whether the condition comes true in time, as a stopwatch counts it."""
    last, left = time.monotonic(), within
    while not condition():
        if left < 0:
            return False
        time.sleep(_BEAT / 2)
        now = time.monotonic()
        left -= min(now - last, 2 * _BEAT)
        last = now
    return True


class LaterClock:
    """Stands in for the module `time`: both of its clocks go on as ever, and jump when a test says so."""

    def __init__(self) -> None:
        self.jumped = 0.0

    def jump(self, seconds: float) -> None:
        """Let so many seconds have passed."""
        self.jumped += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self.jumped

    def time(self) -> float:
        return time.time() + self.jumped


class Reached(Protocol):
    """A server that counts what it hears."""

    heard: int

    def is_left(self) -> bool: ...


def timed_out(call: Callable[[float], Result[Any]], server: Reached) -> Result[Any]:
    """The result of a call whose deadline passes after the server heard of it.

    A deadline that passed too soon, on a busy machine, must say that nothing was sent; and the server heard nothing.
    """

    def timed(seconds: float) -> Result[Any]:
        before = server.heard
        with Stopwatch() as watch:
            result = call(seconds)
        assert watch.seconds < seconds + 2.5
        assert isinstance(result, Err)
        if result.sent == "no":
            assert result.reason == "timed-out"
            assert server.is_left()
            assert server.heard == before
        return result

    return with_time_enough(timed, lambda result: isinstance(result, Err) and result.sent != "no")


def with_time_enough(call: Callable[[float], T], enough: Callable[[T], bool], shortest: float = 0.1) -> T:
    """Call with a deadline that passes, but not before something else happened, and return what the call returns.

    enough: tells from that whether it happened. A busy machine may need longer: then each deadline is twice the last.
    """
    for doublings in itertools.count():
        seconds = shortest * 2**doublings
        assert seconds < 60, "it does not happen, however long the deadline"
        if enough(result := call(seconds)):
            return result
    raise AssertionError
