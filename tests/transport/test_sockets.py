"""Sockets on which every wait ends at one deadline, from the host's look-up to the last byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cognito_raw.transport import deadline as deadlines
from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.proxy import HostPort
from cognito_raw.transport.sockets import BufferedSocket, ResponseTooLarge, connect, start_tls
from tests.support.deadlines import LaterClock, Stopwatch, wait_until, with_time_enough
from tests.support.hostile import MIB, echoing, ignoring, refusing, serving
from tests.support.programs import run
from tests.support.transports import workers

pytestmark = pytest.mark.usefixtures("tidy")


@contextmanager
def buffered_socket(seconds: float = 60.0) -> Iterator[tuple[BufferedSocket, socket.socket]]:
    """A buffered socket and its other end, with a request begun."""
    here, there = socket.socketpair()
    buffered = BufferedSocket(here)
    buffered.begin(Deadline(seconds))
    try:
        with there:
            yield buffered, there
    finally:
        buffered.close()


def address_of(url: str) -> HostPort:
    """The host and port of a server."""
    return HostPort("127.0.0.1", int(url.rpartition(":")[2].strip("/")))


# --- the deadline


def test_a_deadline_counts_down_and_is_then_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remaining seconds are above 0 as long as there are any."""
    clock = LaterClock()
    monkeypatch.setattr(deadlines, "time", clock)
    deadline = Deadline(60.0)
    assert 0 < deadline.remaining() <= 60.0
    clock.jump(60.0)
    with pytest.raises(TimeoutError, match="the deadline passed"):
        deadline.remaining()


# --- connecting


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_number_of_the_newer_kind_is_not_looked_up_either() -> None:
    """If nobody listens, it is refused. Or the machine has no such network."""
    with pytest.raises(OSError):  # noqa: PT011  # in as many words as there are systems
        connect(HostPort("::1", 1), Deadline(60))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["number", "name"])
def test_a_host_is_connected_to_by_number_or_name(host: str) -> None:
    """Only a name is looked up, in a thread that then ends. A connection sends small packets at once."""
    with serving(echoing) as server:
        with connect(HostPort(host, address_of(server.url).port), Deadline(60)) as made:
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert wait_until(lambda: not workers())


def test_the_next_address_is_tried_where_one_refuses() -> None:
    """A name may have several addresses, and some may refuse connections."""
    program = """
import socket, sys
from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.proxy import HostPort
from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.sockets import connect
port, dead = int(sys.argv[1]), int(sys.argv[2])

def look_up(host, _, **options):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead, port)]

socket.getaddrinfo = look_up
with connect(HostPort("name", 1), Deadline(60)) as made:
    assert made.getpeername()[1] == port
socket.getaddrinfo = lambda *_, **options: []
try:
    connect(HostPort("name", 1), Deadline(60))
except OSError as error:
    print(error)
"""
    with serving(echoing) as server, refusing() as dead:
        ports = [str(address_of(url).port) for url in (server.url, dead)]
        assert run(program, *ports) == "the host has no address"


def test_if_no_address_accepts_a_connection_the_last_error_is_raised() -> None:
    """It is an `OSError`."""
    with refusing() as url, pytest.raises(ConnectionRefusedError):
        connect(address_of(url), Deadline(60))


@pytest.mark.parametrize("addresses", [1, 2])
def test_no_socket_is_left_if_the_deadline_passes_before_the_connection(addresses: int) -> None:
    """None is opened after the deadline."""
    program = """
import socket, sys, time
from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.proxy import HostPort
from cognito_raw.transport.deadline import Deadline
from cognito_raw.transport.sockets import connect

def look_up(host, _, **options):
    time.sleep(0.02)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))] * int(sys.argv[1])

socket.getaddrinfo = look_up
try:
    connect(HostPort("127.0.0.1", 1), Deadline(0.01))
except TimeoutError as error:
    print(error)
"""
    assert run(program, str(addresses)) == "the deadline passed"


def test_a_connection_that_nobody_accepts_ends_at_the_deadline() -> None:
    """The system would try much longer."""
    with ignoring(full=True) as url:
        with pytest.raises(TimeoutError), Stopwatch() as watch:
            connect(address_of(url), Deadline(0.1))
        assert watch.seconds < 2


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid", "b\u00fc" + "x" * 64 + ".invalid"])
def test_a_name_that_cannot_be_one_is_an_error(host: str) -> None:
    """Of the look-up, or of its encoding."""
    with pytest.raises((OSError, UnicodeError)):
        connect(HostPort(host, 1), Deadline(60))


