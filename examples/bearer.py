"""Checks of a request's bearer token, in any framework: from a header's value to claims or a refusal.

    verifier = TokenVerifier(Config(iss=..., client_id=...), token_use="access")  # one for the whole process

    match check(verifier, headers.get("Authorization"), scopes=["orders/read"]):
        case Claims() as claims:
            ...  # claims.sub is the caller
        case Refusal() as refusal:
            ...  # answer refusal.status with refusal.headers

Refusals follow RFC 6750. Status 401 means that a token is missing or invalid. Status 403 means that a valid token lacks
a scope or a group. Both have the header `WWW-Authenticate`. Status 503 means that the pool's keys cannot be fetched
now. The token may be valid.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cognito_raw import Claims, Err, Result, TokenVerifier


@dataclass(frozen=True, slots=True)
class Refusal:
    """The response that refuses a request: a status, headers, and the reason in one word."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)


MISSING = Refusal(401, "token-missing", {"WWW-Authenticate": 'Bearer realm="api"'})


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, or None if it has no bearer token."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def check(
    verifier: TokenVerifier, authorization: str | None, *, scopes: Collection[str] = (), groups: Collection[str] = ()
) -> Claims | Refusal:
    """Return the claims of a request's token, if it is valid and has all these scopes and groups."""
    token = bearer_token(authorization)
    return MISSING if token is None else judge(verifier.verify(token), scopes=scopes, groups=groups)


def judge(result: Result[Claims], *, scopes: Collection[str] = (), groups: Collection[str] = ()) -> Claims | Refusal:
    """Turn a verifier's result into claims, or into the response that refuses the request."""
    if isinstance(result, Err):
        return _refusal(result)
    claims = result.value
    if not set(scopes) <= set(claims.scopes):
        return _refusal(Err("token-scope-missing"), scopes)
    if not set(groups) <= set(claims.groups):
        return _refusal(Err("token-group-missing"))
    return claims


def _refusal(err: Err, scopes: Collection[str] = ()) -> Refusal:
    if err.kind != "token":
        return Refusal(503, err.reason, {"Retry-After": "5"})
    status, error = 401, "invalid_token"
    if err.reason in ("token-scope-missing", "token-group-missing"):
        status, error = 403, "insufficient_scope"
    # The header has nothing that comes from the request.
    wanted = f', scope="{" ".join(sorted(scopes))}"' if scopes else ""
    challenge = f'Bearer realm="api", error="{error}", error_description="{err.reason}"{wanted}'
    return Refusal(status, err.reason, {"WWW-Authenticate": challenge})
