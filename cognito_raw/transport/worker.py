"""A thread that is kept for a moment: to make one for each request takes as long as half of the request does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

Act: TypeAlias = Callable[[], object]

# Seconds that a thread waits for its next act: a sign-in's second request follows its first within milliseconds.
LINGER: Final = 0.5


class Worker:
    """Performs acts in a thread of its own, one after the other, until none comes for a moment.

    act: the first one. An act must not raise. `RuntimeError` where there can be no more threads. The thread holds up
    no process that ends, and is not there in a fork.
    """

    def __init__(self, act: Act) -> None:
        self._acts: SimpleQueue[Act | None] = SimpleQueue()
        self._acts.put(act)
        self._ending = False
        threading.Thread(target=self._run, name="cognito_raw", daemon=True).start()

    def take(self, act: Act) -> bool:
        """Perform this one too; False if the thread has ended, and then it never will. For one caller at a time."""
        self._acts.put(act)
        # Where the thread ends at this very moment, one of the two finds the act.
        return not self._ending or self._next(0) is None

    def end(self) -> None:
        """Have the thread end once it has performed what it was given."""
        self._acts.put(None)

    def _run(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        # A method of its own, so that nothing of an act is kept while the next one is waited for.
        act = self._next(LINGER)
        if act is None:
            self._ending = True
            act = self._next(0)
        if act is not None:
            act()
        return act is not None

    def _next(self, seconds: float) -> Act | None:
        try:
            return self._acts.get(timeout=seconds)
        except Empty:
            return None
