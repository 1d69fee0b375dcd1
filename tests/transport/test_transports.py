"""What all transports promise, on the same cases; and those that the whole process shares."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import zlib
from collections.abc import Iterator

import pytest

from cognito_raw import HttpxTransport, Request, StandardTransport
from cognito_raw.transport import shared, shared_async
from tests.support.deadlines import Stopwatch, timed_out, wait_until, with_time_enough
from tests.support.hostile import (
    MIB,
    Behaviour,
    Peer,
    deaf,
    dripping,
    echoing,
    ignoring,
    pouring,
    refusing,
    reply,
    replying,
    saying,
    serving,
)
from tests.support.transports import (
    EVERY_SENDER,
    HTTPX_SENDERS,
    OTHER_SENDERS,
    Sender,
    Sending,
    StandardSender,
    body_of,
    closing_sender,
    post,
    summary,
    workers,
)

OK = b"HTTP/1.1 200 OK\r\n"
BOMB = zlib.compress(bytes(10 * MIB), wbits=31)


pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture(params=EVERY_SENDER)
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Those of both libraries too."""
    with closing_sender(request.param) as made:
        yield made


LOST = ("connection-lost", "maybe")
SENSELESS = ("malformed-reply", "maybe")
TOO_LARGE = ("reply-too-large", "maybe")
LATE = ("timed-out", "maybe")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(saying(b""), LOST, id="closes without a word"),
        pytest.param(saying(OK), LOST, id="closes in the headers"),
        pytest.param(saying(OK + b"Content-Length: 9\r\n\r\n{}"), LOST, id="closes in the body"),
        pytest.param(saying(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"), LOST, id="closes in a chunk"),
        pytest.param(saying(b"", then="reset"), LOST, id="resets before the reply"),
        pytest.param(saying(OK, then="reset"), LOST, id="resets in the headers"),
        pytest.param(saying(OK + b"Content-Length: 9\r\n\r\n{}", then="reset"), LOST, id="resets in the body"),
        pytest.param(saying(b"\x00\xff\x16 garbage\r\n\r\n"), SENSELESS, id="garbage"),
        pytest.param(saying(b"closed without sending\r\n\r\n"), SENSELESS, id="garbage that looks like a hang-up"),
        pytest.param(saying(b"HTTP/1.1 099 Low\r\n\r\n"), SENSELESS, id="status below 100"),
        pytest.param(saying(OK + b"no colon\r\n\r\n"), SENSELESS, id="broken header"),
        pytest.param(saying(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), SENSELESS, id="two lengths"),
        pytest.param(saying(OK + b"Content-Length: -1\r\n\r\n{}"), SENSELESS, id="negative length"),
        pytest.param(saying(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}"), SENSELESS, id="broken chunk"),
        pytest.param(saying(OK + b"X: " + b"y" * MIB), SENSELESS, id="huge header"),
        pytest.param(saying(OK + b"X: y\r\n" * 100_000), SENSELESS, id="very many headers"),
        pytest.param(replying(reply(BOMB, 200, "Content-Encoding: gzip")), SENSELESS, id="bomb"),
        pytest.param(replying(reply(b"{}", 200, "Content-Encoding: br")), SENSELESS, id="compressed"),
        pytest.param(replying(reply(bytes(MIB + 1))), TOO_LARGE, id="a byte too many"),
        pytest.param(replying(reply(bytes(MIB))), ("200", "yes"), id="as many bytes as may be"),
        pytest.param(replying(reply(b"<html>")), ("200", "yes"), id="HTML"),
        pytest.param(replying(reply(b"<html>", 503)), ("503", "yes"), id="HTML 503"),
        pytest.param(replying(reply(b"no", 404)), ("404", "yes"), id="plain 404"),
        pytest.param(replying(reply(b"{}", 200, "Content-Encoding: Identity")), ("200", "yes"), id="identity"),
        pytest.param(saying(b"HTTP/1.1 101 Up\r\nConnection: Upgrade\r\n\r\n"), SENSELESS, id="another protocol"),
        pytest.param(saying(b"HTTP/1.1 100 Go on\r\n\r\n" * 9 + reply()), ("200", "yes"), id="informed first"),
    ],
)
def test_whatever_comes_is_a_result_that_tells_what_was_sent(
    sender: Sender, behaviour: Behaviour, expected: tuple[str, str]
) -> None:
    """A broken reply is an `Err`; `sent` is "maybe" once the request has left, and nothing raises."""
    with serving(behaviour) as server:
        assert summary(sender.send(post(server.url))) == expected
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(deaf, id="says nothing"),
        pytest.param(saying(OK, then="silent"), id="says nothing more in the headers"),
        pytest.param(saying(OK + b"Content-Length: 9\r\n\r\n{", then="silent"), id="says nothing more in the body"),
        pytest.param(dripping(OK, b"X: y\r\n"), id="drips headers"),
        pytest.param(dripping(OK + b"Content-Length: 99999\r\n\r\n", b" "), id="drips a body"),
        pytest.param(dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="drips chunks"),
        pytest.param(dripping(b"", b"HTTP/1.1 100 Go on\r\n\r\n"), id="drips informational replies"),
    ],
)
def test_the_deadline_covers_the_slowest_drip(sender: Sender, behaviour: Behaviour) -> None:
    """A call ends at its deadline whatever the server does, and its connection is closed."""
    with serving(behaviour) as server:
        assert summary(timed_out(lambda within: sender.send(post(server.url, within=within)), server)) == LATE
        assert server.is_left()


