"""Encrypted stores: what the disk shows, whose entries they are, and how keys are replaced or lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keyring
import pytest
from keyring.backends import fail

from cognito_raw.store import AsyncSealed, Entry, EntryRefused, FileStore, KeyringStore, MemoryStore, Sealed
from tests.store.conftest import Ring

OLD: Final = b"o" * 32
NEW: Final = b"n" * 32


def test_nothing_of_a_value_is_on_the_disk(tmp_path: Path) -> None:
    """And the same value looks different each time."""
    store = Sealed(FileStore(tmp_path), [NEW])
    seen = set()
    for version in range(3):
        store.save("ada", b"secret" * 10, after=version)
        [path] = [path for path in tmp_path.iterdir() if path.suffix == ""]
        assert b"secret" not in path.read_bytes()
        seen.add(path.read_bytes()[-40:])
    assert len(seen) == 3


def test_keys_are_replaced() -> None:
    """The first seals, all of them open, and one that is gone opens nothing."""
    store = MemoryStore()
    Sealed(store, [OLD]).save("ada", b"1", after=0)
    both = Sealed(store, [NEW, OLD])
    assert both.load("ada") == Entry(b"1", 1)
    both.save("ada", b"2", after=1)
    assert Sealed(store, [NEW]).load("ada") == Entry(b"2", 2)
    with pytest.raises(EntryRefused):
        Sealed(store, [OLD]).load("ada")


DAMAGE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "plain": lambda _: b'{"version": 1}',
    "empty": lambda _: b"",
    "truncated": lambda sealed: sealed[:-1],
    "no nonce": lambda sealed: sealed[:25],
    "no tag": lambda sealed: sealed[:35],
    "a bit": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "the format": lambda sealed: b"C" + sealed[1:],
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_value_that_was_touched_is_refused(name: str) -> None:
    """Whatever was done to it."""
    store = MemoryStore()
    sealed = Sealed(store, [NEW, OLD])
    sealed.save("ada", b"1", after=0)
    entry = store.load("ada")
    assert entry is not None
    store.save("ada", DAMAGE[name](entry.value), after=1)
    with pytest.raises(EntryRefused):
        sealed.load("ada")


def test_an_entry_cannot_be_moved_to_another_user() -> None:
    """It is bound to its key."""
    store = MemoryStore()
    Sealed(store, [NEW]).save("ada", b"1", after=0)
    entry = store.load("ada")
    assert entry is not None
    store.save("grace", entry.value, after=0)
    with pytest.raises(EntryRefused):
        Sealed(store, [NEW]).load("grace")


@pytest.mark.parametrize("kind", [Sealed, AsyncSealed])
@pytest.mark.parametrize("keys", [[], [b"short"], NEW, "n" * 32, [NEW, "n" * 32]])
def test_keys_that_are_none_are_a_mistake(kind: Any, keys: Any) -> None:
    """A key has 32 bytes, and a list holds them. The message holds no key."""
    with pytest.raises(ValueError, match="32 random bytes") as raised:
        kind(MemoryStore(), keys)
    assert "nnn" not in str(raised.value)


@pytest.mark.parametrize(
    ("package", "extra", "make"),
    [
        ("cryptography.hazmat.primitives.ciphers.aead", "verify", lambda _: Sealed(MemoryStore(), [NEW])),
        ("keyring", "keyring", lambda folder: KeyringStore("engines", folder)),
    ],
)
def test_without_the_package_it_says_what_to_install(
    package: str, extra: str, make: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named at once, not at the first use."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"cognito-raw\[{extra}\]"):
        make(tmp_path)


def test_the_keyring_holds_one_key(ring: Ring, tmp_path: Path) -> None:
    """It is made at the first use, and found by the next process."""
    store = KeyringStore("engines", tmp_path)
    assert ring.passwords == {}
    store.save("ada", b"secret", after=0)
    [(name, password)] = ring.passwords.items()
    assert name == ("engines", "cognito_raw")
    assert len(bytes.fromhex(password)) == 32
    assert KeyringStore("engines", tmp_path).load("ada") == Entry(b"secret", 1)
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_lost_key_opens_nothing(ring: Ring, tmp_path: Path) -> None:
    """The entry is refused, and stays."""
    KeyringStore("engines", tmp_path).save("ada", b"secret", after=0)
    ring.passwords.clear()
    with pytest.raises(EntryRefused):
        KeyringStore("engines", tmp_path).load("ada")


@pytest.mark.parametrize("password", ["", "zz", "00" * 31])
def test_a_password_that_is_no_key_is_refused(password: str, ring: Ring, tmp_path: Path) -> None:
    """Something else has that name in the keyring: nothing is written over it."""
    ring.passwords["engines", "cognito_raw"] = password
    with pytest.raises(EntryRefused, match="not a key"):
        KeyringStore("engines", tmp_path).save("ada", b"secret", after=0)
    assert ring.passwords["engines", "cognito_raw"] == password


def test_a_machine_without_a_keyring_is_a_store_that_cannot_be_reached(tmp_path: Path) -> None:
    """As on most servers."""
    store = KeyringStore("engines", tmp_path)
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # of a package that has no types
    try:
        with pytest.raises(OSError, match="NoKeyringError"):
            store.load("ada")
    finally:
        keyring.set_keyring(before)
    assert os.listdir(tmp_path) == ["keyring.lock"]
