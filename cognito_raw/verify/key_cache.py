"""When a key set is used, when it is fetched, and when neither: the state of one pool's keys, without clock or lock.

A set has a soft life, after which it is fetched anew in the background while it is still used, and a hard one, after
which it is not used at all: an outage of hours is invisible, and a key that was removed dies within a day. A key id
that is not in a living set causes at most one fetch in a while, and fetches that fail come ever more seldom.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from ..call import Reply
from ..concurrency.locks import ProcessLock
from ..config import Config
from ..models.fields import Misfit
from ..reasons import Reason
from ..result import Err, Result
from .keys import Key, KeySet, read_keys, usable

if TYPE_CHECKING:
    import asyncio

# All in seconds.
SOFT_LIFE: Final = 3600.0
HARD_LIFE: Final = 86_400.0
UNKNOWN_KEY_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 60.0
# Added to a fetch's own deadline: after that, the process was frozen in its midst, or its event loop is gone.
GRACE: Final = 5.0
_VERSION: Final = 1


class Moment(NamedTuple):
    """A reading of both clocks: a frozen process may miss the monotonic one, and the other may be set."""

    monotonic: float
    wall: float

    def since(self, then: Moment) -> float:
        """Seconds that passed, by the clock that saw more."""
        return max(self.monotonic - then.monotonic, abs(self.wall - then.wall))


@dataclass(frozen=True, slots=True)
class Held:
    """A key set, and when its fetch began."""

    keys: KeySet
    since: Moment


@dataclass(eq=False, slots=True)
class Flight:
    """One fetch on its way. Whoever runs it keeps in `ticket` what those wait for who need its result."""

    began: Moment
    timeout: float
    ticket: Any = field(default=None, repr=False)


Need: TypeAlias = Literal["nothing", "refresh", "fetch", "wait", "unknown", "unavailable"]
"""Beside a key: nothing, or a fetch in the background. Without one: a fetch, the one in flight, or neither helps."""


class KeyCache:
    """What is known of one pool's keys. `fresh` alone may be asked without a lock."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.flight: Flight | None = None
        self.trouble: Reason | None = None
        self._landed: Moment | None = None
        self._failures = 0
        self._back_off = 0.0

    def fresh(self, kid: str, now: Moment) -> Key | None:
        """The key, if it is there and its set needs no care."""
        held = self.held  # read once, since other threads replace it
        return held.keys.get(kid) if held is not None and now.since(held.since) < SOFT_LIFE else None

    def ask(self, kid: str, now: Moment) -> tuple[Key | None, Need]:
        """The key, if it may be used, and what is to be done."""
        age = self._age(now)
        alive = age < HARD_LIFE
        key = self.held.keys.get(kid) if self.held is not None and alive else None
        busy = self._is_flying(now)
        if key is not None:
            return key, "refresh" if age >= SOFT_LIFE and not busy and not self._is_resting(now, alive) else "nothing"
        if busy:
            return None, "wait"
        if not self._is_resting(now, alive):
            return None, "fetch"
        return None, "unknown" if alive and self.trouble is None else "unavailable"

    def land(self, flight: Flight, now: Moment, keys: KeySet) -> None:
        """A fetch gave this set. Its age counts from the beginning: a process may freeze before it looks."""
        if self._end(flight, now):
            self.held = Held(keys, flight.began)
            self._failures, self.trouble = 0, None

    def fail(self, flight: Flight, now: Moment, trouble: Reason, share: float) -> None:
        """A fetch gave none; `share`, from 0 to 1, spreads the next ones of many processes."""
        if self._end(flight, now):
            self._back_off = min(2.0**self._failures, LONGEST_PAUSE) * (0.5 + share / 2)
            self._failures, self.trouble = min(self._failures + 1, 10), trouble

    def lose(self, flight: Flight, now: Moment) -> None:
        """A fetch was stopped before it came to an end, which says nothing about the next one."""
        self._end(flight, now)

    def load(self, keys: KeySet, since: Moment) -> None:
        """Take a set that was not fetched here."""
        self.held = Held(keys, since)

    def is_alive(self, now: Moment) -> bool:
        """Whether there is a set that may be used."""
        return self._age(now) < HARD_LIFE

    def _age(self, now: Moment) -> float:
        return HARD_LIFE if self.held is None else now.since(self.held.since)

    def _is_flying(self, now: Moment) -> bool:
        return self.flight is not None and now.since(self.flight.began) < self.flight.timeout + GRACE

    def _is_resting(self, now: Moment, alive: bool) -> bool:
        pause = max(self._back_off if self._failures else 0.0, UNKNOWN_KEY_PAUSE if alive else 0.0)
        return self._landed is not None and now.since(self._landed) < pause

    def _end(self, flight: Flight, now: Moment) -> bool:
        if self.flight is not flight:
            return False  # another one has taken its place
        self.flight, self._landed = None, now
        return True


def to_snapshot(held: Held, jwks_uri: str) -> dict[str, object]:
    """Plain JSON that `from_snapshot` reads; it holds nothing secret."""
    keys = [dict(key.jwk) for key in held.keys.values()]
    return {"version": _VERSION, "jwks_uri": jwks_uri, "fetched_at": held.since.wall, "keys": keys}


