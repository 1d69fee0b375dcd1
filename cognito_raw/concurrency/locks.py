"""Locks that survive forks and interruptions, and the exceptions of signal handlers, which interrupt."""

from __future__ import annotations

import _thread
import os
import sys
from contextlib import suppress
from types import FrameType
from typing import Final

from .clock import steady

# Seconds between two checks of the frame that holds a lock.
_CHECK_INTERVAL: Final = 0.25
_NO_LIMIT: Final = float("inf")


class _Link:
    """A link of a chain of owners: at most one owner follows it."""

    __slots__ = ("following",)

    def __init__(self) -> None:
        self.following: dict[int, _Owner] = {}


class _Owner(_Link):
    """A frame that holds a lock, or held it: then `frame` is None, and `done` is released.

    woken: the `done` of earlier owners whose release woke this one. It wakes the next that waits for each, in its turn.
    """

    __slots__ = ("done", "frame", "process", "thread", "woken")

    def __init__(self, frame: FrameType) -> None:
        super().__init__()
        self.frame: FrameType | None = frame
        self.process = os.getpid()
        self.thread = _thread.get_ident()
        self.done = _thread.allocate_lock()
        self.done.acquire()
        self.woken: tuple[_thread.LockType, ...] = ()

    def wake_next(self) -> None:
        """Wake one of those that wait for each earlier owner."""
        while self.woken:
            done, self.woken = self.woken[0], self.woken[1:]
            done.release()

    def is_lost(self) -> bool:
        """Tell whether the frame can never release the lock: it is on no stack of this process."""
        frame = sys._current_frames().get(self.thread) if self.process == os.getpid() else None
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is None


class ForkLock(_Link):
    """A lock that neither a fork nor an interruption leaves locked.

    A fork starts with a free lock. An exception that a signal handler raises may come just before the release, also in
    a `with` statement. The frame that held the lock is then no longer on any stack, and the next caller takes it.

    The last link of the chain holds the lock. To follow a link is atomic, so the lock never has two owners.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        super().__init__()
        self._last: _Owner | None = None

    def __enter__(self) -> None:
        self.acquire_for(sys._getframe(1))

    def __exit__(self, *_: object) -> None:
        self.release_for(sys._getframe(1))

    def acquire_for(self, frame: FrameType, timeout: float = _NO_LIMIT) -> bool:
        """Acquire the lock for a frame of this thread. Return False if it is not free within so many seconds."""
        me = _Owner(frame)
        try:
            return self._wait_and_follow(me, steady() + timeout)
        finally:
            if self._last is not me:
                me.wake_next()

    def _wait_and_follow(self, me: _Owner, ends: float) -> bool:
        interval = _CHECK_INTERVAL
        while True:
            link = self._end_of_chain()
            if not isinstance(link, _Owner) or link.frame is None or link.frame is me.frame:
                if link.following.setdefault(0, me) is me:
                    self._last = me
                    return True
            elif link.thread == me.thread and link.is_lost():
                link.frame = None
            elif link.done.acquire(timeout=max(0.0, min(ends - steady(), interval))):
                me.woken = *me.woken, link.done
            elif link.is_lost():
                link.frame = None
            elif steady() >= ends:
                return False
            else:
                interval *= 2

    def release_for(self, frame: FrameType) -> None:
        """Release the lock if the frame holds it."""
        owner = self._last
        if owner is not None and owner.frame is frame:
            owner.frame = None
            owner.done.release()
            owner.wake_next()

    def is_mine(self) -> bool:
        """Tell whether this thread holds the lock."""
        owner = self._last
        held = owner is not None and owner.frame is not None and owner.thread == _thread.get_ident()
        return owner is not None and held and not owner.is_lost()

    def _end_of_chain(self) -> _Link:
        link: _Link = self._last or self
        while link.following:
            link = link.following[0]
        return link


class AutoResetEvent:
    """An event that a wait resets. No interruption leaves it locked, as may happen to those of `threading`."""

    __slots__ = ("_is_unset",)

    def __init__(self) -> None:
        self._is_unset = _thread.allocate_lock()
        self._is_unset.acquire()

    def set(self) -> None:
        """Let one wait end, a present or a later one."""
        with suppress(RuntimeError):  # it is set already
            self._is_unset.release()

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds at most. Return whether it was set."""
        return self._is_unset.acquire(timeout=seconds)


def is_from_signal(error: BaseException) -> bool:
    """Tell if a signal handler raised the exception. The handler is given the very frame that it interrupts."""
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        interrupted, entry = entry.tb_frame, entry.tb_next
        for value in entry.tb_frame.f_locals.values():
            if any(given is interrupted for given in (value if isinstance(value, tuple) else (value,))):
                return True
    return False
