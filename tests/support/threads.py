"""The threads of a test's process."""

from __future__ import annotations

import threading


def living() -> list[threading.Thread]:
    """All that run. An exception within Python's own `Thread.start` leaves one that never begins, and holds nothing."""
    return [thread for thread in threading.enumerate() if thread.is_alive()]
