"""What both colours over httpx hold to: how far a request has come, what each failure of httpx means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import CookieJar
from typing import Any, Final

import httpx

from ..call import Request
from ..result import Err, Sent
from .certificates import Trust, named_places, trust_in
from .limits import TIMED_OUT, seconds, set_up, words

_CONNECTING: Final = ("connect_tcp.started", "connect_unix_socket.started")
_CONNECTED: Final = ("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")
_LEAVING: Final = "send_request_headers.started"

# No request leaves before a connection stands.
_NO_CONNECTION: Final = (
    httpx.ConnectError,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,  # a host name that cannot be one
)
# How the messages begin that mean the end of a connection, among those of replies that make no sense. What follows
# may quote the server, so it decides nothing.
_HANG_UPS: Final = ("Server disconnected", "peer closed", "peer unexpectedly closed", "<ConnectionTerm", "<StreamReset")


class Progress:
    """How far one request has come, so that a deadline can tell whether anything was sent.

    httpx calls `note` through its `trace` extension. `stream` is the newest network stream that was opened. Setting
    `abandoned`, from whichever thread, keeps a request that has not left yet from leaving at all.
    """

    def __init__(self) -> None:
        # A client of the caller's own may not trace, and then nothing is known.
        self.sent: Sent = "maybe"
        self.left = False
        self.stream: Any = None
        self.abandoned = False

    def has_left(self) -> bool:
        """Whether a request may have left, over whichever connection."""
        return self.left

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTING):
            # An authentication of the caller's client may send twice, over two connections.
            self.sent = "maybe" if self.left else "no"
        elif event.endswith(_CONNECTED):
            self.stream = info["return_value"]
        elif event.endswith(_LEAVING) and info["request"].method != b"CONNECT":  # that goes to a proxy only
            self.sent, self.left = "maybe", True
        else:
            return
        # Whoever abandons sets the flag and then reads `sent`; here `sent` is set and then the flag is read. So a
        # request that was told to be unsent never leaves.
        if self.abandoned:
            if self.stream is not None:
                self.stream.close()
            raise TimeoutError(TIMED_OUT)


def options(request: Request) -> dict[str, Any]:
    """The arguments of httpx's `stream` for a request."""
    return {
        "method": request.method,
        "url": _parsed(request.url),
        "headers": dict(request.headers),
        "content": request.body,
        "timeout": seconds(request),
        "follow_redirects": False,
    }


# A process knows few addresses, and httpx takes long to read one.
_parsed: Final = lru_cache(maxsize=16)(httpx.URL)


class _NoCookies(CookieJar):
    """Keeps none, since the users of a client are many; nor are they looked for, which takes long."""

    def extract_cookies(self, response: object, request: object) -> None:
        pass


def client_options(trust: Trust) -> dict[str, Any]:
    """The arguments of an httpx client of our own, which has one request at a time."""
    # Room for a second connection, since httpx holds on to a tunnel in which a certificate was refused.
    limits = httpx.Limits(max_connections=2)
    return {"cookies": _NoCookies(), "follow_redirects": False, "limits": limits, "verify": trust.context}


def usual_trust() -> Trust:
    """The certificates that come with httpx, unless the environment names others, used as httpx 0.28 uses them.

    `ValueError` where those that are named cannot be read.
    """
    file, folder = named_places()
    if file or folder:
        return set_up(lambda: trust_in(file, None if file else folder))
    try:
        from certifi import where  # which httpx requires, and takes them from
    except ImportError:  # another httpx may bring them along otherwise
        return Trust(set_up(httpx.create_ssl_context))
    return set_up(lambda: trust_in(where(), None))


def failure(error: Exception, progress: Progress) -> Err:
    """The result that an exception on the way of a request stands for."""
    text = words(error)
    unsent: Sent = "maybe" if progress.left else "no"
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Err("timed-out", text, sent=unsent)
    if isinstance(error, httpx.TimeoutException):
        return Err("timed-out", text, sent=progress.sent)
    if isinstance(error, _NO_CONNECTION) or progress.sent == "no":
        return Err("connection-failed", text, sent=unsent)
    if isinstance(error, httpx.RemoteProtocolError) and not str(error).startswith(_HANG_UPS):
        return Err("malformed-reply", text, sent="maybe")
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError, OSError)):
        return Err("connection-lost", text, sent=progress.sent)
    # No fault of the network: a hook of the caller's client that raised, or headers that cannot be sent.
    return Err("unknown-error", text, sent=progress.sent)
