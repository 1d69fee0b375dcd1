"""The transports that a process shares, and the words that choose them."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from cognito_raw import AsyncClient, Client, Config, Err, Result, Session
from tests.support.conversation import ISS


def nobody_listens() -> Config:
    """A pool at an address of this machine where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    return Config(ISS, "client1id", endpoint=f"http://127.0.0.1:{port}", deadline=5.0)


def test_without_a_transport_the_shared_one_is_used() -> None:
    """A client or session without a transport shares one with all others, and may close it and go on."""
    client = Client(nobody_listens())
    for _ in range(2):
        assert failed(client.call("DeleteUser", {})) == ("connection-failed", "no")
        client.close()


@pytest.mark.parametrize("word", ["httpx", "standard"])
@pytest.mark.parametrize("cls", [Client, Session])
def test_a_word_chooses_the_transport(cls: type[Client | Session], word: Any) -> None:
    """All that say the same word share it, and it goes on when one of them closes it."""
    for _ in range(2):
        with cls(nobody_listens(), transport=word) as made:
            result = made.call("DeleteUser", {}) if isinstance(made, Client) else made.login("user", "password")
            assert failed(result) == ("connection-failed", "no")


def test_without_a_transport_async_classes_share_one_too() -> None:
    """The same in asynchronous programs, in one event loop after the other."""
    client = AsyncClient(nobody_listens())

    async def scene() -> tuple[str, str]:
        async with client:
            return failed(await client.call("DeleteUser", {}))

    assert [asyncio.run(scene()), asyncio.run(scene())] == [("connection-failed", "no")] * 2


def failed(result: Result[object]) -> tuple[str, str]:
    assert isinstance(result, Err)
    return result.reason, result.sent
