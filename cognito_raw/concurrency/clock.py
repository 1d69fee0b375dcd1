"""Time by two clocks: the wall clock may be set, and the monotonic one stops while the process is suspended."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # defining a protocol costs more than the rest of the module
    from collections.abc import Callable
    from typing import Protocol

    class Clocks(Protocol):
        """Both clocks of a program, such as a `Config` has."""

        @property
        def clock(self) -> Callable[[], float]: ...

        @property
        def monotonic(self) -> Callable[[], float]: ...


# The monotonic clock, in a form that libraries which freeze time for tests leave alone: waits must still end.
# Windows has no `clock_gettime`.
steady: Final[Callable[[], float]] = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else partial(time.perf_counter)
)


def wall_clock() -> float:
    """Return the seconds since the epoch, by the clock that `time.time` is now: a test may have frozen it."""
    return time.time()


class Instant:
    """A reading of both clocks."""

    __slots__ = ("monotonic", "wall")

    def __init__(self, monotonic: float, wall: float) -> None:
        self.monotonic = monotonic
        self.wall = wall

    @classmethod
    def now(cls, clocks: Clocks) -> Instant:
        return cls(clocks.monotonic(), clocks.clock())

    def since(self, earlier: Instant) -> float:
        """Return the seconds that passed, by the clock that saw more of them."""
        return max(self.monotonic - earlier.monotonic, self.wall - earlier.wall)

    def age(self, clocks: Clocks) -> float:
        """Return the seconds that passed since this instant."""
        return max(clocks.monotonic() - self.monotonic, clocks.clock() - self.wall)
