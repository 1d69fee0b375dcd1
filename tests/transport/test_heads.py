"""Headers and interim replies have an end."""

from __future__ import annotations

import time

import pytest

from cognito_raw.transport.httpx_internals import ReplyWatch
from cognito_raw.transport.limits import MAX_HEAD, MAX_INTERIM, MalformedResponse
from tests.support.hostile import Peer, reply, replying, serving
from tests.support.transports import Sender, body_of, post, summary

pytestmark = pytest.mark.usefixtures("tidy")

HINTS = b"HTTP/1.1 103 Hints\r\n\r\n"
SENSELESS = ("malformed-reply", "maybe")


def test_some_interim_replies_are_skipped(sender: Sender) -> None:
    """A server may send a few before each reply, in one piece or byte by byte."""

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await peer.drip(HINTS * 2, 0.0)
            await peer.send(HINTS * (MAX_INTERIM - 2) + reply(received.body))

    with serving(behaviour) as server:
        for body in (b"1", b"\n\n" * 100_000, b"HTTP/1.1 100 \n\n"):
            assert body_of(sender.send(post(server.url, body))) == body
        assert server.connections == 1


def test_interim_replies_without_end_are_no_reply(sender: Sender) -> None:
    """One more is refused at once, and nothing holds the event loop."""
    with serving(replying(HINTS * 10_000 + reply())) as server:
        began = time.process_time()
        assert summary(sender.send(post(server.url))) == SENSELESS
        assert time.process_time() - began < 0.2
        assert server.is_left()
    with serving(replying(HINTS * (MAX_INTERIM + 1) + reply())) as server:
        assert summary(sender.send(post(server.url))) == SENSELESS


def test_headers_have_a_size_in_sum(sender: Sender) -> None:
    """The headers of interim replies count with those of the reply."""
    header = f"X: {'x' * 30_000}"
    large = HINTS[:-2] + header.encode() + b"\r\n\r\n"
    with serving(replying(large * 3 + reply(bytes(200_000), 200, header))) as server:
        assert len(body_of(sender.send(post(server.url)))) == 200_000
    with serving(replying(large * 4 + reply(b"", 200, header))) as server:
        assert summary(sender.send(post(server.url))) == SENSELESS
        assert server.is_left()


def watched(*pieces: bytes) -> None:
    """Watch one reply that comes in these pieces."""
    watch = ReplyWatch(NoSocket(), encrypted=True)
    assert list(watch.parts(b"request")) == [b"request"]
    for piece in pieces:
        watch.receive(piece)


class NoSocket:
    """A closed socket's number, which nobody asks."""

    def fileno(self) -> int:
        return 0


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\n\r\n"])
def test_headers_end_as_h11_has_it(end: bytes) -> None:
    """The end may be cut anywhere, and a body is not read as headers."""
    head = b"HTTP/1.1 200 OK" + end
    for cut in range(len(head)):
        watched(head[:cut], head[cut:], b"x" * MAX_HEAD, HINTS * 1000)
        with pytest.raises(MalformedResponse, match="too many interim"):
            watched(HINTS * MAX_INTERIM + HINTS[:cut], HINTS[cut:], head)
    with pytest.raises(MalformedResponse, match="too long"):
        watched(b"x" * MAX_HEAD, b"x")
