"""Where a request goes: to its host, or to the proxy that the environment names for it."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ..models.frozen import field, frozen

_PORTS: Final = {"http": 80, "https": 443}


@frozen
class Place:
    """A host and a port."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@frozen
class Route:
    """The way to a host: encrypted or not, directly or through a proxy.

    authorization: the value of Proxy-Authorization, where the proxy's address holds a user.
    """

    target: Place
    encrypted: bool
    proxy: Place | None = None
    authorization: str | None = field(default=None, repr=False)

    @property
    def forwarded(self) -> bool:
        """Whether a proxy reads the request, and so wants the whole address in it."""
        return self.proxy is not None and not self.encrypted


def place_of(url: str) -> tuple[SplitResult, Place]:
    """The parts of an address that begins with http:// or https://; `ValueError` for any other text."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not the address of an HTTP server")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return parts, Place(parts.hostname, port)


def route_to(scheme: str, target: Place) -> Route:
    """The way that the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case.

    `ValueError` where the proxy is none that can be used.
    """
    encrypted = scheme == "https"
    given = _proxy_for(scheme, target)
    if given is None:
        return Route(target, encrypted)
    parts, proxy = _proxy_at(given if "://" in given else f"http://{given}")
    return Route(target, encrypted, proxy, _authorization(parts))


def _proxy_at(url: str) -> tuple[SplitResult, Place]:
    if url[:7].lower() == "http://":
        try:
            return place_of(url)
        except ValueError:
            pass
    # Not quoted, and not the cause of this: it may hold a password.
    raise ValueError("only proxies whose address begins with http:// can be used; HttpxTransport knows others")


def _proxy_for(scheme: str, target: Place) -> str | None:
    names = (f"{scheme}_proxy", "all_proxy")
    if not any(name in os.environ or name.upper() in os.environ for name in names):
        return None
    from urllib import request  # here: it costs more than a sign-in

    found = request.getproxies_environment()
    given = found.get(scheme) or found.get("all")
    bypassed = request.proxy_bypass_environment(str(target), found)  # type: ignore[attr-defined]  # typeshed lacks it
    return None if bypassed else given


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"
