"""Shared by the sync and the async httpx transport: progress of a request, and the clients of ours."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from ..call import USER_AGENT, Request
from ..concurrency.locks import is_from_signal
from ..result import Sent
from .certificates import TrustStore, environment_locations, load_trust_store, system_locations
from .library import AsyncClient, Library, LibraryName, SyncClient, load
from .limits import TIMED_OUT, from_environment, is_of_program, timeout_of
from .proxy import Proxy, proxy_for, split_url

_CONNECTING: Final = ("connect_tcp.started", "connect_unix_socket.started")
_CONNECTED: Final = ("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")
_SENDING: Final = "send_request_headers.started"

# Most events of a request over an idle connection.
_IRRELEVANT: Final = ("http11.receive_", "http11.response_", "http11.send_request_body.")

# The User-Agent of both libraries begins so.
_AGENT: Final = "python-httpx"
# The waits that it limits.
_WAITS: Final = ("connect", "read", "write", "pool")


class Progress:
    """The progress of one request, from which a deadline learns if anything was sent.

    httpx calls `note` through its `trace` extension. `stream` is the newest open network stream. Any thread may set
    `abandoned`. A request that was not sent by then is never sent.

    traced: whether the client surely traces, as ours do. A caller's own may not.
    """

    def __init__(self, *, traced: bool) -> None:
        self.traced = traced
        self.started = False
        self.connecting = False
        self.stream: Any = None
        self.abandoned = False

    @property
    def sent(self) -> Sent:
        """Tell if any of the request may have been sent."""
        return "no" if self.connecting or (self.traced and not self.started) else "maybe"

    def has_started(self) -> bool:
        """Return whether sending may have started, on any connection."""
        return self.started

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Record an event of httpx."""
        if event.startswith(_IRRELEVANT):
            return
        if event.endswith(_CONNECTING):
            # The authentication of the caller's client may send twice, on two connections.
            self.connecting = not self.started
        elif event.endswith(_CONNECTED):
            self.stream = info["return_value"]
        elif event.endswith(_SENDING) and info["request"].method != b"CONNECT":  # only a proxy receives that
            self.started, self.connecting = True, False
        else:
            return
        # `started` is set before the flag is read here. The other thread sets the flag before it reads `sent`. So a
        # request that was reported as unsent is never sent.
        if self.abandoned:
            if self.stream is not None:
                self.stream.close()
            raise TimeoutError(TIMED_OUT)

    def is_of_program(self, error: Exception) -> bool:
        """Return whether the program gets the exception: it is its own, and none of its client."""
        return is_from_signal(error) or (self.traced and is_of_program(error))


def request_of(
    request: Request, client: SyncClient | AsyncClient, library: Library, progress: Progress, trace: object
) -> Any:
    """Return the request that httpx sends. A client's own User-Agent goes before our default."""
    url, headers = _url(library, request.url), dict(request.headers)
    extensions: dict[str, Any] = {"trace": trace, "timeout": dict.fromkeys(_WAITS, timeout_of(request))}
    if progress.traced:  # a client of ours has nothing to add, and looking for it is slow
        length = {"Content-Length": str(len(request.body))} if request.method == "POST" else {}
        headers = {"Host": url.netloc.decode(), **length, **headers}
        stream, extensions["progress"] = library.ByteStream(request.body), progress
        return library.Request(request.method, url, headers=headers, stream=stream, extensions=extensions)
    if headers.get("User-Agent") == USER_AGENT and not client.headers.get("User-Agent", _AGENT).startswith(_AGENT):
        del headers["User-Agent"]
    return client.build_request(request.method, url, headers=headers, content=request.body, extensions=extensions)


@lru_cache(maxsize=16)  # a process uses few URLs, and httpx parses slowly
def _url(library: Library, url: str) -> Any:
    return library.URL(url)


class ClientMaker:
    """Makes our own clients, of one library and with one trust store."""

    def __init__(self, name: LibraryName) -> None:
        self.library = load(name)
        self.trust_store = default_trust_store(self.library)

    def make(self, kind: Literal["Client", "AsyncClient"], url: str) -> Any:
        """Return a client for a URL, which sends one request at a time, through the environment's proxy.

        `SettingsError` if the proxy cannot be used.
        """
        new, proxy = getattr(self.library, kind), _proxy_of(url)
        if proxy is None:
            return new(**self.options())
        try:
            return new(**self.options(), proxy=self._proxy(proxy))
        except ImportError:  # a SOCKS proxy needs another package
            name = self.library.__name__
            fault = f"{name} needs its extra for SOCKS proxies: pip install '{name}[socks]'"
        except (ValueError, self.library.InvalidURL):
            fault = "httpx cannot use it"
        raise proxy.error(fault)

    def options(self) -> dict[str, Any]:
        """Return the arguments of a client. It does not read the environment: `proxy` does, for it too."""
        return {"trust_env": False, "verify": self.trust_store.context}

    def _proxy(self, proxy: Proxy) -> Any:
        context = self.trust_store.context if proxy.scheme == "https" else None
        return self.library.Proxy(f"{proxy.scheme}://{proxy.address}", auth=proxy.user, ssl_context=context)


def _proxy_of(url: str) -> Proxy | None:
    try:
        parts, target = split_url(url)
    except ValueError:  # sending tells it
        return None
    return proxy_for(parts.scheme, target)


def default_trust_store(library: Library) -> TrustStore:
    """Load the certificates that the library trusts, or those that the environment names, as httpx 0.28 does.

    `SettingsError` if they cannot be read.
    """
    file, folder = environment_locations()
    if file or folder:
        return load_trust_store(file, None if file else folder)
    file, folder = _locations(library)
    if file:
        return load_trust_store(file, folder)
    return TrustStore(from_environment(library.create_ssl_context))


def _locations(library: Library) -> tuple[str | None, str | None]:
    if library.__name__ != "httpx":  # it asks macOS and Windows for each certificate
        return (None, None) if sys.platform in ("darwin", "win32") else system_locations()
    try:
        from certifi import where  # a dependency of httpx, and its source of certificates
    except ImportError:  # another version of httpx may have another source
        return None, None
    return where(), None
