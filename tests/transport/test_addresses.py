"""Look-ups of hosts: in threads that nobody waits for, and shared while they are under way."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from cognito_raw import AsyncHttpxTransport, Err
from cognito_raw.transport.addresses import look_up, look_up_async
from cognito_raw.transport.sockets import Deadline
from tests.support import programs
from tests.support.deadlines import Stopwatch, wait_until, with_time_enough
from tests.support.hostile import echoing, refusing, serving
from tests.support.resolvers import named, resolving
from tests.support.transports import Sender, body_of, post, summary, surroundings, workers

pytestmark = pytest.mark.usefixtures("tidy")

POOL = ("pool.test", 80)
V6, V4 = ["http://[::1]:1", "http://[::2]:1"], ["http://127.0.0.1:1", "http://127.0.0.2:1", "http://127.0.0.3:1"]


def hosts(*urls: str) -> list[str]:
    """The addresses of a host, in the order in which they are tried."""
    with resolving(*urls):
        return [address[0] for _, address in look_up(*POOL, Deadline(60).remaining)]


@contextmanager
def no_threads() -> Iterator[None]:
    """A system that has no more threads."""
    before = threading.stack_size(1 << 50)  # more memory than there is
    try:
        yield
    finally:
        threading.stack_size(before)


def test_families_take_turns() -> None:
    """The resolver's first address comes first, and the next is of the other family."""
    assert hosts(*V6, *V4) == ["::1", "127.0.0.1", "::2", "127.0.0.2", "127.0.0.3"]
    assert hosts(*V4, *V6) == ["127.0.0.1", "::1", "127.0.0.2", "::2", "127.0.0.3"]
    assert hosts(*V4) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_INET, ("127.0.0.1", 80)),
        ("::1", socket.AF_INET6, ("::1", 80, 0, 0)),
    ],
)
def test_a_number_is_an_address_already(host: str, family: int, address: tuple[object, ...]) -> None:
    """Nothing is looked up."""
    with resolving() as resolver:
        assert list(look_up(host, 80, Deadline(60).remaining)) == [(family, address)]
    assert resolver.threads == []


@pytest.mark.parametrize("host", ["localhost", "pool.localhost", "POOL.localhost."])
def test_localhost_is_this_machine_whatever_a_resolver_says(sender: Sender, host: str) -> None:
    """Passwords go there by plain http. Addresses of other machines are passed over."""
    elsewhere = "http://203.0.113.1:1"
    with serving(echoing) as server:
        url = server.url.replace("127.0.0.1", host)
        with resolving(elsewhere):
            refused = sender.send(post(url))
            assert isinstance(refused, Err)
            assert "the host has no address" in str(refused.message)
        with resolving(elsewhere, server.url):
            assert [address[0] for _, address in look_up(host, 80, Deadline(60).remaining)] == ["127.0.0.1"]
            assert body_of(sender.send(post(url, b"it"))) == b"it"


def test_no_transport_looks_a_number_up(sender: Sender) -> None:
    """A URL may hold an address."""
    with serving(echoing) as server, resolving() as resolver:
        assert body_of(sender.send(post(server.url, b"it"))) == b"it"
    assert resolver.threads == []


def test_a_look_up_keeps_no_program_from_its_end(sender: Sender) -> None:
    """It runs in a daemon thread with the name of the library."""
    with serving(echoing) as server, resolving(server.url) as resolver:
        assert body_of(sender.send(post(named(server.url), b"it"))) == b"it"
    assert [(thread.name, thread.daemon) for thread in resolver.threads] == [("cognito_raw", True)]


@pytest.mark.parametrize("variable", [None, "HTTP_PROXY"])
def test_requests_share_a_look_up_that_hangs(sender: Sender, variable: str | None) -> None:
    """Each ends at its deadline, nothing is sent, and one thread stays. The next request after it looks up anew."""
    with serving(echoing) as server, resolving(server.url) as resolver:
        proxy = {} if variable is None else {variable: named(server.url)}
        with surroundings(proxy):
            url = named(server.url) if variable is None else server.url_behind_proxy
            resolver.answers.clear()

            def asked(seconds: float) -> bool:
                with Stopwatch() as watch:
                    results = sender.send_all([post(url, within=seconds) for _ in range(8)])
                assert watch.seconds < seconds + 10
                assert [summary(result) for result in results] == [("timed-out", "no")] * 8
                return bool(resolver.threads)

            assert with_time_enough(asked, bool)
            assert asked(0.1)
            assert len(resolver.threads) == 1
            resolver.answers.set()
            assert wait_until(lambda: not workers())
            assert server.received == []
            assert body_of(sender.send(post(url, b"it"))) == b"it"
            assert len(resolver.threads) == 2


def test_the_threads_of_an_event_loop_are_left_to_the_program() -> None:
    """Look-ups of many hosts that hang use none of them."""

    async def main() -> None:
        transport = AsyncHttpxTransport()
        requests = [transport.send(post(f"http://pool{number}.test/")) for number in range(40)]
        hanging = asyncio.gather(*requests)
        assert await asyncio.to_thread(wait_until, lambda: len(resolver.threads) == 40, 20)
        resolver.answers.set()
        assert {summary(result) for result in await hanging} == {("connection-failed", "no")}

    with resolving() as resolver:
        resolver.answers.clear()
        asyncio.run(main())


