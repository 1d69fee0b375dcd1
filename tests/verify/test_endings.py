"""Fetches of keys that are stopped, outlive their callers, or have the time of another configuration."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from cognito_raw import AsyncHttpxTransport, AsyncTokenVerifier, Err, Reply, Request, Result
from cognito_raw.models.frozen import replace
from tests.support.deadlines import wait_until
from tests.support.hostile import Behaviour, Peer, reply, serving
from tests.support.tokens import ID, NOW, Clock, key_set, token
from tests.support.transports import leaving_nothing, workers
from tests.support.verifiers import Service, Verifying, told

HOUR = 3600.0


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    with leaving_nothing():
        yield


def fresh(clock: Clock, key: str = "one") -> str:
    return token(ID, key, exp=int(clock.now + HOUR), iat=NOW)


class Own:
    """A transport of one's own, over the library's."""

    def __init__(self) -> None:
        self._inner = AsyncHttpxTransport()

    async def send(self, request: Request) -> Result[Reply]:
        return await self._inner.send(request)


def held_back(released: threading.Event, body: bytes) -> Behaviour:
    """Answer each request once it is released."""

    async def behaviour(peer: Peer) -> None:
        while await peer.receive() is not None:
            await asyncio.to_thread(released.wait, 10)
            await peer.send(reply(body))

    return behaviour


@pytest.mark.parametrize("transport", [lambda: None, AsyncHttpxTransport, Own], ids=["shared", "ours", "own"])
def test_a_refresh_outlives_the_loop_of_its_caller(transport: Callable[[], Any]) -> None:
    """In a program with a loop for each request: at once, or for a transport of one's own the second time."""
    clock, over = Clock(), threading.Event()
    with serving(held_back(over, key_set("one", "two"))) as server:
        verifier = AsyncTokenVerifier(clock.config(endpoint=server.url), keys=key_set("one"), transport=transport())
        clock.go_on(HOUR)
        for _ in range(1 if transport() is None else 2):
            over.clear()
            assert told(asyncio.run(verifier.verify(fresh(clock)))) == "Ok"
            over.set()
            assert wait_until(lambda: not workers())
        snapshot = verifier.snapshot()
        assert snapshot is not None
        assert snapshot["fetched_at"] == clock.now
        requests = len(server.received)
        assert told(asyncio.run(verifier.verify(fresh(clock, "two")))) == "Ok"
        assert len(server.received) == requests


def test_no_key_is_unknown_for_a_fetch_that_ended_with_its_loop() -> None:
    """The next token with it is verified at once."""
    clock, released = Clock(), threading.Event()
    with serving(held_back(released, key_set("one", "two"))) as server:
        verifier = AsyncTokenVerifier(clock.config(endpoint=server.url), keys=key_set("one"))

        async def cancelled() -> None:
            task = asyncio.create_task(verifier.verify(fresh(clock, "two")))
            assert await asyncio.to_thread(wait_until, lambda: bool(server.received))
            task.cancel()

        asyncio.run(cancelled())
        released.set()
        assert told(asyncio.run(verifier.verify(fresh(clock, "two")))) == "Ok"
        assert len(server.received) == 2


def test_no_key_is_unknown_for_a_fetch_that_its_transport_stopped(
    verifying: Verifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method makes three fetches at most, if all of them are stopped."""

    def leave() -> Result[Reply]:
        raise asyncio.CancelledError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    clock, service = Clock(), Service(leave)
    verifier = verifying.verifier(clock.config(), keys=key_set("one"), transport=service)
    assert told(verifier.verify(fresh(clock, "two"))) == "key-set-unavailable"
    assert len(service.requests) == 3
    service.reply = key_set("one", "two")
    assert told(verifier.verify(fresh(clock, "two"))) == "Ok"


@pytest.mark.parametrize("later", [False, True], ids=["before", "afterwards"])
def test_a_short_deadline_refuses_nobody_elses_tokens(verifying: Verifying, later: bool) -> None:
    """A fetch has the longest deadline of the configurations. One that is made afterwards waits for no pause."""
    released = threading.Event()
    with serving(held_back(released, key_set())) as server:
        patient = Clock().config(endpoint=server.url, monotonic=time.monotonic, deadline=30.0)
        verifiers = [] if later else [verifying.verifier(patient)]
        impatient = verifying.verifier(replace(patient, deadline=0.1))
        assert told(impatient.verify(token())) == "key-set-unavailable"
        if later:
            verifying.settle()
            assert told(impatient.verify(token())) == "key-set-unavailable"
            verifiers = [verifying.verifier(patient)]
        released.set()
        assert told(verifiers[0].verify(token())) == "Ok"


def test_a_fetch_has_the_time_of_the_most_patient_configuration(verifying: Verifying) -> None:
    """Whoever begins it."""
    service, config = Service(), Clock().config()
    patient = verifying.verifier(replace(config, deadline=30.0), transport=service)
    impatient = verifying.verifier(replace(config, deadline=20.0), transport=service)
    assert told(impatient.within(10).verify(token())) == "Ok"
    assert told(patient.verify(token())) == "Ok"
    assert [request.timeout for request in service.requests] == [30.0]


def test_a_fetch_has_the_time_that_its_caller_has(verifying: Verifying) -> None:
    """If that is more than the configuration's."""
    service = Service()
    verifier = verifying.verifier(Clock().config(), transport=service)
    assert told(verifier.within(60).verify(token())) == "Ok"
    assert service.requests[0].timeout == 60.0


def test_a_fetch_has_the_context_of_its_caller(verifying: Verifying) -> None:
    """As for tracing, also for a refresh in the background."""
    of_caller: ContextVar[str] = ContextVar("of_caller", default="nobody's")
    seen: list[str] = []

    def look() -> Result[Reply]:
        seen.append(of_caller.get())
        return Err("timed-out")

    clock, service = Clock(), Service(look)
    verifier = verifying.verifier(clock.config(), keys=key_set("one"), transport=service)
    of_caller.set("mine")
    clock.go_on(HOUR)
    assert told(verifier.verify(fresh(clock))) == "Ok"
    verifying.settle()
    assert seen == ["mine"]


def test_a_snapshot_replaces_no_newer_keys(verifying: Verifying) -> None:
    """Neither an older one nor one that is too old, which is a mistake. Keys that count as new replace all."""
    clock = Clock()
    verifier = verifying.verifier(clock.config(), keys=key_set("two"), transport=Service(Err("connection-lost")))
    old = verifier.snapshot()
    for age, expected in ((HOUR / 2, None), (24 * HOUR, "more than a day")):
        clock.go_on(age)
        verifier.preload(key_set("one"))
        if expected is None:
            verifier.preload(old)
        else:
            with pytest.raises(ValueError, match=expected):
                verifier.preload(old)
        assert told(verifier.verify(fresh(clock))) == "Ok"
    verifier.preload(old, as_new=True)
    assert told(verifier.verify(fresh(clock, "two"))) == "Ok"
