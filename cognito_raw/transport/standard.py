"""Requests over the standard library alone, for programs that start faster without httpx.

This module writes the request, and `response` reads the response. The socket, and so the deadline, belongs to
`sockets`. Only a look-up needs an extra thread. A response whose end is unclear, or that other clients read
differently, is `malformed-reply`.
"""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

from ..call import Reply, Request
from ..result import Err, Result, Sent
from .addresses import connect
from .body import Body
from .certificates import NO_TRUST_STORE, TrustStore, environment_locations, load_trust_store, system_locations
from .limits import MAX_CONNECTIONS, TIMED_OUT, error_text, is_of_program, timeout_of
from .pool import Connection, Pool
from .proxy import Proxy, Route, route_to, split_url
from .response import NAME, VALUE, Response
from .sockets import BufferedSocket, Deadline, ResponseTooLarge
from .tls import start_tls

_NAME: Final = re.compile(NAME)
_VALUE: Final = re.compile(VALUE)
# A tracer changes the one; the other is a tracer that does so when it is imported.
_TRACED: Final = ("http.client", "ddtrace")
# The reserved characters of RFC 3986, and the percent sign of what is quoted already.
_SAFE: Final = "%/:?#[]@!$&'()*+,;="


class StandardTransport:
    """Sends requests over the standard library alone, from many threads at once.

    context: a TLS context of your own, for certificates. Without one, the system's certificates are trusted, as
        everywhere in the standard library, or those that the environment names, as in `SSL_CERT_FILE`.
        (`HttpxTransport` trusts the ones that come with httpx.)

    limit: how many connections to one address calls may use at the same time. A call that waits for one keeps its
        deadline. Public documents, such as key sets, do not wait.

    Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, except for the hosts of `NO_PROXY`. The connection to
    a proxy is not encrypted. Requests to https:// URLs go through a tunnel, which the proxy cannot read.
    """

    def __init__(self, context: ssl.SSLContext | None = None, *, limit: int = MAX_CONNECTIONS) -> None:
        self._trust_store = None if context is None else TrustStore(_checked_context(context))
        self._pool: Pool[_Connection] = Pool(limit)

    def send(self, request: Request) -> Result[Reply]:
        """Send one request. `request.timeout` bounds everything, from the host's look-up to the last byte."""
        deadline = Deadline(timeout_of(request))
        try:
            parts, target = split_url(request.url)
        except ValueError as error:
            return Err("connection-failed", error_text(error), sent="no")
        route = route_to(parts.scheme, target)
        trust_store = self._tls() if route.encrypted else NO_TRUST_STORE
        make = partial(trust_store.retry_with_all_roots, partial(_Connection, route, trust_store.context, deadline))
        stream: BufferedSocket | None = None
        try:
            connection = self._pool.connect(request, route, deadline, make)
            stream = connection.stream
            return self._pool.use(connection, lambda: connection.exchange(request, deadline))
        except Exception as error:
            if is_of_program(error):
                raise
            return _error_result(error, stream)

    def close(self) -> None:
        """Close idle connections, and those in use when their requests end. The next request opens a new one."""
        self._pool.close()

    def _tls(self) -> TrustStore:
        with self._pool.lock:
            if self._trust_store is None:
                file, folder = environment_locations()
                self._trust_store = load_trust_store(*((file, folder) if file or folder else system_locations()))
            return self._trust_store


def _checked_context(context: ssl.SSLContext) -> ssl.SSLContext:
    if not isinstance(context, ssl.SSLContext):
        raise ValueError(f"context must be an ssl.SSLContext, not {type(context).__name__}")
    return context


class _Connection(Connection):
    """One open connection. Its address is its route."""

    def __init__(self, route: Route, context: ssl.SSLContext | None, deadline: Deadline) -> None:
        super().__init__(route)
        self._route = route
        self._context = context
        address = route.proxy.address if route.proxy else route.target
        self.stream = BufferedSocket(connect(address.host, address.port, deadline.remaining))
        if context is None:
            return
        try:
            if route.proxy is not None:
                self._open_tunnel(route.proxy, str(route.target), deadline)
        except BaseException:
            self.close()
            raise
        self.stream = BufferedSocket(start_tls(self.stream.socket, route.target.host, context, deadline.wait))

    def _open_tunnel(self, proxy: Proxy, target: str, deadline: Deadline) -> None:
        self.stream.begin(deadline)
        _write(self.stream, "CONNECT", target, {"Host": target, **proxy.headers})
        response = Response(self.stream.reader)
        if not 200 <= response.status < 300:
            raise OSError(f"the proxy answered {response.status}")

    def exchange(self, request: Request, deadline: Deadline) -> tuple[Result[Reply], bool]:
        """Return the response to a request, and whether the connection may be used again."""
        self.stream.begin(deadline)
        length = {"Content-Length": str(len(request.body))} if request.method == "POST" else {}
        headers = {**self._own_headers(), **length, **request.headers}
        response = self._send(request.method, _request_target(request.url, self._route), headers, request.body)
        body = Body()
        complete = all(map(body.add, response.body()))
        reusable = complete and not (response.closes or self.stream.early)
        return body.reply(response.status, response.headers), reusable

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        def send() -> Response:
            _write(self.stream, method, target, headers, body)
            return Response(self.stream.reader)

        if sys.modules.keys().isdisjoint(_TRACED):
            return send()
        from .traced import traced  # here: it imports `http.client`

        return traced(method, target, self._route, self._context, send)

    def _own_headers(self) -> dict[str, str]:
        route = self._route
        usual = route.target.port == (443 if route.encrypted else 80)
        headers = {"Host": route.target.name if usual else str(route.target)}
        return headers if route.encrypted or route.proxy is None else {**headers, **route.proxy.headers}

    def is_quiet(self) -> bool:
        return self.stream.is_quiet()

    def close(self) -> None:
        self.stream.close()


def _write(stream: BufferedSocket, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Send a request. `ValueError` before anything is sent, if it cannot be written."""
    if not (method.isalpha() and all(map(_NAME.fullmatch, headers)) and all(map(_VALUE.fullmatch, headers.values()))):
        raise ValueError("the method or a header of the request cannot be sent")
    lines = (f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "")
    stream.send("\r\n".join(lines).encode("latin-1") + body)


def _request_target(url: str, route: Route) -> str:
    """Return the target in the request line: the path, or the whole URL for a proxy that forwards the request."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", _SAFE) + (f"?{quote(parts.query, _SAFE)}" if parts.query else "")
    return f"{parts.scheme}://{route.target}{path}" if route.forwarded else path


def _error_result(error: Exception, stream: BufferedSocket | None) -> Err:
    """Return the `Err` for an exception during a request. Without a stream, the connection failed."""
    sent: Sent = "maybe" if stream is not None and stream.sent else "no"
    if isinstance(error, TimeoutError):
        return Err("timed-out", TIMED_OUT, sent=sent)
    if stream is None:
        return Err("connection-failed", error_text(error), sent=sent)
    if not stream.sent:  # headers that cannot be sent, and no fault of the network
        return Err("unknown-error", error_text(error), sent=sent)
    if isinstance(error, ResponseTooLarge):
        return Err("reply-too-large", sent=sent)
    if isinstance(error, OSError):
        return Err("connection-lost", error_text(error), sent=sent)
    return Err("malformed-reply", error_text(error), sent=sent)
