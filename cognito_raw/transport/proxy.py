"""The route of a request: directly to its host, or through a proxy that the environment names."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ..models.frozen import field, frozen

_PORTS: Final = {"http": 80, "https": 443}


@frozen
class HostPort:
    """A host and a port."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as written in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@frozen
class Route:
    """The route to a host: encrypted or not, directly or through a proxy.

    authorization: the value of Proxy-Authorization, if the proxy's URL names a user.
    """

    target: HostPort
    encrypted: bool
    proxy: HostPort | None = None
    authorization: str | None = field(default=None, repr=False)

    @property
    def forwarded(self) -> bool:
        """Return whether a proxy reads the request. It then needs the whole URL in it."""
        return self.proxy is not None and not self.encrypted


def split_url(url: str) -> tuple[SplitResult, HostPort]:
    """Return the parts of an http:// or https:// URL, and its host and port. `ValueError` for any other text."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not the address of an HTTP server")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return parts, HostPort(parts.hostname, port)


def route_to(scheme: str, target: HostPort) -> Route:
    """Return the route by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.

    `ValueError` if the proxy cannot be used.
    """
    encrypted = scheme == "https"
    url = _proxy_for(scheme, target)
    if url is None:
        return Route(target, encrypted)
    parts, proxy = _parse_proxy(url if "://" in url else f"http://{url}")
    return Route(target, encrypted, proxy, _authorization(parts))


def _parse_proxy(url: str) -> tuple[SplitResult, HostPort]:
    if url[:7].lower() == "http://":
        try:
            return split_url(url)
        except ValueError:
            pass
    # The URL may hold a password: it is not quoted, and the exception has no cause.
    raise ValueError("only proxies whose address begins with http:// can be used; HttpxTransport knows others")


def _proxy_for(scheme: str, target: HostPort) -> str | None:
    names = (f"{scheme}_proxy", "all_proxy")
    if not any(name in os.environ or name.upper() in os.environ for name in names):
        return None
    from urllib import request  # late, since it costs more than a sign-in

    found = request.getproxies_environment()
    url = found.get(scheme) or found.get("all")
    bypassed = request.proxy_bypass_environment(str(target), found)  # type: ignore[attr-defined]  # typeshed lacks it
    return None if bypassed else url


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"
