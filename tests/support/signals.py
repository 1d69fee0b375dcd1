"""Signal handlers that raise, as a program's own time limit does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# Two of Python's own, and one of a program or of its task queue, such as Celery.
RAISED: Final[tuple[type[BaseException], ...]] = (
    KeyboardInterrupt,
    TimeoutError,
    OSError,
    type("SoftTimeLimit", (Exception,), {}),
)


@contextmanager
def raising(error: type[BaseException]) -> Iterator[Callable[[], None]]:
    """A function for any thread, after which the main thread raises this error in the midst of whatever it does."""
    main = threading.main_thread().ident
    assert main is not None

    def handle(*_: object) -> None:
        raise error("the program's")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: signal.pthread_kill(main, signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
