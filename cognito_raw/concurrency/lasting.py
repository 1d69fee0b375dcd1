"""Tasks that the end of their event loop waits for.

The module imports asyncio when it makes the first one.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


def lasting_task(
    job: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop, seconds: float
) -> asyncio.Task[object]:
    """Return a task that outlives the end of `asyncio.run`, by so many seconds at most."""
    task: asyncio.Task[object] = _kind()(job, loop, seconds)
    return task


@cache
def _kind() -> Any:
    import asyncio

    class LastingTask(asyncio.Task[object]):
        """The end of a loop cancels all tasks between two runs of the loop, and then waits for them."""

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

    return LastingTask
