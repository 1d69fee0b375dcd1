"""Sending a request and receiving the raw reply, over httpx, in both colours.

A transport knows nothing of flows, and no type of httpx stands in the signature of any other module. What it owns:
one deadline for the whole of a request, a cap on what is read, and connections that are never stale.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .asynchronous import AsyncHttpxTransport
    from .blocking import HttpxTransport

# The first of each is the shared one: two threads may make one at the same time.
_blocking: list[HttpxTransport] = []
_asynchronous: list[AsyncHttpxTransport] = []


def shared() -> HttpxTransport:
    """The transport of all clients and sessions of this process that bring none of their own."""
    if not _blocking:
        from .blocking import HttpxTransport

        _blocking.append(HttpxTransport())
        atexit.register(_blocking[0].close)  # or its sockets would be reported as forgotten where warnings are on
    return _blocking[0]


def shared_async() -> AsyncHttpxTransport:
    """The same for asynchronous clients and sessions."""
    if not _asynchronous:
        from .asynchronous import AsyncHttpxTransport

        _asynchronous.append(AsyncHttpxTransport())
    return _asynchronous[0]
