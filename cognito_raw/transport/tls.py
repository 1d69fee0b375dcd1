"""Connections under TLS.

wait: runs an operation of a socket until it succeeds, or raises `TimeoutError` at a deadline.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeAlias

Wait: TypeAlias = Callable[[Callable[[], Any], socket.socket], Any]


def start_tls(raw: socket.socket, host: str, context: ssl.SSLContext, wait: Wait) -> ssl.SSLSocket:
    """Return the connection under TLS, with the host's name verified. Close it if that fails."""
    made: socket.socket = raw
    try:
        # As bytes: for a plain name, ssl then does not load Python's tables of international names. gevent wants text.
        as_bytes = host.isascii() and context.sslsocket_class.__module__ == ssl.__name__
        name: Any = host.encode() if as_bytes else host
        raw.setblocking(True)  # eventlet looks at it only here
        made = tls = context.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        wait(tls.do_handshake, tls)
    except BaseException:
        made.close()
        raise
    return tls
