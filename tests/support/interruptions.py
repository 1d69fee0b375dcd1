"""Exceptions at any line of the package, as a signal handler raises them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import cognito_raw

PACKAGE: Final = str(cognito_raw.__file__).removesuffix("__init__.py")
# Functions of the standard library and of httpcore that take locks.
LOCKING: Final = frozenset({"__enter__", "_acquireLock"})


class Interrupted(BaseException):
    """Raised as a signal handler raises: at whichever line."""


def interrupt(call: Callable[[], object], at: int, error: type[BaseException] = Interrupted) -> bool:
    """Run a call and raise at its line of this number, over all frames of the package. False if it has fewer.

    The moment at which others have just taken a lock of theirs counts as a line too.
    """
    lines = iter(range(at + 1))

    def trace(frame: FrameType, event: str, _: object) -> Any:
        is_ours = frame.f_code.co_filename.startswith(PACKAGE)
        if not is_ours and frame.f_code.co_name not in LOCKING:
            return None
        if event == ("line" if is_ours else "return") and next(lines, None) == at:
            sys.settrace(None)
            raise error if is_ours else Interrupted  # there no traceback names the frame, as a signal's does
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except (error, Interrupted):
        pass
    finally:
        sys.settrace(before)
    return next(lines, None) is None  # also if it was raised in a finalizer, which swallows it
