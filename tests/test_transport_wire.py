"""A socket every wait of which ends at one deadline, from the look-up of the host to the last byte."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cognito_raw.transport.proxy import Place
from cognito_raw.transport.sockets import Limit, TooMuch, Wire, connected, encrypted
from tests.hostile import MIB, echoing, ignoring, refusing, serving, wait_until
from tests.transports import workers

pytestmark = pytest.mark.usefixtures("tidy")


@contextmanager
def wired(seconds: float = 5.0) -> Iterator[tuple[Wire, socket.socket]]:
    """A wire and its other end, with a request begun."""
    here, there = socket.socketpair()
    wire = Wire(here)
    wire.begin(Limit(seconds))
    try:
        with there:
            yield wire, there
    finally:
        wire.close()


def place(url: str) -> Place:
    """The place of a server's address."""
    return Place("127.0.0.1", int(url.rpartition(":")[2].strip("/")))


# --- the limit


def test_a_limit_counts_down_and_is_then_an_error() -> None:
    """The seconds that are left are above 0 as long as there are any."""
    limit = Limit(0.05)
    assert 0 < limit.left() <= 0.05
    time.sleep(0.06)
    with pytest.raises(TimeoutError, match="the deadline passed"):
        limit.left()


# --- connecting


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_number_of_the_newer_kind_is_not_looked_up_either() -> None:
    """Where nobody listens, it is refused; or the machine has no such network."""
    with pytest.raises(OSError):  # noqa: PT011  # in as many words as there are systems
        connected(Place("::1", 1), Limit(5))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["number", "name"])
def test_a_host_is_connected_to_by_number_or_name(host: str) -> None:
    """Only a name is looked up, in a thread that ends with it; a connection sends small packets at once."""
    with serving(echoing) as server:
        with connected(Place(host, place(server.url).port), Limit(5)) as made:
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert wait_until(lambda: not workers())


def test_the_next_address_is_tried_where_one_refuses() -> None:
    """A name may stand for addresses of which not each takes connections."""
    program = """
import socket, sys
from cognito_raw.transport.proxy import Place
from cognito_raw.transport.sockets import Limit, connected
port, dead = int(sys.argv[1]), int(sys.argv[2])

def look_up(host, _, **options):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead, port)]

socket.getaddrinfo = look_up
with connected(Place("name", 1), Limit(5)) as made:
    assert made.getpeername()[1] == port
socket.getaddrinfo = lambda *_, **options: []
try:
    connected(Place("name", 1), Limit(5))
except OSError as error:
    print(error)
"""
    with serving(echoing) as server, refusing() as dead:
        ports = [str(place(url).port) for url in (server.url, dead)]
        ran = subprocess.run(
            [sys.executable, "-c", program, *ports], capture_output=True, text=True, timeout=60, check=False
        )
    assert (ran.stdout.strip(), ran.stderr) == ("the host has no address", "")


def test_where_no_address_takes_a_connection_the_last_error_tells() -> None:
    """It is an `OSError`."""
    with refusing() as url, pytest.raises(ConnectionRefusedError):
        connected(place(url), Limit(5))


@pytest.mark.parametrize("addresses", [1, 2])
def test_no_socket_is_left_where_the_deadline_passed_before_the_connection(addresses: int) -> None:
    """Not even one that was never connected."""
    program = """
import socket, sys, time
from cognito_raw.transport.proxy import Place
from cognito_raw.transport.sockets import Limit, connected

def look_up(host, _, **options):
    time.sleep(0.02)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))] * int(sys.argv[1])

socket.getaddrinfo = look_up
try:
    connected(Place("127.0.0.1", 1), Limit(0.01))
except TimeoutError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, str(addresses)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("the deadline passed", "")


def test_a_connection_that_nobody_takes_ends_at_the_limit() -> None:
    """However long the system would try."""
    with ignoring(full=True) as url:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connected(place(url), Limit(0.3))
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid", "b\u00fc" + "x" * 64 + ".invalid"])
def test_a_name_that_cannot_be_one_is_an_error(host: str) -> None:
    """Of the look-up, or of its encoding."""
    with pytest.raises((OSError, UnicodeError)):
        connected(Place(host, 1), Limit(5))


def test_without_another_thread_a_name_is_looked_up_all_the_same() -> None:
    """Where the system gives no more threads, the caller's own does it."""
    with serving(echoing) as server:
        before = threading.stack_size(1 << 50)  # more than there is
        try:
            made = connected(Place("localhost", place(server.url).port), Limit(5))
        finally:
            threading.stack_size(before)
        made.close()


