"""Calls use so many connections to one address at most, and wait for one in order of arrival."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncHttpxTransport, HttpxTransport, Request, StandardTransport
from cognito_raw.concurrency.locks import ForkLock
from cognito_raw.transport.leases import Leases
from cognito_raw.transport.sockets import Deadline
from tests.support import programs
from tests.support.deadlines import Stopwatch, wait_until, with_time_enough
from tests.support.hostile import Behaviour, Held, Peer, deaf, echoing, reply, saying, serving, together
from tests.support.signals import RAISED, raising
from tests.support.transports import Sender, body_of, post, summary, workers

pytestmark = pytest.mark.usefixtures("tidy")

BLOCKING = (HttpxTransport, StandardTransport)


def limited(sender: Any, limit: int) -> Sender:
    """The sender, over a transport of its kind with a limit."""
    sender.transport = type(sender.transport)(limit=limit)
    made: Sender = sender
    return made


@pytest.fixture
def two(sender: Sender) -> Sender:
    """Each of the three transports, with two connections."""
    return limited(sender, 2)


@pytest.fixture
def one(sender: Sender) -> Sender:
    """Each of the three transports, with one connection."""
    return limited(sender, 1)


def get(url: str) -> Request:
    return Request(url, {}, b"", 5.0, "GET")


def test_no_more_connections_are_opened(two: Sender) -> None:
    """Twenty calls at once use two connections, and each gets its own answer."""
    bodies = [b"%d" % number for number in range(20)]
    with serving(together(*[2] * 10)) as server:
        results = two.send_all([post(server.url, body) for body in bodies])
        assert [body_of(result) for result in results] == bodies
        assert server.connections == 2


def test_who_comes_first_is_served_first(one: Sender) -> None:
    """Calls go out in the order in which they came."""
    with serving(held := Held()) as server:
        calls = [
            one.begin(post(server.url, b"%d" % number), lambda number=number: waiting(one) == number)  # type: ignore[misc]
            for number in range(8)
        ]
        held.released.set()
        for call in calls:
            call()
        assert [received.body for received in server.received] == [b"%d" % number for number in range(8)]


def waiting(sender: Any) -> int:
    """The calls that wait for a connection; -1 before the first has one."""
    transport = sender.transport
    limits = list(transport._pools.values()) if hasattr(transport, "_pools") else [transport._pool._leases]
    queues = [queue for limit in limits for queue in list(limit._queues.values())]
    return sum(len(queue._waiting) for queue in queues) if any(queue._in_use for queue in queues) else -1


def test_who_waits_keeps_its_deadline(one: Sender) -> None:
    """A call that gets no connection in time was not sent. Those after it still get theirs."""
    with serving(held := Held()) as server:
        first = one.begin(post(server.url, b"1"), lambda: bool(server.received))
        with Stopwatch() as watch:
            late = one.send_all([post(server.url, b"2", within=0.1)] * 3)
        assert watch.seconds < 3
        assert list(map(summary, late)) == [("timed-out", "no")] * 3
        held.released.set()
        assert body_of(first()) == b"1"
        assert body_of(one.send(post(server.url, b"3"))) == b"3"
        assert [received.body for received in server.received] == [b"1", b"3"]


def test_each_address_has_its_own(one: Sender) -> None:
    """A server that hangs takes no connection from others."""
    with serving(deaf) as silent, serving(echoing) as server:
        hanging = one.begin(post(silent.url), lambda: silent.heard > 0)
        assert body_of(one.send(post(server.url, b"x"))) == b"x"
        silent.stop()
        assert summary(hanging()) == ("connection-lost", "maybe")


def test_public_documents_do_not_wait(one: Sender) -> None:
    """A key set is fetched while all connections are in use, and the next call has its connection too."""
    with serving(held := Held()) as server:
        first = one.begin(post(server.url, b"x"), lambda: bool(server.received))
        assert set(map(body_of, one.send_all([get(server.url + "jwks.json")] * 3))) == {b""}
        held.released.set()
        assert body_of(first()) == b"x"
        assert [received.line.split()[0] for received in server.received] == ["POST"] + ["GET"] * 3
        assert body_of(one.send(post(server.url))) == b"{}"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(saying(b"", then="reset"), id="reset"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n\r\n"), id="closed"),
        pytest.param(saying(b"nonsense\r\n\r\n", then="silent"), id="malformed"),
        pytest.param(deaf, id="deaf"),
    ],
)
def test_a_call_that_fails_gives_its_connection_back(one: Sender, behaviour: Behaviour) -> None:
    """However it fails, and also where its thread ends later."""
    with serving(behaviour) as server:
        for number in range(3):
            assert server.connections >= number
            with_time_enough(
                lambda within: summary(one.send(post(server.url, within=within))), lambda result: result[1] != "no", 0.3
            )
            assert wait_until(lambda: not workers())


def test_a_connection_that_cannot_be_opened_is_given_back(one: Sender) -> None:
    """Refused connections use up nothing."""
    for _ in range(3):
        assert summary(one.send(post("http://127.0.0.1:1/"))) == ("connection-failed", "no")
    for _ in range(3):
        assert summary(one.send(post("http://[::bad/"))) == ("connection-failed", "no")


@pytest.mark.parametrize("limit", [0, -1, 1.0, True, None, "2"])
@pytest.mark.parametrize("kind", [*BLOCKING, AsyncHttpxTransport])
def test_a_limit_is_a_whole_number_above_0(kind: Callable[..., Any], limit: object) -> None:
    """Anything else is refused where it is given."""
    with pytest.raises(ValueError, match="limit"):
        kind(limit=limit)


# --- tasks


def test_a_cancelled_task_leaves_the_queue() -> None:
    """Cancelled before, while or after it gets a connection, it takes none from others."""

    async def main(url: str) -> None:
        transport = AsyncHttpxTransport(limit=1)
        for pause in (0.0, 0.01, 0.05, 0.1):
            tasks = [asyncio.create_task(transport.send(post(url, b"%d" % number))) for number in range(6)]
            await asyncio.sleep(pause)
            for task in tasks[:5]:
                task.cancel()
            assert body_of(await tasks[5]) == b"5"
            await asyncio.gather(*tasks, return_exceptions=True)
        first = asyncio.create_task(transport.send(post(url, b"first")))
        waiting = asyncio.create_task(transport.send(post(url, b"second")))
        await first
        waiting.cancel()  # in the moment in which it is given the connection
        await asyncio.gather(waiting, return_exceptions=True)
        assert body_of(await transport.send(post(url, b"third"))) == b"third"

    async def slow(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await asyncio.sleep(0.05)
            await peer.send(reply(received.body))

    with serving(slow) as server:
        asyncio.run(main(server.url))


def test_each_loop_counts_for_itself() -> None:
    """Loops of several threads do not wait for each other."""
    transport = AsyncHttpxTransport(limit=1)

    async def main(url: str) -> bytes:
        return body_of(await transport.send(post(url, b"x")))

    with serving(together(4)) as server, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(asyncio.run, [main(server.url) for _ in range(4)])) == [b"x"] * 4
        assert server.connections == 4


# --- threads and processes


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("kind", BLOCKING)
def test_an_interrupted_wait_leaves_the_queue(kind: Callable[..., Any], error: type[BaseException]) -> None:
    """Control-C while a call waits for a connection is heard at once, and takes nothing from others."""
    transport = kind(limit=1)
    with raising(error) as interrupt, serving(held := Held()) as server:
        timer = threading.Timer(0.2, interrupt)
        first = threading.Thread(target=transport.send, args=(post(server.url),))
        first.start()
        assert wait_until(lambda: len(server.received) == 1)

        def interrupted() -> None:
            timer.start()
            transport.send(post(server.url, b"interrupted"))

        with pytest.raises(error, match="program"):
            interrupted()
        held.released.set()
        timer.join()
        assert body_of(transport.send(post(server.url, b"x"))) == b"x"
        first.join()
        transport.close()


@pytest.mark.parametrize("kind", ["HttpxTransport", "StandardTransport"])
def test_a_fork_begins_with_none_in_use(kind: str) -> None:
    """A child does not wait for connections of its parent, nor for the threads that had them."""
    if sys.platform == "win32":
        pytest.skip("no forks here")
    program = f"""
