"""The keys of a pool: when a set is used, and when it is fetched.

After its soft life, a set is fetched again in the background and still used. After its hard life it is not used at
all. So an outage of hours is invisible, and a removed key dies within a day. A key id that is not in a usable set
causes at most one fetch in ten seconds. Fetches that fail back off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from ..call import Reply
from ..concurrency.background import BackgroundTask, Loop
from ..concurrency.clock import Instant, steady, wall_clock
from ..concurrency.locks import ForkLock
from ..config import Config
from ..models.fields import UnexpectedJson
from ..reasons import is_certificate_refused
from ..result import Err, Result
from .jws import read_object
from .keys import LARGEST_KEY_SET, Key, KeySet, usable

# All in seconds.
SOFT_LIFE: Final = 3600.0
HARD_LIFE: Final = 86_400.0
UNKNOWN_KEY_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 60.0
# Added to a fetch's deadline. Past that, the process was suspended during the fetch, or its event loop has ended.
GRACE: Final = 5.0
_NO_LIMIT: Final = float("inf")
_VERSION: Final = 1


def _elapsed(then: Instant, now: Instant) -> float:
    """Return the seconds between two instants. A wall clock that was set back may hide as many seconds."""
    return max(abs(now.monotonic - then.monotonic), abs(now.wall - then.wall))


@dataclass(frozen=True, slots=True)
class Held:
    """A key set, and the instant when its fetch began."""

    keys: KeySet
    since: Instant

    def age(self, now: Instant) -> float:
        return _elapsed(self.since, now)


class Fetch(BackgroundTask[None]):
    """A running fetch of a key set. timeout: the seconds that it may take."""

    __slots__ = ("timeout",)

    def __init__(self, began: Instant, timeout: float, loop: Loop | None = None) -> None:
        super().__init__(began, timeout + GRACE, loop)
        self.timeout = timeout


def to_snapshot(held: Held, jwks_uri: str) -> dict[str, object]:
    """Return plain JSON for `from_material`. It has nothing secret."""
    keys = [dict(key.jwk) for key in held.keys.values()]
    return {"version": _VERSION, "jwks_uri": jwks_uri, "fetched_at": held.since.wall, "keys": keys}


def from_material(material: dict[str, Any], jwks_uri: str, now: Instant, *, as_new: bool) -> Held:
    """Read a snapshot, which keeps its age, or a bare key set, which is new. Raise `UnexpectedJson` if unusable."""
    if "fetched_at" not in material:
        return Held(usable(material), now)
    if material.get("version") != _VERSION:
        raise UnexpectedJson(f"a snapshot of another version: this library reads version {_VERSION}")
    if material.get("jwks_uri") != jwks_uri:
        raise UnexpectedJson("a snapshot of another pool's key set")
    then = material["fetched_at"]
    if isinstance(then, bool) or not isinstance(then, (int, float)):
        raise UnexpectedJson("a snapshot whose time is not a number")
    # Its monotonic clock was another machine's. A time in the future means that one of the clocks is wrong.
    since = now if as_new else Instant(now.monotonic - abs(now.wall - then), then)
    return Held(usable(material), since)


_TOO_LARGE: Final = f", of more than {LARGEST_KEY_SET // 1024} kB: give it as keys="
_UNKNOWN: Final = Err("token-key-unknown", "the pool's key set has no key with this kid")


def unavailable(failure: Err) -> Err:
    """Return the failure of a verification that has no key set."""
    retryable = not is_certificate_refused(failure.reason, failure.message)
    more = _TOO_LARGE if failure.reason == "reply-too-large" else ""
    return Err("key-set-unavailable", f"the key set could not be fetched: {failure.reason}{more}", retryable=retryable)


LATE: Final = unavailable(Err("timed-out"))


class Lookup(NamedTuple):
    """The outcome of a lookup: a key, an error, or a fetch to wait for before the next lookup.

    start: a fetch that the caller must run.
    """

    outcome: Key | Err | Fetch
    start: Fetch | None = None


class KeySource:
    """The keys of a pool, shared by verifiers. It has no clock: callers give the time.

    transport: that of all its verifiers, or None for the shared ones.
    timeout: the seconds that a fetch may take at least: the longest deadline of its configurations.
    """

    def __init__(self, config: Config, transport: object) -> None:
        self.jwks_uri = config.jwks_uri
        self.timeout = config.deadline
        self._transport = transport
        self._clocks = config.clock, config.monotonic  # kept alive, since `source_of` knows them by identity
        self._locks = ForkLock()
        self._clear()

    def _clear(self) -> None:
        self._held: Held | None = None
        self._fetch: Fetch | None = None
        self._failure: Err | None = None
        self._failures = 0
        self._ended: Instant | None = None
        self._back_off = 0.0
        self._tried = 0.0

    def fresh(self, kid: str, now: Instant) -> Key | None:
        """Return the key if its set needs no refresh. This alone needs no lock."""
        held = self._held  # read once, since other threads replace it
        return held.keys.get(kid) if held is not None and held.age(now) < SOFT_LIFE else None

    def look_up(self, kid: str, now: Instant, timeout: float, loop: Loop | None) -> Lookup:
        """Look up a key. timeout: the seconds that the caller would wait for a new fetch."""
        timeout = max(timeout, self.timeout)
        with self._locks:
            held, running = self._held, self._fetch
            key = held.keys.get(kid) if held is not None and self.is_alive(now) else None
            if key is not None and self._age(now) < SOFT_LIFE:
                return Lookup(key)
            if running is not None and running.is_alive(now, loop):
                return Lookup(key or running)
            if self._is_backing_off(now, timeout):
                return Lookup(key or (_UNKNOWN if self._failure is None else unavailable(self._failure)))
            # A refresh may run in another event loop than the caller's. But the user's own transport may belong to
            # the caller's, unless that loop has stopped a fetch.
            outlives_loops = self._transport is None or running is not None
            if running is not None:  # lost: callers that wait for it look up again
                running.finish(None)
            self._fetch = fetch = Fetch(now, timeout, None if key and outlives_loops else loop)
            return Lookup(key or fetch, fetch)

    def complete(self, fetch: Fetch, now: Instant, keys: KeySet | Err, share: float) -> None:
        """Take the keys of a fetch, or its failure. share: from 0 to 1, spreads the retries of many processes.

        The age of keys counts from the fetch's beginning, in case the process was suspended since.
        """
        with self._locks:
            if self._fetch is not fetch:
                return  # another fetch has replaced it
            self._fetch, self._ended = None, now
            if isinstance(keys, Err):
                self._back_off = min(2.0**self._failures, LONGEST_PAUSE) * (0.5 + share / 2)
                self._failures, self._failure = min(self._failures + 1, 10), keys
                self._tried = fetch.timeout if keys.reason == "timed-out" else _NO_LIMIT
            else:
                self._held = Held(keys, fetch.began)
                self._failures, self._failure = 0, None

    def refuse(self, fetch: Fetch, now: Instant, error: Exception) -> None:
        """Raise an error of the environment's settings in all waiting callers. With usable keys, it is a failure."""
        if self.is_alive(now):
            self.complete(fetch, now, Err("connection-failed"), 1.0)
        fetch.fail(error)

    def load(self, material: dict[str, Any], now: Instant, *, as_new: bool = False, if_needed: bool = False) -> None:
        """Take a given key set, unless the present one is newer. `UnexpectedJson` for one that is too old.

        if_needed: keep one that may still be used, and pass over one that is too old.
        """
        held = from_material(material, self.jwks_uri, now, as_new=as_new)
        age = held.age(now)
        if age >= HARD_LIFE and not if_needed:
            raise UnexpectedJson("a snapshot of more than a day")
        with self._locks:
            stays = self.is_alive(now) if if_needed else self._age(now) < age
            if age < HARD_LIFE and not stays:
                self._held = held

    def forget(self) -> None:
        """Forget the keys. A running fetch brings none."""
        with self._locks:
            if self._fetch is not None:
                self._fetch.finish(None)
            self._clear()

    def is_new(self) -> bool:
        """Tell whether no fetch has ended and no key set was given yet."""
        return self._held is None and self._failure is None

    def is_alive(self, now: Instant) -> bool:
        """Tell if there is a set that may be used."""
        return self._age(now) < HARD_LIFE

    def snapshot(self) -> dict[str, object] | None:
        """Return the key set as plain JSON, or None if there is none yet."""
        held = self._held
        return None if held is None else to_snapshot(held, self.jwks_uri)

    def _age(self, now: Instant) -> float:
        held = self._held
        return HARD_LIFE if held is None else held.age(now)

    def _is_backing_off(self, now: Instant, timeout: float) -> bool:
        if self._failures and timeout > self._tried:
            return False  # a fetch with more time may succeed
        pause = max(self._back_off if self._failures else 0.0, UNKNOWN_KEY_PAUSE if self.is_alive(now) else 0.0)
        return self._ended is not None and _elapsed(self._ended, now) < pause


