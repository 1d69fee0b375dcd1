"""What both colours hold to: how much is read, how long a connection may idle, what each failure of httpx means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar

import httpx

from ..call import Reply, Request
from ..result import Err, Ok, Result, Sent

M = TypeVar("M")

# No reply of the service comes near it: the largest hold some tokens.
LARGEST_BODY: Final = 1024 * 1024
# Seconds after which an idle connection is not trusted: a frozen function thaws with connections long dead.
LONGEST_IDLE: Final = 4.0
# Seconds that a request may take at most: sockets and threads raise for waits of centuries.
LONGEST_WAIT: Final = 86400.0

TIMED_OUT: Final = "the deadline passed"

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
# So much of a message is kept: h11 quotes whole headers.
_LONGEST_MESSAGE: Final = 200


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


class Body:
    """A body as it comes in, up to the cap."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; False once there is too much."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        return self._size <= LARGEST_BODY

    def reply(self, response: httpx.Response) -> Result[Reply]:
        headers = dict(response.headers.items())
        if self._size > LARGEST_BODY:
            return Err("reply-too-large", status=response.status_code, sent="maybe")
        if headers.get("content-encoding", "").lower() not in ("", "identity"):
            # None was asked for, and what is compressed could grow without bound.
            return Err("malformed-reply", "the reply is compressed", status=response.status_code, sent="maybe")
        return Ok(Reply(response.status_code, headers, b"".join(self._chunks)))


def seconds(request: Request) -> float:
    """How long the whole of a request may take."""
    return min(request.timeout, LONGEST_WAIT)


def options(request: Request) -> dict[str, Any]:
    """The arguments of httpx's `stream` for a request."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "content": request.body,
        "timeout": seconds(request),
        "follow_redirects": False,
    }


def client_options() -> dict[str, Any]:
    """The arguments of an httpx client of our own: it keeps no cookies, since its users are many."""
    return {"cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])), "follow_redirects": False}


def set_up(make: Callable[[], M]) -> M:
    """What `make` makes of httpx; `ValueError` where the environment's settings do not let it."""
    try:
        return make()
    except (ImportError, OSError, ValueError) as error:
        words = f"the proxy or certificate settings of this environment cannot be used: {error}"
    raise ValueError(words)


def failure(error: Exception, progress: Progress) -> Err:
    """The result that an exception on the way of a request stands for.

    The start of its text is kept. It names hosts, or quotes what the server sent, but never what we sent.
    """
    words = f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
    unsent: Sent = "maybe" if progress.left else "no"
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Err("timed-out", words, sent=unsent)
    if isinstance(error, httpx.TimeoutException):
        return Err("timed-out", words, sent=progress.sent)
    if isinstance(error, _NO_CONNECTION) or progress.sent == "no":
        return Err("connection-failed", words, sent=unsent)
    if isinstance(error, httpx.RemoteProtocolError) and not str(error).startswith(_HANG_UPS):
        return Err("malformed-reply", words, sent="maybe")
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError, OSError)):
        return Err("connection-lost", words, sent=progress.sent)
    # No fault of the network: a hook of the caller's client that raised, or headers that cannot be sent.
    return Err("unknown-error", words, sent=progress.sent)
