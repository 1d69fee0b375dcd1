"""Transports send a request and return the raw reply: httpx or httpx2, sync and async, or the standard library.

A transport knows nothing of flows. No type of either stands in the signature of another module. A transport owns one
deadline for the whole request, a cap on the response, and connections that are never stale.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from .httpx_async import AsyncHttpxTransport
    from .httpx_blocking import HttpxTransport
    from .standard import StandardTransport

AsyncTransportName: TypeAlias = Literal["httpx", "httpx2"]
"""The names of the async transports."""
TransportName: TypeAlias = Literal[AsyncTransportName, "standard"]
"""The names of the sync transports."""

ASYNC_NAMES: Final[tuple[AsyncTransportName, ...]] = get_args(AsyncTransportName)
TRANSPORT_NAMES: Final[tuple[TransportName, ...]] = get_args(TransportName)

# The first of each is the shared one: two threads may make one at the same time.
_sync: dict[str, list[HttpxTransport | StandardTransport]] = {name: [] for name in TRANSPORT_NAMES}
_async: dict[str, list[AsyncHttpxTransport]] = {name: [] for name in ASYNC_NAMES}


def shared(name: TransportName = "httpx") -> HttpxTransport | StandardTransport:
    """Return the transport of all clients and sessions in this process that have none of their own."""
    made = _sync[name]
    if not made:
        if name == "standard":
            from .standard import StandardTransport

            made.append(StandardTransport())
        else:
            from .httpx_blocking import HttpxTransport

            made.append(HttpxTransport(library=name))
        atexit.register(made[0].close)  # or Python would warn of its open sockets
    return made[0]


def shared_async(name: AsyncTransportName = "httpx") -> AsyncHttpxTransport:
    """Return the same for async clients and sessions."""
    made = _async[name]
    if not made:
        from .httpx_async import AsyncHttpxTransport

        made.append(AsyncHttpxTransport(library=name))
    return made[0]
