"""Trusting a token that somebody else sent: its signature by the pool's keys, its claims by rules said beforehand.

`TokenVerifier` and `AsyncTokenVerifier` need the extra `verify`. What a token must be is in `jws` and `claims`, what a
key must be in `keys`, when keys are fetched in `key_cache`; none of them does any input or output. One
law: every check is on unless the caller says otherwise by name, and what cannot be told is refused.
"""

from __future__ import annotations

from ..models.tokens import TokenUse
from .claims import ANY_CLIENT, AnyClient, Claims
from .verifier import AsyncTokenVerifier, TokenVerifier

__all__ = ["ANY_CLIENT", "AnyClient", "AsyncTokenVerifier", "Claims", "TokenUse", "TokenVerifier"]
