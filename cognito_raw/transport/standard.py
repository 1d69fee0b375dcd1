"""Requests over the standard library's http.client, for programs to whose start even httpx is too slow.

http.client writes the request and reads the reply; the socket under it, and with it the deadline, is `wire`'s. No
request has a thread of its own. Where http.client forgives what a reply may not be, this module does not: what it
cannot tell the end of, or reads otherwise than another client would, is `malformed-reply`.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final
from urllib.parse import quote, urlsplit

from ..call import Reply, Request
from ..result import Err, Result, Sent
from .certificates import Trust, named_places, trust_in
from .limits import TIMED_OUT, Body, seconds, set_up, words
from .pool import Idle, Line
from .proxy import Route, place_of, route_to
from .sockets import Limit, TooMuch, Wire, connected, encrypted

_CHUNK: Final = 65536
# What RFC 3986 reserves, and what is quoted already.
_SAFE: Final = "%/:?#[]@!$&'()*+,;="


class StandardTransport:
    """Sends requests over the standard library alone, many threads at once.

    context: a TLS context of your own, for certificates. Without one, the certificates are those of the system, as
    everywhere in the standard library, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name. (`HttpxTransport` takes
    the ones that come with httpx.)

    Proxies are those of `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, but for the hosts of `NO_PROXY`. They are spoken
    to without encryption, which for the service's own addresses is a tunnel that they cannot look into.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._trust = None if context is None else Trust(context)
        self._idle: Idle[_Line] = Idle()

    def send(self, request: Request) -> Result[Reply]:
        """Send one request; `request.timeout` bounds everything, from the look-up of the host to the last byte."""
        limit = Limit(seconds(request))
        try:
            parts, target = place_of(request.url)
        except ValueError as error:
            return Err("connection-failed", words(error), sent="no")
        route = set_up(lambda: route_to(parts.scheme, target))
        line = self._idle.take(route)
        if line is None:
            trust = self._tls() if route.encrypted else Trust(None)
            try:
                line = trust.through(lambda: _Line(route, trust.context, limit))
            except Exception as error:
                return _failure(error, None)
        return self._exchange(line, request, limit)

    def close(self) -> None:
        """Close the connections that lie idle; the next request opens a new one."""
        self._idle.close()

    def _exchange(self, line: _Line, request: Request, limit: Limit) -> Result[Reply]:
        reusable = False
        try:
            result, reusable = line.exchange(request, limit)
        except Exception as error:
            return _failure(error, line.wire)
        finally:
            if reusable:
                self._idle.keep(line)
            else:
                line.close()
        return result

    def _tls(self) -> Trust:
        with self._idle.lock():
            if self._trust is None:
                self._trust = set_up(_trust_of_the_system)
            return self._trust


class _Line(Line):
    """One connection, made at once; the way that it goes is its address."""

    def __init__(self, route: Route, context: ssl.SSLContext | None, limit: Limit) -> None:
        super().__init__(route)
        self._route = route
        self.wire = Wire(connected(route.proxy or route.target, limit))
        if context is None:
            return
        try:
            if route.proxy is not None:
                self._tunnel(route, limit)
        except BaseException:
            self.close()
            raise
        self.wire = Wire(encrypted(self.wire.socket, route.target.host, context, limit))

    def _tunnel(self, route: Route, limit: Limit) -> None:
        self.wire.begin(limit)
        place = str(route.target)
        headers = {"Host": place}
        if route.authorization:
            headers["Proxy-Authorization"] = route.authorization
        _write(self.wire, "CONNECT", place, headers)
        response = _read_head(self.wire, "CONNECT")
        if not 200 <= response.status < 300:
            raise OSError(f"the proxy answered {response.status}")

    def exchange(self, request: Request, limit: Limit) -> tuple[Result[Reply], bool]:
        """The reply to a request, and whether the connection may be used again."""
        self.wire.begin(limit)
        length = {"Content-Length": str(len(request.body))} if request.method == "POST" else {}
        headers = {**self._own_headers(), **length, **request.headers}
        _write(self.wire, request.method, _address(request.url, self._route), headers, request.body)
        response = _read_head(self.wire, request.method)
        body = Body()
        whole = _read_body(response, body)
        # Several of one name are one, as in every other client; and a folded one is a line again.
        names = dict.fromkeys(name.lower() for name in response.headers)
        read = {name: ", ".join(response.headers.get_all(name, [])).replace("\r\n", "") for name in names}
        return body.reply(response.status, read), whole and not response.will_close

    def _own_headers(self) -> dict[str, str]:
        route = self._route
        usual = route.target.port == (443 if route.encrypted else 80)
        headers = {"Host": route.target.name if usual else str(route.target)}
        if route.forwarded and route.authorization:
            headers["Proxy-Authorization"] = route.authorization
        return headers

    def is_fresh(self) -> bool:
        # A server may have hung up meanwhile. What a fork shares with its parent is not even looked at.
        return super().is_fresh() and self.wire.is_silent()

    def close(self) -> None:
        self.wire.close()


def _write(wire: Wire, method: str, address: str, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Send a request; `ValueError` before any of it has left where it cannot be written."""
    writer = HTTPConnection("unused")
    writer.sock = wire
    writer.putrequest(method, address, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        writer.putheader(name, value)
    writer.endheaders(body)
    wire.flush()


def _address(url: str, route: Route) -> str:
    """What the first line of a request names: the path, or for a proxy that forwards it the whole address."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", _SAFE) + (f"?{quote(parts.query, _SAFE)}" if parts.query else "")
    return f"{parts.scheme}://{route.target}{path}" if route.forwarded else path


def _read_head(wire: Wire, method: str) -> HTTPResponse:
    """The status and the headers of the reply itself, after whatever comes to announce it."""
    while True:
        response = HTTPResponse(wire, method=method)  # type: ignore[arg-type]  # as much of a socket as it uses
        response.begin()
        if wire.ended:
            raise ConnectionError("the connection ended in the headers")
        if response.status >= 200:
            _check_head(response)
            return response
        if response.status == 101:
            raise HTTPException("another protocol")


def _check_head(response: HTTPResponse) -> None:
    """Raise `HTTPException` for a head that another client might understand otherwise."""
    encodings = response.headers.get_all("transfer-encoding", [])
    lengths = response.headers.get_all("content-length", [])
    if response.headers.defects:
        raise HTTPException("a line of the headers is none")
    if [encoding.lower() for encoding in encodings] not in ([], ["chunked"]):
        raise HTTPException("the encoding of the transfer is unknown")
    if len(lengths) > 1 or not all(map(_is_length, lengths)):
        raise HTTPException("the length of the body is unclear")


def _is_length(text: str) -> bool:
    # Python reads signs, underscores and digits of other scripts as well, and not every number that has many.
    return text.isascii() and text.strip().isdigit() and len(text) < 20


def _read_body(response: HTTPResponse, body: Body) -> bool:
    """Whether the whole of it was read, and not only as much as may be."""
    missing = response.length or 0
    while chunk := response.read(_CHUNK):
        missing -= len(chunk)
        if not body.add(chunk):
            return False
    if missing > 0:
        raise ConnectionError("the connection ended in the body")
    return True


def _failure(error: Exception, wire: Wire | None) -> Err:
    """The result that an exception on the way of a request stands for; without a wire, while it was connected."""
    sent: Sent = "maybe" if wire is not None and wire.sent else "no"
    if isinstance(error, TimeoutError):
        return Err("timed-out", TIMED_OUT, sent=sent)
    if wire is None:
        return Err("connection-failed", words(error), sent=sent)
    if not wire.sent:  # no fault of the network: headers that cannot be sent
        return Err("unknown-error", words(error), sent=sent)
    if isinstance(error, TooMuch):
        return Err("reply-too-large", sent=sent)
    if isinstance(error, OSError) or (isinstance(error, HTTPException) and wire.ended):
        return Err("connection-lost", words(error), sent=sent)
    return Err("malformed-reply", words(error), sent=sent)


def _trust_of_the_system() -> Trust:
    file, folder = named_places()
    if not (file or folder) and sys.platform != "win32":  # which has no files, and ssl knows whom to ask
        usual = ssl.get_default_verify_paths()
        file, folder = usual.cafile, usual.capath
    return trust_in(file, folder)
