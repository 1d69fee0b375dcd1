"""The body of a response, up to the limit."""

from __future__ import annotations

from collections.abc import Mapping

from ..call import Reply
from ..result import Err, Ok, Result
from .limits import MAX_BODY


class Body:
    """A response body that is being read, up to the limit."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> bool:
        """Add a chunk; return False once the body is too large."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        return self._size <= MAX_BODY

    def reply(self, status: int, headers: Mapping[str, str]) -> Result[Reply]:
        """Return the reply with this body, or an `Err` if it is too large. Header names are in lower case."""
        if self._size > MAX_BODY:
            return Err("reply-too-large", status=status, sent="maybe")
        if headers.get("content-encoding", "").lower() not in ("", "identity"):
            # No compression was asked for, and decompressing could grow without bound.
            return Err("malformed-reply", "the reply is compressed", status=status, sent="maybe")
        return Ok(Reply(status, headers, b"".join(self._chunks)))
