"""Stores that the sessions of several processes share: in memory, files, the system's keyring, Redis; encrypted.

`Session(config, store=store, key="ada")` uses one. Anyone's store can be one that follows the protocol, which the
checks of `cognito_raw.testing` hold it to.
"""

from .file import FileStore
from .protocol import Acquired, AsyncStore, Entry, EntryRefused, InThreads, Store
from .record import MemoryStore
from .redis import AsyncRedisStore, RedisStore
from .sealed import AsyncSealed, KeyringStore, Sealed

# fmt: off
__all__ = [
    "Acquired", "AsyncRedisStore", "AsyncSealed", "AsyncStore", "Entry", "EntryRefused", "FileStore", "InThreads",
    "KeyringStore", "MemoryStore", "RedisStore", "Sealed", "Store",
]
# fmt: on
