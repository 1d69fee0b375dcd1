"""When a key set is used, when it is fetched, and when neither: the state of one pool's keys, without clock or lock.

A set has a soft life, after which it is fetched anew in the background while it is still used, and a hard one, after
which it is not used at all: an outage of hours is invisible, and a key that was removed dies within a day. A key id
that is not in a living set causes at most one fetch in a while, and fetches that fail come ever more seldom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from ..members import Misfit
from ..reason import Reason
from .keys import Key, KeySet, usable

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
