"""One async transport in the event loops of many threads."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from cognito_raw import AsyncHttpxTransport
from tests.support.hostile import refusing
from tests.support.transports import post, summary

pytestmark = pytest.mark.usefixtures("tidy")


def test_many_threads_may_begin_and_end_their_loops() -> None:
    """None of them disturbs another as it joins or leaves."""
    transport = AsyncHttpxTransport()
    raised: list[BaseException] = []
    ends = 0.0

    def work(url: str) -> None:
        try:
            while time.monotonic() < ends and not raised:
                assert summary(asyncio.run(transport.send(post(url)))) == ("connection-failed", "no")
        except BaseException as error:
            raised.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with refusing() as url:
            open_loops = [asyncio.Runner() for _ in range(100)]  # a longer list to go through
            for runner in open_loops:
                runner.run(transport.send(post(url)))
            ends = time.monotonic() + 3.0
            threads = [threading.Thread(target=work, args=(url,)) for _ in range(24)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for runner in open_loops:
                runner.close()
    finally:
        sys.setswitchinterval(before)
    assert raised == []


def test_the_trust_store_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if many loops begin at the same time."""
    transport = AsyncHttpxTransport()
    loaded: list[object] = []
    begin = threading.Barrier(8)

    def load(_: object) -> object:
        time.sleep(0.05)
        loaded.append(SimpleNamespace(library=None))
        return loaded[-1]

    def ask() -> None:
        begin.wait()
        transport.load()

    monkeypatch.setattr("cognito_raw.transport.httpx_async.ClientMaker", load)
    monkeypatch.setattr("cognito_raw.transport.httpx_async.warm_up", lambda _: None)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1
