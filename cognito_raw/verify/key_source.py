"""Where verifiers get their keys from: one source for each pool, shared, which any thread, task or fork may ask.

It puts a lock around the state of `key_cache`, and tells each caller what to do: use the key, run a fetch, wait for
the one in flight. It sends nothing itself; the two colours of the verifier do.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakValueDictionary

from ..call import Reply
from ..config import Config
from ..locks import ProcessLock
from ..members import Misfit
from ..result import Err, Result
from .key_cache import Flight, KeyCache, Moment, from_material, to_snapshot
from .keys import Key, KeySet, read_keys

if TYPE_CHECKING:
    import asyncio

    from .key_cache import Held

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
