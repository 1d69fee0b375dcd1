"""The route of a request: directly to its host, or through a proxy that the environment names.

All transports ask here. This machine is never reached through a proxy.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ..models.frozen import Frozen, field
from ..models.hosts import is_this_machine
from .limits import SettingsError, settings_error

_PORTS: Final = {"http": 80, "https": 443}
_PROXY_PORTS: Final = {**_PORTS, "socks5": 1080, "socks5h": 1080}


class HostPort(Frozen):
    """A host and a port."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as written in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


class Proxy(Frozen):
    """A proxy of the environment.

    variable: the name of the environment variable. user: the name and the password in its address, if there are any.
    """

    variable: str
    scheme: str
    address: HostPort
    user: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that names the user, if there is one."""
        if self.user is None:
            return {}
        return {"Proxy-Authorization": f"Basic {b64encode(':'.join(self.user).encode()).decode()}"}

    def error(self, fault: str) -> SettingsError:
        """Return the error for a proxy that cannot be used."""
        return settings_error("proxy", f"{self.variable}: {fault}")


class Route(Frozen):
    """The route to a host: encrypted or not, directly or through a proxy."""

    target: HostPort
    encrypted: bool
    proxy: Proxy | None = None

    @property
    def forwarded(self) -> bool:
        """Return whether a proxy reads the request. It then needs the whole URL in it."""
        return self.proxy is not None and not self.encrypted


@lru_cache(maxsize=16)  # a process uses few URLs
def split_url(url: str) -> tuple[SplitResult, HostPort]:
    """Return the parts of an http:// or https:// URL, and its host and port. `ValueError` for any other text."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not the address of an HTTP server")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return parts, HostPort(parts.hostname, port)


def route_to(scheme: str, target: HostPort) -> Route:
    """Return the route to a host, through http:// proxies only. `SettingsError` if the proxy cannot be used."""
    proxy = proxy_for(scheme, target)
    if proxy is not None and proxy.scheme != "http":
        raise proxy.error("only proxies whose address begins with http:// can be used; HttpxTransport knows others")
    return Route(target, scheme == "https", proxy)


def proxy_for(scheme: str, target: HostPort) -> Proxy | None:
    """Return the proxy by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.

    `SettingsError` if these cannot be read.
    """
    variable, url = _first_set(f"{scheme}_proxy", "all_proxy")
    if not url:
        return None
    # Judged before the target is looked at: what cannot be read is told with the first request.
    proxy = _parse_proxy(variable, url if "://" in url else f"http://{url}")
    from .no_proxy import is_excepted  # here: most environments name no proxy

    excepted = is_excepted(*_first_set("no_proxy"), scheme, target.host, target.port)
    return None if excepted or is_this_machine(target.host) else proxy


def _first_set(*names: str) -> tuple[str, str]:
    """Return the name and the value of the first variable that is set. Lower case goes before upper case."""
    for name in names:
        # A CGI program gets the header Proxy of its caller as HTTP_PROXY (https://httpoxy.org).
        upper = () if name == "http_proxy" and "REQUEST_METHOD" in os.environ else (name.upper(),)
        spelling = next((one for one in (name, *upper) if one in os.environ), name)
        value = os.environ.get(spelling, "").strip()
        if value:
            return spelling, value
    return names[-1], ""


def _parse_proxy(variable: str, url: str) -> Proxy:
    try:
        if not url.isprintable() or " " in url:
            raise ValueError
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    # What follows the host may be the end of a password with a slash in it, and is then not ignored.
    if parts.scheme not in _PROXY_PORTS or not parts.hostname or "@" in f"{parts.path}{parts.query}{parts.fragment}":
        # The URL may hold a password: it is not quoted, and the exception has no cause.
        raise settings_error(
            "proxy",
            f"{variable}: not the address of a proxy such as http://user:password@proxy.example:3128; it begins with "
            "http://, https://, socks5:// or socks5h://, and / ? # @ : and % in a password are percent-encoded",
        )
    user = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    address = HostPort(parts.hostname, _PROXY_PORTS[parts.scheme] if port is None else port)
    return Proxy(variable, parts.scheme, address, user)
