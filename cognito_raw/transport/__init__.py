"""Transports send a request and return the raw reply: httpx, sync and async, or the standard library.

A transport knows nothing of flows. No type of httpx stands in the signature of another module. A transport owns one
deadline for the whole request, a cap on the response, and connections that are never stale.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from .httpx_async import AsyncHttpxTransport
    from .httpx_blocking import HttpxTransport
    from .standard import StandardTransport

TransportName: TypeAlias = Literal["httpx", "standard"]
"""The names of the sync transports."""

TRANSPORT_NAMES: Final[tuple[TransportName, ...]] = get_args(TransportName)

# The first of each is the shared one: two threads may make one at the same time.
_sync: dict[str, list[HttpxTransport | StandardTransport]] = {name: [] for name in TRANSPORT_NAMES}
_async: list[AsyncHttpxTransport] = []


def shared(name: TransportName = "httpx") -> HttpxTransport | StandardTransport:
    """Return the transport of all clients and sessions in this process that have none of their own."""
    made = _sync[name]
    if not made:
        made.append(_new(name))
        atexit.register(made[0].close)  # or Python would warn of its open sockets
    return made[0]


def shared_async() -> AsyncHttpxTransport:
    """Return the same for async clients and sessions."""
    if not _async:
        from .httpx_async import AsyncHttpxTransport

        _async.append(AsyncHttpxTransport())
    return _async[0]


def _new(name: TransportName) -> HttpxTransport | StandardTransport:
    if name == "standard":
        from .standard import StandardTransport

        return StandardTransport()
    from .httpx_blocking import HttpxTransport

    return HttpxTransport()
