"""Turns of the tasks of an event loop at what takes long to compute, such as a proof.

Where many tasks are ready at once, each computes in an iteration of the loop of its own. So the loop is never held for
longer than one of them takes, and answers the network in between.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final
from weakref import ref

if TYPE_CHECKING:
    import asyncio

# As many as the connections of a transport that refreshes use.
_MAX_REFRESHES: Final = 16


class Turns:
    """The turns of one event loop, in order of arrival."""

    def __init__(self) -> None:
        from asyncio import Semaphore  # here: programs without an event loop import this module too

        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        # For each service, of its refreshes that no caller waits for.
        self.refreshes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: Semaphore(_MAX_REFRESHES))

    async def take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for an iteration of the loop in which no other task has its turn."""
        if self._taken:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._taken = True
            loop.call_soon(self._give, loop)

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # done if its task was cancelled
                turn.set_result(None)
                loop.call_soon(self._give, loop)
                return
        self._taken = False


class _Own(threading.local):
    turns: tuple[ref[asyncio.AbstractEventLoop], Turns] | None = None


_own = _Own()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return the turns of the event loop that runs in this thread."""
    if _own.turns is None or _own.turns[0]() is not loop:
        _own.turns = ref(loop), Turns()
    return _own.turns[1]
