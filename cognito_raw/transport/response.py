"""Responses of HTTP/1.1, read as strictly as h11 reads them.

A response that another client would read differently, or whose end is unclear, is a `MalformedResponse`. If the
connection ends within a response, it is a `ConnectionError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import Any, Final

from .limits import MAX_HEAD, MAX_INTERIM, TOO_LONG_HEAD, TOO_MANY_INTERIM, MalformedResponse

_PART: Final = 65536
_LONGEST_CHUNK_LINE: Final = 1024
_BLANK: Final = ("\r\n", "\n")

# RFC 9112, sections 4, 5 and 7.1. They take each character once, so that no line is slow.
NAME: Final = r"[-!#$%&'*+.^_`|~0-9a-zA-Z]++"
VALUE: Final = r"[^\x00-\x08\n-\x1f\x7f]*+"
_STATUS_LINE: Final = re.compile(rf"HTTP/1\.([01]) ([1-9][0-9]{{2}})(?: {VALUE})?\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_FIELD: Final = re.compile(rf"^({NAME}):({VALUE})\r?\n", re.MULTILINE)
_LENGTH: Final = re.compile("[0-9]{1,19}")
_CHUNK_LINE: Final = re.compile(rf"([0-9a-fA-F]{{1,8}})(?:;{VALUE}|[ \t]*)\r\n")


class Response:
    """The final response of a stream. Interim responses are skipped.

    headers: under lower-case names. Values of the same name are joined, and folded lines are unfolded.
    closes: the connection serves no further request.
    """

    def __init__(self, stream: BufferedReader[Any]) -> None:
        self._stream = stream
        self._left = MAX_HEAD
        for _ in range(MAX_INTERIM + 1):
            self._read_head()
            if self.status >= 200:
                return
            if self.status == 101:
                raise MalformedResponse("another protocol")
        raise MalformedResponse(TOO_MANY_INTERIM)

    def _read_head(self) -> None:
        found = _STATUS_LINE.fullmatch(self._head_line())
        if found is None:
            raise MalformedResponse("the status line is invalid")
        self.status = int(found[2])
        self.headers = self._read_fields()
        self._chunked, self._length = _framing(self.headers)
        if self._chunked and found[1] == "0":
            raise MalformedResponse("version 1.0 has no chunks")
        if self.status in (204, 304):
            self._chunked, self._length = False, 0
        options = self.headers.get("connection", "").lower().split(",")
        has_end = self._chunked or self._length is not None
        self.closes = not has_end or found[1] == "0" or "close" in map(str.strip, options)

    def _read_fields(self) -> Mapping[str, str]:
        lines = []
        while (line := self._head_line()) not in _BLANK:
            lines.append(line)
        block = _FOLD.sub(" ", "".join(lines))
        if _FIELD.sub("", block):
            raise MalformedResponse("a line of the headers is invalid")
        fields: dict[str, list[str]] = {}
        for name, value in _FIELD.findall(block):
            fields.setdefault(name.lower(), []).append(value.strip(" \t"))
        return {name: ", ".join(values) for name, values in fields.items()}

    def body(self) -> Iterator[bytes]:
        """Yield the parts of the body, to its end."""
        if self._chunked:
            yield from self._read_chunks()
        elif self._length is not None:
            yield from self._read_exactly(self._length)
        else:
            while part := self._stream.read(_PART):
                yield part

    def _read_chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._read_exactly(size)
            if b"".join(self._read_exactly(2)) != b"\r\n":
                raise MalformedResponse("a chunk has no end")
        _framing(self._read_fields())

    def _chunk_size(self) -> int:
        found = _CHUNK_LINE.fullmatch(self._line(_LONGEST_CHUNK_LINE))
        if found is None:
            raise MalformedResponse("the size of a chunk is invalid")
        return int(found[1], 16)

    def _read_exactly(self, size: int) -> Iterator[bytes]:
        while size:
            part = self._stream.read(min(size, _PART))
            if not part:
                raise ConnectionError("the connection ended in the body")
            size -= len(part)
            yield part

    def _head_line(self) -> str:
        line = self._line(self._left)
        self._left -= len(line)
        return line

    def _line(self, limit: int) -> str:
        line = self._stream.readline(limit + 1).decode("latin-1")
        if len(line) > limit:
            raise MalformedResponse(TOO_LONG_HEAD)
        if not line.endswith("\n"):
            raise ConnectionError("the connection ended in the headers")
        return line


def _framing(headers: Mapping[str, str]) -> tuple[bool, int | None]:
    """Return whether the body comes in chunks, and its length if that is known."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and (length is not None or coding.lower() != "chunked"):
        raise MalformedResponse("the encoding of the transfer is unknown")
    if length is not None and not _LENGTH.fullmatch(length):
        raise MalformedResponse("the length of the body is unclear")
    return coding is not None, None if length is None else int(length)
