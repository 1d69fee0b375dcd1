"""A connection to the first address of a host that accepts one, as RFC 8305 ("Happy Eyeballs") wants it.

An address may swallow all packets. So the next attempt begins a moment later, and the earlier ones go on. The attempts
of sync transports share one thread, the caller's.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from ..concurrency.signals import is_from_signal
from .addresses import SocketAddress, look_up

# Seconds between two attempts, as section 5 of the RFC recommends.
ATTEMPT_DELAY: Final = 0.25

# The one that needs no descriptor of its own. Windows has another.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.DefaultSelector)


def connect(host: str, port: int, remaining: Callable[[], float]) -> socket.socket:
    """Return a connection to the first address of the host that accepts one. `OSError` if none does.

    remaining: returns the seconds that remain, and raises `TimeoutError` at the deadline.
    """
    addresses = look_up(host, port, remaining)
    with _Selector() as attempts:
        try:
            return _first_connected(attempts, addresses, remaining)
        finally:
            for key in attempts.get_map().values():
                key.data.close()


def _first_connected(
    attempts: selectors.BaseSelector, addresses: Sequence[SocketAddress], remaining: Callable[[], float]
) -> socket.socket:
    untried = deque(addresses)
    failure = OSError()
    while untried or attempts.get_map():
        seconds = min(remaining(), ATTEMPT_DELAY)  # may raise, and so comes before the socket
        try:
            if untried:
                _begin(attempts, *untried.popleft())
            if connected := _connected(attempts, seconds):
                return connected
        except OSError as error:
            if is_from_signal(error):
                raise
            failure = error
    raise failure


def _begin(attempts: selectors.BaseSelector, family: int, address: tuple[object, ...]) -> None:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            made.connect(address)
        attempts.register(made, selectors.EVENT_WRITE, made)
    except BaseException:
        made.close()
        raise


def _connected(attempts: selectors.BaseSelector, seconds: float) -> socket.socket | None:
    """Wait for the end of an attempt. Return its connection, or None if none ends in time. `OSError` if it failed."""
    for key, _ in attempts.select(seconds):
        made: socket.socket = attempts.unregister(key.fileobj).data
        if code := made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            made.close()
            raise OSError(code, os.strerror(code))
        return made
    return None