def from_material(material: dict[str, Any], jwks_uri: str, now: Moment, *, as_new: bool) -> Held:
    """A key set that was given: a snapshot with its age, a bare one as of now. `Misfit` where it cannot be used."""
    if "fetched_at" not in material:
        return Held(usable(material), now)
    if material.get("version") != _VERSION:
        raise Misfit(f"a snapshot of another version; version {_VERSION} is what this library reads")
    if material.get("jwks_uri") != jwks_uri:
        raise Misfit("a snapshot of another pool's key set")
    then = material["fetched_at"]
    if isinstance(then, bool) or not isinstance(then, (int, float)):
        raise Misfit("a snapshot whose time is no number")
    # Its monotonic clock was another machine's. A time to come means that one of the clocks is wrong.
    since = now if as_new else Moment(now.monotonic - abs(now.wall - then), then)
    return Held(usable(material), since)


_UNKNOWN: Final = Err("token-key-unknown", "kid is in the pool's key set")


def unavailable(trouble: str) -> Err:
    """The failure of a verification that has no key set to look into."""
    return Err("key-set-unavailable", f"the key set could not be had: {trouble}", retryable=True)


class Ticket:
    """What those wait for who need a fetch to end, in whichever thread or loop they are."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()  # or one who stops waiting would cancel it for all
        self.task: Any = None  # kept, since a loop does not
        self._process = os.getpid()
        self._loop = loop
        self._thread = threading.get_ident()

    def is_reachable(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether it can end while one waits for it in this loop, or blocks: not if it needs the very same thread."""
        mine = self._process == os.getpid()
        return mine and (self._loop is None or self._loop is loop or self._thread != threading.get_ident())

    def end(self) -> None:
        # Of a parent's ticket, another thread may have held the lock inside when the process forked.
        if self._process == os.getpid():
            try:
                self.ended.set_result(None)
            except InvalidStateError:
                pass


class Advice(NamedTuple):
    """What a caller is to do: run the fetch, if there is one; then use the key, give the error, or wait to ask anew."""

    then: Key | Err | Future[None]
    launch: Flight | None = None


class KeySource:
    """The keys of one pool."""

    def __init__(self, jwks_uri: str, kept: object) -> None:
        self.jwks_uri = jwks_uri
        self._kept = kept  # what this source is found by, so that nobody else gets its identity
        self._cache = KeyCache()
        self._locks = ProcessLock()

    def fresh(self, kid: str, now: Moment) -> Key | None:
        """The key, where nothing else is to be done."""
        return self._cache.fresh(kid, now)

    def ask(self, kid: str, now: Moment, timeout: float, loop: asyncio.AbstractEventLoop | None) -> Advice:
        """What to do to get the key; a fetch that is to be run may take so many seconds."""
        with self._locks.own():
            self._forget_unreachable(loop)
            key, need = self._cache.ask(kid, now)
            if need == "refresh" or need == "fetch":
                ticket = self._take_off(Flight(now, timeout, Ticket(loop)))
                return Advice(key or ticket.ended, self._cache.flight)
            if self._cache.flight is not None and need == "wait":
                return Advice(self._cache.flight.ticket.ended)
            return Advice(key or (_UNKNOWN if need == "unknown" else unavailable(self._cache.trouble or "timed-out")))

    def land(self, flight: Flight, now: Moment, keys: KeySet | Err, share: float) -> None:
        """A fetch ended with these keys, or with none."""
        with self._locks.own():
            if isinstance(keys, Err):
                self._cache.fail(flight, now, keys.reason, share)
            else:
                self._cache.land(flight, now, keys)
        flight.ticket.end()

    def lose(self, flight: Flight, now: Moment) -> None:
        """A fetch was stopped; nothing happens if it had ended."""
        with self._locks.own():
            self._cache.lose(flight, now)
        flight.ticket.end()

    def load(self, material: dict[str, Any], now: Moment, *, as_new: bool = False, if_needed: bool = False) -> None:
        """Take a key set that was given; `if_needed` leaves one alone that may still be used."""
        held = from_material(material, self.jwks_uri, now, as_new=as_new)
        with self._locks.own():
            if not (if_needed and self._cache.is_alive(now)):
                self._cache.load(held.keys, held.since)

    def snapshot(self) -> dict[str, object] | None:
        """The key set as plain JSON, or None where there is none yet."""
        held: Held | None = self._cache.held
        return None if held is None else to_snapshot(held, self.jwks_uri)

    def _take_off(self, flight: Flight) -> Ticket:
        if self._cache.flight is not None:  # one that is taken for lost: those who wait for it shall ask anew
            self._cache.flight.ticket.end()
        self._cache.flight = flight
        ticket: Ticket = flight.ticket
        return ticket

    def _forget_unreachable(self, loop: asyncio.AbstractEventLoop | None) -> None:
        flight = self._cache.flight
        if flight is not None and not flight.ticket.is_reachable(loop):
            self._cache.flight = None
            flight.ticket.end()


_sources: Final[WeakValueDictionary[tuple[object, ...], KeySource]] = WeakValueDictionary()
_kept: Final[dict[str, KeySource]] = {}
_locks: Final = ProcessLock()


def source_of(config: Config, transport: object) -> KeySource:
    """The one source for this key set, transport and clock; without a transport or clock of the caller's, for good."""
    if isinstance(transport, str):  # the name of one that all share
        transport = None
    plain = transport is None and _has_system_clock(config)
    # Told apart by identity, since a transport or a clock may be anything.
    name = (config.jwks_uri, None if transport is None else id(transport), id(config.clock), id(config.monotonic))
    with _locks.own():
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
    except Misfit:
        return Err("malformed-reply")
