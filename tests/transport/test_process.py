"""The transports and the whole process: its end, its forks, and a look-up that hangs.

Each case is a program of its own, where every warning is an error, that talks to a server of the test.
"""

from __future__ import annotations

import sys
from typing import Final

import pytest

from tests.support import programs
from tests.support.deadlines import Stopwatch
from tests.support.hostile import deaf, echoing, serving

SEND: Final = """
import asyncio, atexit, os, sys, threading, time
from cognito_raw import AsyncHttpxTransport, Client, Config, Err, HttpxTransport, Ok, Request, StandardTransport
url = sys.argv[1]

def request(body=b"{}", within=5.0):
    return Request(url, {}, body, within)

def shown(result):
    return result.value.body.decode() if isinstance(result, Ok) else f"{result.reason} {result.sent}"
"""

SLOW_LOOK_UP: Final = """
import socket
look_up = socket.getaddrinfo

def slow(*arguments, **options):
    assert found.wait(20)
    return look_up(*arguments, **options)

found = threading.Event()

socket.getaddrinfo = slow
"""


each_blocking = pytest.mark.parametrize("kind", ["HttpxTransport", "StandardTransport"])


def run(program: str, url: str) -> str:
    """The output of a program that talks to this server."""
    return programs.run(SEND + program, url)


@pytest.mark.parametrize("kind", ["httpx", "standard"])
def test_a_process_may_end_with_an_idle_connection(kind: str) -> None:
    """The connections that the process shares are closed when it ends, without a word."""
    program = f"""
config = Config(iss="http://127.0.0.1/local_pool", client_id="client", endpoint=url)
print(Client(config, transport="{kind}").call("GetUser", {{}}).unwrap())
"""
    with serving(echoing) as server:
        assert run(program, server.url) == "{}"
        assert server.is_left()


@each_blocking
def test_a_request_at_the_end_of_the_process_is_sent(kind: str) -> None:
    """A handler that runs as the interpreter shuts down may still send, as to log a user out."""
    program = """
transport = TRANSPORT()

@atexit.register
def farewell():
    print(shown(transport.send(request(b"farewell"))))
    transport.close()

print(shown(transport.send(request(b"hello"))))
"""
    with serving(echoing) as server:
        assert run(program.replace("TRANSPORT", kind), server.url).split() == ["hello", "farewell"]


@each_blocking
def test_a_request_of_an_object_that_dies_last_ends(kind: str) -> None:
    """A request during the interpreter's shutdown, without other threads, keeps nobody waiting."""
    program = """
import builtins
transport = TRANSPORT()

class Last:
    def __del__(self):
        transport.send(request(b"farewell", within=60.0))
        transport.close()
        print("ended")

builtins.last = Last()
print(shown(transport.send(request(b"hello"))))
"""
    with serving(echoing) as server:
        with Stopwatch() as watch:
            assert run(program.replace("TRANSPORT", kind), server.url).split() == ["hello", "ended"]
        assert watch.seconds < 20


def test_a_process_ends_while_a_late_request_hangs() -> None:
    """A thread that still waits for a server of the caller's own client does not hold the process up."""
    program = """
import httpx
client = httpx.Client()
threading.Thread(target=HttpxTransport(client).send, args=(request(within=60.0),), daemon=True).start()
time.sleep(0.3)
print("done")
"""
    with serving(deaf) as server:
        with Stopwatch() as watch:
            assert run(program, server.url) == "done"
        assert watch.seconds < 20


@each_blocking
def test_a_fork_has_connections_of_its_own(kind: str) -> None:
    """A child that is forked right after a call opens a new connection, and leaves its parent's as it was.

    No thread is left by then, of which Python would warn.
    """
    if sys.platform == "win32":
        pytest.skip("no forks here")
    program = """
transport = TRANSPORT()
print(shown(transport.send(request(b"parent"))), flush=True)
child = os.fork()
if child == 0:
    print(shown(transport.send(request(b"child"))), flush=True)
    transport.close()
else:
    assert os.waitpid(child, 0)[1] == 0
    print(shown(transport.send(request(b"again"))))
    transport.close()
"""
    with serving(echoing) as server:
        assert run(program.replace("TRANSPORT", kind), server.url).split() == ["parent", "child", "again"]
        assert [received.connection for received in server.received] == [1, 2, 1]
        assert server.is_left()


@each_blocking
def test_a_request_needs_no_thread(kind: str) -> None:
    """So none is there that a fork could find, not even one that has just ended."""
    program = """
def refuse(thread):
    raise AssertionError(thread.name)

threading.Thread.start = refuse
transport = TRANSPORT()
print(*[shown(transport.send(request(body))) for body in (b"first", b"second")])
transport.close()
"""
    with serving(echoing) as server:
        assert run(program.replace("TRANSPORT", kind), server.url) == "first second"


@each_blocking
def test_a_fork_does_not_wait_for_a_thread_of_its_parent(kind: str) -> None:
    """A child that was forked while another thread of the parent was busy with the transport still sends."""
    if sys.platform == "win32":
        pytest.skip("no forks here")
    program = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads
transport = TRANSPORT()
transport.send(request())  # what Python and OpenSSL load at first, under locks of their own, is no part of it

def talk():
    while not over:
        transport.send(request(b"parent"))

over = False
threads = [threading.Thread(target=talk) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        os._exit(0 if shown(transport.send(request(b"child"))) == "child" else 1)
    assert os.waitpid(child, 0)[1] == 0
over = True
for thread in threads:
    thread.join()
transport.close()
print("done")
"""
    with serving(echoing) as server:
        assert run(program.replace("TRANSPORT", kind), server.url) == "done"


@pytest.mark.parametrize(
    "send",
    [
        "late(HttpxTransport())",
        "late(StandardTransport())",
        "asyncio.run(late_async(AsyncHttpxTransport()))",
    ],
    ids=["blocking", "standard", "asynchronous"],
)
def test_a_request_whose_look_up_was_too_slow_is_never_sent(send: str) -> None:
    """The deadline covers the look-up of the host, and what was not sent by then is not sent afterwards either."""
    program = f"""
url = url.replace("127.0.0.1", "localhost")  # asyncio does not look numbers up

def late(transport):
    result = transport.send(request(b"late", within=0.1))
    found.set()  # not before
    return result

async def late_async(transport):
    result = await transport.send(request(b"late", within=0.1))
    found.set()
    return result

print(shown({send}))
ends = time.monotonic() + 10
while threading.active_count() > 1 and time.monotonic() < ends:
    time.sleep(0.01)
time.sleep(0.1)
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
"""
    with serving(echoing) as server:
        assert run(SLOW_LOOK_UP + program, server.url) == "timed-out no"
        assert server.received == []
        assert server.is_left()


def test_a_fork_finds_no_thread_that_waits_to_close_idle_connections() -> None:
    """Python warns of a fork beside threads. Later requests have such a thread again."""
    program = """
from concurrent.futures import ThreadPoolExecutor
transport = StandardTransport()

def names():
    return sorted(thread.name for thread in threading.enumerate())

def pair():
    meeting = threading.Barrier(2)
    def send(_):
        meeting.wait()
        return transport.send(request())
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(send, range(2)))
    return names()

while "cognito_raw idle" not in pair():  # two at once
    pass
child = os.fork()
if not child:
    os._exit(names() != ["MainThread"])
print(names(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
while "cognito_raw idle" not in pair():
    pass
transport.close()
"""
    with serving(echoing) as server:
        assert run(program, server.url) == "['MainThread'] 0"
