"""A connection is used again only if nothing is left to read after its reply."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import aclosing, closing, contextmanager
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import AsyncHttpxTransport, HttpxTransport
from cognito_raw.transport.httpx_async_network import AsyncNetwork
from cognito_raw.transport.httpx_blocking import Network
from cognito_raw.transport.httpx_internals import install, is_reusable
from cognito_raw.transport.sockets import CurrentDeadline, Deadline
from tests.support.deadlines import wait_until
from tests.support.hostile import Behaviour, Peer, Server, echoing, reply, replying, saying, serving
from tests.support.libraries import LIBRARIES, MODULES, httpx
from tests.support.programs import run
from tests.support.transports import (
    EVERY_SENDER,
    Sender,
    Sending,
    body_of,
    closing_sender,
    post,
    summary,
    surroundings,
)

pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture(params=EVERY_SENDER)
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Those of both libraries too."""
    with closing_sender(request.param) as made:
        yield made


STALE = reply(b"another user's")


def with_surplus(*replies: bytes, surplus: bytes) -> Behaviour:
    """Answer each request with its own body, and the first of each connection with more in the same segment."""

    async def behaviour(peer: Peer) -> None:
        first = True
        while (received := await peer.receive()) is not None:
            await peer.send(b"".join(replies) + reply(received.body) + (surplus if first else b""))
            first = False

    return behaviour


@contextmanager
def over_tls(make: Sending, certificate: Path) -> Iterator[Sender]:
    """A sender over connections of ours that trust the certificate."""
    with surroundings({"SSL_CERT_FILE": str(certificate), "SSL_CERT_DIR": None}), closing_sender(make) as sender:
        yield sender


def assert_nothing_mixes(sender: Sender, server: Server) -> None:
    for body in (b"alice", b"bob", b"carol"):
        assert body_of(sender.send(post(server.url, body))) == body
    assert [received.connection for received in server.received] == [1, 2, 3]


SURPLUS = pytest.mark.parametrize(
    "surplus",
    [
        pytest.param(STALE, id="a second reply"),
        pytest.param(b"extra", id="some bytes"),
        pytest.param(b"\n", id="one byte"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="an interim reply"),
        pytest.param(b"HTTP/1.1 103 Hints\r\n\r\n" + STALE, id="an interim reply and another"),
    ],
)


@SURPLUS
def test_what_follows_a_reply_is_no_reply(sender: Sender, surplus: bytes) -> None:
    """Whatever comes in one segment with a reply, the next request goes out on another connection."""
    with serving(with_surplus(surplus=surplus)) as server:
        assert_nothing_mixes(sender, server)


