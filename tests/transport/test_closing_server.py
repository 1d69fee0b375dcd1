"""A server that closes each connection right after its answer, and does not say so, loses no call."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    Client,
    Config,
    HttpxTransport,
    Ok,
    StandardTransport,
    Transport,
)
from tests.support.conversation import CLIENT_ID, ISS
from tests.support.hostile import Server, reply, saying, serving

pytestmark = pytest.mark.usefixtures("tidy")

CALLS = 300
USER = saying(reply(b'{"Username": "ada", "UserAttributes": []}'))


def at(server: Server) -> Config:
    return Config(ISS, CLIENT_ID, endpoint=server.url, deadline=60.0)


@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_no_call_is_lost_that_is_safe_to_repeat(kind: type[HttpxTransport | StandardTransport]) -> None:
    """The next call may find its connection open, and lose it to the close that was under way."""
    transport: Transport = kind()
    with serving(USER) as server, Client(at(server), transport=transport) as client:
        results = Counter(type(client.get_user("token")) for _ in range(CALLS))
    assert results == {Ok: CALLS}


def test_no_async_call_is_lost_that_is_safe_to_repeat() -> None:
    """The same, with `await`."""

    async def main() -> None:
        with serving(USER) as server:
            async with AsyncClient(at(server), transport=AsyncHttpxTransport()) as client:
                results = Counter([type(await client.get_user("token")) for _ in range(CALLS)])
        assert results == {Ok: CALLS}

    asyncio.run(main())
