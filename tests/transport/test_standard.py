"""The transport over the standard library alone."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cognito_raw import Err, Ok, Request, StandardTransport
from tests.support.deadlines import wait_until, with_time_enough
from tests.support.hostile import MIB, Behaviour, Peer, echoing, reply, replying, saying, serving, tunnelling
from tests.support.transports import body_of, post, summary, surroundings, workers

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LOST = ("connection-lost", "maybe")
SENSELESS = ("malformed-reply", "maybe")
TOO_LARGE = ("reply-too-large", "maybe")


pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture
def transport() -> Iterator[StandardTransport]:
    made = StandardTransport()
    yield made
    made.close()


# --- replies


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(saying(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), SENSELESS, id="length twice"),
        pytest.param(saying(OK + b"Content-Length: 2, 2\r\n\r\n{}"), SENSELESS, id="list of lengths"),
        pytest.param(saying(OK + b"Content-Length: +2\r\n\r\n{}"), SENSELESS, id="length with a sign"),
        pytest.param(saying(OK + b"Content-Length: 0x2\r\n\r\n{}"), SENSELESS, id="hexadecimal length"),
        pytest.param(saying(OK + b"Content-Length: \xb2\r\n\r\n{}"), SENSELESS, id="superscript length"),
        pytest.param(saying(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"), SENSELESS, id="5000 digits"),
        pytest.param(saying(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), SENSELESS, id="two encodings"),
        pytest.param(saying(OK + b"Transfer-Encoding: gzip\r\n\r\n{}"), SENSELESS, id="unknown encoding"),
        pytest.param(saying(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}"), SENSELESS, id="negative chunk"),
        pytest.param(saying(OK + b" X: y\r\n\r\n{}"), SENSELESS, id="folded nothing"),
        pytest.param(saying(b"HTTP/2.0 200 OK\r\n\r\n{}"), SENSELESS, id="unknown version"),
        pytest.param(saying(b"HTTP/1.1 20"), LOST, id="closes in the status"),
        pytest.param(saying(b"HTTP/1.1 103 Hints\r\n\r\n" * 9 + reply()), ("200", "yes"), id="hints first"),
        pytest.param(saying(OK + b"\r\n{}"), ("200", "yes"), id="until the end"),
        pytest.param(saying(b"HTTP/1.0 200 OK\r\n\r\n{}"), ("200", "yes"), id="version 1.0"),
        pytest.param(saying(b"HTTP/1.1 204 No\r\n\r\n"), ("204", "yes"), id="no body"),
        pytest.param(
            saying(OK + b"Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX: y\r\n\r\n"),
            ("200", "yes"),
            id="chunks",
        ),
    ],
)
def test_a_reply_whose_end_is_unclear_is_none(
    transport: StandardTransport, behaviour: Behaviour, expected: tuple[str, str]
) -> None:
    """A response that other clients read differently is refused."""
    with serving(behaviour) as server:
        assert summary(transport.send(post(server.url))) == expected


@pytest.mark.parametrize(
    ("head", "chunk", "expected"),
    [
        pytest.param(CHUNKED, (b"1;" + b"x" * 1000 + b"\r\n \r\n") * 99, TOO_LARGE, id="extensions"),
        pytest.param(CHUNKED + b"0\r\n", b"X: y\r\n" * 9999, SENSELESS, id="trailers"),
        pytest.param(OK, b"X: y\r\n" * 9999, SENSELESS, id="headers"),
        pytest.param(OK, b"x" * 65536, SENSELESS, id="a line"),
    ],
)
def test_no_packing_lets_more_in_than_a_reply_may_hold(
    transport: StandardTransport, head: bytes, chunk: bytes, expected: tuple[str, str]
) -> None:
    """Headers and trailers have a bound, and so have all received bytes together."""

    async def pour(peer: Peer) -> None:
        await peer.receive()
        await peer.send(head)
        while True:
            await peer.send(chunk)

    with serving(pour) as server:
        assert summary(transport.send(post(server.url))) == expected
        assert server.is_left()


def test_a_folded_header_is_one_line(transport: StandardTransport) -> None:
    """No name or value of a header breaks a line of a log."""
    with serving(saying(OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n")) as server:
        assert transport.send(post(server.url)).unwrap().headers["x"] == "a b"


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(reply() + b"more", id="more than a reply"),
        pytest.param(reply() + reply(b"another's"), id="two replies"),
        pytest.param(reply(b"{}", 200, "Connection: close"), id="says it closes"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + reply(), id="more than the last chunk"),
    ],
)
def test_a_connection_that_may_be_out_of_step_is_not_used_again(transport: StandardTransport, first: bytes) -> None:
    """No request gets what a server said beyond an earlier reply."""
    with serving(replying(first, reply(b"right"))) as server:
        assert isinstance(transport.send(post(server.url)), Ok)
        assert body_of(transport.send(post(server.url))) == b"right"
        assert [received.connection for received in server.received] == [1, 2]


# --- requests


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", "POST / HTTP/1.1"),
        ("pool/x?a=b&c", "POST /pool/x?a=b&c HTTP/1.1"),
        ("a%20b c\u00e9#top", "POST /a%20b%20c%C3%A9 HTTP/1.1"),
    ],
)
def test_a_request_names_the_path_of_its_address(transport: StandardTransport, path: str, line: str) -> None:
    """Characters that a path may not contain are quoted once. The host is named once."""
    with serving(echoing) as server:
        assert body_of(transport.send(post(server.url + path, b"x"))) == b"x"
        [received] = server.received
    assert received.line == line
    assert received.headers["host"] == server.url.removeprefix("http://").strip("/")


@pytest.mark.parametrize("headers", [{"X": "\u0416"}, {"X\r\nY": "z"}, {"": "z"}, {"X": "a\r\nY: b"}])
def test_a_header_that_cannot_be_written_sends_nothing(transport: StandardTransport, headers: dict[str, str]) -> None:
    """It is the caller's own, and no fault of the network."""
    with serving(echoing) as server:
        assert summary(transport.send(post(server.url, headers=headers))) == ("unknown-error", "no")
        assert server.received == []