@SURPLUS
@pytest.mark.parametrize("make", EVERY_SENDER)
def test_what_follows_a_reply_under_tls_is_no_reply(
    make: Sending, surplus: bytes, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """Also where it lies in the buffers of TLS."""
    with serving(with_surplus(surplus=surplus), server_side) as server, over_tls(make, certificate) as sender:
        assert_nothing_mixes(sender, server)


@pytest.mark.parametrize("size", [65536, 16384, 100], ids=str)
@pytest.mark.parametrize("make", EVERY_SENDER)
def test_no_buffer_is_overlooked(make: Sending, size: int, certificate: Path, server_side: ssl.SSLContext) -> None:
    """A reply may end where a buffer or a record of TLS does."""
    whole = reply(bytes(size))
    padded = reply(bytes(size - (len(whole) - size))) if size > 1000 else whole
    for tls in (None, server_side):
        with serving(replying(padded + STALE * 500), tls) as server, over_tls(make, certificate) as sender:
            for _ in range(3):
                assert body_of(sender.send(post(server.url))).strip(b"\0") == b""
            assert server.connections == 3


def test_what_comes_after_a_while_is_no_reply_either(sender: Sender) -> None:
    """Bytes that arrive while a connection is idle are not read as a reply."""

    async def late(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await peer.send(reply(received.body))
            await asyncio.sleep(0.05)
            await peer.send(STALE)

    with serving(late) as server:
        assert body_of(sender.send(post(server.url, b"alice"))) == b"alice"
        assert wait_until(lambda: server.written == len(reply(b"alice") + STALE))
        assert body_of(sender.send(post(server.url, b"bob"))) == b"bob"
        assert server.connections == 2


def test_a_reply_to_half_a_request_ends_the_connection(sender: Sender) -> None:
    """A server that answers before it has read the request may take the rest of it for another one."""

    async def early(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(reply(b"early"))
        await asyncio.sleep(0.3)
        await peer.see_off()

    with serving(early) as server:
        for number in (1, 2):
            assert body_of(sender.send(post(server.url, bytes(20_000_000)))) == b"early"
            assert server.connections == number


@pytest.mark.parametrize("make", EVERY_SENDER)
def test_a_quiet_connection_is_used_again(make: Sending, certificate: Path, server_side: ssl.SSLContext) -> None:
    """Interim replies before a reply, large requests and TLS are no reason to close."""
    behaviour = with_surplus(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n", surplus=b"")
    for tls in (None, server_side):
        with serving(behaviour, tls) as server, over_tls(make, certificate) as sender:
            for body in (b"1", bytes(50_000), b"3"):
                assert body_of(sender.send(post(server.url, body))) == body
            assert server.connections == 1


def test_a_connection_that_the_server_ends_is_replaced(sender: Sender) -> None:
    """After `Connection: close` the next request opens another."""
    with serving(saying(reply(b"a", 200, "Connection: close"))) as server:
        for number in (1, 2):
            assert body_of(sender.send(post(server.url))) == b"a"
            assert server.connections == number


# --- the private parts of httpx


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_the_parts_of_httpx_are_where_we_look(library: Any) -> None:
    """With this version of httpx, connections are used again: a client of ours is reached to its sockets."""
    with serving(echoing) as server, closing(library.Client()) as client:
        current = CurrentDeadline()
        current.deadline = Deadline(60)
        assert install(client, lambda _: Network(current))
        client.post(server.url)
        assert is_reusable(client)
        connection: Any = client._transport._pool.connection
        assert connection._connection._network_stream.is_quiet()
        assert connection._connection._h11_state.trailing_data == (b"", False)


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_the_parts_of_httpx_and_anyio_are_where_we_look(library: Any) -> None:
    """The same for an async client."""

    async def main(url: str) -> None:
        async with aclosing(library.AsyncClient()) as client:
            install(client, AsyncNetwork)
            await client.post(url)
            assert is_reusable(client)
            connection: Any = client._transport._pool.connection
            assert connection._connection._network_stream.is_quiet()

    with serving(echoing) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_a_client_that_cannot_be_reached_uses_no_connection_twice(library: Any) -> None:
    """A version of httpx that keeps its parts elsewhere is not trusted."""
    with serving(echoing) as server, library.Client() as client:
        client.post(server.url)
        assert not is_reusable(client)
        assert not is_reusable(object())
    assert not install(object(), AsyncNetwork)


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_a_connection_that_failed_is_in_nobodys_way(library: Any) -> None:
    """A client that has no open connection can be used again."""
    with closing(library.Client()) as client:
        assert install(client, lambda _: Network(CurrentDeadline()))
        assert is_reusable(client)


_ASKS_FOR_SNIFFIO: Final = """
import asyncio, sys
looks = []

class Missing:
    def find_spec(self, name, *_):
        if name == "sniffio":
            looks.append(name)
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, Missing())
from cognito_raw import AsyncHttpxTransport, Request

async def main():
    transport = AsyncHttpxTransport(library=sys.argv[2])
    counts = []
    for _ in range(3):
        (await transport.send(Request(sys.argv[1], {}, b"{}", 60.0))).unwrap()
        counts.append(len(looks))
    print(counts[1:] == counts[:2])

asyncio.run(main())
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_async_request_looks_for_no_library_that_is_missing(library: str) -> None:
    """Only the first one does, when it opens its connection."""
    if any(needed.startswith("sniffio") for needed in requires(library) or ()):
        pytest.skip("this version cannot do without it")
    with serving(echoing) as server:
        assert run(_ASKS_FOR_SNIFFIO, server.url, library) == "True"


def test_a_client_of_ones_own_keeps_its_rules() -> None:
    """Its connections are left to it."""

    async def main(url: str) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(2):
                assert summary(await AsyncHttpxTransport(client).send(post(url)))[0] == "200"

    with serving(echoing) as server:
        with httpx.Client() as client:
            for _ in range(2):
                assert summary(HttpxTransport(client).send(post(server.url)))[0] == "200"
        asyncio.run(main(server.url))
        assert [received.connection for received in server.received] == [1, 1, 2, 2]


def test_a_request_leaves_in_one_piece(sender: Sender) -> None:
    """The server reads the headers and the body of a small request at once."""

    async def behaviour(peer: Peer) -> None:
        for _ in range(2):
            first = await peer.read_some()
            await peer.send(reply(first[-5:]))

    with serving(behaviour) as server:
        for body in (b"first", b"again"):
            assert body_of(sender.send(post(server.url, body))) == body
