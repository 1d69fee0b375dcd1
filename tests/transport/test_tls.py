"""The transports over TLS and through proxies: nothing is sent before it is encrypted."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.deadlines import timed_out, with_time_enough
from tests.support.hostile import (
    Behaviour,
    Peer,
    deaf,
    dripping,
    echoing,
    refusing,
    reply,
    replying,
    saying,
    serving,
    tunnelling,
)
from tests.support.transports import (
    SENDERS,
    Sender,
    Sending,
    body_of,
    closing_sender,
    post,
    summary,
    surroundings,
)

pytestmark = pytest.mark.usefixtures("tidy")


def test_a_certificate_that_nobody_vouches_for_is_refused(sender: Sender, server_side: ssl.SSLContext) -> None:
    """A server that cannot prove its name is `connection-failed`, and nothing was sent to it."""
    with serving(echoing, server_side) as server:
        assert summary(sender.send(post(server.url))) == ("connection-failed", "no")
        assert server.received == []


@pytest.mark.parametrize("make", SENDERS)
def test_a_client_of_the_callers_own_brings_its_certificates(
    make: Sending, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """A certificate of one's own is accepted through a client of one's own."""
    context = ssl.create_default_context(cafile=certificate)
    with serving(echoing, server_side) as server, closing_sender(make, verify=context) as sender:
        assert body_of(sender.send(post(server.url, b"hello"))) == b"hello"


def test_the_surroundings_may_name_certificates(sender: Sender, certificate: Path, server_side: ssl.SSLContext) -> None:
    """`SSL_CERT_FILE` holds for our own connections, and they are used again."""
    with surroundings({"SSL_CERT_FILE": str(certificate)}), serving(echoing, server_side) as server:
        for body in (b"1", b"2"):
            assert body_of(sender.send(post(server.url, body))) == body
        assert server.connections == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(saying(b"", then="silent"), id="silence"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), id="headers"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "), id="body"),
    ],
)
def test_the_deadline_covers_an_encrypted_drip(
    sender: Sender, behaviour: Behaviour, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """An encrypted connection is shut at the deadline like any other."""
    with surroundings({"SSL_CERT_FILE": str(certificate)}), serving(behaviour, server_side) as server:
        result = timed_out(lambda within: sender.send(post(server.url, within=within)), server)
        assert summary(result) == ("timed-out", "maybe")
        assert server.is_left()


def test_an_encrypted_reset_is_a_lost_connection(
    sender: Sender, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """A reset in the middle of an encrypted reply is `connection-lost`."""
    behaviour = saying(b"HTTP/1.1 200 OK\r\n", then="reset")
    with surroundings({"SSL_CERT_FILE": str(certificate)}), serving(behaviour, server_side) as server:
        assert summary(sender.send(post(server.url))) == ("connection-lost", "maybe")


async def _drip_a_handshake(peer: Peer) -> None:
    await peer.drip(b"\x16\x03\x03\x40\x00" + bytes(999))


async def _refuse_a_handshake(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 400 This is plain HTTP\r\n\r\n")


async def _reset(peer: Peer) -> None:
    await peer.receive_some()
    peer.reset()


async def _hang_up(_: Peer) -> None:
    """Close at once."""


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(deaf, "timed-out", id="silence"),
        pytest.param(_drip_a_handshake, "timed-out", id="drip"),
        pytest.param(_refuse_a_handshake, "connection-failed", id="no TLS"),
        pytest.param(_reset, "connection-failed", id="reset"),
        pytest.param(_hang_up, "connection-failed", id="end"),
    ],
)
def test_a_handshake_that_fails_sent_nothing(sender: Sender, behaviour: Behaviour, reason: str) -> None:
    """No byte of a request leaves before the connection is encrypted."""
    with serving(behaviour) as server:
        request = post(server.url.replace("http", "https"), within=0.1 if reason == "timed-out" else 60.0)
        assert summary(sender.send(request)) == (reason, "no")
        assert server.is_left()


def test_a_proxy_of_the_surroundings_gets_the_request(sender: Sender) -> None:
    """`HTTP_PROXY` is where requests go."""
    with serving(echoing) as proxy, surroundings({"HTTP_PROXY": proxy.url}):
        assert body_of(sender.send(post("http://pool.example:1/", b"hello"))) == b"hello"
        assert [received.line for received in proxy.received] == ["POST http://pool.example:1/ HTTP/1.1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_the_connection_sent_nothing(sender: Sender, scheme: str) -> None:
    """If the proxy is not there, the reason is `connection-failed`."""
    with refusing() as url, surroundings({"HTTP_PROXY": url, "HTTPS_PROXY": url}):
        assert summary(sender.send(post(f"{scheme}://pool.example:1/"))) == ("connection-failed", "no")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(replying(reply(b"", 403)), "connection-failed", id="refuses"),
        pytest.param(saying(b""), "connection-failed", id="closes"),
        pytest.param(saying(b"", then="reset"), "connection-failed", id="resets"),
        pytest.param(saying(b"garbage\r\n\r\n"), "connection-failed", id="garbage"),
        pytest.param(saying(b"", then="silent"), "timed-out", id="silence"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n\r\n", then="silent"), "timed-out", id="silence behind it"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x03\x40\x00"), "timed-out", id="a drip behind it"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n\r\n"), "connection-failed", id="nothing behind it"),
    ],
)
def test_a_tunnel_that_does_not_come_about_sent_nothing(sender: Sender, behaviour: Behaviour, reason: str) -> None:
    """The CONNECT request to a proxy does not count as the request."""

    def asked(within: float) -> list[str]:
        with serving(behaviour) as proxy, surroundings({"HTTPS_PROXY": proxy.url}):
            assert summary(sender.send(post("https://pool.example:1/", within=within))) == (reason, "no")
            assert proxy.is_left()
        return [received.line for received in proxy.received]

    shortest = 0.1 if reason == "timed-out" else 30.0
    assert with_time_enough(asked, bool, shortest) == ["CONNECT pool.example:1 HTTP/1.1"]


def test_a_tunnel_carries_the_request_encrypted(sender: Sender, certificate: Path, server_side: ssl.SSLContext) -> None:
    """The proxy gets the user of its own address, and nothing of the request that it could read."""
    with serving(echoing, server_side) as server, serving(tunnelling) as proxy:
        address = proxy.url.replace("http://", "http://me:s%40crt@")
        with surroundings({"HTTPS_PROXY": address, "SSL_CERT_FILE": str(certificate)}):
            for body in (b"1", b"2"):
                assert body_of(sender.send(post(server.url_behind_proxy, body))) == body
        [asked] = proxy.received
        assert asked.line.startswith("CONNECT pool.example:")
        assert asked.headers["proxy-authorization"] == "Basic bWU6c0BjcnQ="
        assert (proxy.connections, server.connections) == (1, 1)
        assert "proxy-authorization" not in server.received[0].headers


def test_a_tunnel_that_was_of_no_use_is_in_nobodys_way(sender: Sender, server_side: ssl.SSLContext) -> None:
    """After an untrusted certificate the next request opens a new tunnel at once."""
    with serving(echoing, server_side) as server, serving(tunnelling) as proxy:
        with surroundings({"HTTPS_PROXY": proxy.url}):
            for _ in range(3):
                assert summary(sender.send(post(server.url_behind_proxy))) == ("connection-failed", "no")
        assert server.received == []
        assert proxy.is_left()


def test_a_proxy_gets_the_user_of_its_address(sender: Sender) -> None:
    """Also where it only forwards."""
    with serving(echoing) as proxy, surroundings({"HTTP_PROXY": proxy.url.replace("http://", "http://me:s%40crt@")}):
        assert body_of(sender.send(post("http://pool.example:1/", b"hello"))) == b"hello"
        assert proxy.received[0].headers["proxy-authorization"] == "Basic bWU6c0BjcnQ="
