"""The sync transport over httpx alone: its threads end, and the caller's own client is left open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import ContextVar

import httpx
import pytest

from cognito_raw import HttpxTransport, Request, Result
from cognito_raw.call import Reply
from tests.support.deadlines import timed_out, wait_until, with_time_enough
from tests.support.hostile import MIB, Peer, deaf, dripping, echoing, reply, replying, saying, serving
from tests.support.transports import body_of, post, summary, workers

OK = b"HTTP/1.1 200 OK\r\n"


pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture
def transport() -> Iterator[HttpxTransport]:
    made = HttpxTransport()
    yield made
    made.close()


def test_requests_leave_no_thread_and_keep_the_connection(transport: HttpxTransport) -> None:
    """Over a caller's own client each has a thread of its own, which has ended when its result is there."""
    with serving(echoing) as server, httpx.Client() as own:
        for each in (transport, HttpxTransport(own)):
            for _ in range(3):
                assert body_of(each.send(post(server.url, b"x"))) == b"x"
                assert workers() == []
        assert server.connections == 2


def test_each_request_sees_the_context_of_its_caller() -> None:
    """A hook of the caller's client finds the caller's context variables, also over a connection that served others."""
    mine: ContextVar[int] = ContextVar("mine")
    found = []
    with serving(echoing) as server, httpx.Client(event_hooks={"request": [lambda _: found.append(mine.get())]}) as own:
        transport = HttpxTransport(own)
        for number in range(3):
            mine.set(number)
            transport.send(post(server.url))
        transport.close()
    assert found == [0, 1, 2]


def test_a_closed_transport_goes_on(transport: HttpxTransport) -> None:
    """Closing ends the idle connections; the next request opens another."""
    with serving(echoing) as server:
        for number in (1, 2):
            assert body_of(transport.send(post(server.url, b"x"))) == b"x"
            transport.close()
            assert server.is_left()
            assert server.connections == number


def test_a_deadline_cuts_a_connection_that_was_used_before(transport: HttpxTransport) -> None:
    """The socket of a request that hangs is shut also when an earlier request opened it, and then not used again."""

    async def twice(peer: Peer) -> None:
        for _ in range(2):
            await peer.receive()
            await peer.send(reply(b"good"))
        await peer.receive()
        while peer.number == 1:
            await peer.drip(b"HTTP/1.1 100 Go on\r\n\r\n")

    def scene(within: float) -> tuple[tuple[str, str], list[int]]:
        with serving(twice) as server:
            for _ in range(2):
                assert body_of(transport.send(post(server.url))) == b"good"
            result = summary(transport.send(post(server.url, within=within)))
            assert server.is_left()
            assert body_of(transport.send(post(server.url))) == b"good"
            transport.close()
        return result, [received.connection for received in server.received]

    seen = with_time_enough(scene, lambda seen: seen[0] != ("timed-out", "no"))
    assert seen == (("timed-out", "maybe"), [1, 1, 1, 2])


def test_without_another_thread_a_request_goes_out_all_the_same() -> None:
    """If the system has no more threads, the caller's thread sends the request."""
    with serving(echoing) as server, httpx.Client() as own:
        transport = HttpxTransport(own)
        before = threading.stack_size(1 << 50)  # more than there is
        try:
            result = transport.send(post(server.url, b"x"))
        finally:
            threading.stack_size(before)
        assert body_of(result) == b"x"


def send(client: httpx.Client, request: Request) -> Result[Reply]:
    """Send a request over a client of one's own, which stays open."""
    result = HttpxTransport(client).send(request)
    assert not client.is_closed
    return result


def test_a_client_of_ones_own_is_used_and_left_open() -> None:
    """Requests go over the caller's client, with its headers and its connections, and closing does not close it."""
    with serving(echoing) as server, httpx.Client(headers={"X-Mine": "yes"}) as client:
        for _ in range(2):
            assert body_of(send(client, post(server.url, b"x"))) == b"x"
        HttpxTransport(client).close()
        assert body_of(send(client, post(server.url, b"x"))) == b"x"
        assert {(received.connection, received.headers["x-mine"]) for received in server.received} == {(1, "yes")}