@pytest.mark.parametrize("name", ["127.0.0.1", ".", "xn--", "b\u00fccher.example"])
def test_a_handshake_that_fails_closes_the_connection(name: str) -> None:
    """A server that speaks no TLS, or a name that cannot be checked."""
    with serving(echoing) as server:
        raw = connected(place(server.url), Limit(5))
        with pytest.raises((OSError, ValueError)):
            encrypted(raw, name, ssl.create_default_context(), Limit(0.3))
        assert server.is_left()


def test_a_handshake_that_succeeds_gives_the_encrypted_connection(
    certificate: Path, server_side: ssl.SSLContext
) -> None:
    """With a host whose certificate is vouched for."""
    context = ssl.create_default_context(cafile=certificate)
    with serving(echoing, server_side) as server:
        made = encrypted(connected(place(server.url), Limit(5)), "127.0.0.1", context, Limit(5))
        assert made.cipher()
        made.close()


# --- sending


def test_nothing_leaves_before_it_is_flushed() -> None:
    """What is written goes out at once, and is then known to have been sent."""
    with wired() as (wire, there):
        wire.sendall(b"one ")
        wire.sendall(b"two")
        there.settimeout(0.05)
        with pytest.raises(TimeoutError):
            there.recv(10)
        assert not wire.sent
        wire.flush()
        assert wire.sent
        assert there.recv(10) == b"one two"
        wire.flush()
        with pytest.raises(TimeoutError):
            there.recv(10)


def test_a_reader_that_stops_ends_the_sending_at_the_limit() -> None:
    """However much there is to send."""
    with wired(0.3) as (wire, _):
        wire.sendall(bytes(16 * MIB))
        with pytest.raises(TimeoutError):
            wire.flush()
        assert wire.sent


# --- receiving


def test_replies_come_through_one_stream() -> None:
    """What is read ahead for one reply is there for the next, also when the stream was closed in between."""
    with wired() as (wire, there):
        there.sendall(b"one\ntwo\n")
        first = wire.makefile("rb")
        assert first.readline() == b"one\n"
        first.close()
        assert wire.makefile("rb").readline() == b"two\n"
        assert not wire.ended
        there.close()
        assert wire.makefile("rb").readline() == b""
        assert wire.ended


def test_a_drip_ends_at_the_limit() -> None:
    """Not each byte has the time, but all together."""
    with wired(0.3) as (wire, there):
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.02):
                there.send(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            wire.makefile("rb").readline()
        assert time.monotonic() - began < 2
        over.set()
        dripping.join()


def test_no_more_comes_than_a_reply_may_hold() -> None:
    """8 MiB over the wire are enough for a body of 1 MiB, however it is packed; each request counts anew."""
    with wired() as (wire, there):

        def pour() -> None:
            with suppress(OSError):
                while True:  # one look at a socket may take many MiB of it
                    there.sendall(bytes(MIB))

        pouring = threading.Thread(target=pour)
        pouring.start()
        stream = wire.makefile("rb")
        with pytest.raises(TooMuch):
            stream.read(16 * MIB)
        wire.begin(Limit(5))
        assert len(stream.read(3 * MIB)) == 3 * MIB
        wire.close()
        pouring.join()


# --- idle


def test_a_silent_wire_is_told_from_one_that_spoke_or_ended() -> None:
    """What came and was not read, in our buffer or in the system's, or an end, makes it unfit for another request."""
    with wired() as (wire, there):
        assert wire.is_silent()
        there.sendall(b"reply\nmore")
        wire.begin(Limit(5))
        wire.makefile("rb").readline()
        assert not wire.is_silent()
    with wired() as (wire, there):
        there.sendall(b"more")
        assert not wire.is_silent()
    with wired() as (wire, there):
        there.close()
        assert not wire.is_silent()
    with wired() as (wire, _):
        wire.close()
        assert not wire.is_silent()
