"""What every transport holds to: how much is read, how long a connection may idle, how much of an error is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ..call import Reply, Request
from ..result import Err, Ok, Result

M = TypeVar("M")

# No reply of the service comes near it: the largest hold some tokens.
LARGEST_BODY: Final = 1024 * 1024
# Seconds after which an idle connection is not trusted: a frozen function thaws with connections long dead.
LONGEST_IDLE: Final = 4.0
# Seconds between looks at the clock that tells the time, during a request: the clock that timers go by may have stood
# still in a process that was frozen for hours.
LOOK: Final = 0.5
# Seconds beyond the deadline before that is taken for a frost: clocks are set, too.
LONGEST_STEP: Final = 60.0
# Seconds that a request may take at most: sockets and threads raise for waits of centuries.
LONGEST_WAIT: Final = 86400.0

TIMED_OUT: Final = "the deadline passed"
# So much of a message is kept: some quote whole headers.
_LONGEST_MESSAGE: Final = 200


class Body:
    """A body as it comes in, up to the cap."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; False once there is too much."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        return self._size <= LARGEST_BODY

    def reply(self, status: int, headers: Mapping[str, str]) -> Result[Reply]:
        """The reply with this body, its headers under lower-case names; an `Err` where there is too much of it."""
        if self._size > LARGEST_BODY:
            return Err("reply-too-large", status=status, sent="maybe")
        if headers.get("content-encoding", "").lower() not in ("", "identity"):
            # None was asked for, and what is compressed could grow without bound.
            return Err("malformed-reply", "the reply is compressed", status=status, sent="maybe")
        return Ok(Reply(status, headers, b"".join(self._chunks)))


def seconds(request: Request) -> float:
    """How long the whole of a request may take."""
    return min(request.timeout, LONGEST_WAIT)


def set_up(make: Callable[[], M]) -> M:
    """What `make` makes of the environment; `ValueError` where its settings do not let it."""
    try:
        return make()
    except (ImportError, OSError, ValueError) as error:
        told = f"the proxy or certificate settings of this environment cannot be used: {error}"
    raise ValueError(told)


def words(error: Exception) -> str:
    """The start of an exception's text. It names hosts, or quotes what the server sent, but never what we sent."""
    return f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
