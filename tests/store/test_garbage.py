"""Entries that another program wrote, or an attacker: they are refused, and stay as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keyring
import pytest

from cognito_raw import Ok
from cognito_raw.store import KeyringStore
from cognito_raw.store.record import Record
from tests.store.conftest import Ring
from tests.store.shared import World
from tests.store.test_notifications import Machine
from tests.support.modes import Mode
from tests.support.redis_server import RedisServer, redis_server

NESTED: Final = b"[" * 100_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all of them."""
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def machine(mode: Mode, server: RedisServer) -> Iterator[Machine]:
    """A session of ada over a server that has nothing else."""
    with server.client() as admin:
        admin.flushall()
    world = World(mode)
    made = Machine(world, "", server, state=world.state)
    yield made
    made.close()


HASHES: Final[dict[str, dict[str, Any]]] = {
    "a word as the version": {"value": "x", "version": "abc"},
    "a fraction": {"value": "x", "version": "1.5"},
    "below zero": {"value": "x", "version": "-1"},
    "more than Lua counts": {"value": "x", "version": "9" * 17},
    "more than Python reads": {"value": "x", "version": "9" * 5000},
    "no value": {"version": "1"},
    "no version": {"value": "x"},
}


@pytest.mark.parametrize("name", HASHES)
def test_a_hash_that_is_no_entry_is_refused(name: str, machine: Machine, server: RedisServer) -> None:
    """With its lease, which is no entry."""
    key = machine.store._name("ada")
    hashed: Any = HASHES[name]
    with server.client(decode_responses=True) as admin:
        admin.hset(key, mapping=hashed)
        for method in (machine.session.id_token, machine.session.refresh, machine.session.forget):
            assert method().reason == "store-entry-refused"
        assert admin.hgetall(key) == hashed


def test_a_name_of_another_kind_is_refused(machine: Machine, server: RedisServer) -> None:
    """As a string that another program keeps there."""
    with server.client() as admin:
        admin.set(machine.store._name("ada"), "7")
        assert machine.session.id_token().reason == "store-entry-refused"
        assert admin.get(machine.store._name("ada")) == b"7"


@pytest.mark.parametrize(
    "lease", [{}, {"began": "abc", "lasts": "6000"}, {"began": "0", "lasts": "abc"}, {"began": "nan"}]
)
def test_a_lease_that_makes_no_sense_has_ended(lease: dict[str, str], machine: Machine, server: RedisServer) -> None:
    """So it holds nobody up."""
    machine.session.id_token().unwrap()
    with server.client() as admin:
        admin.hset(machine.store._name("ada"), mapping={"owner": "other", **lease})
    assert isinstance(machine.session.refresh(), Ok)


@pytest.mark.parametrize("began", [10**400, "x", None])
def test_a_lease_in_a_file_whose_time_is_no_number_is_none(began: object) -> None:
    """Though the file is whole, by its checksum: it counts as damaged."""
    content = json.dumps({"version": 1, "owner": "one", "boot": "", "began": began, "seconds": 1}).encode() + b"\n"
    assert Record.from_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content) == Record()


def test_a_value_that_nests_too_deep_is_refused(mode: Mode) -> None:
    """As any other that is no state."""
    world = World(mode)
    world.store.save("ada", NESTED, after=0)
    result = world.session(world.state).id_token()
    assert (result.reason, result.message) == ("store-entry-refused", "the entry is not JSON")


class Broken(Ring):
    """A keyring that raises an error of its own."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        raise RuntimeError("locked")


def test_a_keyring_that_raises_its_own_errors_is_a_store_that_is_away(tmp_path: Path, mode: Mode) -> None:
    """Some raise other errors than those of the package."""
    world, before = World(mode), keyring.get_keyring()
    keyring.set_keyring(Broken())
    try:
        result = world.session(store=KeyringStore("engines", tmp_path)).id_token()
    finally:
        keyring.set_keyring(before)
    assert result.reason == "store-unavailable"
    assert "RuntimeError" in result.message


class Odd(Exception):
    """An error that no store should raise."""


@pytest.mark.parametrize("name", ["load", "save", "acquire", "release"])
def test_after_an_odd_exception_of_a_store_the_session_goes_on(name: str, mode: Mode) -> None:
    """The program hears of it, since its store is wrong; the next call works."""
    world = World(mode, grace=30.0)
    session = world.signed_in()

    def fail(called: str) -> None:
        if called == name:
            raise Odd

    for ahead in (60, 3600):
        world.passes(ahead)
        world.store.before = fail
        with pytest.raises(Odd):
            session.refresh()
        world.store.before = lambda _: None
        world.passes(60)
        assert isinstance(session.refresh(), Ok)
        assert world.session().id_token() == session.id_token()