def test_a_look_up_in_an_event_loop_ends_in_time() -> None:
    """It is a `TimeoutError`."""
    with resolving(*V4) as resolver:
        resolver.answers.clear()
        with pytest.raises(TimeoutError, match="look-up"):
            asyncio.run(look_up_async(*POOL, 0.01))
        resolver.answers.set()
        assert len(asyncio.run(look_up_async(*POOL, 60))) == 3


@pytest.mark.usefixtures("quick_looks")
def test_a_look_up_that_was_frozen_for_hours_is_given_up(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monotonic clock stands still while a process is suspended."""
    ended, real = threading.Event(), time.time

    def late(*_: object, **__: object) -> Any:
        ended.wait(0.2)  # in which the caller begins to wait
        monkeypatch.setattr(time, "time", lambda: real() + 10_800)  # the time after a suspension
        ended.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with Stopwatch() as watch:
        assert summary(sender.send(post("http://pool.test/", within=50.0))) == ("timed-out", "no")
    ended.set()
    assert watch.seconds < 30


def test_a_host_without_an_address_is_no_host(sender: Sender) -> None:
    """A resolver may find nothing, and say nothing."""
    with resolving():
        assert summary(sender.send(post("http://pool.test/"))) == ("connection-failed", "no")


def test_without_another_thread_a_host_is_looked_up_all_the_same() -> None:
    """If the system has no more threads, the caller's thread does it."""
    with resolving(*V4) as resolver, no_threads():
        assert len(look_up(*POOL, Deadline(60).remaining)) == 3
    assert resolver.threads == [threading.current_thread()]


def test_an_interrupted_look_up_is_over() -> None:
    """The next one begins anew."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, no_threads():
        patch.setattr(socket, "getaddrinfo", interrupted)
        with pytest.raises(KeyboardInterrupt):
            look_up(*POOL, Deadline(60).remaining)
    assert hosts(*V4)


def test_callers_share_a_failure() -> None:
    """The error of the resolver is raised in each."""
    asked, answers = threading.Event(), threading.Event()

    def failing(*_: object, **__: object) -> None:
        asked.set()
        answers.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
        patch.setattr(socket, "getaddrinfo", failing)
        first = threads.submit(look_up, *POOL, Deadline(60).remaining)
        asked.wait(60)
        second = threads.submit(look_up, *POOL, Deadline(60).remaining)
        answers.set()
        for raised in (first.exception(), second.exception()):
            assert isinstance(raised, socket.gaierror)


PROGRAM = """
import asyncio, os, sys, warnings
from cognito_raw import AsyncHttpxTransport, Err, HttpxTransport, Ok, Request, StandardTransport
from tests.support.resolvers import named, resolving
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads
url = named(sys.argv[1])
if TRANSPORT is AsyncHttpxTransport:
    TRANSPORT().load()  # or a thread might still import something when the process forks

def send(within=0.2):
    if TRANSPORT is AsyncHttpxTransport:
        return asyncio.run(TRANSPORT().send(Request(url, {}, b"{}", within)))
    transport = TRANSPORT()
    result = transport.send(Request(url, {}, b"{}", within))
    transport.close()
    return result
"""

each = pytest.mark.parametrize("kind", ["HttpxTransport", "StandardTransport", "AsyncHttpxTransport"])


def run(kind: str, program: str, url: str) -> str:
    return programs.run(PROGRAM.replace("TRANSPORT", kind) + program, url)


@each
def test_a_process_ends_while_a_look_up_hangs(kind: str) -> None:
    """Neither the event loop nor the interpreter waits for it."""
    program = """
kept = resolving(sys.argv[1])
kept.__enter__().answers.clear()
print(send().reason)
"""
    with Stopwatch() as watch:
        assert run(kind, program, "http://127.0.0.1:1/") == "timed-out"
    assert watch.seconds < 20


@each
def test_a_fork_forgets_the_look_ups_of_its_parent(kind: str) -> None:
    """A child looks the host up by itself."""
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("no forks here")
    program = """
with resolving(sys.argv[1]) as resolver:
    resolver.answers.clear()
    print(send().reason, flush=True)
    child = os.fork()
    if child == 0:
        os._exit(0 if isinstance(send(20.0), Ok) else 1)
    print(os.waitpid(child, 0)[1])
"""
    with serving(echoing) as server:
        assert run(kind, program, server.url).split() == ["timed-out", "0"]


def test_an_object_that_dies_last_looks_up_by_itself() -> None:
    """While the interpreter shuts down, a new thread would never run."""
    program = """
import builtins
transport = StandardTransport()

class Last:
    def __del__(self):
        print(transport.send(Request(url, {}, b"{}", 60.0)).reason)

builtins.last = Last()
transport.send(Request(sys.argv[1], {}, b"{}", 60.0))
builtins.kept = resolving(sys.argv[1])
builtins.kept.__enter__()
"""
    with refusing() as url, Stopwatch() as watch:
        assert run("StandardTransport", program, url) == "connection-failed"
    assert watch.seconds < 20