def test_a_body_that_nobody_reads_ends_at_the_deadline(transport: StandardTransport) -> None:
    """Sending has the same deadline as everything else."""

    async def asleep(_: Peer) -> None:
        await asyncio.sleep(3600)

    body = bytes(64 * MIB)
    with serving(asleep) as server:

        def send(within: float) -> tuple[str, str]:
            return summary(transport.send(post(server.url, body, within=within)))

        assert with_time_enough(send, lambda result: result != ("timed-out", "no")) == ("timed-out", "maybe")


def test_no_request_has_a_thread_of_its_own(transport: StandardTransport) -> None:
    """Not even while it waits."""
    with serving(saying(b"", then="silent")) as server, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(transport.send, post(server.url))
        assert wait_until(lambda: len(server.received) == 1)
        assert workers() == []
        server.stop()
        assert summary(waiting.result()) == LOST


# --- TLS and proxies


def test_a_context_of_ones_own_brings_its_certificates(certificate: Path, server_side: ssl.SSLContext) -> None:
    """It is used as it is, and a connection under it is used again."""
    transport = StandardTransport(ssl.create_default_context(cafile=certificate))
    with serving(echoing, server_side) as server:
        for body in (b"1", b"2"):
            assert body_of(transport.send(post(server.url, body))) == body
        assert server.connections == 1
        transport.close()


def test_the_system_knows_no_certificate_of_ones_own(
    transport: StandardTransport, certificate: Path, server_side: ssl.SSLContext, tmp_path: Path
) -> None:
    """Unless `SSL_CERT_FILE` or `SSL_CERT_DIR` name it: then it is trusted, and nothing else is."""
    with serving(echoing, server_side) as server:
        assert summary(transport.send(post(server.url))) == ("connection-failed", "no")
        with surroundings({"SSL_CERT_FILE": str(certificate)}):
            named = StandardTransport()
            assert body_of(named.send(post(server.url, b"x"))) == b"x"
            named.close()
        with surroundings({"SSL_CERT_DIR": str(tmp_path)}):
            assert summary(StandardTransport().send(post(server.url))) == ("connection-failed", "no")


@pytest.mark.parametrize(
    ("name", "value"), [("SSL_CERT_FILE", "/nonexistent/ca.pem"), ("HTTPS_PROXY", "socks5://127.0.0.1:9")]
)
def test_an_environment_that_cannot_be_used_is_reported(transport: StandardTransport, name: str, value: str) -> None:
    """A proxy or a certificate file that cannot be is the machine's fault: `ValueError`."""
    request = Request("https://pool.example:9/", {}, b"{}", 1.0)
    with surroundings({name: value}), pytest.raises(ValueError, match="settings of this environment"):
        transport.send(request)


def test_a_tunnel_is_a_connection_like_any_other(
    transport: StandardTransport, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """It is used again, and its proxy alone gets the user of its address."""
    with serving(echoing, server_side) as server, serving(tunnelling) as proxy:
        address = proxy.url.replace("http://", "http://me:s%40crt@")
        with surroundings({"HTTPS_PROXY": address, "SSL_CERT_FILE": str(certificate)}):
            for body in (b"1", b"2"):
                assert body_of(transport.send(post(server.url_behind_proxy, body))) == body
        assert [asked.headers["proxy-authorization"] for asked in proxy.received] == ["Basic bWU6c0BjcnQ="]
        assert "proxy-authorization" not in server.received[0].headers
        transport.close()


def test_a_proxy_that_refuses_is_no_connection(transport: StandardTransport) -> None:
    """Its status is told."""
    with serving(replying(reply(b"", 407))) as proxy, surroundings({"HTTPS_PROXY": proxy.url}):
        result = transport.send(post("https://pool.example:1/"))
        assert summary(result) == ("connection-failed", "no")
        assert isinstance(result, Err)
        assert result.message == "OSError: the proxy answered 407"
        assert proxy.is_left()


def test_a_proxy_that_forwards_gets_the_whole_address(transport: StandardTransport) -> None:
    """And the user of its own, which is no header of the request's."""
    with serving(echoing) as proxy, surroundings({"HTTP_PROXY": proxy.url.replace("http://", "http://me@")}):
        assert body_of(transport.send(post("http://pool.example/a?b", b"x"))) == b"x"
        [received] = proxy.received
    assert received.line == "POST http://pool.example:80/a?b HTTP/1.1"
    assert (received.headers["host"], received.headers["proxy-authorization"]) == ("pool.example", "Basic bWU6")


def test_another_protocol_is_no_reply(transport: StandardTransport) -> None:
    """Nothing that follows a switch could be read."""
    with serving(saying(b"HTTP/1.1 101 Up\r\nConnection: Upgrade\r\n\r\n")) as server:
        assert summary(transport.send(post(server.url))) == SENSELESS


def test_a_reply_that_ends_early_is_lost(transport: StandardTransport) -> None:
    """In its headers as in its body; and one that is too large is not read to its end."""
    for head in (OK, OK + b"Content-Length: 9\r\n\r\n{}"):
        with serving(saying(head)) as server:
            assert summary(transport.send(post(server.url))) == LOST
    with serving(replying(reply(bytes(2 * MIB)))) as server:
        assert summary(transport.send(post(server.url))) == TOO_LARGE
        assert server.is_left()