@pytest.mark.usefixtures("quick_looks")
@pytest.mark.parametrize(("hours", "expected"), [(3, LATE), (0.01, ("200", "yes"))], ids=["suspended", "set"])
def test_a_request_that_was_frozen_for_hours_is_given_up(
    sender: Sender, hours: float, expected: tuple[str, str]
) -> None:
    """Its connection is long dead, though the monotonic clock stood still. A clock that was set is no suspension."""

    async def late(peer: Peer) -> None:
        await peer.receive()
        with pytest.MonkeyPatch.context() as patch:
            real = time.time
            patch.setattr(time, "time", lambda: real() + hours * 3600)  # the time after a suspension
            if expected == LATE:
                await peer.see_off()
            await asyncio.sleep(0.2)  # several looks
        await peer.send(reply())

    with serving(late) as server:
        with Stopwatch() as watch:
            assert summary(sender.send(post(server.url, within=60.0))) == expected
        assert watch.seconds < 10
        assert server.is_left() or expected != LATE


def test_the_deadline_covers_a_flood(sender: Sender) -> None:
    """A call ends at its deadline while a line of the headers keeps coming, and its thread soon after."""
    with serving(dripping(OK + b"X: " + b"y" * 30_000, b"y")) as server:
        assert summary(timed_out(lambda within: sender.send(post(server.url, within=within)), server)) == LATE
        assert wait_until(lambda: not workers())


@pytest.mark.parametrize("body", [b"x" * MIB, b" " * MIB], ids=["text", "white space"])
@pytest.mark.parametrize("head", [b"Content-Length: 104857600\r\n\r\n", b"\r\n"], ids=["length", "until the end"])
def test_no_more_is_read_than_a_reply_may_hold(sender: Sender, head: bytes, body: bytes) -> None:
    """A reply larger than 1 MiB is refused, and the server cannot even write it."""
    with serving(pouring(OK + head, body, 100)) as server:
        assert summary(sender.send(post(server.url))) == TOO_LARGE
        assert server.is_left()
        assert server.written < 20 * MIB  # the rest of it are the system's buffers


