"""Stores in Redis or Valkey, for many machines.

An entry and its lease are one hash, so that each step is one script on one key, as clusters need it. Leases end by the
server's clock. A script publishes each change on one channel, which one subscriber for each store reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from ..concurrency.locks import ForkLock
from .changes import Changes, Watch
from .protocol import Acquired, AsyncStore, Entry, EntryRefused, Store, Taken

if TYPE_CHECKING:
    import asyncio
    import threading


class Client(Protocol):
    """A client of redis-py or valkey-py."""

    def execute_command(self, *args: Any, **options: Any) -> Any: ...

    def pubsub(self, **options: Any) -> Any: ...


# Seconds of silence before the subscriber sends a ping, and after a lost connection before it makes another.
_INTERVAL: Final = 1.0
# Seconds to wait for the end of a subscriber: a client without a time limit may wait for a server that hangs.
_LONGEST_CLOSE: Final = 3.0
# More are no version: Lua would lose the last of them.
_DIGITS: Final = 16
_LOAD: Final = "return redis.call('HMGET', KEYS[1], 'value', 'version')"
_SAVE: Final = """
if tonumber(redis.call('HGET', KEYS[1], 'version') or 0) > tonumber(ARGV[2]) then return false end
local version = string.format('%.0f', ARGV[2] + 1)
redis.call('HSET', KEYS[1], 'value', ARGV[3], 'version', version)
if ARGV[4] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
redis.pcall('PUBLISH', ARGV[1], version .. ' ' .. KEYS[1])
return tonumber(version)
"""
# A time before its beginning is that of another server, after a failover. A lease alone is kept for an hour.
_ACQUIRE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'owner', 'began', 'lasts', 'version')
if held[1] and held[1] ~= ARGV[2] then
  local age = now - (tonumber(held[2]) or now + 1)
  if age >= 0 and age < (tonumber(held[3]) or 0) then return false end
end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'began', string.format('%.0f', now), 'lasts', ARGV[3])
if not held[4] then redis.call('PEXPIRE', KEYS[1], ARGV[3] + 3600000) end
local before = held[1] and 'taken over' or 'free'
local entry = redis.call('HMGET', KEYS[1], 'value', 'version')
return {before, entry[1], entry[2]}
"""
_RELEASE: Final = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[2] then return false end
redis.call('HDEL', KEYS[1], 'owner', 'began', 'lasts')
redis.pcall('PUBLISH', ARGV[1], (redis.call('HGET', KEYS[1], 'version') or '0') .. ' ' .. KEYS[1])
"""


class _Scripts:
    """The commands of a store, and the meaning of their replies."""

    _IS_ASYNC = False

    def __init__(self, client: Client, *, prefix: str = "cognito_raw:", lifetime: float | None = None) -> None:
        if not callable(getattr(client, "execute_command", None)) or isinstance(client, type):
            raise ValueError(f"client must be a client of redis-py or valkey-py, not {type(client).__name__}")
        if any("asyncio" in base.__module__ for base in type(client).__mro__) != self._IS_ASYNC:
            kind = "an async client, of redis.asyncio" if self._IS_ASYNC else "a sync client"
            raise ValueError(f"client must be {kind}: RedisStore takes a sync one, AsyncRedisStore an async one")
        if lifetime is not None and not 0 < lifetime < 1e10:
            raise ValueError(f"lifetime {lifetime!r}: must be a number of seconds above 0, or None")
        self._client = client
        self._prefix = prefix
        self._channel = f"{prefix}changes"
        self._lifetime = 0 if lifetime is None else _milliseconds(lifetime)
        self._errors = _errors_of(client)
        self._changes = Changes()
        self._changes.is_closed = not hasattr(client, "pubsub")  # as valkey-py's async client of a cluster
        self._lock = ForkLock()

    def __del__(self) -> None:
        if hasattr(self, "_changes"):
            self._changes.is_closed = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r})"

    def watch(self, key: str) -> Watch:
        """Return the notifications of a key."""
        return self._changes.watch(self._name(key).encode())

    def _name(self, key: str) -> str:
        return self._prefix + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

    def _command(self, script: str, key: str, *arguments: object) -> tuple[Any, ...]:
        return ("EVAL", script, 1, self._name(key), self._channel, *arguments)

    def _failure(self, error: Exception) -> OSError | EntryRefused:
        kind = EntryRefused if str(error).startswith("WRONGTYPE") else OSError
        return kind(f"Redis: {type(error).__name__}: {error}")


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _errors_of(client: object) -> tuple[type[Exception], ...]:
    """Return the errors of connections, and the base of those of the package that the client is of."""
    roots = {kind.__module__.partition(".")[0] for kind in type(client).__mro__}
    names = {"redis": "RedisError", "valkey": "ValkeyError"}
    return OSError, *(getattr(import_module(f"{root}.exceptions"), names[root]) for root in roots & names.keys())


def _entry(reply: Sequence[Any]) -> Entry | None:
    value, version = reply
    if value is version is None:
        return None
    if value is None or version is None or not version.isdigit() or len(version) > _DIGITS:
        raise EntryRefused("Redis: the hash of this name is no entry of this library")
    return Entry(value, int(version))


def _taken(reply: Sequence[Any] | None) -> Taken | None:
    return None if reply is None else ("free" if reply[0] == b"free" else "taken over", _entry(reply[1:]))


class RedisStore(_Scripts, Store):
    """A store in Redis or Valkey, for many machines.

    client: a client of redis-py or valkey-py. Sentinel, clusters and TLS are its business. Give it a `socket_timeout`
        of a second or two: no longer does a session wait for a server that hangs.
    prefix: the beginning of all names in Redis. The rest is the SHA-256 of an entry's key.
    lifetime: seconds after its last save for which an entry is kept. None keeps it for ever.
    """

    _thread = cast("threading.Thread | None", None)

    def load(self, key: str) -> Entry | None:
        self._subscribe()
        return _entry(self._run(_LOAD, key))

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        saved: int | None = self._run(_SAVE, key, after, value, self._lifetime)
        return saved

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        taken = self.take(key, owner, seconds)
        return None if taken is None else taken[0]

    def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the lease and return the entry too, in one step."""
        return _taken(self._run(_ACQUIRE, key, owner, _milliseconds(seconds)))

    def release(self, key: str, owner: str) -> None:
        self._run(_RELEASE, key, owner)

    def close(self) -> None:
        """End the subscriber: sessions then look at the store from time to time. Your client stays open."""
        self._changes.close()
        if self._thread is not None:
            self._thread.join(_LONGEST_CLOSE)

    def _run(self, script: str, key: str, *arguments: object) -> Any:
        try:
            return self._client.execute_command(*self._command(script, key, *arguments), NEVER_DECODE=True)
        except self._errors as error:
            raise self._failure(error) from error

    def _subscribe(self) -> None:
        """Start the subscriber, unless it runs. In a fork, it does not."""
        import threading

        with self._lock:
            if self._changes.is_closed or (self._thread is not None and self._thread.is_alive()):
                return
            given = (self._client, self._channel, self._changes)
            thread = threading.Thread(target=_listen, args=given, name="cognito_raw store", daemon=True)
            thread.start()
            self._thread = thread


