"""A process whose tasks share sessions over Redis: orders and outcomes are those of `worker`.

    python -m tests.store.async_worker PLACE ENDPOINT BEGAN LEASE TASKS

Each task asks for a token of the user that the order names; `users` asks for one of each of so many users instead.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from cognito_raw import AsyncHttpxTransport, AsyncSession, Ok
from cognito_raw.store import AsyncRedisStore
from tests.store.worker import Time


async def main(place: str, endpoint: str, began: str, lease: str, tasks: str) -> None:
    """Ask at each order, and tell what the tasks got."""
    clocks, (url, _, prefix) = Time(float(began)), place.partition("#")
    # Many tasks share few connections: they wait for one.
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url, max_connections=20, timeout=30.0, socket_timeout=10.0, retry=Retry(NoBackoff(), 0)
    )
    client = redis.asyncio.Redis(connection_pool=pool)
    store, transport = AsyncRedisStore(client, prefix=f"{prefix}:"), AsyncHttpxTransport()

    def made(key: str = "ada") -> AsyncSession:
        return AsyncSession(clocks.config(endpoint), transport=transport, store=store, key=key, lease=float(lease))

    sessions = [made() for _ in range(int(tasks))]
    users: list[AsyncSession] = []
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        clocks.ahead = order["ahead"]
        if "users" in order and not users:
            users = [made(f"ada-{number}") for number in range(order["users"])]
        print(json.dumps(await _ask(users if "users" in order else sessions, clocks)), flush=True)


async def _ask(sessions: list[AsyncSession], clocks: Time) -> dict[str, Any]:
    results = await asyncio.gather(*(session.id_token() for session in sessions))
    got, tokens = Counter[str](), set[str]()
    for result in results:
        if isinstance(result, Ok):
            tokens.add(str(result.value.payload["n"]))
        valid = isinstance(result, Ok) and result.value.exp > clocks.wall()
        got["valid" if valid else "ended" if isinstance(result, Ok) else result.reason] += 1
    return {"got": got, "tokens": sorted(tokens)}


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
