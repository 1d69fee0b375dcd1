"""A response body of exactly the largest size, and of one byte more, over every transport."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cognito_raw import Err, Ok, Reply
from cognito_raw.transport.body import Body
from tests.support.hostile import Peer, reply, saying, serving
from tests.support.transports import Sender, body_of, post, summary

MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"


def sized(body: bytes) -> bytes:
    """A response that gives its length."""
    return reply(body)


def until_the_end(body: bytes) -> bytes:
    """A response that ends with its connection."""
    return HEAD + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    """A response in two chunks."""
    parts = body[:1000], body[1000:]
    encoded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + encoded + b"0\r\n\r\n"


@pytest.mark.parametrize("chunks", [(MIB,), (MIB - 1, 1), (1, MIB - 1), (MIB, 0)], ids=repr)
def test_a_body_of_one_mebibyte_is_the_largest(chunks: tuple[int, ...]) -> None:
    """`Body` takes 1,048,576 bytes in whatever pieces, and not one more."""
    body = Body()
    assert all(body.add(b"x" * size) for size in chunks)
    assert body.reply(200, {}) == Ok(Reply(200, {}, b"x" * MIB))
    assert not body.add(b"x")
    assert body.reply(200, {}) == Err("reply-too-large", status=200, sent="maybe")


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("form", [sized, until_the_end, chunked], ids=lambda form: form.__name__)
def test_every_transport_reads_one_mebibyte_and_no_more(sender: Sender, form: Callable[[bytes], bytes]) -> None:
    """A body of 1 MiB is read whole; one of a byte more is `reply-too-large`, however the response ends."""
    with serving(saying(form(b"x" * MIB))) as server:
        assert body_of(sender.send(post(server.url))) == b"x" * MIB
    with serving(saying(form(b"x" * (MIB + 1)))) as server:
        assert summary(sender.send(post(server.url))) == ("reply-too-large", "maybe")


@pytest.mark.usefixtures("tidy")
def test_a_connection_goes_on_after_the_largest_body(sender: Sender) -> None:
    """After 1 MiB the connection is used again; after a byte more it is closed, and the next request opens another."""
    replies = [reply(b"x" * size) for size in (MIB, 2, MIB + 1, 2)]
    connections: list[int] = []

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            connections.append(received.connection)
            await peer.send(replies.pop(0))

    with serving(behaviour) as server:
        said = [summary(sender.send(post(server.url)))[0] for _ in range(4)]
    assert said == ["200", "200", "reply-too-large", "200"]
    assert connections == [1, 1, 1, 2]
