"""Sockets on which every wait ends at one deadline.

The waits are the TLS handshake, and each send and receive. A socket's time-out bounds one wait only, and a server that
sends a byte a second needs many. So each wait gets the time that remains.
"""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from ..concurrency.clock import steady
from ..concurrency.locks import is_from_signal
from .limits import CLOCK_TOLERANCE, MAX_BODY, POLL_INTERVAL, TIMED_OUT

T = TypeVar("T")

# Seconds by which a time-out may come too early: Windows's clocks are coarse.
_TOO_EARLY: Final = 0.02
# The most bytes of one response, with headers, chunk sizes and interim responses.
_MAX_RECEIVED: Final = 8 * MAX_BODY
_BUFFER: Final = 65536


class Deadline:
    """The end of a request, by the monotonic clock and the wall clock.

    The monotonic clock may stop while a process is suspended.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = steady() + seconds
        self._resumed = time.time() + seconds + CLOCK_TOLERANCE

    def remaining(self) -> float:
        """Return the seconds that remain, always above 0. `TimeoutError` if the deadline has passed."""
        remaining = self._ends - steady()
        if remaining <= 0 or time.time() > self._resumed:
            raise TimeoutError(TIMED_OUT)
        return remaining

    def wait(self, operation: Callable[[], T], sock: socket.socket) -> T:
        """Run an operation of a socket until it succeeds or the deadline passes. Look at the clocks regularly."""
        while True:
            seconds = min(self.remaining(), POLL_INTERVAL)
            if sock.gettimeout() != seconds:
                sock.settimeout(seconds)
            began = steady()
            try:
                return operation()
            except TimeoutError as error:
                if steady() - began < seconds - _TOO_EARLY or is_from_signal(error):  # not the socket's
                    raise
                self.remaining()


class CurrentDeadline:
    """The deadline of the present request on a connection that serves one at a time."""

    deadline: Deadline

    def wait(self, operation: Callable[[], T], sock: socket.socket) -> T:
        """Run an operation of a socket until it succeeds or the deadline passes."""
        return self.deadline.wait(operation, sock)


class ResponseTooLarge(Exception):
    """A response has more bytes than allowed, whatever its form."""


class BufferedSocket:
    """A socket that sends within a deadline, and bounds what it reads.

    reader: the one stream of all responses.
    """

    deadline: Deadline  # the end of the present request
    sent: bool  # a part of it may have been sent
    early = False  # a reply began before its request was sent

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.reader = io.BufferedReader(_RawReader(self), _BUFFER)
        # After its handshake, TLS sends records of its own, which are no reply.
        self._is_fresh_tls = isinstance(sock, ssl.SSLSocket)
        self._is_readable = readability(sock)

    def begin(self, deadline: Deadline) -> None:
        """Begin the next request."""
        self.deadline, self.sent = deadline, False
        self._received, self._idle = 0, False

    def send(self, data: bytes) -> None:
        """Send all data, in as few packets as possible."""
        unsent = memoryview(data)
        while unsent:
            self.deadline.remaining()
            self.sent = True
            unsent = unsent[self.deadline.wait(partial(self.socket.send, unsent), self.socket) :]
            if len(unsent) and not (self._is_fresh_tls or self.early):
                self.early = self._is_readable()

    def receive_into(self, buffer: Any) -> int | None:
        """Read from the socket before the deadline. Return None if no request is under way."""
        if self._idle:
            return None
        received = self.deadline.wait(lambda: self.socket.recv_into(buffer), self.socket)
        self._is_fresh_tls = False
        self._received += received
        if self._received > _MAX_RECEIVED:
            raise ResponseTooLarge
        return received

    def is_quiet(self) -> bool:
        """Return whether nothing is left to read: no byte beyond the response, and no end of the connection."""
        self._idle = True
        if self.early or self.reader.peek(1) or (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            return False
        return not self._is_readable()

    def close(self) -> None:
        self.socket.close()


def readability(sock: Any) -> Callable[[], bool]:
    """Return a function that tells, without waiting, if a socket has something to read or was closed."""
    if not hasattr(select, "poll"):  # Windows, and eventlet
        return lambda: bool(select.select((sock,), (), (), 0)[0])
    if sock.fileno() < 0:
        return lambda: True
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return lambda: bool(poll.poll(0))


class _RawReader(io.RawIOBase):
    def __init__(self, buffered: BufferedSocket) -> None:
        self._buffered = buffered

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._buffered.receive_into(buffer)
