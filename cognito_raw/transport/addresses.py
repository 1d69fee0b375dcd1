"""Connections to a host: a look-up of its addresses, and the first of them that accepts a connection.

The system's look-up knows no time-out and cannot be cancelled, so it runs in a daemon thread that nobody has to wait
for. Callers for the same host and port share one that is under way. So a resolver that hangs keeps one thread for each
host.

An address may swallow all packets. So the next attempt begins a moment later, and the earlier ones go on, as RFC 8305
("Happy Eyeballs") wants it. The attempts of sync transports share one thread, the caller's.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from ..concurrency.background import BackgroundTask, join_or_start, task_value
from ..concurrency.locks import is_from_signal
from ..models.hosts import is_localhost, is_this_machine
from .limits import POLL_INTERVAL

SocketAddress: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address as sockets of this family take it."""

# Seconds between two attempts, as section 5 of the RFC recommends.
ATTEMPT_DELAY: Final = 0.25

# The one that needs no descriptor of its own. Windows has another.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.DefaultSelector)


def look_up(host: str, port: int, remaining: Callable[[], float]) -> Sequence[SocketAddress]:
    """Return the addresses of a host, in the order in which to try them. `OSError` if it has none.

    remaining: returns the seconds that remain, and raises `TimeoutError` at the deadline.
    """
    if literal := _literal(host, port):
        return literal
    task = _join_or_start(host, port)
    while not task.done:
        task.wait(min(remaining(), POLL_INTERVAL))
    return task.value()


async def look_up_async(host: str, port: int, seconds: float) -> Sequence[SocketAddress]:
    """Return the same in an event loop, without the threads of its executor. `TimeoutError` after so many seconds."""
    try:
        return _literal(host, port) or await task_value(_join_or_start(host, port), seconds)
    except TimeoutError as error:
        raise TimeoutError("the look-up of the host takes too long") from error


def _literal(host: str, port: int) -> Sequence[SocketAddress]:
    """Return the address that the host is already, if it is one."""
    for family, rest in ((socket.AF_INET, ()), (socket.AF_INET6, (0, 0))):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError) as error:
            if is_from_signal(error):
                raise
        else:
            return ((family, (host, port, *rest)),)
    return ()


def _join_or_start(host: str, port: int) -> BackgroundTask[Sequence[SocketAddress]]:
    return join_or_start(("addresses", host, port), partial(_resolve, host, port))


def _resolve(host: str, port: int) -> Sequence[SocketAddress]:
    # As bytes: for a plain name, Python then does not load its tables of international names.
    found = socket.getaddrinfo(host.encode() if host.isascii() else host, port, type=socket.SOCK_STREAM)
    addresses: list[SocketAddress] = [(family, address) for family, _, _, _, address in found]
    if is_localhost(host):  # a resolver may name another machine, and passwords go there by plain http
        addresses = [address for address in addresses if is_this_machine(address[1][0])]
    if not addresses:
        raise OSError("the host has no address")
    return _interleaved(addresses)


def _interleaved(found: Sequence[SocketAddress]) -> Sequence[SocketAddress]:
    """Alternate the families (RFC 8305, section 4): a network may serve only one of them."""
    families = dict.fromkeys(family for family, _ in found)
    rows = zip_longest(*([one for one in found if one[0] == family] for family in families))
    return [one for row in rows for one in row if one is not None]


def connect(host: str, port: int, remaining: Callable[[], float]) -> socket.socket:
    """Return a connection to the first address of the host that accepts one. `OSError` if none does.

    remaining: as above.
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
