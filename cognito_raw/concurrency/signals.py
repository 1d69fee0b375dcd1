"""Exceptions of signal handlers, told from those of the code that they interrupt."""

from __future__ import annotations


def is_from_signal(error: BaseException) -> bool:
    """Tell if a signal handler raised the exception. The handler is given the very frame that it interrupts."""
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        interrupted, entry = entry.tb_frame, entry.tb_next
        for value in entry.tb_frame.f_locals.values():
            if any(given is interrupted for given in (value if isinstance(value, tuple) else (value,))):
                return True
    return False
