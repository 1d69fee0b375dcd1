"""Sessions that wait for another one's refresh over Redis: they are woken, and seldom ask."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import Config, Session, State
from cognito_raw.store import RedisStore, Sealed
from tests.store.shared import LIFE, World
from tests.store.test_notifications import KEYS, Machine, evaluations
from tests.support.conversation import CLIENT_ID, ISS, tokens
from tests.support.modes import Mode
from tests.support.redis_server import RedisServer, redis_server

MANY: Final = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all."""
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def waiting(mode: Mode, server: RedisServer) -> Iterator[Machine]:
    """A machine whose sessions wait by the real clock."""
    world = World(mode)
    config = Config(ISS, CLIENT_ID, clock=world.clock, monotonic=time.monotonic, deadline=60)
    machine = Machine(world, uuid.uuid4().hex, server, state=world.state, config=config)
    machine.signed_in()
    yield machine
    machine.close()


def renew(holder: Sealed, clock: Callable[[], float]) -> None:
    """Save new tokens, as another process does."""
    entry = holder.load("ada")
    assert entry is not None
    state = replace(State.from_dict(json.loads(entry.value)), tokens=tokens(at=clock(), n=7))
    assert holder.save("ada", json.dumps(state.to_dict()).encode(), after=entry.version)


def asked_at_once(sessions: list[Any]) -> list[Any]:
    """What all of them get at the same time."""
    if isinstance(sessions[0], Session):
        with ThreadPoolExecutor(len(sessions)) as threads:
            return list(threads.map(lambda session: session.id_token(), sessions))

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(session.wrapped.id_token() for session in sessions))

    return list(sessions[0]._run(all_of_them()))


@pytest.mark.parametrize("count", [1, MANY])
def test_sessions_that_wait_for_another_process_do_not_poll(count: int, waiting: Machine, server: RedisServer) -> None:
    """They are woken by its tokens. One of them asks now and then, in case that it has died."""
    sessions = [waiting.session, *(waiting.another() for _ in range(count - 1))]
    for session in sessions:
        session.id_token().unwrap()
    waiting._world.passes(LIFE)
    with server.client() as client:
        holder = Sealed(RedisStore(client, prefix=waiting.store._prefix), KEYS)
        assert holder.acquire("ada", "holder", 60)
        asked, began = evaluations(client), time.monotonic()
        renewal = threading.Timer(2, lambda: renew(holder, waiting._world.clock))
        renewal.start()
        assert {result.unwrap().payload["n"] for result in asked_at_once(sessions)} == {7}
        renewal.join()
        seconds = time.monotonic() - began
        assert evaluations(client) - asked <= 8 + 2 * count + 2 * seconds


def test_of_the_sessions_of_a_process_one_refreshes(waiting: Machine) -> None:
    """The others wait for its tokens."""
    sessions = [waiting.session, *(waiting.another() for _ in range(MANY))]
    waiting._world.passes(LIFE)
    got = [result.unwrap() for result in asked_at_once(sessions)]
    assert len({token.jwt for token in got}) == 1
    assert waiting._world.service.refreshes == 1


def test_an_event_loop_that_ended_during_a_wait_keeps_no_news_from_others(server: RedisServer) -> None:
    """The subscriber goes on, and closing the store raises nothing."""
    with server.client() as client:
        store, key = RedisStore(client), uuid.uuid4().hex
        store.load(key)
        watch, loop = store.watch(key), asyncio.new_event_loop()
        while not watch.is_live:
            time.sleep(0.01)
        mark = watch.mark
        loop.set_exception_handler(lambda *_: None)  # of the task, which never ends
        waiting = loop.create_task(watch.wait_async(mark, 60))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        store.save(key, b"1", after=0)
        watch.wait(mark, 60)
        assert watch.mark == (mark[0], mark[1] + 1)
        store.close()
        assert not waiting.done()
