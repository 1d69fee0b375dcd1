"""When a key set is used, when it is fetched, and when neither: the state of one pool's keys, without clock or lock.

A set has a soft life, after which it is fetched anew in the background while it is still used, and a hard one, after
which it is not used at all: an outage of hours is invisible, and a key that was removed dies within a day. A key id
that is not in a living set causes at most one fetch in a while, and fetches that fail come ever more seldom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from ..call import Reply
from ..concurrency.background import BackgroundTask, Loop
from ..concurrency.clock import Instant
from ..concurrency.locks import ForkLock
from ..config import Config
from ..models.fields import UnexpectedJson
from ..reasons import Reason
from ..result import Err, Result
from .keys import Key, KeySet, read_keys, usable

if TYPE_CHECKING:
    pass

# All in seconds.
SOFT_LIFE: Final = 3600.0
HARD_LIFE: Final = 86_400.0
UNKNOWN_KEY_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 60.0
# Added to a fetch's own deadline: after that, the process was frozen in its midst, or its event loop is gone.
GRACE: Final = 5.0
_VERSION: Final = 1


def _elapsed(then: Instant, now: Instant) -> float:
    """Return the seconds between two instants. A wall clock that was set back may hide as many as it went back."""
    return max(now.since(then), then.since(now))


@dataclass(frozen=True, slots=True)
class Held:
    """A key set, and when its fetch began."""

    keys: KeySet
    since: Instant

    def age(self, now: Instant) -> float:
        """Return its age in seconds."""
        return _elapsed(self.since, now)


class Fetch(BackgroundTask[None]):
    """One fetch of a key set under way. timeout: the seconds that it may take."""

    __slots__ = ("timeout",)

    def __init__(self, began: Instant, timeout: float, loop: Loop | None = None) -> None:
        super().__init__(began, timeout + GRACE, loop)
        self.timeout = timeout


Need: TypeAlias = Literal["nothing", "refresh", "fetch", "wait", "unknown", "unavailable"]
"""Beside a key: nothing, or a fetch in the background. Without one: a fetch, the one in flight, or neither helps."""


class KeyCache:
    """What is known of one pool's keys. `fresh` alone may be asked without a lock."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.fetch: Fetch | None = None
        self.trouble: Reason | None = None
        self._landed: Instant | None = None
        self._failures = 0
        self._back_off = 0.0

    def fresh(self, kid: str, now: Instant) -> Key | None:
        """The key, if it is there and its set needs no care."""
        held = self.held  # read once, since other threads replace it
        return held.keys.get(kid) if held is not None and held.age(now) < SOFT_LIFE else None

    def ask(self, kid: str, now: Instant, loop: Loop | None = None) -> tuple[Key | None, Need]:
        """Return the key if it may be used, and what is to be done."""
        age = self._age(now)
        alive = age < HARD_LIFE
        key = self.held.keys.get(kid) if self.held is not None and alive else None
        fetching = self.fetch is not None and self.fetch.is_alive(now, loop)
        resting = self._is_resting(now, alive)
        if key is not None:
            return key, "nothing" if age < SOFT_LIFE or fetching or resting else "refresh"
        if fetching:
            return None, "wait"
        if not resting:
            return None, "fetch"
        return None, "unknown" if alive and self.trouble is None else "unavailable"

    def land(self, fetch: Fetch, now: Instant, keys: KeySet) -> None:
        """Take the set of a fetch. Its age counts from the fetch's beginning: a process may freeze before the end."""
        if self._end(fetch, now):
            self.held = Held(keys, fetch.began)
            self._failures, self.trouble = 0, None

    def fail(self, fetch: Fetch, now: Instant, trouble: Reason, share: float) -> None:
        """Note a failed fetch. share: from 0 to 1, spreads the next fetches of many processes."""
        if self._end(fetch, now):
            self._back_off = min(2.0**self._failures, LONGEST_PAUSE) * (0.5 + share / 2)
            self._failures, self.trouble = min(self._failures + 1, 10), trouble

    def lose(self, fetch: Fetch, now: Instant) -> None:
        """Note a fetch that was stopped, which says nothing about the next one."""
        self._end(fetch, now)

    def load(self, keys: KeySet, since: Instant) -> None:
        """Take a set that was not fetched here."""
        self.held = Held(keys, since)

    def is_alive(self, now: Instant) -> bool:
        """Whether there is a set that may be used."""
        return self._age(now) < HARD_LIFE

    def _age(self, now: Instant) -> float:
        return HARD_LIFE if self.held is None else self.held.age(now)

    def _is_resting(self, now: Instant, alive: bool) -> bool:
        pause = max(self._back_off if self._failures else 0.0, UNKNOWN_KEY_PAUSE if alive else 0.0)
        return self._landed is not None and _elapsed(self._landed, now) < pause

    def _end(self, fetch: Fetch, now: Instant) -> bool:
        if self.fetch is not fetch:
            return False  # another one has taken its place
        self.fetch, self._landed = None, now
        return True


def to_snapshot(held: Held, jwks_uri: str) -> dict[str, object]:
    """Plain JSON that `from_snapshot` reads; it holds nothing secret."""
    keys = [dict(key.jwk) for key in held.keys.values()]
    return {"version": _VERSION, "jwks_uri": jwks_uri, "fetched_at": held.since.wall, "keys": keys}