import os, sys, threading, time, warnings
from cognito_raw import {kind}, Request
warnings.simplefilter("ignore", DeprecationWarning)
transport = {kind}(limit=1)
send = lambda body: transport.send(Request(sys.argv[1], {{}}, body, 30.0))
send(b"first").unwrap()  # imports what a fork in the midst of it would wait for
threads = [threading.Thread(target=send, args=(b"parent",)) for _ in range(2)]
for thread in threads:
    thread.start()
transport.send(Request(sys.argv[1], {{}}, b"", 60.0, "GET")).unwrap()  # once a parent's is there
child = os.fork()
if child == 0:
    ok = send(b"child").unwrap().body == b"child"
    os._exit(0 if ok and send(b"over").unwrap().body == b"over" else 1)
assert os.waitpid(child, 0)[1] == 0
for thread in threads:
    thread.join()
assert send(b"parent").unwrap().body == b"parent"
transport.close()
"""

    held_until = {b"parent": b"over", b"": b"parent"}

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            awaited = held_until.get(received.body, received.body)
            while awaited not in [one.body for one in server.received]:  # noqa: ASYNC110  # on other connections
                await asyncio.sleep(0.005)
            await peer.send(reply(received.body))

    with serving(behaviour) as server:
        assert programs.run(program, server.url) == ""


def test_a_lease_that_is_dropped_is_given_back() -> None:
    """As by a thread that an exception hits between two instructions. Who waits gets it a moment later."""
    leases = Leases(1, ForkLock())
    lease = leases.take("a", Deadline(5).remaining)
    with pytest.raises(TimeoutError):
        leases.take("a", Deadline(0.05).remaining)
    dropping = threading.Timer(0.1, gc.collect)
    dropping.start()
    del lease
    with Stopwatch() as watch:
        second = leases.take("a", Deadline(60).remaining)
    assert watch.seconds < 2
    second.give_back()
    second.give_back()
    dropping.join()


def test_a_fork_counts_none_of_its_parents_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives them back there."""
    leases = Leases(1, ForkLock())
    of_the_parent = leases.take("a", Deadline(5).remaining)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    leases.take("a", Deadline(5).remaining).give_back()
    of_the_parent.give_back()


def test_a_dropped_lease_is_noticed_by_who_already_waits() -> None:
    """Nobody wakes it, so it looks now and then."""
    leases = Leases(1, ForkLock())
    held = [leases.take("a", Deadline(5).remaining)]
    dropping = threading.Timer(0.2, held.clear)
    dropping.start()
    leases.take("a", Deadline(5).remaining).give_back()
    dropping.join()


def test_the_queues_of_many_addresses_are_forgotten() -> None:
    """Those in use are kept."""
    leases = Leases(1, ForkLock())
    lease = leases.take("kept", Deadline(5).remaining)
    for number in range(100):
        leases.take(number, Deadline(5).remaining).give_back()
    assert len(leases._queues) < 20
    with pytest.raises(TimeoutError):
        leases.take("kept", Deadline(0.01).remaining)
    lease.give_back()
    leases.take("kept", Deadline(1).remaining).give_back()
