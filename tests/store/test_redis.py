"""The stores in Redis, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis
import redis.asyncio

from cognito_raw.store import AsyncRedisStore, AsyncSealed, Entry, InThreads, RedisStore, Sealed
from cognito_raw.testing import check_async_store, check_store
from tests.support.redis_server import RedisServer, redis_cluster, redis_server

KEYS: Final = [b"k" * 32]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the tests that leave it as it is."""
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "as it is": {},
    "decoding": {"decode_responses": True},
    "RESP2": {"protocol": 2},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_keeps_the_contract(options: dict[str, Any], server: RedisServer) -> None:
    """Whatever the client decodes: values are bytes."""
    with server.client(**options) as client:
        store = RedisStore(client)
        check_store(store)
        store.close()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_keeps_the_contract_in_an_event_loop(options: dict[str, Any], server: RedisServer) -> None:
    """With an async client."""

    async def check() -> None:
        async with server.async_client(**options) as client:
            store = AsyncRedisStore(client)
            await check_async_store(store)
            await check_async_store(AsyncSealed(store, KEYS))
            await store.aclose()

    asyncio.run(check())


def test_it_keeps_the_contract_in_threads_and_sealed(server: RedisServer) -> None:
    """As an async session uses a sync store."""
    with server.client() as client:
        store = RedisStore(client)
        asyncio.run(check_async_store(InThreads(Sealed(store, KEYS))))
        store.close()


def test_it_keeps_the_contract_in_a_cluster(tmp_path: Path) -> None:
    """An entry is one key, so it needs no hash tag."""
    with redis_cluster(tmp_path) as server:
        cluster = redis.RedisCluster(host="127.0.0.1", port=server.port)
        store = RedisStore(cluster)
        check_store(store)
        store.close()
        cluster.close()

        async def check() -> None:
            async with redis.asyncio.RedisCluster(host="127.0.0.1", port=server.port) as client:
                other = AsyncRedisStore(client)
                await check_async_store(other)
                await other.aclose()

        asyncio.run(check())


def test_a_name_in_redis_says_nothing_of_its_key(server: RedisServer) -> None:
    """It has the prefix, so that several programs share a server."""
    with server.client() as client:
        store = RedisStore(client, prefix="engines:")
        assert store.save("ada", b"1", after=0) == 1
        names = client.keys("engines:*")
        assert len(names) == 1
        assert "ada" not in str(names)
        other = RedisStore(client, prefix="other:")
        assert other.load("ada") is None
        assert repr(other) == "RedisStore(prefix='other:')"
        store.close()
        other.close()


def test_an_entry_lasts_for_its_lifetime(server: RedisServer) -> None:
    """From its last save on; for ever without one, also after a lease."""
    with server.client() as client:
        name = RedisStore(client)._name
        kept, limited = RedisStore(client), RedisStore(client, lifetime=600)
        for version, (store, least, most) in enumerate(((limited, 500_000, 600_000), (kept, -1, -1))):
            store.acquire("lifetime", "one", 5)
            assert store.save("lifetime", b"1", after=version) == version + 1
            assert least <= client.pttl(name("lifetime")) <= most
            store.acquire("lifetime", "two", 5)
            assert least <= client.pttl(name("lifetime")) <= most


def test_a_lease_alone_does_not_stay(server: RedisServer) -> None:
    """As where the entry was lost, or nobody ever signs in."""
    with server.client() as client:
        store = RedisStore(client)
        assert store.acquire("nobody", "one", 5) == "free"
        assert 0 < client.pttl(store._name("nobody")) <= 3_605_000


def test_a_lease_of_a_server_whose_clock_is_ahead_has_ended(server: RedisServer) -> None:
    """After a failover, it would last for as long as the clocks differ."""
    with server.client() as client:
        store = RedisStore(client)
        store.acquire("ahead", "one", 60)
        client.hincrby(store._name("ahead"), "began", 3_600_000)
        assert store.acquire("ahead", "two", 60) == "taken over"


def test_versions_are_exact(server: RedisServer) -> None:
    """Also large ones."""
    with server.client() as client:
        store = RedisStore(client)
        assert store.save("large", b"1", after=10**15) == 10**15 + 1
        assert store.load("large") == Entry(b"1", 10**15 + 1)
        store.close()


def test_a_server_that_is_away_is_an_os_error(tmp_path: Path) -> None:
    """Whatever its client raises, in a sync and an async store; so is one that refuses."""
    with redis_server(tmp_path) as server:
        client, other = server.client(), server.async_client()
        with server.client() as admin:
            admin.config_set("requirepass", "engine")
        _fails(client, other, "Authentication")
        server.stop()
        _fails(client, other, "ConnectionError")


def _fails(client: redis.Redis, other: redis.asyncio.Redis, words: str) -> None:
    store, calls = RedisStore(client), AsyncRedisStore(other)

    async def call(method: Callable[[], Awaitable[object]]) -> None:
        try:
            await method()
        finally:
            await other.aclose()

    with pytest.raises(OSError, match=words):
        store.save("ada", b"1", after=0)
    with pytest.raises(OSError, match=words):
        asyncio.run(call(lambda: calls.save("ada", b"1", after=0)))
    client.close()


@pytest.mark.parametrize("kind", [RedisStore, AsyncRedisStore])
@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (lambda _: "redis://", {}, "client must be"),
        (lambda _: redis.Redis, {}, "client must be"),
        (lambda kind: redis.asyncio.Redis() if kind is RedisStore else redis.Redis(), {}, "sync one"),
        (lambda kind: redis.Redis() if kind is RedisStore else redis.asyncio.Redis(), {"lifetime": 0}, "lifetime"),
        (
            lambda kind: redis.Redis() if kind is RedisStore else redis.asyncio.Redis(),
            {"lifetime": float("nan")},
            "lifetime",
        ),
    ],
    ids=["an address", "a class", "of the other kind", "no time", "not a number"],
)
def test_options_that_make_no_sense_are_a_mistake(kind: Any, made: Any, options: dict[str, Any], words: str) -> None:
    """Said at once."""
    with pytest.raises(ValueError, match=words):
        kind(made(kind), **options)