def test_without_another_thread_a_name_is_looked_up_all_the_same() -> None:
    """If the system has no more threads, the caller's thread does it."""
    with serving(echoing) as server:
        before = threading.stack_size(1 << 50)  # more than there is
        try:
            made = connect(HostPort("localhost", address_of(server.url).port), Deadline(60))
        finally:
            threading.stack_size(before)
        made.close()


@pytest.mark.parametrize("name", ["127.0.0.1", ".", "xn--", "b\u00fccher.example"])
def test_a_handshake_that_fails_closes_the_connection(name: str) -> None:
    """A server that speaks no TLS, or a name that cannot be checked."""
    with serving(echoing) as server:
        raw = connect(address_of(server.url), Deadline(60))
        with pytest.raises((OSError, ValueError)):
            start_tls(raw, name, ssl.create_default_context(), Deadline(0.1))
        assert server.is_left()


def test_a_handshake_that_succeeds_gives_the_encrypted_connection(
    certificate: Path, server_side: ssl.SSLContext
) -> None:
    """With a host whose certificate is trusted."""
    context = ssl.create_default_context(cafile=certificate)
    with serving(echoing, server_side) as server:
        made = start_tls(connect(address_of(server.url), Deadline(60)), "127.0.0.1", context, Deadline(60))
        assert made.cipher()
        made.close()


# --- sending


def test_nothing_is_sent_before_it_is_flushed() -> None:
    """A flush sends all at once, and is recorded."""
    with buffered_socket() as (buffered, there):
        buffered.sendall(b"one ")
        buffered.sendall(b"two")
        there.settimeout(0.05)
        with pytest.raises(TimeoutError):
            there.recv(10)
        assert not buffered.sent
        buffered.flush()
        assert buffered.sent
        assert there.recv(10) == b"one two"
        buffered.flush()
        with pytest.raises(TimeoutError):
            there.recv(10)


def test_a_reader_that_stops_ends_the_sending_at_the_deadline() -> None:
    """The rest is not sent."""

    def sent(seconds: float) -> bool:
        with buffered_socket(seconds) as (buffered, _):
            buffered.sendall(bytes(16 * MIB))
            with pytest.raises(TimeoutError):
                buffered.flush()
        return buffered.sent

    assert with_time_enough(sent, bool)


# --- receiving


def test_replies_come_through_one_stream() -> None:
    """Bytes that are read ahead are there for the next response, even if the stream was closed in between."""
    with buffered_socket() as (buffered, there):
        there.sendall(b"one\ntwo\n")
        first = buffered.makefile("rb")
        assert first.readline() == b"one\n"
        first.close()
        assert buffered.makefile("rb").readline() == b"two\n"
        assert not buffered.ended
        there.close()
        assert buffered.makefile("rb").readline() == b""
        assert buffered.ended


def test_a_drip_ends_at_the_deadline() -> None:
    """The deadline is for all bytes together, not for each."""
    with buffered_socket(0.1) as (buffered, there):
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.02):
                there.send(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(TimeoutError), Stopwatch() as watch:
            buffered.makefile("rb").readline()
        assert watch.seconds < 2
        over.set()
        dripping.join()


def test_no_more_comes_than_a_reply_may_hold() -> None:
    """8 MiB received are enough for a body of 1 MiB in any encoding. Each request counts anew."""
    with buffered_socket() as (buffered, there):

        def pour() -> None:
            with suppress(OSError):
                while True:  # one look at a socket may take many MiB of it
                    there.sendall(bytes(MIB))

        pouring = threading.Thread(target=pour)
        pouring.start()
        stream = buffered.makefile("rb")
        with pytest.raises(ResponseTooLarge):
            stream.read(16 * MIB)
        buffered.begin(Deadline(60))
        assert len(stream.read(3 * MIB)) == 3 * MIB
        buffered.close()
        pouring.join()


# --- idle


def test_a_quiet_connection_is_told_from_one_with_unread_data_or_an_end() -> None:
    """Unread bytes, in our buffer or the system's, or an end make it unusable for another request."""
    with buffered_socket() as (buffered, there):
        assert buffered.is_quiet()
        there.sendall(b"reply\nmore")
        buffered.begin(Deadline(60))
        buffered.makefile("rb").readline()
        assert not buffered.is_quiet()
    with buffered_socket() as (buffered, there):
        there.sendall(b"more")
        assert not buffered.is_quiet()
    with buffered_socket() as (buffered, there):
        there.close()
        assert not buffered.is_quiet()
    with buffered_socket() as (buffered, _):
        buffered.close()
        assert not buffered.is_quiet()
