"""How long tokens are good for, by the service's clock: whatever ours shows, and whether or not it ran all the time.

It holds no state of a session and asks nobody; it knows only tokens and clocks.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from ..config import Config
from ..models.fields import Misfit, integer
from ..models.frozen import frozen
from ..models.tokens import Tokens, claims
from ..result import Ok

Kind: TypeAlias = Literal["id", "access"]

# Seconds before its end from which a token is waited for rather than given: time for the API that it goes to, and for
# what its clock is off.
MARGIN: Final = 60.0
# Of its life, after which a token is renewed. The shortest life that the service gives is five minutes, of which this
# leaves one. Less by up to the jitter, so that sessions that began together do not renew together.
_SHARE: Final = 0.8
_JITTER: Final = 0.05
# Seconds by which a token may be older than it says: it counts in whole ones.
_ROUNDED: Final = 1.0


@frozen
class Moment:
    """One moment on both of our clocks: the one that tells the time may be set, the other stops in a frozen process."""

    wall: float
    running: float

    @classmethod
    def now(cls, config: Config) -> Moment:
        return cls(config.clock(), config.monotonic())

    def since(self, config: Config) -> float:
        """Seconds that have passed by the clock that saw more of them."""
        return max(config.clock() - self.wall, config.monotonic() - self.running)


@frozen
class Lease:
    """One token: what a caller is given, when it is to be renewed, and how long it is surely good, in service time."""

    given: Ok[Any]
    due: float
    end: float


class Holding:
    """The tokens of a session, and what the service's clock showed when they came."""

    __slots__ = ("_config", "_leases", "_received", "_service", "tokens")

    def __init__(self, config: Config, tokens: Tokens, drift: float) -> None:
        self.tokens = tokens
        self._config = config
        self._received = Moment.now(config)
        issued = tokens.id_token.payload.get("iat")
        # No clock that shows an earlier time is right.
        self._service = max(self._received.wall + drift, issued if isinstance(issued, int) else 0.0)
        self._leases = _leases(tokens)

    def fresh(self, kind: Kind) -> Ok[Any] | None:
        """The token, if it need not be renewed yet."""
        lease = self._leases[kind == "access"]
        return lease.given if self._now() < lease.due else None

    def valid(self, kind: Kind) -> Ok[Any] | None:
        """The token, if it has surely not ended yet."""
        return self._leases[kind == "access"].given if self.left(kind) >= 0 else None

    def left(self, kind: Kind) -> float:
        """Seconds to the end of the token."""
        return self._leases[kind == "access"].end - self._now()

    def due_in(self) -> float:
        """Seconds until one of the tokens is to be renewed."""
        return min(lease.due for lease in self._leases) - self._now()

    def ends_in(self) -> float:
        """Seconds until one of the tokens ends."""
        return min(lease.end for lease in self._leases) - self._now()

    def _now(self) -> float:
        return self._service + self._received.since(self._config)


def _leases(tokens: Tokens) -> tuple[Lease, Lease]:
    token, access = tokens.id_token, tokens.access_token
    try:  # the app client may give it another life than the ID token
        end = integer(claims(access), "exp")
    except Misfit:  # some emulators give opaque ones
        end = token.exp
    issued = token.payload.get("iat")
    return _lease(Ok(token), token.jwt, issued, token.exp), _lease(Ok(access), access, issued, end)


def _lease(given: Ok[Any], jwt: str, issued: object, end: float) -> Lease:
    end -= _ROUNDED
    due = issued + (end - issued) * _share(jwt) if isinstance(issued, int) else end - MARGIN
    return Lease(given, due, end)


def _share(jwt: str) -> float:
    from binascii import crc32  # here, because only a sign-in needs it

    # The end of a token is its signature: as good as random, and yet the same wherever the session is carried.
    return _SHARE - _JITTER * crc32(jwt[-32:].encode()) / 0xFFFFFFFF
