"""Shared parts of the httpx transports: errors as results, progress of a request, options."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import Any, TypeAlias

import pytest

from cognito_raw import AsyncHttpxTransport, Err, HttpxTransport, Request
from cognito_raw.call import render_get
from cognito_raw.transport.httpx_async_network import AsyncNetwork
from cognito_raw.transport.httpx_blocking import Network
from cognito_raw.transport.httpx_client import Progress, request_of
from cognito_raw.transport.httpx_errors import error_result
from cognito_raw.transport.httpx_internals import install
from cognito_raw.transport.limits import MAX_TIMEOUT, MalformedResponse
from cognito_raw.transport.sockets import CurrentDeadline, Deadline
from tests.support.hostile import echoing, serving
from tests.support.libraries import LIBRARIES, MODULES, httpx
from tests.support.transports import post

Event: TypeAlias = tuple[str, dict[str, object]]


class Stream:
    """A network stream that can be closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def progress(*events: Event) -> Progress:
    """A progress that these events were reported to."""
    made = Progress(traced=False)
    for event in events:
        made.note(*event)
    return made


class Asked:
    """A request as httpcore reports it."""

    def __init__(self, method: bytes) -> None:
        self.method = method


STARTED: Event = ("connection.connect_tcp.started", {})
TUNNEL: Event = ("http11.send_request_headers.started", {"request": Asked(b"CONNECT")})
LEFT: Event = ("http11.send_request_headers.started", {"request": Asked(b"POST")})
"""What httpcore reports, in the order in which it does."""


def opened(stream: object, how: str = "connect_tcp") -> Event:
    return f"connection.{how}.complete", {"return_value": stream}


@pytest.mark.parametrize(
    ("events", "sent"),
    [
        pytest.param([], "maybe", id="nothing is known"),
        pytest.param([STARTED], "no", id="connecting"),
        pytest.param([("connection.connect_unix_socket.started", {})], "no", id="connecting on this machine"),
        pytest.param([STARTED, opened(Stream())], "no", id="connected"),
        pytest.param([STARTED, opened(Stream()), TUNNEL], "no", id="asked a proxy"),
        pytest.param([STARTED, opened(Stream()), LEFT], "maybe", id="left"),
        pytest.param([LEFT], "maybe", id="left on a connection that was there"),
        pytest.param([LEFT, STARTED], "maybe", id="left once, and connecting again"),
        pytest.param([STARTED, ("connection.retry.started", {}), STARTED], "no", id="tried twice"),
    ],
)
def test_a_request_has_been_sent_once_its_headers_leave(events: list[Event], sent: str) -> None:
    """Until the first byte of the request goes out, nothing was sent; what cannot be told is "maybe"."""
    assert progress(*events).sent == sent


def test_a_request_of_our_own_client_has_not_been_sent_before_it_tells() -> None:
    """A deadline may pass before httpx begins to connect."""
    assert Progress(traced=True).sent == "no"


@pytest.mark.parametrize(
    "event",
    [STARTED, opened(Stream(), "connect_tcp"), opened(Stream(), "start_tls"), LEFT],
    ids=["connecting", "connected", "encrypted", "leaving"],
)
def test_an_abandoned_request_does_not_leave(event: Event) -> None:
    """A request whose caller was told that nothing was sent stops at its next step, and closes what it opened."""
    stream = Stream()
    abandoned = progress(opened(stream))
    abandoned.abandoned = True
    with pytest.raises(TimeoutError):
        abandoned.note(*event)
    assert event[1].get("return_value", stream).closed  # type: ignore[attr-defined]


def test_an_abandoned_request_without_a_connection_of_its_own_leaves_it_to_httpx() -> None:
    """On a connection that was there before, httpx closes what it stops using."""
    abandoned = Progress(traced=False)
    abandoned.abandoned = True
    with pytest.raises(TimeoutError):
        abandoned.note(*LEFT)


