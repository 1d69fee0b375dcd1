"""Programs in event loops while something is loaded in a thread: deadlines hold, and what cannot be loaded says so."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cognito_raw import AsyncClient, AsyncHttpxTransport, AsyncSession, AsyncTokenVerifier, Err
from cognito_raw import runner as runner_module
from cognito_raw.transport import httpx_async
from cognito_raw.transport.httpx_client import ClientMaker
from cognito_raw.verify.keys import rs256
from tests.support.conversation import configured
from tests.support.hostile import echoing, serving
from tests.support.tokens import key_set, token
from tests.support.transports import body_of, post, summary


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Keeps something from being loaded, until the test's end at the latest."""
    made = threading.Event()
    yield made
    made.set()


@pytest.fixture
def forgotten() -> Iterator[None]:
    """The packages of the verifier are not loaded yet."""
    rs256.cache_clear()
    yield
    rs256.cache_clear()


def test_the_deadline_covers_the_loading_of_a_transport(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent then. Who comes later waits for the same thread."""
    made: list[None] = []

    def late(name: Any, make: Any = ClientMaker) -> Any:
        made.append(None)
        gate.wait()
        return make(name)

    monkeypatch.setattr(httpx_async, "ClientMaker", late)

    async def scene(url: str) -> None:
        transport = AsyncHttpxTransport()
        assert summary(await transport.send(post(url, within=0.05))) == ("timed-out", "no")
        later = asyncio.create_task(transport.send(post(url, b"later")))
        await asyncio.sleep(0)
        gate.set()
        assert body_of(await later) == b"later"

    with serving(echoing) as server:
        asyncio.run(scene(server.url))
    assert made == [None]


def test_the_deadline_covers_what_a_first_call_loads(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call goes on by itself, and is too late."""
    monkeypatch.setattr(runner_module, "_loaded", set())
    monkeypatch.setattr(runner_module, "_load", lambda *_: gate.wait())
    with serving(echoing) as server:
        client = AsyncClient(configured(endpoint=server.url.rstrip("/")), transport="httpx").within(0.000001)
        answer = asyncio.run(client.get_user("token"))
    assert isinstance(answer, Err)
    assert answer.reason == "timed-out"


def test_a_session_that_was_not_used_is_closed() -> None:
    """It has nothing to close."""

    async def scene() -> None:
        async with AsyncSession(configured(), transport="httpx2"):
            pass

    asyncio.run(scene())


@pytest.mark.usefixtures("forgotten")
def test_a_verifier_made_in_a_loop_loads_its_packages_with_the_first_token() -> None:
    """In a thread. Any other loads them when it is made."""

    async def scene() -> Any:
        verifier = AsyncTokenVerifier(configured())
        assert rs256.cache_info().currsize == 0
        verifier.preload(key_set())
        rs256.cache_clear()
        return await verifier.verify(token())

    answer = asyncio.run(scene())
    assert answer.reason.startswith("token-")
    assert rs256.cache_info().currsize == 1
    rs256.cache_clear()
    AsyncTokenVerifier(configured())
    assert rs256.cache_info().currsize == 1


@pytest.mark.usefixtures("forgotten")
def test_a_verifier_without_its_packages_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is made, or with the first token if it is made in a loop."""
    monkeypatch.setitem(sys.modules, "jwt.algorithms", None)

    async def scene() -> None:
        verifier = AsyncTokenVerifier(configured())
        with pytest.raises(ImportError, match="verifying tokens needs cryptography and pyjwt"):
            await verifier.verify(token())

    asyncio.run(scene())
    with pytest.raises(ImportError, match="verifying tokens needs cryptography and pyjwt"):
        AsyncTokenVerifier(configured())


@pytest.mark.usefixtures("forgotten")
def test_the_deadline_of_a_verification_covers_the_loading(gate: threading.Event) -> None:
    """The keys are not known by then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "jwt.algorithms", _Late(gate))
        verifier = asyncio.run(_made())
        answer = asyncio.run(verifier.within(0.05).verify(token()))
        gate.set()
    assert isinstance(answer, Err)
    assert (answer.reason, answer.retryable) == ("key-set-unavailable", True)


async def _made() -> AsyncTokenVerifier:
    return AsyncTokenVerifier(configured())


class _Late:
    """A module from which nothing can be imported before the gate opens."""

    def __init__(self, gate: threading.Event) -> None:
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        self._gate.wait()
        raise AttributeError(name)
