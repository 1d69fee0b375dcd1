"""Sockets on which every wait ends at one deadline, from the host's look-up to the last byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cognito_raw.transport import sockets
from cognito_raw.transport.addresses import connect
from cognito_raw.transport.limits import POLL_INTERVAL
from cognito_raw.transport.sockets import BufferedSocket, Deadline, ResponseTooLarge
from cognito_raw.transport.tls import start_tls
from tests.support.deadlines import LaterClock, Stopwatch, with_time_enough
from tests.support.hostile import MIB, echoing, saying, serving

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


def test_a_socket_is_told_its_time_out_once() -> None:
    """Until the deadline is near. Each time is a call of the system, in which other threads take their turn."""
    told: list[float] = []

    class Told(socket.socket):
        def settimeout(self, value: float | None, /) -> None:
            told.append(value or 0.0)
            super().settimeout(value)

    deadline = Deadline(60)
    with Told() as sock:
        for _ in range(3):
            deadline.wait(lambda: None, sock)
        Deadline(0.25).wait(lambda: None, sock)
    assert told[0] == POLL_INTERVAL
    assert len(told) == 2
    assert told[1] <= 0.25


def address_of(url: str) -> tuple[str, int]:
    """The host and port of a server."""
    return ("127.0.0.1", int(url.rpartition(":")[2].strip("/")))


# --- the deadline


def test_a_deadline_counts_down_and_is_then_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remaining seconds are above 0 as long as there are any."""
    clock = LaterClock()
    monkeypatch.setattr(sockets, "time", clock)
    monkeypatch.setattr(sockets, "steady", clock.monotonic)
    deadline = Deadline(60.0)
    assert 0 < deadline.remaining() <= 60.0
    clock.jump(60.0)
    with pytest.raises(TimeoutError, match="the deadline passed"):
        deadline.remaining()


# --- the handshake


@pytest.mark.parametrize("name", ["127.0.0.1", ".", "xn--", "b\u00fccher.example"])
def test_a_handshake_that_fails_closes_the_connection(name: str) -> None:
    """A server that speaks no TLS, or a name that cannot be checked."""
    with serving(echoing) as server:
        raw = connect(*address_of(server.url), Deadline(60).remaining)
        with pytest.raises((OSError, ValueError)):
            start_tls(raw, name, ssl.create_default_context(), Deadline(0.1).wait)
        assert server.is_left()


def test_a_handshake_that_succeeds_gives_the_encrypted_connection(
    certificate: Path, server_side: ssl.SSLContext
) -> None:
    """With a host whose certificate is trusted."""
    context = ssl.create_default_context(cafile=certificate)
    with serving(echoing, server_side) as server:
        made = start_tls(
            connect(*address_of(server.url), Deadline(60).remaining), "127.0.0.1", context, Deadline(60).wait
        )
        assert made.cipher()
        made.close()


# --- sending


def test_what_is_sent_is_recorded() -> None:
    """A socket knows if a part of the request may have left."""
    with buffered_socket() as (buffered, there):
        assert not buffered.sent
        buffered.send(b"one two")
        assert buffered.sent
        assert there.recv(10) == b"one two"


def test_a_reader_that_stops_ends_the_sending_at_the_deadline() -> None:
    """The rest is not sent."""

    def sent(seconds: float) -> bool:
        with buffered_socket(seconds) as (buffered, _), pytest.raises(TimeoutError):
            buffered.send(bytes(16 * MIB))
        return buffered.sent

    assert with_time_enough(sent, bool)


# --- receiving


def test_replies_come_through_one_stream() -> None:
    """Bytes that are read ahead are there for the next response."""
    with buffered_socket() as (buffered, there):
        there.sendall(b"one\ntwo\n")
        assert buffered.reader.readline() == b"one\n"
        buffered.begin(Deadline(60))
        assert buffered.reader.readline() == b"two\n"
        there.close()
        assert buffered.reader.readline() == b""


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
            buffered.reader.readline()
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
        stream = buffered.reader
        with pytest.raises(ResponseTooLarge):
            stream.read(16 * MIB)
        buffered.begin(Deadline(60))
        assert len(stream.read(3 * MIB)) == 3 * MIB
        buffered.close()
        pouring.join()


# --- idle


def test_what_tls_has_decrypted_is_unread_data_too(certificate: Path, server_side: ssl.SSLContext) -> None:
    """Bytes that are left inside OpenSSL are no longer in the system's buffer."""
    context = ssl.create_default_context(cafile=certificate)
    with serving(saying(b"reply and more", then="silent"), server_side) as server:
        raw = connect(*address_of(server.url), Deadline(60).remaining)
        buffered = BufferedSocket(start_tls(raw, "127.0.0.1", context, Deadline(60).wait))
        buffered.begin(Deadline(60))
        buffered.send(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        buffered.receive_into(bytearray(5))
        assert not buffered._is_readable()
        assert not buffered.is_quiet()
        buffered.close()


def test_a_quiet_connection_differs_from_one_with_unread_data_or_an_end() -> None:
    """Unread bytes, in our buffer or the system's, or an end make it unusable for another request."""
    with buffered_socket() as (buffered, there):
        assert buffered.is_quiet()
        there.sendall(b"reply\nmore")
        buffered.begin(Deadline(60))
        buffered.reader.readline()
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