def test_a_refused_connection_sent_nothing(sender: Sender) -> None:
    """Where nobody listens, the reason is `connection-failed`, and nothing was sent."""
    with refusing() as url:
        assert summary(sender.send(post(url))) == ("connection-failed", "no")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_not_accepted_sent_nothing(sender: Sender, scheme: str) -> None:
    """Where the queue of connections is full, the deadline ends the wait, and nothing was sent."""
    with ignoring(full=True) as url:
        assert summary(sender.send(post(url.replace("http", scheme), within=0.1))) == ("timed-out", "no")


def test_a_request_in_the_queue_of_a_server_may_have_been_sent(sender: Sender) -> None:
    """Where the system accepts in place of a server that hangs, the request left."""

    def send(within: float) -> tuple[str, str]:
        with ignoring(full=False) as url:
            return summary(sender.send(post(url, within=within)))

    assert with_time_enough(send, lambda result: result != ("timed-out", "no")) == LATE


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "http://[::bad/", "http://127.0.0.1:0/", f"http://{'a' * 64}.invalid/", "http://a..b/", "/"],
)
def test_an_address_that_leads_nowhere_sent_nothing(sender: Sender, url: str) -> None:
    """An address that no connection can be made to is `connection-failed`."""
    assert summary(sender.send(post(url))) == ("connection-failed", "no")


def test_a_header_that_cannot_be_sent_is_an_error_of_its_own(sender: Sender) -> None:
    """A header that would end early is not sent, and nothing after it."""
    with serving(echoing) as server:
        assert summary(sender.send(post(server.url, headers={"X": "a\r\nY: b"})))[0] == "unknown-error"
        assert server.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        *((make, {}) for make in EVERY_SENDER),
        *((make, {"follow_redirects": True}) for make in (*HTTPX_SENDERS, *OTHER_SENDERS)),
    ],
)
def test_no_redirect_is_followed(make: Sending, status: int, options: dict[str, bool]) -> None:
    """A redirect is a reply like any other, also for a client of the caller's own that follows them."""
    with serving(echoing) as other, closing_sender(make, **options) as sender:
        with serving(replying(reply(b"{}", status, f"Location: {other.url}"))) as server:
            assert summary(sender.send(post(server.url, b'{"Password": "x"}'))) == (str(status), "yes")
            assert len(server.received) == 1
        assert other.connections == 0


@pytest.mark.parametrize("location", ["http://a:b/", "http://[::1", "https://[v1.x]/", "http://\x01"])
@pytest.mark.parametrize("make", EVERY_SENDER)
def test_a_redirect_to_nowhere_is_not_followed_either(make: Sending, location: str) -> None:
    """Versions of httpx and httpx2 read where it leads, and take offence. A status 302 becomes the same reason later.

    The standard transport takes no control character in a header.
    """
    expected = {("302", "yes"), ("redirect-refused", "yes")}
    if make is StandardSender:
        expected = {("302", "yes") if location.isprintable() else SENSELESS}
    behaviour = replying(reply(b"{}", 302, f"Location: {location}"))
    with serving(behaviour) as server, closing_sender(make) as sender:
        assert summary(sender.send(post(server.url))) in expected


def test_cookies_are_not_kept(sender: Sender) -> None:
    """What one user's reply sets does not go out with the next user's request."""
    with serving(replying(reply(b"{}", 200, "Set-Cookie: a=b; Path=/"))) as server:
        for _ in range(2):
            assert summary(sender.send(post(server.url))) == ("200", "yes")
        assert [received.headers.get("cookie") for received in server.received] == [None, None]


def test_a_request_goes_out_as_it_is_and_a_reply_comes_as_it_is(sender: Sender) -> None:
    """A request is one POST with its headers and body; header names of the reply are in lower case."""
    with serving(replying(reply(b'{"a": "\xc3\xa9"}', 400, "X-Amzn-ErrorType: A:", "x-two: 1", "X-Two: 2"))) as server:
        headers = {"X-Amz-Target": "Pool.Op", "User-Agent": "me"}
        answer = sender.send(post(server.url, b"\x00body", headers=headers)).unwrap()
        [received] = server.received
    assert (answer.status, answer.body) == (400, b'{"a": "\xc3\xa9"}')
    assert (answer.headers["x-amzn-errortype"], answer.headers["x-two"]) == ("A:", "1, 2")
    assert (received.line, received.body) == ("POST / HTTP/1.1", b"\x00body")
    assert (received.headers["x-amz-target"], received.headers["user-agent"]) == ("Pool.Op", "me")


