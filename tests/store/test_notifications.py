"""Notifications of changes: the other machines receive them, and read again what they may have missed."""

from __future__ import annotations

import asyncio
import gc
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

import pytest

from cognito_raw import AsyncSession, Err, IdToken, Ok
from cognito_raw.store import AsyncRedisStore, AsyncSealed, Entry, InThreads, MemoryStore, RedisStore, Sealed
from cognito_raw.store.changes import Changes, _miss_all
from tests.store.shared import World
from tests.store.simulation import REFRESHING
from tests.support.modes import Mode
from tests.support.programs import run
from tests.support.redis_server import RedisServer, redis_server

KEYS: Final = [b"k" * 32]
Kind: TypeAlias = Literal["own", "sync"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that let it run."""
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Clients(Protocol):
    """Makes clients, as a server does."""

    def client(self) -> Any: ...

    def async_client(self) -> Any: ...


class Machine:
    """A session of ada over a store of its own. `kind`: for an async session, an async store or a sync one."""

    def __init__(self, world: World, prefix: str, server: Clients, kind: Kind = "own", **options: Any) -> None:
        self._mode: Any = world.mode
        self.is_async = kind == "own" and self._mode.kind is AsyncSession
        self.client: Any = server.async_client() if self.is_async else server.client()
        self.store: Any = (
            AsyncRedisStore(self.client, prefix=prefix) if self.is_async else RedisStore(self.client, prefix=prefix)
        )
        sealed: Any = AsyncSealed if self.is_async else Sealed
        self._options = {"store": sealed(self.store, KEYS), "staleness": float("inf"), **options}
        self._world = world
        self.session = self.another()

    def another(self) -> Any:
        """Another session of ada over the same store."""
        return self._world.session(**self._options)

    @property
    def is_live(self) -> bool:
        return bool(self.store._changes.is_live)

    @property
    def is_current(self) -> bool:
        return bool(getattr(self.session, "wrapped", self.session)._holder.is_current)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for it."""
        ends = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < ends
            self._mode.rest(0.02)

    def signed_in(self) -> None:
        """Load the session, and receive notifications from then on."""
        self.session.id_token().unwrap()
        self.until(lambda: self.is_live)
        self.session.id_token().unwrap()
        assert self.is_current

    @contextmanager
    def kept_fresh(self) -> Iterator[None]:
        """Keep the session fresh until the end of the block."""
        block: Any = self.session.keep_fresh()
        if self._mode.kind is not AsyncSession:
            with block:
                yield
            return
        self._mode._runner.run(block.__aenter__())
        try:
            yield
        finally:
            self._mode._runner.run(block.__aexit__(None, None, None))

    def rest(self, seconds: float) -> None:
        """Do nothing for a while."""
        self._mode.rest(seconds)

    def receive_no_more(self) -> None:
        """End the subscriber."""
        self._mode._runner.run(self.store.aclose()) if self.is_async else self.store.close()

    def close(self) -> None:
        self.receive_no_more()
        self._mode._runner.run(self.client.aclose()) if self.is_async else self.client.close()


@pytest.fixture
def machines(mode: Mode) -> Iterator[Callable[..., Machine]]:
    """Makes machines of one user."""
    world, made = World(mode), list[Machine]()
    prefix = uuid.uuid4().hex  # the server outlives each world

    def make(server: RedisServer, kind: Kind = "own", **options: Any) -> Machine:
        made.append(Machine(world, prefix, server, kind, state=world.state, **options))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.mark.parametrize("kind", ["own", "sync"])
def test_a_sign_out_ends_the_session_on_all_machines(
    kind: Kind, machines: Callable[..., Machine], server: RedisServer
) -> None:
    """At once, though their copies never grow stale."""
    first, second = machines(server, kind), machines(server, kind)
    first.signed_in()
    second.signed_in()
    assert first.session.logout() == Ok(None)
    second.until(lambda: second.session.id_token() == Err("no-session"))


def test_a_fresh_token_costs_no_round_trip(machines: Callable[..., Machine], server: RedisServer) -> None:
    """The session receives notifications, and so need not ask."""
    machine = machines(server)
    machine.signed_in()
    with server.client() as client:
        asked = evaluations(client)
        for _ in range(20):
            machine.session.id_token().unwrap()
            machine.session.access_token().unwrap()
        assert evaluations(client) == asked


def test_what_a_session_saves_does_not_make_it_ask_again(machines: Callable[..., Machine], server: RedisServer) -> None:
    """It receives those of its own changes too."""
    machine = machines(server)
    machine.signed_in()
    watch = machine.store.watch("ada")
    before = watch.mark
    machine.session.refresh().unwrap()
    machine.until(lambda: watch.mark[1] >= before[1] + 3)  # two saves, and the end of the lease
    assert machine.is_current


def test_a_lost_connection_makes_copies_stale(machines: Callable[..., Machine], server: RedisServer) -> None:
    """Until they are read again: what was said meanwhile is lost."""
    machine = machines(server)
    machine.signed_in()
    with server.client() as admin:
        admin.client_kill_filter(_type="pubsub")
    machine.until(lambda: not machine.is_current)
    machine.signed_in()


def test_a_server_that_was_away_sends_notifications_again(machines: Callable[..., Machine], tmp_path: Path) -> None:
    """Meanwhile tokens are given, and the store is asked at each call."""
    with redis_server(tmp_path) as server:
        machine = machines(server)
        machine.signed_in()
        server.stop()
        machine.until(lambda: not machine.is_live)
        assert isinstance(machine.session.id_token(), Ok)
        server.start()
        machine.until(lambda: machine.is_live)
        machine.signed_in()


def test_a_store_that_is_closed_receives_no_more(machines: Callable[..., Machine], server: RedisServer) -> None:
    """Its sessions go on, and look at the store from time to time."""
    machine = machines(server)
    machine.signed_in()
    machine.close()
    assert not machine.is_live
    assert isinstance(machine.session.id_token(), Ok)


def evaluations(client: Any) -> int:
    """The scripts that the server has run."""
    return int(client.info("commandstats")["cmdstat_eval"]["calls"])


FORKED: Final = """
import os, sys, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in programs with threads
import redis
from cognito_raw.store import RedisStore

store = RedisStore(redis.Redis(port=int(sys.argv[1])))
watch = store.watch("ada")
store.save("ada", b"1", after=0)

def listen():
    store.load("ada")
    while not watch.is_live:
        time.sleep(0.01)

listen()
mark = watch.mark
pid = os.fork()
if pid == 0:
    assert not watch.is_current(mark, 1)
    assert not watch.is_live
    listen()
    mark = watch.mark
    store.save("ada", b"2", after=1)
    watch.wait(mark, 60)
    assert not watch.is_current(mark, 1) and watch.is_current(mark, 2)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
watch.wait(mark, 60)
assert not watch.is_current(mark, 1)
del store
"""


def test_a_fork_has_a_subscriber_of_its_own(tmp_path: Path) -> None:
    """Its copies are stale at first."""
    with redis_server(tmp_path) as server:
        run(FORKED, str(server.port))


def test_a_silent_connection_counts_as_lost() -> None:
    """As one that a network has dropped without a word: pings get no answer."""
    changes = Changes()
    assert changes.receive({"type": "pong", "data": b""}) is False
    assert [changes.receive(None) for _ in range(3)] == 3 * [True]
    with pytest.raises(TimeoutError, match="silent"):
        changes.receive(None)


def test_words_of_others_on_the_channel_mean_nothing() -> None:
    """Nor do notifications of keys that nobody watches."""
    changes = Changes()
    watch = changes.watch(b"ada")
    assert changes.watch(b"ada") is watch
    mark = watch.mark
    for data in (b"hello", b"7 grace", "x ada", b""):
        changes.receive({"type": "message", "data": data})
    assert watch.mark == mark
    changes.receive({"type": "message", "data": "7 ada"})
    assert (watch.is_current(mark, 6), watch.is_current(mark, 7)) == (False, True)


def test_after_a_notification_nobody_waits() -> None:
    """Also if they came before the wait, and in a fork, where all may have been missed."""
    changes = Changes()
    changes.receive({"type": "subscribe", "data": 1})
    watch = changes.watch(b"ada")
    mark = watch.mark
    watch.receive(1)
    watch.wait(mark, 60)
    asyncio.run(watch.wait_async(mark, 60))
    mark = watch.mark
    _miss_all()
    watch.wait(mark, 60)
    assert not watch.is_current(mark, 1)
    asyncio.run(watch.wait_async(watch.mark, 0.01))


def test_where_nothing_is_received_nothing_is_missed() -> None:
    """Copies stay current where the server allows no subscriber, however often it tries."""
    changes = Changes()
    watch = changes.watch(b"ada")
    mark = watch.mark
    changes.miss()
    assert watch.is_current(mark, 1)
    changes.receive({"type": "subscribe", "data": 1})
    assert not watch.is_current(mark, 1)


def test_a_store_without_notifications_has_none() -> None:
    """Sessions poll it."""
    assert Sealed(MemoryStore(), KEYS).watch("ada") is None
    assert AsyncSealed(InThreads(MemoryStore()), KEYS).watch("ada") is None


class Plain:
    """An async store with the four methods of the protocol alone."""

    def __init__(self) -> None:
        store = InThreads(MemoryStore())
        self.load, self.save, self.acquire, self.release = store.load, store.save, store.acquire, store.release


def test_an_async_store_needs_its_four_methods_alone() -> None:
    """The lease and the entry are two steps then."""

    async def use() -> None:
        store = AsyncSealed(Plain(), KEYS)
        await store.save("ada", b"1", after=0)
        assert await store.take("ada", "one", 60) == ("free", Entry(b"1", 1))
        assert await store.take("ada", "two", 60) is None

    asyncio.run(use())


def test_a_store_that_nobody_uses_listens_no_more(server: RedisServer) -> None:
    """Its subscriber ends, sync and async, once Python collects the store."""
    with server.client() as client:
        store = RedisStore(client)
        store.load("ada")
        thread = store._thread
        assert thread is not None
        del store
        gc.collect()  # redis-py leaves exceptions in cycles, whose frames hold the store
        thread.join(60)
        assert not thread.is_alive()

    async def use() -> None:
        async with server.async_client() as client:
            store = AsyncRedisStore(client)
            await store.load("ada")
            task = store._task
            assert task is not None
            del store
            gc.collect()
            await asyncio.wait_for(task, 60)
            await AsyncRedisStore(client).aclose()

    asyncio.run(use())


def test_an_async_store_listens_in_each_event_loop(server: RedisServer) -> None:
    """A serverless function runs a loop for each invocation."""
    store = AsyncRedisStore(server.async_client())

    async def use() -> None:
        await store.load("ada")
        while not store._changes.is_live:  # noqa: ASYNC110  # another task sets it
            await asyncio.sleep(0.01)
        await store._client.connection_pool.disconnect()  # type: ignore[attr-defined]

    for _ in range(2):
        asyncio.run(use())
        assert not store._changes.is_live


@pytest.mark.parametrize("kind", ["own", "sync"])
def test_keep_fresh_notices_a_sign_out_elsewhere(
    kind: Kind, machines: Callable[..., Machine], server: RedisServer
) -> None:
    """At once, though its copy never grows stale and its tokens are not due: nobody calls a method of the session."""
    first, second = machines(server, kind), machines(server, kind)
    first.signed_in()
    second.signed_in()
    told: list[IdToken | None] = []
    second.session.subscribe(told.append)
    with second.kept_fresh():
        renewed = first.session.refresh().unwrap()
        second.until(lambda: told == [renewed])
        assert first.session.logout() == Ok(None)
        second.until(lambda: told == [renewed, None])
        with server.client() as admin:
            asked = evaluations(admin)
            second.rest(0.3)
            assert evaluations(admin) == asked


@pytest.mark.parametrize("kind", ["own", "sync"])
def test_a_refresh_costs_the_steps_that_the_simulation_counts(
    kind: Kind, machines: Callable[..., Machine], server: RedisServer
) -> None:
    """The lease with the entry, the note that a request is on its way, the tokens, and the end of the lease."""
    machine = machines(server, kind)
    machine.signed_in()
    with server.client() as client:
        asked = evaluations(client)
        machine.session.refresh().unwrap()
        assert evaluations(client) - asked == len(REFRESHING) == 4
