"""The transitions of a session's state by a refresh and by a revocation, with the flows that make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from ..config import Config
from ..models.context import RefreshMetadata
from ..models.frozen import replace
from ..models.tokens import Tokens, claims_of, username_of
from ..reasons import ENDS_SESSION
from ..result import Err, Ok
from ..retry import is_lost
from .expiry import MANDATORY_WINDOW, HeldTokens
from .state import NO_SESSION, Exclusive, SessionFlow, State

T = TypeVar("T")
Start: TypeAlias = Callable[[Config, State, RefreshMetadata | None], SessionFlow[T]]
"""Starts a flow of a session."""


def renew(
    config: Config,
    state: State,
    *,
    seen: Tokens,
    ended: bool = False,
    metadata: RefreshMetadata | None = None,
    changed: Mapping[str, str] | None = None,
) -> SessionFlow[Tokens]:
    """Renew the tokens, unless the session holds others. Ended tokens without a refresh token are dropped.

    changed: metadata for this refresh and those to come. With it, tokens of another refresh are renewed too.
    """
    held = state.tokens
    if held is None:
        return state, NO_SESSION
    if held is not seen and changed is None:
        return state, Ok(held)
    if held.refresh_token is None:
        return (replace(state, tokens=None) if ended else state), NO_SESSION
    state, result = yield from _replaced(config, state, held, metadata if changed is None else changed)
    return (state if changed is None or isinstance(result, Err) else replace(state, client_metadata=changed)), result


def revoke(config: Config, state: State, held: Tokens, _: RefreshMetadata | None = None) -> SessionFlow[None]:
    """Revoke the refresh token, and with it the other tokens of this sign-in."""
    from ..flows.tokens import revoke_token  # here, as below: a sign-in does not need it

    if held.refresh_token is None:
        return state, Ok(None)
    return state, (yield from revoke_token(config, held.refresh_token))


def revoke_all(
    config: Config, state: State, held: Tokens, metadata: RefreshMetadata | None = None
) -> SessionFlow[None]:
    """Revoke all tokens of the user, of every sign-in."""
    from ..flows.tokens import global_sign_out

    state, usable = yield from usable_tokens(config, state, metadata)
    if isinstance(usable, Err):
        return state, usable
    result = yield from global_sign_out(config, usable.value.access_token)
    if isinstance(result, Err) and result.reason == "access-token-expired" and held.refresh_token is not None:
        # Our clock is wrong: nothing was revoked yet.
        state, usable = yield from _replaced(config, state, usable.value, metadata)
        if isinstance(usable, Err):
            return state, usable
        result = yield from global_sign_out(config, usable.value.access_token)
    return state, result


def usable_tokens(config: Config, state: State, metadata: RefreshMetadata | None = None) -> SessionFlow[Tokens]:
    """Return tokens with an access token that is valid for a while, renewed first if it is due."""
    held = state.tokens
    if held is None:
        return state, NO_SESSION
    lifetimes = HeldTokens(config, held, state.drift)
    valid = lifetimes.valid("access") is not None
    if lifetimes.left("access") > MANDATORY_WINDOW or lifetimes.fresh("access") is not None:
        return state, Ok(held)
    if held.refresh_token is None:
        return (state, Ok(held)) if valid else (replace(state, tokens=None), NO_SESSION)
    state, result = yield from _replaced(config, state, held, metadata)
    if isinstance(result, Err) and state.tokens is not None and valid:
        return state, Ok(held)
    return state, result


def _replaced(config: Config, state: State, held: Tokens, metadata: RefreshMetadata | None) -> SessionFlow[Tokens]:
    """Replace the tokens by new ones. They stay, unless the reply definitively ends the session."""
    from ..flows import tokens

    given = metadata() if callable(metadata) else metadata
    sent = (state.client_metadata if given is None else given) or None
    yield Exclusive(replace(state, unanswered=True))  # so that an interruption is on record
    key = _device_key(state, held)
    flow, result = yield from tokens.renew(config, held, state.refresh_flow, key, sent)
    if key is not None and isinstance(result, Err) and result.reason == "device-not-found":
        if state.device is not None and state.device.key == key:
            state = replace(state, device=None)
        flow, result = yield from tokens.renew(config, held, flow, None, sent)
    state = replace(state, refresh_flow=flow)
    if isinstance(result, Err):
        return _refused(state, result)
    if held.access_token and _owner(held) != _owner(result.value):
        return state, Err("foreign-tokens", "the new tokens are of another user, client or pool", sent="yes")
    state = state.with_tokens(result.value, config.clock())
    yield state  # the old refresh token may be dead now, so nothing may lose the new one
    return state, result


def _refused(state: State, failure: Err) -> tuple[State, Err]:
    if is_lost(failure):
        return replace(state, unanswered=True), failure
    if failure.reason == "refresh-token-reused" and state.unanswered:
        failure = replace(failure, reason="refresh-answer-lost")
    over = failure.reason in ENDS_SESSION
    return (replace(state, tokens=None, unanswered=False) if over else state), failure


def _device_key(state: State, held: Tokens) -> str | None:
    """Return the key of the device that signed in. A pool that tracks devices needs it for a refresh."""
    named = claims_of(held.access_token).get("device_key")
    if isinstance(named, str):
        return named
    device, names = state.device, (username_of(held), held.id_token.payload.get("sub"))
    return None if device is None or device.username not in names else device.key


def _owner(held: Tokens) -> tuple[object, ...]:
    """Return the user, pool and client of both tokens. Only the issuer's pool counts: the issuer has two forms."""
    identity, access = held.id_token.payload, claims_of(held.access_token)
    pools = (str(payload.get("iss")).rpartition("/")[2] for payload in (identity, access))
    return (identity.get("sub"), identity.get("aud"), access.get("sub"), access.get("client_id"), *pools)