class FixedSource(KeySource):
    """Keys that are given, used at any age, and never fetched. An id that they lack is definitive."""

    def fresh(self, kid: str, now: Instant) -> Key | None:  # noqa: ARG002  # they have no age
        """Return the key."""
        held = self._held
        return None if held is None else held.keys.get(kid)

    def look_up(self, kid: str, now: Instant, timeout: float, loop: Loop | None) -> Lookup:  # noqa: ARG002
        """Look up a key."""
        return Lookup(self.fresh(kid, now) or _UNKNOWN)

    def load(self, material: dict[str, Any], now: Instant, *, as_new: bool = False, if_needed: bool = False) -> None:  # noqa: ARG002
        """Take a given key set, of whatever age."""
        self._held = from_material(material, self.jwks_uri, now, as_new=as_new)


_sources: Final[WeakValueDictionary[tuple[object, ...], KeySource]] = WeakValueDictionary()
_kept: Final[dict[str, KeySource]] = {}
_locks: Final = ForkLock()


def source_of(config: Config, transport: object) -> KeySource:
    """Return the source for this key set, transport and clock. Without a transport or clock of one's own, it stays."""
    if isinstance(transport, str):  # the name of a shared transport
        transport = None
    plain = transport is None and (config.clock, config.monotonic) == (wall_clock, steady)
    # By identity, since transports and clocks need not be hashable.
    name = (config.jwks_uri, None if transport is None else id(transport), id(config.clock), id(config.monotonic))
    with _locks:
        source = _sources.get(name)
        if source is None:
            source = _sources[name] = KeySource(config, transport)
        source.timeout = max(source.timeout, config.deadline)
        if plain:
            _kept[config.jwks_uri] = source
        return source


def forget_all() -> None:
    """Forget the keys of all sources, which fetch them again."""
    with _locks:
        for source in list(_sources.values()):
            source.forget()
        _kept.clear()


def keys_of(reply: Result[Reply]) -> KeySet | Err:
    """Return the keys of a reply. Anything but a key set is an `Err`."""
    if isinstance(reply, Err):
        return reply
    status = reply.value.status
    if status != 200:
        return Err("redirect-refused" if 300 <= status < 400 else "service-unavailable")
    if len(reply.value.body) > LARGEST_KEY_SET:
        return Err("reply-too-large")
    try:
        return usable(read_object(reply.value.body))
    except UnexpectedJson:
        return Err("malformed-reply")
