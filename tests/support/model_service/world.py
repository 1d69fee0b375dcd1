"""What a model of the service knows: time, users, sign-ins, the owner of every secret, and how a session must stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal, TypeAlias

from tests.support.challenge_service import Exchange
from tests.support.conversation import NOW
from tests.support.rotation import Fault

Outcome: TypeAlias = Fault | Literal["ok", "refused", "ended", "no device", "no operation"]

# After these, nobody can know what was used.
UNKNOWN: Final = ("lost", "torn", "hangs", "stalls")


class Violation(AssertionError):
    """A request that no session may send."""


class Time:
    """The service's time, and the two clocks of a program: one may jump, the other stops while it is suspended."""

    def __init__(self) -> None:
        self.now, self.ran, self.ahead = NOW, 0, 0

    def wall(self) -> float:
        return self.now + self.ahead

    def monotonic(self) -> float:
        return self.ran

    def passes(self, seconds: int, *, suspended: bool = False) -> None:
        self.now += seconds
        self.ran += 0 if suspended else seconds


@dataclass(frozen=True)
class Rules:
    """The settings of a pool and its app client."""

    secret: str | None = None
    rotates: bool = True
    grace: int = 0
    refresh_tokens: bool = True
    operations: Literal["both", "new", "old"] = "both"
    tracks: bool = True
    names_device: bool = True
    factor: str | None = None
    lasts: int = 3600
    access_lasts: int = 3600
    issued: Literal["right", "zero", "absent"] = "right"


@dataclass(eq=False)
class User:
    """A user of one pool. `devices` are those confirmed: salt and verifier by key."""

    name: str
    password: str
    exists: bool = True
    confirmed: bool = True
    temporary: bool = False
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"id-of-{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        return self.name, f"{self.name}@example.com", self.id


@dataclass(eq=False)
class Family:
    """The tokens of one sign-in.

    heard: the refresh token that the session has. ends: when each replaced one ends. expire: when each access token
    does. ended: the exception that refuses them all.
    """

    user: User
    device: str | None
    newest: str | None = None
    heard: str | None = None
    ends: dict[str, float] = field(default_factory=dict)
    expire: dict[str, float] = field(default_factory=dict)
    ended: str | None = None


@dataclass
class Ticket:
    """The session of a challenge, or the handle of a sign-up."""

    user: User
    name: str
    exchange: Exchange | None = None


@dataclass
class Ear:
    """A session as it must stand after what it has heard.

    expire: when its tokens do. told: what its subscribers must have heard. handle: of a sign-up, and the typed name.
    troubled: whether a refresh has failed since the last tokens. since: the service's time as the session could know
    it, and both clocks, when the tokens came.
    """

    time: Time
    family: Family | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    expire: tuple[int, int] = (0, 0)
    told: list[str | None] = field(default_factory=list)
    troubled: bool = False
    handle: tuple[str, str] | None = None
    since: tuple[float, float, float] = (0, 0, 0)
    drift: float = 0

    def hear(self, family: Family, tokens: dict[str, Any], expire: tuple[int, int], *, dated: bool) -> None:
        wall, ran = self.time.wall(), self.time.monotonic()
        self.family, self.tokens, self.expire = family, tokens, expire
        self.drift = self.time.now - wall if dated else 0
        self.since = (wall + self.drift, wall, ran)
        self.told.append(tokens["IdToken"])
        self.troubled = self.since[0] > min(expire) - 2  # they look ended to a clock that is ahead
        family.heard = family.newest

    def end(self) -> None:
        if self.family is not None:
            self.told.append(None)
        self.family = None

    def reload(self, issued: float) -> None:
        wall = self.time.wall()
        self.drift = max(0, self.drift)
        self.since = (max(wall + self.drift, issued), wall, self.time.monotonic())

    def estimate(self) -> float:
        """The service's time as a session can know it: by the clock that saw more pass."""
        began, wall, ran = self.since
        return began + max(self.time.wall() - wall, self.time.monotonic() - ran)


class World:
    """What the pools share: time, faults to come, the owners of all secrets, and the requests of the present call."""

    def __init__(self) -> None:
        self.time = Time()
        self.owners: dict[str, User] = {}
        self.faults: list[Fault] = []
        self.log: list[tuple[str, dict[str, Any], Outcome]] = []
        self.violations: list[str] = []
        self._numbers = count(1)

    def begin(self, faults: list[Fault]) -> None:
        self.faults, self.log = [*faults], []

    def new(self, kind: str, owner: User | None) -> str:
        """A string that nobody has seen, and whose it is."""
        made = f"{kind}{next(self._numbers)}"
        if owner is not None:
            self.owners[made] = owner
        return made

    def require(self, kept: bool, broken: str) -> None:
        if not kept:
            self.violations.append(broken)  # also where the exception is swallowed
            raise Violation(broken)
