"""A store whose key is in the system's keyring, and whose entries are sealed in files.

A keyring has no room for a session, and cannot save only after a given version. So it holds 32 bytes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .file import FileStore
from .protocol import EntryRefused
from .sealed import KEY_SIZE, Sealed, ciphers_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NAME: Final = "cognito_raw"


class KeyringStore(Sealed):
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
        self._store = self._files = FileStore(path)
        self._made = ()

    def _ciphers(self) -> Sequence[AESGCM]:
        if not self._made:
            try:
                self._made = ciphers_of([self._key()])
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
                self._keyring.set_password(self._service, _NAME, secrets.token_hex(KEY_SIZE))
                text = self._keyring.get_password(self._service, _NAME)
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            key = b""
        if len(key) != KEY_SIZE:
            raise EntryRefused(f"the keyring's entry of {self._service!r} is not a key of this library")
        return key
