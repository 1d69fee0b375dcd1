"""An exception at any line of a call, such as Ctrl-C, comes out, and takes no connection from the next one."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest

from cognito_raw import HttpxTransport, StandardTransport
from cognito_raw.transport.pool import Connection, Pool
from tests.support.hostile import echoing, serving
from tests.support.interruptions import Interrupted, interrupt
from tests.support.transports import body_of, post

pytestmark = [
    pytest.mark.usefixtures("tidy"),
    # Of a connection that was interrupted as it was opened, nobody knows but the collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


# Each line takes a transport of its own. `make fleet` interrupts every one, other runs half of them.
STRIDE: Final = 1 if "FLEET" in os.environ else 2


def interrupted_lines(kind: type[HttpxTransport | StandardTransport], *, idle: bool) -> int:
    """Interrupt a call at one line after the other, and send another each time. Return how many lines there were."""
    at, interrupted = idle % STRIDE, True
    with serving(echoing) as server:
        request = replace(post(server.url, b"x", within=20.0), background=True)  # which has two leases
        while interrupted:
            transport = kind(limit=1)
            assert body_of(transport.send(request)) == b"x"  # loads what is loaded once
            if not idle:
                transport.close()
            results: list[object] = []
            error = (Interrupted, TimeoutError, OSError)[at % 3]
            interrupted = interrupt(lambda: results.append(transport.send(request)), at, error)  # noqa: B023
            assert not (interrupted and results), at
            assert body_of(transport.send(request)) == b"x", at
            transport.close()
            at += STRIDE
    return at


@pytest.mark.parametrize("idle", [False, True], ids=["new", "idle"])
@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_no_lease_is_lost(kind: type[HttpxTransport | StandardTransport], *, idle: bool) -> None:
    """Whichever line was interrupted, it comes out, and the only connection that there may be is free again."""
    # A thread of its own, since Python 3.11 takes an error for one that is handled for ever, if a trace function
    # raises in its handler.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(interrupted_lines, kind, idle=idle).result() > 100
    gc.collect()


class _Idle(Connection):
    def close(self) -> None:
        """Close nothing."""


def interrupted_releases() -> int:
    """Interrupt the start of the thread that closes idle connections, at one line after the other."""
    at, interrupted = 0, True
    while interrupted:
        pool: Pool[_Idle] = Pool()
        pool.release(_Idle("address"))
        interrupted = interrupt(lambda: pool.release(_Idle("address")), at)  # noqa: B023  # called at once
        for _ in range(2):
            pool.release(_Idle("address"))
            pool.end_reaper()
        pool.close()
        at += 1
    return at


def test_the_thread_that_closes_idle_connections_can_be_started_and_ended() -> None:
    """Whichever line of its start was interrupted."""
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(interrupted_releases).result() > 10