def test_a_client_that_answers_by_itself_is_a_transport_too() -> None:
    """A client without a network, as in tests, gives its own replies."""
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(400, json={"a": 1}))) as client:
        assert body_of(send(client, post("http://127.0.0.1:1/"))).replace(b" ", b"") == b'{"a":1}'


def test_a_hook_may_read_the_reply() -> None:
    """A hook that has read the reply, to log it, does not keep it from us."""
    with serving(echoing) as server, httpx.Client(event_hooks={"response": [httpx.Response.read]}) as client:
        assert body_of(send(client, post(server.url, b"read"))) == b"read"


class Leave(BaseException):
    """An exception that no library may swallow."""


@pytest.mark.parametrize("event", ["request", "response"])
def test_a_hook_that_raises_is_an_error(event: str) -> None:
    """An `Exception` from a hook of the caller's client is `unknown-error`. Any other is raised."""

    def fails(_: object) -> None:
        raise ValueError("the hook's own fault")

    def leaves(_: object) -> None:
        raise Leave

    with serving(echoing) as server:
        with httpx.Client(event_hooks={event: [fails]}) as client:
            assert summary(send(client, post(server.url))) == ("unknown-error", "maybe")
        with httpx.Client(event_hooks={event: [leaves]}) as client, pytest.raises(Leave):
            send(client, post(server.url))
        assert server.is_left()


def test_a_client_without_a_free_connection_sends_nothing() -> None:
    """If the caller's client has no free connection, the deadline ends the wait."""
    limits = httpx.Limits(max_connections=1)
    with serving(saying(b"", then="silent")) as server, httpx.Client(limits=limits) as client:
        first = threading.Thread(target=send, args=(client, post(server.url)))
        first.start()
        assert wait_until(lambda: len(server.received) == 1)
        assert summary(send(client, post(server.url, within=0.2)))[0] == "timed-out"
        server.stop()
        first.join()
        assert wait_until(lambda: not workers())
        assert len(server.received) == server.connections == 1


@pytest.mark.parametrize("kind", ["silence", "drip"])
def test_a_late_request_of_ones_own_client_ends_without_cutting(kind: str) -> None:
    """Of a caller's client we shut no socket; the thread ends at the next byte, or at the client's own limit."""
    behaviour = deaf if kind == "silence" else dripping(OK + b"Content-Length: 999\r\n\r\n", b" ")
    with serving(behaviour) as server, httpx.Client() as client:
        result = timed_out(lambda within: send(client, post(server.url, within=within)), server)
        assert summary(result) == ("timed-out", "maybe")
        assert wait_until(lambda: not workers())
        assert server.is_left()


def test_no_socket_of_ones_own_client_is_shut() -> None:
    """Since its connections may be shared, only the client's own limits end a request that drips its headers."""
    with serving(dripping(OK, b"X: y\r\n")) as server, httpx.Client() as client:
        # The client's own limit on each read is as long as the deadline, and longer than a drip takes to come.
        result = with_time_enough(
            lambda within: summary(send(client, post(server.url, within=within))),
            lambda result: result != ("timed-out", "no"),
            shortest=1.0,
        )
        assert result == ("timed-out", "maybe")
        assert not wait_until(lambda: not workers(), 0.3)
        server.stop()
        assert wait_until(lambda: not workers())


def test_a_client_that_authenticates_tells_what_left() -> None:
    """An authentication may send two requests. If the first was sent and the second cannot connect, `sent` is maybe."""
    challenge = reply(b"", 401, 'WWW-Authenticate: Digest realm="a", nonce="b"', "Connection: close")

    async def once(peer: Peer) -> None:
        await peer.receive()
        server.stop_listening()
        await peer.send(challenge)

    with serving(once) as server, httpx.Client(auth=httpx.DigestAuth("user", "password")) as client:
        assert summary(send(client, post(server.url))) == ("connection-failed", "maybe")


def test_a_large_reply_over_ones_own_client_is_not_read_to_its_end() -> None:
    """The cap on what is read holds for the caller's client as well, and the connection is closed."""
    with serving(replying(reply(bytes(4 * MIB)))) as server, httpx.Client() as client:
        assert summary(send(client, post(server.url))) == ("reply-too-large", "maybe")
        assert server.is_left()
