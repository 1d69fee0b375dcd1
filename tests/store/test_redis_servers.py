"""Stores over the clients and the servers that a program may have: valkey-py, Sentinel, clusters, TLS, few rights.

`make fleet` runs those that start servers of their own.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel

from cognito_raw import Err, Ok
from cognito_raw.store import AsyncRedisStore, RedisStore
from cognito_raw.testing import check_async_store, check_store
from tests.store.shared import LIFE, World
from tests.store.test_fleet import FLEET
from tests.store.test_notifications import Clients, Machine
from tests.support.modes import Mode
from tests.support.redis_server import RedisSentinel, RedisServer, free_port, redis_cluster, redis_server, running

AT_ONCE: Final = ("--repl-diskless-sync-delay", "0")
Make: TypeAlias = Callable[..., Machine]
long: Final = pytest.mark.skipif(not FLEET, reason="long: make fleet")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the tests that leave it as it is."""
    with redis_server(tmp_path_factory.mktemp("redis"), *AT_ONCE) as running:
        yield running


@pytest.fixture
def world(mode: Mode) -> World:
    return World(mode, grace=30.0)


@pytest.fixture
def machine(world: World) -> Iterator[Make]:
    """Makes machines of one user, over anyone's clients."""
    prefix, made = uuid.uuid4().hex, list[Machine]()

    def make(clients: Clients, **options: Any) -> Machine:
        made.append(Machine(world, prefix, clients, **{"state": world.state, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def keeps_the_contract(client: Any, make: Callable[[], Any], *, has_async_news: bool = True) -> None:
    """A store over the sync client, and one over the async client; both hear of changes."""
    store = RedisStore(client)
    check_store(store)
    heard = uuid.uuid4().hex
    watch = store.watch(heard)
    while not watch.is_live:
        time.sleep(0.02)
    mark = watch.mark
    store.save(heard, b"1", after=0)
    watch.wait(mark, 60)
    assert not watch.is_current(mark, 0)
    store.close()
    client.close()

    async def check() -> None:
        async with make() as client:
            store = AsyncRedisStore(client)
            await check_async_store(store)
            assert (store._task is not None) == has_async_news
            heard = uuid.uuid4().hex
            watch = store.watch(heard)
            while has_async_news and not watch.is_live:  # noqa: ASYNC110  # another task sets it
                await asyncio.sleep(0.02)
            mark = watch.mark
            await store.save(heard, b"1", after=0)
            await watch.wait_async(mark, 60 if has_async_news else 0)
            assert watch.is_current(mark, 0) != has_async_news
            await store.aclose()

    asyncio.run(check())


@long
def test_the_clients_of_valkey(server: RedisServer) -> None:
    """They raise errors of their own, which are as those of redis-py."""
    valkey = pytest.importorskip("valkey")
    at = {"port": server.port, "socket_timeout": 60, "decode_responses": True}
    keeps_the_contract(valkey.Valkey(**at), lambda: valkey.asyncio.Valkey(**at))
    away = {"port": free_port(), "retry": None}
    with pytest.raises(OSError, match="ConnectionError"):
        RedisStore(valkey.Valkey(**away)).save("ada", b"", after=0)
    with pytest.raises(OSError, match="ConnectionError"):
        asyncio.run(AsyncRedisStore(valkey.asyncio.Valkey(**away)).save("ada", b"", after=0))


@long
def test_a_cluster_of_valkey(tmp_path: Path) -> None:
    """Its async client knows no channels: sessions look at the store from time to time."""
    valkey = pytest.importorskip("valkey")
    cluster = pytest.importorskip("valkey.asyncio.cluster")
    with redis_cluster(tmp_path) as server:
        at = {"host": "127.0.0.1", "port": server.port}
        keeps_the_contract(valkey.ValkeyCluster(**at), lambda: cluster.ValkeyCluster(**at), has_async_news=False)


@long
def test_a_server_with_a_certificate(certificate: Path, tmp_path: Path) -> None:
    """TLS is the client's business."""
    options = ("cert-file", "key-file", "ca-cert-file")
    files = [word for name in options for word in (f"--tls-{name}", str(certificate))]
    port = free_port()
    with redis_server(tmp_path, "--tls-port", str(port), "--tls-auth-clients", "no", *files) as server:
        tls: dict[str, Any] = {"host": "127.0.0.1", "port": port, "ssl": True, "ssl_ca_certs": str(certificate)}
        tls |= {"socket_timeout": 60, "socket_connect_timeout": 60}  # each connection reads the certificates anew
        keeps_the_contract(server.client(**tls), lambda: server.async_client(**tls))


class Failover:
    """A primary server, a replica of it, and the Sentinel that tells clients which is which."""

    def __init__(self, primary: RedisServer, replica: RedisServer, sentinel: RedisServer) -> None:
        self.made: list[Any] = []
        self._replica = replica
        self._sentinel = sentinel
        self._at: list[tuple[str, int]] = [("127.0.0.1", sentinel.port)]
        self._until(lambda: replica.client().info("replication")["master_link_status"] == "up")
        primary.client().wait(1, 60_000)
        self._until(lambda: sentinel.client().sentinel_slaves("engines"))

    def _until(self, holds: Callable[[], object]) -> None:
        ends = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < ends
            time.sleep(0.05)

    def client(self) -> Any:
        kind: Any = redis.sentinel.Sentinel
        return kind(self._at, socket_timeout=5).master_for("engines")

    def async_client(self) -> Any:
        kind: Any = redis.asyncio.sentinel.Sentinel
        self.made.append(kind(self._at, socket_timeout=5))
        return self.made[-1].master_for("engines")

    async def aclose(self) -> None:
        """Close the async clients of the Sentinel."""
        for made in self.made:
            await asyncio.gather(*(sentinel.aclose() for sentinel in made.sentinels))

    def fail_over(self) -> None:
        """Make the replica the primary server, and wait until clients are told so."""
        client: Any = self._sentinel.client()

        def begins() -> bool:
            try:
                client.execute_command("SENTINEL FAILOVER", "engines")
            except redis.ResponseError:  # it does not know enough of the replica yet
                return False
            return True

        self._until(begins)
        self._until(lambda: client.sentinel_get_master_addr_by_name("engines")[1] == self._replica.port)


@pytest.fixture
def failover(tmp_path: Path) -> Iterator[Failover]:
    """With a replica that has all."""
    with (
        redis_server(tmp_path / "one", *AT_ONCE) as primary,
        redis_server(tmp_path / "two", "--replicaof", "127.0.0.1", str(primary.port)) as replica,
        running(RedisSentinel(tmp_path / "sentinel", primary.port)) as sentinel,
    ):
        yield Failover(primary, replica, sentinel)


@long
def test_a_failover_of_sentinel_signs_nobody_out(failover: Failover, world: World, machine: Make) -> None:
    """The session goes on at the other server, and hears of changes there."""
    first, second = machine(failover), machine(failover)
    first.signed_in()
    second.signed_in()
    failover.fail_over()

    def renewed() -> bool:
        world.passes(LIFE)  # after which a failed attempt is forgotten
        return isinstance(first.session.id_token(), Ok)

    first.until(renewed)
    first.until(lambda: first.is_live and second.is_live)
    assert first.session.logout() == Ok(None)
    second.until(lambda: second.session.id_token() == Err("no-session"))
    assert world.family.refreshes > 0
    if first.is_async:
        first._mode._runner.run(failover.aclose())


class Restricted:
    """The clients of a user who may not do all."""

    def __init__(self, server: RedisServer, rule: str) -> None:
        self._server = server
        self._who = {"username": uuid.uuid4().hex, "password": "engine"}
        with server.client() as admin:
            rights = ("on", ">engine", "~*", "+@all", "&*", rule)
            admin.execute_command("ACL SETUSER", self._who["username"], *rights)

    def client(self) -> redis.Redis:
        return self._server.client(**self._who)

    def async_client(self) -> redis.asyncio.Redis:
        return self._server.async_client(**self._who)

    def refusals(self) -> int:
        """How often the server refused something."""
        with self._server.client() as admin:
            told: Any = admin.acl_log()
        return sum(int(one["count"]) for one in told if one["username"] == self._who["username"])


@pytest.mark.parametrize("rule", ["-subscribe", "-publish", "resetchannels"])
def test_without_the_right_to_hear_sessions_look_in_time(
    rule: str, server: RedisServer, world: World, machine: Make
) -> None:
    """And no more often, however often the subscriber is refused."""
    clients = Restricted(server, rule)
    first, second = (machine(clients, staleness=30.0) for _ in range(2))
    first.session.id_token().unwrap()
    second.session.id_token().unwrap()
    if rule != "-publish":
        second.until(lambda: clients.refusals() >= 3)
        assert second.is_current
    assert first.session.logout() == Ok(None)
    world.passes(31)
    assert second.session.id_token() == Err("no-session")


def test_without_the_right_to_run_scripts_the_store_is_away(server: RedisServer, machine: Make) -> None:
    """The message has the server's words."""
    result = machine(Restricted(server, "-eval"), state=None).session.id_token()
    assert result.reason == "store-unavailable"
    assert "eval" in result.message


def test_a_replica_saves_nothing(server: RedisServer, world: World, machine: Make, tmp_path: Path) -> None:
    """Its entries are read, and refreshed at the primary server alone."""
    machine(server).session.id_token().unwrap()
    with redis_server(tmp_path, "--replicaof", "127.0.0.1", str(server.port)) as replica:
        with replica.client() as client:
            while client.info("replication")["master_link_status"] != "up":
                time.sleep(0.02)
        session = machine(replica, state=None).session
        assert isinstance(session.id_token(), Ok)
        result = session.refresh()
    assert (result.reason, result.sent) == ("store-unavailable", "no")
    assert "ReadOnly" in result.message
    assert world.wire.operations == []


class Few:
    """The clients of a program with one connection."""

    def __init__(self, server: RedisServer) -> None:
        self._port = server.port

    def client(self) -> redis.Redis:
        return redis.Redis.from_pool(redis.ConnectionPool(port=self._port, max_connections=1))

    def async_client(self) -> redis.asyncio.Redis:
        return redis.asyncio.Redis.from_pool(redis.asyncio.ConnectionPool(port=self._port, max_connections=1))


def test_a_pool_without_a_free_connection_is_a_store_that_is_away(
    server: RedisServer, world: World, machine: Make
) -> None:
    """The subscriber has the only one, until it ends."""
    few = machine(Few(server))
    few.session.id_token()
    few.until(lambda: few.is_live)
    result = few.session.refresh()
    assert result.reason == "store-unavailable"
    assert "onnection" in result.message
    few.receive_no_more()
    world.passes(60)  # after which a failed attempt is forgotten
    assert isinstance(few.session.refresh(), Ok)


@long
def test_a_store_is_closed_while_its_server_hangs(tmp_path: Path) -> None:
    """Though its client would wait for ever."""
    with redis_server(tmp_path) as server:
        server.hang()
        store = RedisStore(redis.Redis(port=server.port, socket_timeout=None))
        store._subscribe()
        began = time.monotonic()
        store.close()
        assert time.monotonic() - began < 30

        async def use() -> None:
            async with redis.asyncio.Redis(port=server.port, socket_timeout=None) as client:
                store = AsyncRedisStore(client)
                store._subscribe()
                await asyncio.sleep(0.1)
                await asyncio.wait_for(store.aclose(), 30)

        asyncio.run(use())


class Engine(redis.Redis):
    """A program's own client."""


class AsyncEngine(redis.asyncio.Redis):
    """And its async one."""


def test_a_client_may_be_of_a_class_of_the_program() -> None:
    """It is known by its base."""
    RedisStore(Engine())
    AsyncRedisStore(AsyncEngine())
    for kind, client in ((RedisStore, AsyncEngine()), (AsyncRedisStore, Engine())):
        with pytest.raises(ValueError, match="a sync one"):
            kind(client)
