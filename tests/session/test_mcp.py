"""An mcp client whose requests carry a session's token."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer

from cognito_raw.auth import SessionAuth
from tests.support.apis import AsyncCaller, Pool, bearer


class Guard:
    """An application that takes no request before the second tokens, and keeps the tokens that it saw."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.seen.append(dict(scope["headers"]).get(b"authorization", b"").decode())
            if self.seen[-1] != bearer(2):
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self.inner(scope, receive, send)


@asynccontextmanager
async def serving(application: Any) -> AsyncIterator[str]:
    """The address of the application, in this event loop."""
    server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        server.should_exit = True
        await running


def test_a_refused_request_of_an_mcp_client_is_repeated_once() -> None:
    """After one refresh. All further requests have the new token."""
    tools = MCPServer("engines")

    @tools.tool()
    def double(number: int) -> int:
        return 2 * number

    guard, pool = Guard(tools.streamable_http_app(json_response=True)), Pool()

    async def scene() -> Any:
        auth = SessionAuth(AsyncCaller(pool).session)
        async with (
            serving(guard) as url,
            httpx2.AsyncClient(auth=auth, trust_env=False) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            return await client.call_tool("double", {"number": 21})

    answer = asyncio.run(scene())
    assert answer.structured_content == {"result": 42}
    assert (pool.refreshes, guard.seen.count(bearer(1)), set(guard.seen[1:])) == (1, 1, {bearer(2)})
