"""Verification of tokens that somebody else sent: the signature by the pool's keys, and the claims by rules.

`TokenVerifier` and `AsyncTokenVerifier` need the extra `verify`. `jws` parses tokens,
`claims` checks their claims, `keys` parses key sets, and `key_cache` decides when to fetch them. None of these does
I/O. One law: every check is on unless the caller turns it off by name. A claim that cannot be checked is refused.
"""

from __future__ import annotations

from ..models.tokens import TokenUse
from .claims import ANY_CLIENT, AnyClient, Claims
from .verifier import AsyncTokenVerifier, TokenVerifier

__all__ = ["ANY_CLIENT", "AnyClient", "AsyncTokenVerifier", "Claims", "TokenUse", "TokenVerifier"]
