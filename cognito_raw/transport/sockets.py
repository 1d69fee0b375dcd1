"""A socket every wait of which ends at one deadline.

That is the look-up of the host, each connection that is tried, the TLS handshake, each part of what is sent and of what
comes. The time-out of a socket bounds one wait, and a server that sends a byte a second needs many: each wait is given
what is left. Only the look-up of a name knows no time-out, and is done in a thread that is left behind if it is late.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from .limits import LARGEST_BODY, LONGEST_STEP, LOOK, TIMED_OUT
from .proxy import Place

T = TypeVar("T")

# So much may come over the wire for one reply, with headers, marks of chunks and interim replies: http.client would
# read on for as long as a server likes.
_MOST_RECEIVED: Final = 8 * LARGEST_BODY
_BUFFER: Final = 65536


class TooMuch(Exception):
    """More came than a reply may hold, however it is packed."""


class Limit:
    """A moment at which everything ends, by either clock: the one that timers go by may stop in a frozen process."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._thawed = time.time() + seconds + LONGEST_STEP

    def left(self) -> float:
        """The seconds until then, above 0; `TimeoutError` if it has passed."""
        left = self._ends - time.monotonic()
        if left <= 0 or time.time() > self._thawed:
            raise TimeoutError(TIMED_OUT)
        return left

    def patient(self, wait: Callable[[], T], sock: socket.socket) -> T:
        """What a wait of a socket gives, which is interrupted now and then to look at the clocks."""
        while True:
            sock.settimeout(min(self.left(), LOOK))
            try:
                return wait()
            except TimeoutError:
                self.left()


def connected(place: Place, limit: Limit) -> socket.socket:
    """A connection to the place, by the first of its addresses that takes one. `OSError` where none does."""
    addresses = _look_up(place, limit)
    failure: OSError = OSError("the host has no address")
    for untried, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        seconds = limit.left() / untried  # before there is a socket, which would not be closed
        try:
            return _connected(socket.socket(family, kind, protocol), address, seconds)
        except OSError as error:
            failure = error
    raise failure


def encrypted(raw: socket.socket, host: str, context: ssl.SSLContext, limit: Limit) -> ssl.SSLSocket:
    """The connection under TLS, with a host that has proven its name. Closed where that fails."""
    made: socket.socket = raw
    try:
        # As bytes, so that ssl does not load Python's tables of international names for a plain one.
        name: Any = host.encode() if host.isascii() else host
        made = tls = context.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        limit.patient(tls.do_handshake, tls)
    except BaseException:
        made.close()
        raise
    return tls


class Wire:
    """A connection as http.client uses a socket: what it writes is held until `flush`, what it reads is bounded.

    limit: when the present request ends. sent: whether any of it may have left. ended: whether the other side hung up.
    """

    limit: Limit
    sent: bool
    ended: bool

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._outgoing = bytearray()
        self._incoming = _Incoming(self)

    def begin(self, limit: Limit) -> None:
        """From here on it is the next request."""
        self.limit, self.sent, self.ended = limit, False, False
        self._received, self._resting = 0, False

    def sendall(self, data: bytes) -> None:
        self._outgoing += data

    def flush(self) -> None:
        """Send what was written, in as few packets as it fits in."""
        rest = memoryview(self._outgoing)
        while rest:
            self.limit.left()
            self.sent = True
            rest = rest[self.limit.patient(partial(self.socket.send, rest), self.socket) :]
        self._outgoing = bytearray()

    def makefile(self, _: str) -> io.BufferedReader:
        """The one stream of all replies."""
        return self._incoming

    def receive_into(self, buffer: Any) -> int | None:
        if self._resting:
            return None
        received = self.limit.patient(lambda: self.socket.recv_into(buffer), self.socket)
        self.ended = not received
        self._received += received
        if self._received > _MOST_RECEIVED:
            raise TooMuch
        return received

    def is_silent(self) -> bool:
        """Whether nothing came that has not been read: neither more than a reply, nor the end."""
        self._resting = True
        if self._incoming.peek(1):
            return False
        try:
            self.socket.settimeout(0)
            # Past the methods of a TLS socket, which would read instead of looking.
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        self.socket.close()


class _Raw(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._wire.receive_into(buffer)


class _Incoming(io.BufferedReader):
    """What comes over a wire. A reply that is done closes its stream, which the next one needs."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(_Raw(wire), _BUFFER)

    def close(self) -> None:
        """Do nothing."""


def _is_number(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False


def _look_up(place: Place, limit: Limit) -> list[Any]:
    # As bytes, for the reason above.
    host = place.host.encode() if place.host.isascii() else place.host
    if _is_number(place.host):
        return socket.getaddrinfo(host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    found: list[Any] = []
    failed: list[Exception] = []

    def look() -> None:
        try:
            found.extend(socket.getaddrinfo(host, place.port, type=socket.SOCK_STREAM))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=look, name="cognito_raw", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads, as when the interpreter shuts down
        look()
    else:
        thread.join(limit.left())
    if failed:
        raise failed[0]
    limit.left()
    return list(found)


def _connected(made: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        made.settimeout(seconds)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made
