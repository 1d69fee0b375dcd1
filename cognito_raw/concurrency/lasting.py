"""Tasks that the end of their event loop waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class LastingTask(asyncio.Task[object]):
    """A task that outlives the end of `asyncio.run`, by so many seconds at most.

    The end of a loop cancels all tasks between two runs of the loop, and then waits for them.
    """

    def __init__(self, job: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(job, loop=loop, name="cognito_raw")
        self._seconds = seconds

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the task, at the end of its loop only after a while."""
        loop = self.get_loop()
        if loop.is_running():
            return super().cancel(msg)
        loop.call_later(self._seconds, super().cancel)
        return True