@pytest.mark.parametrize("event", ["http11.response_closed.started", "http11.receive_response_headers.failed"])
def test_an_abandoned_request_is_wound_up(event: str) -> None:
    """Events with which httpx ends a request raise nothing."""
    abandoned = Progress(traced=False)
    abandoned.abandoned = True
    abandoned.note(event, {})
    assert abandoned.sent == "maybe"


NEW = [STARTED, opened(Stream())]


@pytest.mark.parametrize(
    ("error", "events", "expected"),
    [
        (httpx.ConnectTimeout("x"), [STARTED], ("timed-out", "no")),
        (httpx.PoolTimeout("x"), [], ("timed-out", "no")),
        (httpx.PoolTimeout("x"), [LEFT], ("timed-out", "maybe")),
        (httpx.ReadTimeout("x"), [LEFT], ("timed-out", "maybe")),
        (httpx.WriteTimeout("x"), [LEFT], ("timed-out", "maybe")),
        (httpx.ReadTimeout("x"), NEW, ("timed-out", "no")),
        (httpx.ConnectError("x"), [], ("connection-failed", "no")),
        (httpx.ConnectError("x"), [LEFT, STARTED], ("connection-failed", "maybe")),
        (httpx.ProxyError("x"), NEW, ("connection-failed", "no")),
        (httpx.UnsupportedProtocol("x"), [], ("connection-failed", "no")),
        (httpx.InvalidURL("x"), [], ("connection-failed", "no")),
        (UnicodeError("label too long"), [STARTED], ("connection-failed", "no")),
        (httpx.ReadError("x"), NEW, ("connection-failed", "no")),
        (httpx.ReadError("x"), [LEFT], ("connection-lost", "maybe")),
        (httpx.WriteError("x"), [LEFT], ("connection-lost", "maybe")),
        (OSError("bad record"), [LEFT], ("connection-lost", "maybe")),
        (TimeoutError("x"), [STARTED], ("timed-out", "no")),
        (TimeoutError("x"), [LEFT], ("timed-out", "maybe")),
        (MalformedResponse("too many"), [LEFT], ("malformed-reply", "maybe")),
        (httpx.RemoteProtocolError("Server disconnected without"), [LEFT], ("connection-lost", "maybe")),
        (httpx.RemoteProtocolError("peer closed connection without"), [LEFT], ("connection-lost", "maybe")),
        (httpx.RemoteProtocolError("peer unexpectedly closed"), [LEFT], ("connection-lost", "maybe")),
        (httpx.RemoteProtocolError("<ConnectionTerminated error"), [LEFT], ("connection-lost", "maybe")),
        (httpx.RemoteProtocolError("<StreamReset stream_id"), [LEFT], ("connection-lost", "maybe")),
        (httpx.RemoteProtocolError("illegal: Server disconnected"), [LEFT], ("malformed-reply", "maybe")),
        (httpx.LocalProtocolError("Illegal header value"), [LEFT], ("unknown-error", "maybe")),
        (RuntimeError("the client has been closed"), [], ("unknown-error", "maybe")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_failure_has_its_reason(error: Exception, events: list[Event], expected: tuple[str, str]) -> None:
    """The reason of a failure is decided by its kind and by how far the request had come."""
    result = error_result(error, progress(*events), httpx)
    assert (result.reason, result.sent) == expected
    assert result.message == f"{type(error).__name__}: {str(error).partition(':')[0]}"


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    """It may be a token of the caller's own client."""
    error = httpx.LocalProtocolError("Illegal header value b'hunter2\\n'")
    assert error_result(error, progress(), httpx).message == "LocalProtocolError: Illegal header value"


def test_no_message_is_longer_than_a_line_or_two() -> None:
    """Of what a server sends in place of a header, the start is kept."""
    message = error_result(MalformedResponse("illegal header line: " + "x" * 99_999), progress(LEFT), httpx).message
    assert message is not None
    assert message.startswith("MalformedResponse: illegal header line: xxx")
    assert len(message) == 200


def asked(request: Request, *, of_ours: bool) -> Any:
    """What a client of ours or of the caller's is asked to send."""
    with httpx.Client(headers={"X-Team": "engines"}) as client:
        told = Progress(traced=of_ours)
        return request_of(request, client, httpx, told, told.note)


@pytest.mark.parametrize("of_ours", [True, False])
def test_what_httpx_is_asked_for(of_ours: bool) -> None:
    """One POST within the deadline, of a day at most."""
    found = asked(post("http://127.0.0.1/", b"body", within=1.5, headers={"X-A": "b"}), of_ours=of_ours)
    assert (found.method, found.url, found.read()) == ("POST", "http://127.0.0.1/", b"body")
    assert (found.headers["x-a"], found.headers["content-length"], found.headers["host"]) == ("b", "4", "127.0.0.1")
    assert set(found.extensions["timeout"].values()) == {1.5}
    longest = asked(post("http://127.0.0.1/", within=1e300), of_ours=of_ours)
    assert longest.extensions["timeout"]["read"] == MAX_TIMEOUT
    document = asked(render_get("http://127.0.0.1:8000/jwks.json", 1.5), of_ours=of_ours)
    assert (document.method, document.headers["host"]) == ("GET", "127.0.0.1:8000")
    assert "content-length" not in document.headers


def test_a_client_of_ours_adds_no_header() -> None:
    """Those of httpx say what HTTP/1.1 says anyway, and each costs time. A caller's own client adds its own."""
    ours, theirs = (asked(post("http://127.0.0.1/"), of_ours=of_ours).headers for of_ours in (True, False))
    assert set(ours) == {"host", "content-length"}
    assert theirs["x-team"] == "engines"


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_events_on_an_open_connection_are_not_told(library: Any) -> None:
    """Only that the request may have been sent."""
    with serving(echoing) as server, closing(library.Client()) as client:
        current = CurrentDeadline()
        current.deadline = Deadline(60)
        assert install(client, lambda _: Network(current))
        for expected in (True, False):
            told: dict[str, object] = {}
            progress = Progress(traced=True)
            client.send(request_of(post(server.url), client, library, progress, told.setdefault))
            assert (progress.started, bool(told)) == (not expected, expected)


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_an_open_connection_tells_no_events_in_asyncio(library: Any) -> None:
    """The same, with `await`."""

    async def main(url: str) -> None:
        async with aclosing(library.AsyncClient()) as client:
            assert install(client, AsyncNetwork)
            for expected in (True, False):
                told: list[str] = []

                async def note(event: str, _: object, told: list[str] = told) -> None:
                    told.append(event)

                progress = Progress(traced=True)
                await client.send(request_of(post(url), client, library, progress, note))
                assert (progress.started, bool(told)) == (not expected, expected)

    with serving(echoing) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize(
    ("name", "value"), [("SSL_CERT_FILE", "/nonexistent/ca.pem"), ("ALL_PROXY", "foo://127.0.0.1:9")]
)
def test_an_environment_that_httpx_cannot_use_is_reported(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A proxy or certificate file that cannot be used is a `ValueError`, sync and async."""
    monkeypatch.setenv(name, value)
    request = Request("http://127.0.0.1:9/", {}, b"{}", 1.0)
    with pytest.raises(ValueError, match="settings of this environment"):
        HttpxTransport().send(request)
    with pytest.raises(ValueError, match="settings of this environment"):
        asyncio.run(AsyncHttpxTransport().send(request))


def test_a_host_name_that_cannot_be_one_is_no_connection() -> None:
    """Nothing left for it."""
    result = HttpxTransport().send(Request("http://xn--zzzzzz-.invalid/", {}, b"{}", 1.0))
    assert isinstance(result, Err)
    assert (result.reason, result.sent) == ("connection-failed", "no")
