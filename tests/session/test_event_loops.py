"""Async classes in other event loops than asyncio's: trio, and none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import pytest
import trio

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    AsyncTokenVerifier,
    Err,
    Ok,
    Reply,
    Request,
    Result,
)
from cognito_raw.auth import SessionAuth
from cognito_raw.testing import Scripted, password_verifier, tokens
from tests.support.conversation import answered, configured
from tests.support.tokens import token

WORDS: Final = "^this needs a running asyncio event loop: elsewhere, as in trio"


def in_trio(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return trio.run(scene)


def in_asyncio(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(scene())


def in_no_loop(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Step the coroutine once: nothing in it may wait."""
    try:
        scene().send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


async def _authorized() -> None:
    import httpx

    request = httpx.Request("GET", "https://api.example.com")
    await anext(SessionAuth(AsyncSession(configured()), origins="https://api.example.com").async_auth_flow(request))


async def _kept_fresh() -> None:
    async with AsyncSession(configured()).keep_fresh():
        pass


CALLS: Final[dict[str, Callable[[], Awaitable[object]]]] = {
    "login": lambda: AsyncSession(configured()).login("ada", "x"),
    "logout": lambda: AsyncSession(configured()).logout(),
    "change_password": lambda: AsyncSession(configured()).change_password("x", "y"),
    "id_token": lambda: AsyncSession(configured()).id_token(),
    "refresh": lambda: AsyncSession(configured()).refresh(),
    "aclose": lambda: AsyncSession(configured()).aclose(),
    "keep_fresh": _kept_fresh,
    "the shared transport": lambda: AsyncClient(configured()).sign_in("ada", "x"),
    "a transport over httpx": lambda: AsyncClient(configured(), transport=AsyncHttpxTransport()).get_user("t"),
    "a list": lambda: AsyncClient(configured()).list_devices("t").all(),
    "a verifier": lambda: AsyncTokenVerifier(configured()).verify(token()),
    "SessionAuth": _authorized,
}


@pytest.mark.parametrize("run", [in_trio, in_no_loop])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_outside_asyncio_says_so(call: str, run: Callable[[Any], Any]) -> None:
    """One `RuntimeError` with words, and no other behind it."""

    async def scene() -> None:
        await CALLS[call]()

    with pytest.raises(RuntimeError, match=WORDS) as caught:
        run(scene)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


class Lossy:
    """A transport of one's own, which loses its first connection."""

    def __init__(self) -> None:
        self._replies = [Err("connection-lost", sent="maybe"), answered({"a": 1})]

    async def send(self, request: Request) -> Result[Reply]:
        assert request.timeout > 0
        return self._replies.pop(0)


@pytest.mark.parametrize("run", [in_trio, in_asyncio])
def test_a_flow_over_a_transport_of_ones_own_runs_anywhere(run: Callable[[Any], Any]) -> None:
    """A client waits before it tries again, in whichever event loop."""

    async def scene() -> Result[Any]:
        return await AsyncClient(configured(), transport=Lossy()).call("GetUser", {})

    assert run(scene) == Ok({"a": 1})


def test_a_scripted_client_signs_in_anywhere() -> None:
    """A sign-in over SRP needs no event loop of its own."""
    scripted = Scripted(("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", tokens("ada")))

    async def scene() -> Result[Any]:
        return await AsyncClient(scripted.config, transport=scripted).sign_in("ada", "An-Engine-1843")

    assert isinstance(trio.run(scene), Ok)