def _listen(client: Client, channel: str, changes: Changes) -> None:
    import time

    while not changes.is_closed:
        try:
            with client.pubsub() as pubsub:
                pubsub.subscribe(channel)
                while not changes.is_closed:
                    if changes.receive(pubsub.get_message(timeout=_INTERVAL)):
                        pubsub.ping()
        except Exception:  # whatever a client raises that somebody closes meanwhile
            changes.miss()
            time.sleep(_INTERVAL)
    changes.miss()


class AsyncRedisStore(_Scripts, AsyncStore):
    """The same over an async client, such as `redis.asyncio.Redis`."""

    _IS_ASYNC = True
    _task = cast("asyncio.Task[None] | None", None)

    async def load(self, key: str) -> Entry | None:
        self._subscribe()
        return _entry(await self._run(_LOAD, key))

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:
        saved: int | None = await self._run(_SAVE, key, after, value, self._lifetime)
        return saved

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        taken = await self.take(key, owner, seconds)
        return None if taken is None else taken[0]

    async def take(self, key: str, owner: str, seconds: float) -> Taken | None:
        """Take the lease and return the entry too, in one step."""
        return _taken(await self._run(_ACQUIRE, key, owner, _milliseconds(seconds)))

    async def release(self, key: str, owner: str) -> None:
        await self._run(_RELEASE, key, owner)

    async def aclose(self) -> None:
        """End the subscriber: sessions then look at the store from time to time. Your client stays open."""
        import asyncio

        self._changes.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, script: str, key: str, *arguments: object) -> Any:
        try:
            return await self._client.execute_command(*self._command(script, key, *arguments), NEVER_DECODE=True)
        except self._errors as error:
            raise self._failure(error) from error

    def _subscribe(self) -> None:
        """Start the subscriber, unless it runs in this event loop."""
        import asyncio

        loop, task = asyncio.get_running_loop(), self._task
        if self._changes.is_closed or (task is not None and not task.done() and task.get_loop() is loop):
            return
        self._task = loop.create_task(_listen_async(self._client, self._channel, self._changes))


async def _listen_async(client: Client, channel: str, changes: Changes) -> None:
    import asyncio

    try:
        while not changes.is_closed:
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(channel)
                    while not changes.is_closed:
                        if changes.receive(await pubsub.get_message(timeout=_INTERVAL)):
                            await pubsub.ping()
            except Exception:  # whatever a client raises that somebody closes meanwhile
                changes.miss()
                await asyncio.sleep(_INTERVAL)
    finally:
        changes.miss()
