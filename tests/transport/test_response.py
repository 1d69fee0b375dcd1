"""Responses as the standard transport reads them, held to h11, which reads them for httpx."""

from __future__ import annotations

import io
import random
from typing import Final

import h11
import pytest

from cognito_raw import StandardTransport
from cognito_raw.transport.limits import MalformedResponse
from cognito_raw.transport.response import Response
from tests.support.hostile import saying, serving
from tests.support.transports import post, summary

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TYPED: Final = OK + b"Content-Length: 2\r\nX-Amzn-ErrorType: "
SENSELESS: Final = ("malformed-reply", "maybe")
LOST: Final = ("connection-lost", "maybe")

Read = tuple[int, dict[str, str], bytes]

REFUSED: Final = {
    "a bare CR in a header": (TYPED + b"a\rX-Amzn-ErrorType: NotAuthorizedException\r\n\r\n{}", SENSELESS),
    "a bare CR before a header": (OK + b"X: a\r\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a bare CR in the status line": (b"HTTP/1.1 200 O\rX: y\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a NUL in a header": (TYPED + b"a\0b\r\n\r\n{}", SENSELESS),
    "a control character in a header": (TYPED + b"a\x1b[2Jb\r\n\r\n{}", SENSELESS),
    "a delete character in a header": (TYPED + b"a\x7f\r\n\r\n{}", SENSELESS),
    "a vertical tab in a header": (TYPED + b"a\x0bb\r\n\r\n{}", SENSELESS),
    "a space before a colon": (OK + b"Content-Length : 2\r\n\r\n{}", SENSELESS),
    "a header without a colon": (OK + b"X\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a header without a name": (OK + b": y\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a status with an underscore": (b"HTTP/1.1 2_00 OK\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a status with a sign": (b"HTTP/1.1 +200 OK\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a status of nothing": (b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "a status after two spaces": (b"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\n{}", SENSELESS),
    "an empty line first": (b"\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", SENSELESS),
    "an empty length": (OK + b"Content-Length:\r\n\r\n{}", SENSELESS),
    "chunks and a length": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", SENSELESS),
    "chunks in version 1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", SENSELESS),
    "an interim reply with a length": (b"HTTP/1.1 103 A\r\nContent-Length: x\r\n\r\n" + OK + b"\r\n{}", SENSELESS),
    "a chunk of 0x2": (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk of +2": (CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk of 1_0": (CHUNKED + b"1_0\r\n" + b"{}" * 8 + b"\r\n0\r\n\r\n", SENSELESS),
    "a chunk of -0": (CHUNKED + b"2\r\n{}\r\n-0\r\n\r\n", SENSELESS),
    "a chunk of space and 2": (CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk of nothing": (CHUNKED + b"\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk of nine digits": (CHUNKED + b"000000002\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk's line that ends in LF": (CHUNKED + b"2\n{}\r\n0\r\n\r\n", SENSELESS),
    "a bare CR in an extension": (CHUNKED + b"2;a\rb\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a long extension": (CHUNKED + b"2;" + b"a" * 2000 + b"\r\n{}\r\n0\r\n\r\n", SENSELESS),
    "a chunk's end that is none": (CHUNKED + b"2\r\n{}XX0\r\n\r\n", SENSELESS),
    "a chunk's end in LF": (CHUNKED + b"2\r\n{}\n\n0\r\n\r\n", SENSELESS),
    "a trailer that is none": (CHUNKED + b"2\r\n{}\r\n0\r\nX\r\n\r\n", SENSELESS),
    "a trailer with a length": (CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: x\r\n\r\n", SENSELESS),
    "the end before the last chunk": (CHUNKED + b"2\r\n{}\r\n", LOST),
    "the end in the last chunk": (CHUNKED + b"2\r\n{}\r\n0\r\n", LOST),
    "the end in the last chunk's line": (CHUNKED + b"2\r\n{}\r\n0", LOST),
    "the end in a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX: y\r\n", LOST),
    "the end in a chunk": (CHUNKED + b"5\r\n{}", LOST),
    "the end after a chunk": (CHUNKED + b"2\r\n{}", LOST),
}
TAKEN: Final = {
    "chunks": CHUNKED + b"1\r\n{\r\n01;x=y\r\n}\r\n0\r\nX: y\r\n\r\n",
    "spaces after a chunk's size": CHUNKED + b"2  \r\n{}\r\n0\r\n\r\n",
    "lines that end in LF": b"HTTP/1.1 200 OK\nX: y\nContent-Length: 2\n\n{}",
    "a status without a reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "tabs, and letters beyond ASCII": OK + b"X:\ta\t\xe9 \r\nContent-Length:2\r\n\r\n{}",
    "folded lines and names twice": OK + b"X: a\r\n \t b\r\n \r\nx: c\r\nContent-Length: 2\r\n\r\n{}",
    "an interim reply": b"HTTP/1.1 103 A\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "the end of the connection": OK + b"Connection: close\r\n\r\n{}",
    "version 1.0": b"HTTP/1.0 200 OK\r\n\r\n{}",
    "no content": b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n",
}
# What the mutations put in: the marks of HTTP, and bytes that some clients take for them.
MARKS: Final = (
    *(b"\r \n \r\n \t : ; , 0 1 2 f x _ + - \0 \x0b \x0c \x1c \x7f \x85 \xa0 \xb2 HTTP/1.1 chunked".split(b" ")),
    b" ",
    b"\r\n\r\n",
    b"Content-Length: 2\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize(("said", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_another_client_would_read_otherwise_is_refused(said: bytes, expected: tuple[str, str]) -> None:
    """The whole transport refuses it, and closes the connection."""
    transport = StandardTransport()
    with serving(saying(said)) as server:
        assert summary(transport.send(post(server.url))) == expected
        assert server.is_left()


@pytest.mark.parametrize("said", TAKEN.values(), ids=TAKEN.keys())
def test_what_every_client_reads_alike_is_taken(said: bytes) -> None:
    """Status, headers and body are those of h11."""
    assert read(said) == read_by_h11(said) is not None


def test_nothing_that_h11_refuses_is_taken() -> None:
    """Mutated replies: what is read is what h11 reads, to the byte."""
    dice = random.Random(14)  # the same in every run
    taken = 0
    for _ in range(60_000):
        said = mutated(dice)
        result = read(said)
        assert result is None or result == read_by_h11(said), said
        taken += result is not None
    assert 6_000 < taken < 54_000


def test_no_line_takes_long() -> None:
    """The time to refuse a head is that of its length: each of these would take minutes if it were its square."""
    for line in (b"X" * 120_000, b"X:" + b" " * 120_000 + b"\0", b"X: y\r\n " * 15_000, b"X:y\r\n" * 20_000 + b"\0"):
        read(OK + line + b"\r\n\r\n")


def read(said: bytes) -> Read | None:
    """What the standard transport reads; None for what it refuses."""
    try:
        response = Response(io.BufferedReader(io.BytesIO(said)))
        return response.status, dict(response.headers), b"".join(response.body())
    except (MalformedResponse, ConnectionError):
        return None


def read_by_h11(said: bytes) -> Read | None:
    """What h11 reads of a reply that ends with its connection; None for what it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    status, headers, body = 0, dict[str, str](), b""
    try:
        connection.receive_data(said)
        connection.receive_data(b"")
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
                for name, value in event.headers:
                    key, text = name.decode(), value.decode("latin-1")
                    headers[key] = f"{headers[key]}, {text}" if key in headers else text
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    return status, headers, body


def mutated(dice: random.Random) -> bytes:
    """One of the replies of the tables, changed in one to three places."""
    said = bytearray(dice.choice([*TAKEN.values(), *(reply for reply, _ in REFUSED.values())]))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        start = dice.randrange(len(said) + 1)
        end = min(len(said), start + dice.choice((0, 0, 1, 1, 2, 9)))
        said[start:end] = dice.choice((b"", dice.choice(MARKS), dice.choice(MARKS), bytes(said[start:end]) * 2))
    return bytes(said)
