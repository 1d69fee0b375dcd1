"""Sending a request and receiving the raw reply: over httpx in both colours, or over the standard library.

A transport knows nothing of flows, and no type of httpx stands in the signature of any other module. What it owns:
one deadline for the whole of a request, a cap on what is read, and connections that are never stale.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from .asynchronous import AsyncHttpxTransport
    from .blocking import HttpxTransport
    from .standard import StandardTransport

Kind: TypeAlias = Literal["httpx", "standard"]
"""The words that choose among the blocking transports."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# The first of each is the shared one: two threads may make one at the same time.
_blocking: dict[str, list[HttpxTransport | StandardTransport]] = {kind: [] for kind in KINDS}
_asynchronous: list[AsyncHttpxTransport] = []


def shared(kind: Kind = "httpx") -> HttpxTransport | StandardTransport:
    """The transport of all clients and sessions of this process that bring none of their own."""
    made = _blocking[kind]
    if not made:
        made.append(_new(kind))
        atexit.register(made[0].close)  # or its sockets would be reported as forgotten where warnings are on
    return made[0]


def shared_async() -> AsyncHttpxTransport:
    """The same for asynchronous clients and sessions."""
    if not _asynchronous:
        from .asynchronous import AsyncHttpxTransport

        _asynchronous.append(AsyncHttpxTransport())
    return _asynchronous[0]


def _new(kind: Kind) -> HttpxTransport | StandardTransport:
    if kind == "standard":
        from .standard import StandardTransport

        return StandardTransport()
    from .blocking import HttpxTransport

    return HttpxTransport()
