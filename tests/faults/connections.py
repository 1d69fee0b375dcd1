"""Faults of connections: closed, reset, silent, slow, endless, or with replies whose bytes are wrong."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

from tests.faults.ledger import good
from tests.faults.replies import OK
from tests.support.hostile import Behaviour, Peer, deaf, dripping, reply, saying

_SMALL: Final = reply(b"{}")
STALE: Final = reply(b'{"Username": "another user", "UserSub": "another user"}')
_CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def _close(_: Peer) -> None:
    """Return, and so close."""


async def _reset(peer: Peer) -> None:
    peer.reset()


async def _close_in_the_middle(peer: Peer) -> None:
    await peer.receive_some()


async def _reset_in_the_middle(peer: Peer) -> None:
    await peer.receive_some()
    peer.reset()


async def _shut_down(peer: Peer) -> None:
    """Read nothing, and end one's own side only."""
    peer._writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await peer.see_off()


def _before(data: bytes, *, stays: bool = False) -> Behaviour:
    """Reply before anything has come."""

    async def behaviour(peer: Peer) -> None:
        await peer.send(data)
        if stays:
            await peer.see_off()

    return behaviour


def _after_the_head(data: bytes) -> Behaviour:
    async def behaviour(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(data)

    return behaviour


def _endless(head: bytes, chunk: bytes) -> Behaviour:
    """Write without end, as fast as the other side reads."""

    async def behaviour(peer: Peer) -> None:
        await peer.receive()
        await peer.send(head)
        while True:
            await peer.send(chunk)

    return behaviour


def _surplus(data: bytes) -> Behaviour:
    """Answer every request well, and send more than the answer."""

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await peer.send(good(received) + data)

    return behaviour


QUICK: Final[Mapping[str, Behaviour]] = {
    "closed before the request": _close,
    "reset before the request": _reset,
    "closed in the middle of the request": _close_in_the_middle,
    "reset in the middle of the request": _reset_in_the_middle,
    "half closed before the request": _shut_down,
    "closed after the request": saying(b""),
    "reset after the request": saying(b"", then="reset"),
    "half a status line, closed": saying(b"HTTP/1.1 2"),
    "half a status line, reset": saying(b"HTTP/1.1 2", then="reset"),
    "half a header, closed": saying(OK + b"Content-Le"),
    "bytes that are no HTTP": saying(b"\x15\x03\x01 garbage\r\n\r\n"),
    "a body without a head": saying(b"{}"),
    "HTTP/3": saying(b"HTTP/3.0 200 OK\r\n\r\n{}"),
    "a status of letters": saying(b"HTTP/1.1 abc OK\r\n\r\n{}"),
    "a status of 999": saying(reply(b"{}", 999)),
    "a header without a colon": saying(OK + b"no colon\r\n\r\n{}"),
    "a zero byte in a header": saying(OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
    "one header of 1 MB": saying(OK + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n{}"),
    "endless headers": _endless(OK, b"X: y\r\n" * 1000),
    "endless interim responses": _endless(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 100),
    "another protocol": saying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "a negative length": saying(OK + b"Content-Length: -1\r\n\r\n{}"),
    "two lengths": saying(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a length and chunks": saying(OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "too long a length, closed": saying(OK + b"Content-Length: 9\r\n\r\n{}"),
    "too long a length, reset": saying(OK + b"Content-Length: 9\r\n\r\n{}", then="reset"),
    "a length of 100 MB": _endless(OK + b"Content-Length: 104857600\r\n\r\n", bytes(65536)),
    "an endless body": _endless(OK + b"Connection: close\r\n\r\n", bytes(65536)),
    "a chunk's size of letters": saying(_CHUNKED + b"xyz\r\n{}"),
    "a chunk of 2**64 bytes": saying(_CHUNKED + b"10000000000000000\r\n{}"),
    "a chunk, closed": saying(_CHUNKED + b"9\r\n{}"),
    "endless chunks": _endless(_CHUNKED, b"400\r\n" + bytes(1024) + b"\r\n"),
    "endless trailers": _endless(_CHUNKED + b"0\r\n", b"X: y\r\n" * 1000),
    "an unknown encoding of the transfer": saying(OK + b"Transfer-Encoding: gzip\r\n\r\n{}"),
    "a reply before the request, closed": _before(_SMALL),
    "a refusal before the request, closed": _before(reply(b"{}", 400)),
    "a reply before the request": _before(_SMALL, stays=True),
    "a page before the request": _before(reply(b"busy", 503), stays=True),
    "a page after half of the request": _after_the_head(reply(b"too large", 500)),
}
# A connection that holds more than its reply is closed.
POISONED: Final[Mapping[str, Behaviour]] = {
    "another reply behind the reply": _surplus(STALE),
    "an interim response behind the reply": _surplus(b"HTTP/1.1 100 Continue\r\n\r\n" + STALE),
    "one byte behind the reply": _surplus(b"\n"),
}
# These end at the deadline.
SLOW: Final[Mapping[str, Behaviour]] = {
    "nothing is read": deaf,
    "silence after the request": saying(b"", then="silent"),
    "half a status line, silence": saying(b"HTTP/1.1 2", then="silent"),
    "half a body, silence": saying(OK + b"Content-Length: 9\r\n\r\n{}", then="silent"),
    "one interim response, silence": saying(b"HTTP/1.1 100 Continue\r\n\r\n", then="silent"),
    "chunks without their end, silence": saying(_CHUNKED + b"2\r\n{}\r\n", then="silent"),
    "a slow status line": dripping(b"", b"H"),
    "slow headers": dripping(OK, b"X: y\r\n"),
    "slow interim responses": dripping(b"", b"HTTP/1.1 100 Go on\r\n\r\n"),
    "a slow body": dripping(OK + b"Content-Length: 99999\r\n\r\n", b" "),
    "slow chunks": dripping(_CHUNKED, b"1\r\n \r\n"),
}