def from_material(material: dict[str, Any], jwks_uri: str, now: Instant, *, as_new: bool) -> Held:
    """Read a key set that was given: a snapshot has its age, a bare one is new. `UnexpectedJson` if unusable."""
    if "fetched_at" not in material:
        return Held(usable(material), now)
    if material.get("version") != _VERSION:
        raise UnexpectedJson(f"a snapshot of another version; version {_VERSION} is what this library reads")
    if material.get("jwks_uri") != jwks_uri:
        raise UnexpectedJson("a snapshot of another pool's key set")
    then = material["fetched_at"]
    if isinstance(then, bool) or not isinstance(then, (int, float)):
        raise UnexpectedJson("a snapshot whose time is no number")
    # Its monotonic clock was another machine's. A time to come means that one of the clocks is wrong.
    since = now if as_new else Instant(now.monotonic - abs(now.wall - then), then)
    return Held(usable(material), since)


_UNKNOWN: Final = Err("token-key-unknown", "the pool's key set has no key with this kid")


def unavailable(trouble: str) -> Err:
    """The failure of a verification that has no key set to look into."""
    return Err("key-set-unavailable", f"the key set could not be fetched: {trouble}", retryable=True)


class Advice(NamedTuple):
    """What a caller is to do: run the fetch, if there is one; then use the key, give the error, or wait to ask anew."""

    then: Key | Err | Fetch
    start: Fetch | None = None


class KeySource:
    """The keys of one pool."""

    def __init__(self, jwks_uri: str, kept: object) -> None:
        self.jwks_uri = jwks_uri
        self._kept = kept  # what this source is found by, so that nobody else gets its identity
        self._cache = KeyCache()
        self._locks = ForkLock()

    def fresh(self, kid: str, now: Instant) -> Key | None:
        """The key, where nothing else is to be done."""
        return self._cache.fresh(kid, now)

    def ask(self, kid: str, now: Instant, timeout: float, loop: Loop | None) -> Advice:
        """Return what to do to get the key. timeout: the seconds that a new fetch may take."""
        with self._locks:
            cache = self._cache
            key, need = cache.ask(kid, now, loop)
            if need in ("refresh", "fetch"):
                if cache.fetch is not None:  # lost: those who wait for it ask anew
                    cache.fetch.finish(None)
                cache.fetch = Fetch(now, timeout, loop)
                return Advice(key or cache.fetch, cache.fetch)
            if cache.fetch is not None and need == "wait":
                return Advice(cache.fetch)
            return Advice(key or (_UNKNOWN if need == "unknown" else unavailable(cache.trouble or "timed-out")))

    def land(self, fetch: Fetch, now: Instant, keys: KeySet | Err, share: float) -> None:
        """End a fetch with these keys, or with a failure."""
        with self._locks:
            if isinstance(keys, Err):
                self._cache.fail(fetch, now, keys.reason, share)
            else:
                self._cache.land(fetch, now, keys)
        fetch.finish(None)

    def lose(self, fetch: Fetch, now: Instant) -> None:
        """End a fetch that was stopped. Nothing happens if it has ended."""
        with self._locks:
            self._cache.lose(fetch, now)
        fetch.finish(None)

    def load(self, material: dict[str, Any], now: Instant, *, as_new: bool = False, if_needed: bool = False) -> None:
        """Take a key set that was given; `if_needed` leaves one alone that may still be used."""
        held = from_material(material, self.jwks_uri, now, as_new=as_new)
        with self._locks:
            if not (if_needed and self._cache.is_alive(now)):
                self._cache.load(held.keys, held.since)

    def snapshot(self) -> dict[str, object] | None:
        """The key set as plain JSON, or None where there is none yet."""
        held: Held | None = self._cache.held
        return None if held is None else to_snapshot(held, self.jwks_uri)


_sources: Final[WeakValueDictionary[tuple[object, ...], KeySource]] = WeakValueDictionary()
_kept: Final[dict[str, KeySource]] = {}
_locks: Final = ForkLock()


def source_of(config: Config, transport: object) -> KeySource:
    """The one source for this key set, transport and clock; without a transport or clock of the caller's, for good."""
    if isinstance(transport, str):  # the name of one that all share
        transport = None
    plain = transport is None and _has_system_clock(config)
    # Told apart by identity, since a transport or a clock may be anything.
    name = (config.jwks_uri, None if transport is None else id(transport), id(config.clock), id(config.monotonic))
    with _locks:
        source = _sources.get(name)
        if source is None:
            source = _sources[name] = KeySource(config.jwks_uri, (transport, config.clock, config.monotonic))
        if plain:
            _kept[config.jwks_uri] = source
        return source


def _has_system_clock(config: Config) -> bool:
    import time

    return config.clock is time.time and config.monotonic is time.monotonic


def keys_of(reply: Result[Reply]) -> KeySet | Err:
    """The keys that a reply brings; what is no key set is an `Err` for its reason."""
    if isinstance(reply, Err):
        return reply
    status = reply.value.status
    if status != 200:
        return Err("redirect-refused" if 300 <= status < 400 else "service-unavailable")
    try:
        return read_keys(reply.value.body)
    except UnexpectedJson:
        return Err("malformed-reply")
