"""The contract of stores: ours keep it, sync and async, and a store that breaks a law is told which."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw.store import AsyncSealed, Entry, FileStore, InThreads, KeyringStore, MemoryStore, Sealed, Store
from cognito_raw.store.record import Record
from cognito_raw.testing import check_async_store, check_store

KEYS: Final = [b"n" * 32, b"o" * 32]


STORES: Final[dict[str, Callable[[Path], Any]]] = {
    "memory": lambda _: MemoryStore(),
    "file": FileStore,
    "sealed": lambda folder: Sealed(FileStore(folder), KEYS),
    "keyring": lambda folder: KeyringStore("engines", folder),
}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.usefixtures("ring")
def test_our_stores_keep_the_contract(name: str, tmp_path: Path) -> None:
    """Each of them."""
    check_store(STORES[name](tmp_path / "made" / "here"))


@pytest.mark.parametrize("name", STORES)
@pytest.mark.usefixtures("ring")
def test_our_stores_keep_the_contract_in_an_event_loop(name: str, tmp_path: Path) -> None:
    """Their async form does too."""
    asyncio.run(check_async_store(InThreads(STORES[name](tmp_path))))


def test_an_encrypted_async_store_keeps_the_contract() -> None:
    """Encryption over a store that is async by itself."""
    asyncio.run(check_async_store(AsyncSealed(InThreads(MemoryStore()), KEYS)))


class Forgetful(MemoryStore):
    """Loads nothing."""

    def load(self, key: str) -> Entry | None:  # noqa: ARG002
        return None


class Standing(MemoryStore):
    """Gives every entry the same version."""

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        return super().save(key, value, after=after) and 1


class Careless(MemoryStore):
    """Lets the last save win."""

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        return super().save(key, value, after=max(after, self._read(key).entry.version if self.load(key) else 0))  # type: ignore[union-attr]


class Racing(MemoryStore):
    """Looks first, and saves later."""

    def _change(self, key: str, change: Callable[[Record], Record], *, wait: bool = True) -> tuple[Record, Record]:  # noqa: ARG002
        before = self._read(key)
        for _ in range(200):
            os.sched_yield()
        now = self._records[key] = change(before)
        return before, now


class Strict(MemoryStore):
    """Wants the very version that it has."""

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        entry = self.load(key)
        return super().save(key, value, after=after) if after == (entry.version if entry else 0) else None


class Folding(MemoryStore):
    """Takes upper case for lower case."""

    def _read(self, key: str) -> Record:
        return super()._read(key.lower())

    def _change(self, key: str, change: Callable[[Record], Record], *, wait: bool = True) -> tuple[Record, Record]:  # noqa: ARG002
        return super()._change(key.lower(), change)


class Generous(MemoryStore):
    """Lends to everybody."""

    def acquire(self, key: str, owner: str, seconds: float) -> Any:
        super().acquire(key, owner, seconds)
        return "free"


class Anybody(MemoryStore):
    """Lets anybody release."""

    def release(self, key: str, owner: str) -> None:  # noqa: ARG002
        self._change(key, lambda record: Record(record.entry))


class Eternal(MemoryStore):
    """Ends no lease."""

    def acquire(self, key: str, owner: str, seconds: float) -> Any:  # noqa: ARG002
        return super().acquire(key, owner, 1e9)


class Fresh(MemoryStore):
    """Says that all were free."""

    def acquire(self, key: str, owner: str, seconds: float) -> Any:
        return super().acquire(key, owner, seconds) and "free"


class Leased(MemoryStore):
    """Saves for nobody while there is a lease."""

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        return super().save(key, value, after=after) if self._read(key).lease is None else None


class Ending(MemoryStore):
    """Ends the lease with a save."""

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        saved = super().save(key, value, after=after)
        self._change(key, lambda record: Record(record.entry))
        return saved


BROKEN: Final[dict[type[Store], str]] = {
    Forgetful: "load gives the value",
    Standing: "greater version",
    Careless: "not the newest",
    Strict: "the store has lost",
    Folding: "keys are kept apart",
    Generous: "while another holds it",
    Anybody: "only the owner",
    Eternal: '"taken over" after a lease',
    Fresh: '"taken over" to the owner',
    Leased: "does not ask for the lease",
    Ending: "does not end a lease",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_store_that_breaks_a_law_is_named(broken: type[MemoryStore]) -> None:
    """Sync and async."""
    with pytest.raises(AssertionError, match=BROKEN[broken]):
        check_store(broken())
    with pytest.raises(AssertionError, match=BROKEN[broken]):
        asyncio.run(check_async_store(InThreads(broken())))


def test_a_store_that_looks_before_it_saves_is_noticed() -> None:
    """Sooner or later: a race need not show the first time."""
    for _ in itertools.count():
        try:
            check_store(Racing())
        except AssertionError as error:
            assert "of several" in str(error)  # noqa: PT017  # whichever of the two laws
            return
