"""A store whose key is in the system's keyring, and whose entries are sealed in files.

A keyring has no room for a session, and cannot save only after a given version. So it holds 32 bytes.
"""

from __future__ import annotations

import os
import secrets
from typing import Final

from .file import FileStore
from .protocol import Acquired, Entry, EntryRefused
from .sealed import KEY_SIZE, Sealed

_NAME: Final = "cognito_raw"


class KeyringStore:
    """A `FileStore` whose entries only the user's keyring opens. It needs the extra `keyring`.

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
        self._files = FileStore(path)
        self._sealed: Sealed | None = None

    def load(self, key: str) -> Entry | None:
        """Return the decrypted entry. One that the keyring does not open is an `EntryRefused`."""
        return self._store().load(key)

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        """Encrypt and save a value."""
        return self._store().save(key, value, after=after)

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        """Take the lease in the file."""
        return self._files.acquire(key, owner, seconds)

    def release(self, key: str, owner: str) -> None:
        """End the lease in the file."""
        self._files.release(key, owner)

    def _store(self) -> Sealed:
        sealed = self._sealed
        if sealed is None:
            try:
                sealed = self._sealed = Sealed(self._files, [self._key()])
            except (OSError, EntryRefused):
                raise
            except Exception as error:  # each keyring has its own, beside those of the package
                raise OSError(f"the system's keyring cannot be used: {type(error).__name__}") from error
        return sealed

    def _key(self) -> bytes:
        """Return the key, made first if there is none. Two processes that begin together make one."""
        with self._files.locked("keyring"):
            text = self._keyring.get_password(self._service, _NAME)
            if text is None:
                self._keyring.set_password(self._service, _NAME, secrets.token_hex(KEY_SIZE))
                text = self._keyring.get_password(self._service, _NAME)
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            key = b""
        if len(key) != KEY_SIZE:
            raise EntryRefused(f"the keyring's entry of {self._service!r} is not a key of this library")
        return key
