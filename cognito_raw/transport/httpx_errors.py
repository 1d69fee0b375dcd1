"""The errors of httpx and httpx2 as results. A request that succeeds does not import this module."""

from __future__ import annotations

import re
from typing import Final

from ..result import Err, Sent
from .httpx_client import Progress
from .library import Library
from .limits import MalformedResponse, error_text

# Among the errors of malformed responses, these mean that the connection was closed. Only the start of a message
# counts, since the rest may quote the server.
_CLOSED: Final = ("Server disconnected", "peer closed", "peer unexpectedly closed", "<ConnectionTerm", "<StreamReset")
# The error of httpx for a redirect that it cannot read. It reads every redirect, also those that it shall not follow.
_NOWHERE: Final = "Invalid URL in location header"
# Its errors of protocol end in bytes that came, or that cannot be sent.
_QUOTATION: Final = re.compile(r": | b['\"]")


def error_result(error: Exception, progress: Progress, library: Library) -> Err:
    """Return the `Err` for an exception during a request."""
    text = error_text(error, _unquoted(error, library))
    unsent: Sent = "maybe" if progress.started else "no"
    if isinstance(error, (library.ConnectTimeout, library.PoolTimeout)):
        return Err("timed-out", text, sent=unsent)
    if isinstance(error, (library.TimeoutException, TimeoutError)):
        return Err("timed-out", text, sent=progress.sent)
    # A UnicodeError is of a host name that cannot be one.
    unconnected = (library.ConnectError, library.ProxyError, library.UnsupportedProtocol, library.InvalidURL)
    if progress.connecting or isinstance(error, (*unconnected, UnicodeError)):
        return Err("connection-failed", text, sent=unsent)
    if isinstance(error, (library.RemoteProtocolError, MalformedResponse)):
        return _malformed(str(error), text, progress)
    if isinstance(error, (library.NetworkError, OSError)):
        return Err("connection-lost", text, sent=progress.sent)
    # A hook of the caller's client raised, or headers cannot be sent.
    return Err("unknown-error", text, sent=progress.sent)


def _unquoted(error: Exception, library: Library) -> str:
    """Return the words of an error without what it quotes: a server or a proxy may repeat a password."""
    words = str(error)
    if isinstance(error, library.ProxyError) and words[:3].isdigit():
        return f"the proxy answered {words[:3]}"
    return _QUOTATION.split(words, 1)[0] if isinstance(error, library.ProtocolError) else words


def _malformed(message: str, text: str, progress: Progress) -> Err:
    if message.startswith(_NOWHERE):
        return Err("redirect-refused", "the reply redirects to an invalid address", sent="yes")
    if message.startswith(_CLOSED):
        return Err("connection-lost", text, sent=progress.sent)
    return Err("malformed-reply", text, sent="maybe")
