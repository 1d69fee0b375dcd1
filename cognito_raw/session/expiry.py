"""Token expiry, robust to clock changes and suspension. It knows only tokens and clocks, and performs no I/O."""

from __future__ import annotations

import os
from typing import Any, Final

from ..concurrency.clock import Instant
from ..config import Config
from ..models.fields import UnexpectedJson, optional_seconds, seconds
from ..models.frozen import Frozen
from ..models.tokens import Tokens, TokenUse, claims
from ..result import Ok

# In its last seconds, callers wait for a new token: the API needs time, and clocks differ.
MANDATORY_WINDOW: Final = 60.0
# The share of its life after which a token is renewed. It leaves one minute of the shortest life, five minutes. The
# jitter shortens it, so that sessions that began together do not renew together.
_SHARE: Final = 0.8
_JITTER: Final = 0.05
# Processes that share a session draw their own jitter, or all would want a refresh at once.
_PROCESS: Final = int.from_bytes(os.urandom(4), "big")
# The service's tokens live for a day at most: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
_LONGEST_LIFE: Final = 86_400
# A token counts whole seconds, so it may be older by so many.
_ROUNDED: Final = 1.0


class TokenLifetime(Frozen):
    """One token as callers get it, and two times by the service's clock.

    due: the time to renew it. end: the time until which it is surely valid. Without a refresh token, both tokens end
    with the first of them.
    """

    token: Ok[Any]
    due: float
    end: float


class HeldTokens:
    """The tokens of a session, and the service's time when they came."""

    __slots__ = ("_config", "_lifetimes", "_received", "_service_time", "tokens")

    def __init__(self, config: Config, tokens: Tokens, drift: float) -> None:
        self.tokens = tokens
        self._config = config
        self._received = Instant.now(config)
        # A clock that shows an earlier time is wrong.
        self._service_time = max(self._received.wall + drift, issue_time(tokens) or 0.0)
        self._lifetimes = _lifetimes(tokens)

    def fresh(self, use: TokenUse) -> Ok[Any] | None:
        """Return the token if it is not due yet. A session may then return it without another look."""
        lifetime = self._lifetimes[use == "access"]
        return lifetime.token if self._now() < lifetime.due else None

    def is_due(self, use: TokenUse) -> bool:
        """Tell if it is time to renew the token."""
        return self._now() >= self._lifetimes[use == "access"].due

    def valid(self, use: TokenUse) -> Ok[Any] | None:
        """Return the token if it has surely not ended yet."""
        return self._lifetimes[use == "access"].token if self.left(use) >= 0 else None

    def left(self, use: TokenUse) -> float:
        """Return the seconds to the end of the token."""
        return self._lifetimes[use == "access"].end - self._now()

    def due_in(self) -> float:
        """Return the seconds until the first of the tokens is due."""
        return min(lifetime.due for lifetime in self._lifetimes) - self._now()

    def ends_in(self) -> float:
        """Return the seconds until the first of the tokens ends."""
        return min(lifetime.end for lifetime in self._lifetimes) - self._now()

    def _now(self) -> float:
        return self._service_time + self._received.age(self._config)


def issue_time(tokens: Tokens) -> int | None:
    """Return the time of issue that the tokens give; None if they give none, or an absurd one."""
    try:
        issued = optional_seconds(tokens.id_token.payload, "iat")
    except UnexpectedJson:
        return None
    return issued if issued is not None and tokens.id_token.exp - issued <= _LONGEST_LIFE else None


def _lifetimes(tokens: Tokens) -> tuple[TokenLifetime, TokenLifetime]:
    token, access = tokens.id_token, tokens.access_token
    try:  # its lifetime may differ from the ID token's
        end = seconds(claims(access), "exp")
    except UnexpectedJson:  # some emulators issue opaque ones
        end = token.exp
    issued, first = issue_time(tokens), min(token.exp, end)
    ends = (first, first) if tokens.refresh_token is None else (token.exp, end)
    return _lifetime(Ok(token), token.jwt, issued, ends[0]), _lifetime(Ok(access), access, issued, ends[1])


def _lifetime(token: Ok[Any], jwt: str, issued: int | None, end: float) -> TokenLifetime:
    end -= _ROUNDED
    due = end - MANDATORY_WINDOW if issued is None else issued + (end - issued) * _share(jwt)
    return TokenLifetime(token, due, end)


def _share(jwt: str) -> float:
    from binascii import crc32  # here: only a sign-in needs it

    # A token ends in its signature, which is as good as random. All sessions of a process agree on it, forks do not.
    return _SHARE - _JITTER * crc32(jwt[-32:].encode(), _PROCESS ^ os.getpid()) / 0xFFFFFFFF
