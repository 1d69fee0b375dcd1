"""Sending a request and receiving the raw reply: over httpx in both colours, or over the standard library.

A transport knows nothing of flows, and no type of httpx stands in the signature of any other module. What it owns:
one deadline for the whole of a request, a cap on what is read, and connections that are never stale.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from .httpx_async import AsyncHttpxTransport
    from .httpx_blocking import HttpxTransport
    from .standard import StandardTransport

TransportName: TypeAlias = Literal["httpx", "standard"]
"""The words that choose among the blocking transports."""

TRANSPORT_NAMES: Final[tuple[TransportName, ...]] = get_args(TransportName)

# The first of each is the shared one: two threads may make one at the same time.
_blocking: dict[str, list[HttpxTransport | StandardTransport]] = {name: [] for name in TRANSPORT_NAMES}
_asynchronous: list[AsyncHttpxTransport] = []


def shared(name: TransportName = "httpx") -> HttpxTransport | StandardTransport:
    """The transport of all clients and sessions of this process that bring none of their own."""
    made = _blocking[name]
    if not made:
        made.append(_new(name))
        atexit.register(made[0].close)  # or its sockets would be reported as forgotten where warnings are on
    return made[0]


def shared_async() -> AsyncHttpxTransport:
    """The same for asynchronous clients and sessions."""
    if not _asynchronous:
        from .httpx_async import AsyncHttpxTransport

        _asynchronous.append(AsyncHttpxTransport())
    return _asynchronous[0]


def _new(name: TransportName) -> HttpxTransport | StandardTransport:
    if name == "standard":
        from .standard import StandardTransport

        return StandardTransport()
    from .httpx_blocking import HttpxTransport

    return HttpxTransport()
