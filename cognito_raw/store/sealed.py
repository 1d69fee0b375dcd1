"""Encryption of another store's values, with AES-256-GCM, by keys of yours or by one in the system's keyring.

Each value is bound to its key, so that nobody can move an entry to another user. The first of the keys seals, and all
of them open, so that keys can be replaced. Versions and leases stay those of the other store.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .changes import Watch
from .file import FileStore
from .protocol import Acquired, AsyncStore, Entry, EntryRefused, Store, Taken, take, take_async, watch_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

S = TypeVar("S")

_KEY_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_NAME: Final = "cognito_raw"
_FORMAT: Final = b"cognito_raw sealed 1\0"
_NONCE_START: Final = len(_FORMAT)
_START: Final = _NONCE_START + _NONCE_SIZE


class _Sealing(Generic[S]):
    """Seals and opens the values of another store."""

    def __init__(self, store: S, keys: Sequence[bytes]) -> None:
        self._store = store
        self._made: Sequence[AESGCM] = _ciphers_of(keys)

    def _ciphers(self) -> Sequence[AESGCM]:
        return self._made

    def _seal(self, key: str, value: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return _FORMAT + nonce + self._ciphers()[0].encrypt(nonce, value, _bound(key))

    def _open(self, key: str, entry: Entry | None) -> Entry | None:
        """Return the entry with its value, decrypted with the key that fits."""
        from cryptography.exceptions import InvalidTag

        ciphers = self._ciphers()
        if entry is None:
            return None
        start, nonce, sealed = entry.value[:_NONCE_START], entry.value[_NONCE_START:_START], entry.value[_START:]
        for cipher in ciphers if start == _FORMAT and len(nonce) == _NONCE_SIZE else ():
            try:
                return Entry(cipher.decrypt(nonce, sealed, _bound(key)), entry.version)
            except InvalidTag:
                continue
        raise EntryRefused("no key opens the entry: it was sealed with another key, for another user, or not at all")

    def _opened(self, key: str, taken: Taken | None) -> Taken | None:
        return None if taken is None else (taken[0], self._open(key, taken[1]))

    def watch(self, key: str) -> Watch | None:
        """Return the other store's notifications."""
        return watch_of(self._store, key)


def _ciphers_of(keys: Sequence[bytes]) -> list[AESGCM]:
    """Return the ciphers of these keys, the newest first."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise ImportError("Sealed needs the package cryptography: pip install 'cognito-raw[verify]'") from None
    if not keys or not all(map(_is_key, keys)):
        raise ValueError(f"keys must be a list of keys of {_KEY_SIZE} random bytes, the newest first")
    return [AESGCM(key) for key in keys]


def _is_key(key: object) -> bool:
    return isinstance(key, bytes) and len(key) == _KEY_SIZE


def _bound(key: str) -> bytes:
    return _FORMAT + key.encode("utf-8", "surrogatepass")


class Sealed(_Sealing[Store], Store):
    """A store whose values are encrypted. It needs the extra `verify`.

    store: holds the encrypted values.
    keys: keys of 32 random bytes, the newest first, such as `secrets.token_bytes(32)`. The first one seals.
    """

    def load(self, key: str) -> Entry | None:
        """Return the decrypted entry. One that no key opens is an `EntryRefused`."""
        return self._open(key, self._store.load(key))

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Encrypt and save a value."""
        return self._store.save(key, self._seal(key, value), after=after)

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        return self._store.acquire(key, owner, seconds)

    def release(self, key: str, owner: str) -> None:
        self._store.release(key, owner)

    def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the other store's lease, and return its entry, decrypted."""
        return self._opened(key, take(self._store, key, owner, seconds))


class AsyncSealed(_Sealing[AsyncStore], AsyncStore):
    """The same over an `AsyncStore`."""

    async def load(self, key: str) -> Entry | None:
        """Return the decrypted entry. One that no key opens is an `EntryRefused`."""
        return self._open(key, await self._store.load(key))

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Encrypt and save a value."""
        return await self._store.save(key, self._seal(key, value), after=after)

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        return await self._store.acquire(key, owner, seconds)

    async def release(self, key: str, owner: str) -> None:
        await self._store.release(key, owner)

    async def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the other store's lease, and return its entry, decrypted."""
        return self._opened(key, await take_async(self._store, key, owner, seconds))


class KeyringStore(Sealed):
    """A `FileStore` whose entries only the user's keyring opens. It needs the extra `keyring`.

    A keyring has no room for a session, and cannot save only after a given version. So it holds a key of 32 bytes.

    service: the name of your program in the keyring. The key is made at the first use.
    path: the folder of the sealed entries.
    """

    def __init__(self, service: str, path: str | os.PathLike[str]) -> None:
        try:
            import keyring
        except ImportError:
            raise ImportError("KeyringStore needs the package keyring: pip install 'cognito-raw[keyring]'") from None
        self._keyring = keyring
        self._service = service
        self._store = self._files = FileStore(path)
        self._made = ()

    def _ciphers(self) -> Sequence[AESGCM]:
        if not self._made:
            try:
                self._made = _ciphers_of([self._key()])
            except (OSError, EntryRefused):
                raise
            except Exception as error:  # each keyring has its own, beside those of the package
                raise OSError(f"the system's keyring cannot be used: {type(error).__name__}") from error
        return self._made

    def _key(self) -> bytes:
        """Return the key, made first if there is none. Two processes that begin together make one."""
        with self._files.locked("keyring"):
            text = self._keyring.get_password(self._service, _NAME)
            if text is None:
                self._keyring.set_password(self._service, _NAME, secrets.token_hex(_KEY_SIZE))
                text = self._keyring.get_password(self._service, _NAME)
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            key = b""
        if len(key) != _KEY_SIZE:
            raise EntryRefused(f"the keyring's entry of {self._service!r} is not a key of this library")
        return key
