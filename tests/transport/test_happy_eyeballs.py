"""Connections to a host with several addresses, some of which refuse them or swallow all packets."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import httpx
import pytest

from cognito_raw.transport.addresses import connect
from cognito_raw.transport.httpx_async_network import AsyncNetwork
from cognito_raw.transport.sockets import Deadline
from tests.support.deadlines import Stopwatch, wait_until
from tests.support.hostile import echoing, ignoring, refusing, serving
from tests.support.resolvers import named, resolving
from tests.support.signals import RAISED, raising
from tests.support.transports import Sender, body_of, post, summary, surroundings, workers

pytestmark = pytest.mark.usefixtures("tidy")

POOL = ("pool.test", 80)


def address_of(url: str) -> tuple[str, int]:
    """The host and port of a server."""
    return ("127.0.0.1", int(url.rpartition(":")[2].strip("/")))


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_number_of_the_newer_kind_is_connected_to() -> None:
    """If nobody listens, it is refused. Or the machine has no such network."""
    with pytest.raises(OSError):  # noqa: PT011  # in as many words as there are systems
        connect("::1", 1, Deadline(60).remaining)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["number", "name"])
def test_a_host_is_connected_to_by_number_or_name(host: str) -> None:
    """Only a name is looked up, in a thread that then ends. A connection sends small packets at once."""
    with serving(echoing) as server:
        with connect(host, server.port, Deadline(60).remaining) as made:
            assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert wait_until(lambda: not workers())


@pytest.mark.parametrize("variable", [None, "HTTP_PROXY"])
def test_an_address_that_swallows_packets_costs_a_moment(sender: Sender, variable: str | None) -> None:
    """The next one is tried beside it, far from the deadline, also where it is a proxy's. No socket is left."""
    with serving(echoing) as server, ignoring(full=True) as dead, resolving(dead, dead, server.url):
        proxy = {} if variable is None else {variable: named(server.url)}
        with surroundings(proxy), Stopwatch() as watch:
            url = named(server.url) if variable is None else server.url_behind_proxy
            assert body_of(sender.send(post(url, b"it", within=30))) == b"it"
        assert watch.seconds < 8
        assert server.connections == 1


def test_an_address_that_refuses_costs_nothing(sender: Sender) -> None:
    """The next one is tried at once. One that answers is the last that is tried."""
    with serving(echoing) as server, serving(echoing) as other, refusing() as dead:
        with resolving(dead, server.url, other.url):
            assert body_of(sender.send(post(named(server.url), b"it"))) == b"it"
        assert (server.connections, other.connections) == (1, 0)


@pytest.mark.parametrize("addresses", [1, 2])
def test_addresses_that_refuse_are_no_connection(sender: Sender, addresses: int) -> None:
    """Nothing was sent."""
    with refusing() as dead, resolving(*[dead] * addresses):
        assert summary(sender.send(post(named(dead)))) == ("connection-failed", "no")


@pytest.mark.parametrize("addresses", [1, 2])
def test_addresses_that_swallow_packets_end_at_the_deadline(sender: Sender, addresses: int) -> None:
    """Nothing was sent, also where another address refuses."""
    with (
        refusing() as dead,
        ignoring(full=True) as deaf,
        resolving(*[dead] * (addresses - 1), deaf),
        Stopwatch() as watch,
    ):
        assert summary(sender.send(post(named(deaf), within=0.6))) == ("timed-out", "no")
    assert watch.seconds < 3


def test_the_last_error_is_raised_if_no_address_accepts_a_connection() -> None:
    """It is an `OSError`, in words of the system."""
    with refusing() as url, pytest.raises(ConnectionRefusedError, match="refused"):
        connect(*address_of(url), Deadline(60).remaining)


@pytest.mark.parametrize("error", RAISED)
def test_an_interruption_ends_all_attempts(error: type[BaseException]) -> None:
    """As a signal handler raises it, also if it looks like an attempt's failure."""
    with raising(error) as interrupt, ignoring(full=True) as url:
        timer = threading.Timer(0.1, interrupt)
        timer.start()
        with pytest.raises(error, match="program"):
            connect(*address_of(url), Deadline(20).remaining)
        timer.join()


def test_an_address_that_cannot_be_tried_is_as_one_that_refuses(sender: Sender) -> None:
    """The system may refuse at once, as for the address of a whole network or of one that it lacks."""
    with serving(echoing) as server, resolving("http://127.255.255.255:1/", server.url):
        assert body_of(sender.send(post(named(server.url), b"it"))) == b"it"


@pytest.mark.parametrize("addresses", [1, 2])
def test_no_socket_is_made_after_the_deadline(addresses: int) -> None:
    """The look-up may take all of the time."""
    with ignoring(full=False) as url, resolving(*[url] * addresses), pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", None)
        with pytest.raises(TimeoutError, match="the deadline passed"):
            connect(*POOL, Deadline(0).remaining)


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid", "b\u00fc" + "x" * 64 + ".invalid"])
def test_a_name_that_cannot_be_one_is_an_error(host: str) -> None:
    """Of the look-up, or of its encoding."""
    with pytest.raises((OSError, UnicodeError)):
        connect(host, 1, Deadline(60).remaining)


def test_two_addresses_that_answer_at_the_same_moment_leave_one_connection() -> None:
    """The other one is closed. Here both attempts of httpx end together."""

    class Together:
        """The network of httpx, in which an attempt waits for a second one."""

        def __init__(self, inner: Any) -> None:
            self.inner, self.opened = inner, list[Any]()
            self.both = asyncio.Event()

        async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
            self.opened.append(await self.inner.connect_tcp(*arguments, **options))
            if len(self.opened) == 2:
                self.both.set()
            await self.both.wait()
            return self.opened.pop()

    async def main(port: int) -> None:
        inner = httpx.AsyncHTTPTransport()._pool._network_backend
        await (await AsyncNetwork(Together(inner)).connect_tcp("pool.test", port, timeout=60)).aclose()

    with serving(echoing) as server, resolving(server.url, server.url):
        asyncio.run(main(server.port))
        assert wait_until(lambda: server.connections == 2)
        assert server.is_left()
