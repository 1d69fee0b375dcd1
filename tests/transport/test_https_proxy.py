"""Proxies that are themselves reached by TLS, which only httpx knows: the pool's TLS goes through theirs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.deadlines import Stopwatch, timed_out, with_time_enough
from tests.support.hostile import Behaviour, Peer, Server, deaf, dripping, echoing, reply, saying, serving, tunnelling
from tests.support.transports import (
    HTTPX_SENDERS,
    OTHER_SENDERS,
    Sender,
    Sending,
    body_of,
    closing_sender,
    post,
    summary,
)
from tests.support.transports import surroundings as environment

OK: Final = b"HTTP/1.1 200 OK\r\n"


async def half_a_record(peer: Peer) -> None:
    """Begin a handshake with a record of 16 KiB, a byte at a time."""
    await peer.read_some()
    await peer.drip(b"\x16\x03\x03\x40\x00" + bytes(16384))


@pytest.fixture(params=(*HTTPX_SENDERS, *OTHER_SENDERS))
def make(request: pytest.FixtureRequest) -> Sending:
    made: Sending = request.param
    return made


@contextmanager
def through_proxy(
    make: Sending, behaviour: Behaviour, tls: ssl.SSLContext, certificate: Path, *, encrypted: bool = True
) -> Iterator[tuple[Sender, Server, Server]]:
    """A sender, the server behind the proxy, which may be one without TLS, and the proxy."""
    with serving(behaviour, tls if encrypted else None) as server, serving(tunnelling, tls) as proxy:
        address = proxy.url.replace("https://", "https://me:s%40crt@")
        settings = {"HTTPS_PROXY": address, "SSL_CERT_FILE": str(certificate)}
        with environment(settings), closing_sender(make) as sender:
            yield sender, server, proxy


def test_the_proxy_is_judged_by_the_same_certificates(
    make: Sending, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """Its user is sent to it alone."""
    with through_proxy(make, echoing, server_side, certificate) as (sender, server, proxy):
        assert body_of(sender.send(post(server.url_behind_proxy, b"x"))) == b"x"
        with pytest.MonkeyPatch.context() as patch, closing_sender(make) as other:
            patch.delenv("SSL_CERT_FILE")
            assert summary(other.send(post(server.url_behind_proxy, b"x"))) == ("connection-failed", "no")
        [asked] = proxy.received
        assert asked.headers["proxy-authorization"] == "Basic bWU6c0BjcnQ="
        assert "proxy-authorization" not in server.received[0].headers


def test_a_tunnel_is_used_again(make: Sending, certificate: Path, server_side: ssl.SSLContext) -> None:
    """Also for bodies of many TLS records."""
    with through_proxy(make, echoing, server_side, certificate) as (sender, server, proxy):
        for body in (b"x", b"y" * 300_000, b"z"):
            assert body_of(sender.send(post(server.url_behind_proxy, body))) == body
        assert (proxy.connections, server.connections) == (1, 1)


def test_a_tunnel_with_a_surplus_is_not_used_again(
    make: Sending, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """Its bytes may wait in either TLS connection."""
    surplus = saying(reply(b"a") + b"extra", then="silent")
    with through_proxy(make, surplus, server_side, certificate) as (sender, server, _):
        for number in (1, 2):
            assert body_of(sender.send(post(server.url_behind_proxy))) == b"a"
            assert server.connections == number


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(saying(OK + b"Content-Length: 9\r\n\r\n{}"), ("connection-lost", "maybe"), id="in the body"),
        pytest.param(saying(b"", then="reset"), ("connection-lost", "maybe"), id="before the reply"),
    ],
)
def test_a_tunnel_may_end(
    make: Sending, certificate: Path, server_side: ssl.SSLContext, behaviour: Behaviour, expected: tuple[str, str]
) -> None:
    """The failure tells what was sent."""
    with through_proxy(make, behaviour, server_side, certificate) as (sender, server, _):
        assert summary(sender.send(post(server.url_behind_proxy))) == expected


def test_the_deadline_covers_a_drip(make: Sending, certificate: Path, server_side: ssl.SSLContext) -> None:
    """Each byte is a record of both connections."""
    drip = dripping(OK + b"Content-Length: 99999\r\n\r\n", b" ")
    with through_proxy(make, drip, server_side, certificate) as (sender, server, _):
        url = server.url_behind_proxy
        result = timed_out(lambda within: sender.send(post(url, within=within)), server)
        assert summary(result) == ("timed-out", "maybe")
        assert server.is_left()


@pytest.mark.parametrize("behaviour", [deaf, half_a_record], ids=["silence", "a drip"])
def test_the_deadline_covers_the_handshake_in_the_tunnel(
    make: Sending, certificate: Path, server_side: ssl.SSLContext, behaviour: Behaviour
) -> None:
    """The proxy has accepted the tunnel, and nothing of the request was sent."""

    def was_reached(within: float) -> bool:
        before = server.connections
        with Stopwatch() as watch:
            assert summary(sender.send(post(url, within=within))) == ("timed-out", "no")
        assert watch.seconds < within + 2.5
        assert proxy.is_left()
        return server.connections > before

    with through_proxy(make, behaviour, server_side, certificate, encrypted=False) as (sender, server, proxy):
        url = server.url_behind_proxy.replace("http:", "https:")
        assert with_time_enough(was_reached, bool)
