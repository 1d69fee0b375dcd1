"""What verifiers promise of a whole process: its forks and its end. Each case is a program of its own."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import pytest

from tests.support import programs
from tests.support.hostile import Peer, Received, reply, replying, serving
from tests.support.tokens import key_set, token

HEAD: Final = """
import asyncio, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads
from cognito_raw import AsyncTokenVerifier, Config, Err, TokenVerifier
from tests.support.tokens import ISS, NOW
from tests.support.samples import CLIENT

url, token = sys.argv[1:]
config = Config(ISS, CLIENT, endpoint=url, clock=lambda: NOW, deadline=30.0)

def told(result):
    return result.reason if isinstance(result, Err) else "Ok"

def in_child(do):
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        print("child", do(), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def run(program: str, url: str) -> list[str]:
    """The lines that a program prints, which verifies a token with the keys of this server."""
    return programs.run(HEAD + program, url, token()).splitlines()


FORKS: Final = pytest.mark.skipif(sys.platform == "win32", reason="no forks here")


@FORKS
def test_a_fork_has_its_parentskey_set() -> None:
    """It fetches none itself."""
    program = """
verifier = TokenVerifier(config)
print(told(verifier.verify(token)))
in_child(lambda: told(verifier.verify(token)))
"""
    with serving(replying(reply(key_set()))) as server:
        assert run(program, server.url) == ["Ok", "child Ok"]
        assert len(server.received) == 1


@FORKS
def test_a_fork_in_the_midst_of_a_fetch_makes_its_own() -> None:
    """Neither the lock that some thread holds at that time nor its fetch is waited for."""
    program = """
from cognito_raw.call import render_get
from cognito_raw.transport import shared
shared().send(render_get(url, 5.0))  # what Python and OpenSSL load at first, under locks of their own, is no part of it
verifier = TokenVerifier(config)
results = []
waiting = threading.Thread(target=lambda: results.append(verifier.within(1.0).verify(token)))
waiting.start()
shared().send(render_get(url + "asked", 30.0)).unwrap()  # the server has its request by now
with verifier._source._locks:
    in_child(lambda: (told(verifier.verify(token)), told(asyncio.run(AsyncTokenVerifier(config).verify(token)))))
waiting.join()
print("parent", told(results[0]))
"""

    def fetches() -> list[Received]:
        return [received for received in server.received if "jwks" in received.line]

    async def hang_on_the_first(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            if received in fetches()[:1]:
                await peer.see_off()
            while "asked" in received.line and not fetches():  # noqa: ASYNC110  # on another connection
                await asyncio.sleep(0.01)
            await peer.send(reply(key_set()))

    with serving(hang_on_the_first) as server:
        assert run(program, server.url) == ["child ('Ok', 'Ok')", "parent key-set-unavailable"]


def test_a_process_may_end_in_the_midst_of_a_refresh() -> None:
    """It waits for no thread and complains of no task."""
    program = f"""
keys = {key_set()!r}
later = [0]
config = Config(ISS, CLIENT, endpoint=url, clock=lambda: NOW, monotonic=lambda: later[0] + time.monotonic())
verifiers = TokenVerifier(config, keys=keys), AsyncTokenVerifier(config, keys=keys, transport=None)
later[0] = 7200
print(told(verifiers[0].verify(token)))
print(told(asyncio.run(verifiers[1].verify(token))))
"""

    async def hang(peer: Peer) -> None:
        await peer.see_off()

    with serving(hang) as server:
        assert run(program, server.url) == ["Ok", "Ok"]