def test_a_document_is_got_without_a_body(sender: Sender) -> None:
    """A request whose method is GET goes out as such, to its path, and says nothing of a body."""
    with serving(replying(reply(b'{"keys": []}'))) as server:
        answer = sender.send(Request(f"{server.url}pool/jwks.json", {"Accept": "x/y"}, b"", 5.0, "GET"))
        [received] = server.received
    assert body_of(answer) == b'{"keys": []}'
    assert (received.line, received.headers["accept"], received.body) == ("GET /pool/jwks.json HTTP/1.1", "x/y", b"")
    assert received.headers.keys() & {"content-length", "transfer-encoding", "content-type"} == set()


def test_a_connection_is_used_again(sender: Sender) -> None:
    """Two requests, one after the other, share a connection; closing ends it, and the next request opens another."""
    with serving(echoing) as server:
        for body in (b"1", b"2"):
            assert body_of(sender.send(post(server.url, body))) == body
        assert [received.connection for received in server.received] == [1, 1]


def test_a_connection_that_the_server_closed_meanwhile_is_no_error(sender: Sender) -> None:
    """An idle connection that the server has closed is replaced before a request goes out on it."""
    with serving(saying(reply(b"hello"))) as server:
        for number in (1, 2, 3):
            assert body_of(sender.send(post(server.url))) == b"hello"
            assert server.is_left()
            assert len(server.received) == server.connections == number


def test_two_servers_have_a_connection_each(sender: Sender) -> None:
    """Requests to two endpoints in turn keep a connection to each."""
    with serving(echoing) as one, serving(echoing) as two:
        for _ in range(3):
            assert body_of(sender.send(post(one.url, b"1"))) == b"1"
            assert body_of(sender.send(post(two.url, b"2"))) == b"2"
        assert (one.connections, two.connections) == (1, 1)


def test_many_requests_at_once_get_each_its_own_answer(sender: Sender) -> None:
    """Requests of many threads or tasks do not mix."""
    with serving(echoing) as server:
        bodies = [b"%d" % number for number in range(32)]
        for _ in range(5):
            results = sender.send_all([post(server.url, body) for body in bodies])
            assert [body_of(result) for result in results] == bodies
        assert server.connections <= 32


def test_a_deadline_of_centuries_is_one_of_a_day(sender: Sender) -> None:
    """No deadline is too long for the system's own waits."""
    with serving(echoing) as server:
        assert body_of(sender.send(post(server.url, b"x", within=1e300))) == b"x"


def test_the_process_shares_one_transport_of_each_mode() -> None:
    """Whoever brings no transport uses the same one, also when many threads ask at the same time."""
    found: set[tuple[object, ...]] = set()

    def find() -> None:
        found.add((shared(), shared("httpx"), shared("standard"), shared_async()))

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {(shared(), shared(), shared("standard"), shared_async())}
    assert (type(shared()), type(shared("standard"))) == (HttpxTransport, StandardTransport)


def test_a_process_without_descriptors_has_no_connection(sender: Sender) -> None:
    """Nothing is sent, nothing is left, and with free ones the next request succeeds."""
    if sys.platform == "win32":
        pytest.skip("it has no such limit")
    import resource

    with serving(saying(reply(b"it", 200, "Connection: close"))) as server:
        assert body_of(sender.send(post(server.url))) == b"it"
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            refused = sender.send(post(server.url))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert summary(refused) == ("connection-failed", "no")
        assert body_of(sender.send(post(server.url))) == b"it"
        assert len(server.received) == 2
