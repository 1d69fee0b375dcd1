"""The addresses of a host, looked up in a daemon thread that nobody has to wait for.

The system's look-up knows no time-out and cannot be cancelled. Callers for the same host and port share one that is
under way. So a resolver that hangs keeps one thread for each host.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, TypeAlias

from ..concurrency.background import BackgroundTask, join_or_start, task_value
from ..concurrency.clock import Instant
from ..concurrency.signals import is_from_signal
from ..models.hosts import is_localhost, is_this_machine
from .limits import POLL_INTERVAL

SocketAddress: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address as sockets of this family take it."""


def look_up(host: str, port: int, remaining: Callable[[], float]) -> Sequence[SocketAddress]:
    """Return the addresses of a host, in the order in which to try them. `OSError` if it has none.

    remaining: returns the seconds that remain, and raises `TimeoutError` at the deadline.
    """
    task = _join_or_start(host, port)
    while not task.done:
        task.wait(min(remaining(), POLL_INTERVAL))
    return task.value()


async def look_up_async(host: str, port: int, seconds: float) -> Sequence[SocketAddress]:
    """Return the same in an event loop, without the threads of its executor. `TimeoutError` after so many seconds."""
    try:
        return await task_value(_join_or_start(host, port), seconds)
    except TimeoutError as error:
        raise TimeoutError("the look-up of the host takes too long") from error


def _join_or_start(host: str, port: int) -> BackgroundTask[Sequence[SocketAddress]]:
    literal = _literal(host, port)
    if literal is None:
        return join_or_start(("addresses", host, port), partial(_resolve, host, port))
    known: BackgroundTask[Sequence[SocketAddress]] = BackgroundTask(Instant(0.0, 0.0), 0.0)
    known.finish((literal,))
    return known


def _literal(host: str, port: int) -> SocketAddress | None:
    """Return the address that the host is already, if it is one."""
    for family, rest in ((socket.AF_INET, ()), (socket.AF_INET6, (0, 0))):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError) as error:
            if is_from_signal(error):
                raise
            continue
        return family, (host, port, *rest)
    return None


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
