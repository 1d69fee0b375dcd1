"""Tokens after the sign-in: refresh and revocation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Literal

from ..call import Call, ServiceReply
from ..config import Config
from ..flow import Flow, ask, ask_for, nothing, parse
from ..models.fields import require_string
from ..models.frozen import replace
from ..models.tokens import RefreshFlow, Tokens
from ..reasons import OPERATION_UNKNOWN, REFRESH_FLOW_REFUSED, classify_refresh
from ..result import Err, Ok, Result
from .auth_calls import auth_context, initiate
from .parameters import context, in_clear, optional, required


def get_tokens_from_refresh_token(
    config: Config,
    refresh_token: str,
    *,
    device_key: str | None = None,
    client_metadata: Mapping[str, str] | None = None,
) -> Flow[Tokens]:
    """Return new tokens for a refresh token, which they keep if the service sends no new one.

    device_key: of the remembered device that signed in, if the pool tracks devices. Reasons:
    `refresh-token-expired`, `refresh-token-revoked`, `refresh-token-reused`, `refresh-token-invalid`, `user-deleted`,
    `disabled-user`, `wrong-client-secret`.

    This is one call. A `Session.from_refresh_token` also goes by REFRESH_TOKEN_AUTH where a server lacks it.
    """
    parameters = {**required(refresh_token=refresh_token), **in_clear(config), **optional(device_key=device_key)}
    answer = yield from ask("GetTokensFromRefreshToken", parameters | context(client_metadata))
    return _tokens(answer, refresh_token)


def _tokens(answer: Result[ServiceReply], refresh_token: str) -> Result[Tokens]:
    if isinstance(answer, Err):
        return replace(answer, reason=classify_refresh(answer.reason))
    return parse(answer, lambda body: Tokens.read(body, kept=refresh_token))


def renew(
    config: Config,
    held: Tokens,
    by: RefreshFlow,
    device_key: str | None,
    client_metadata: Mapping[str, str] | None = None,
) -> Generator[Call, Result[ServiceReply], tuple[RefreshFlow, Result[Tokens]]]:
    """Renew tokens by the flow that worked before, or by the other if the pool refuses it. Return the next flow."""
    result = yield from _refresh(config, held, by, device_key, client_metadata)
    if not _is_refused(result, by):
        return by, result
    other: RefreshFlow = "REFRESH_TOKEN_AUTH" if by == "GetTokensFromRefreshToken" else "GetTokensFromRefreshToken"
    second = yield from _refresh(config, held, other, device_key, client_metadata)
    if isinstance(second, Ok) or _may_go_on(second):
        return other, second
    is_first = isinstance(result, Err) and result.reason not in OPERATION_UNKNOWN and _is_refused(second, other)
    return by, (result if is_first else second)


def _refresh(
    config: Config, held: Tokens, by: RefreshFlow, device_key: str | None, metadata: Mapping[str, str] | None
) -> Flow[Tokens]:
    token, payload = held.refresh_token or "", held.id_token.payload
    if by == "GetTokensFromRefreshToken":
        new = get_tokens_from_refresh_token(config, token, device_key=device_key, client_metadata=metadata)
        return (yield from new)
    username = payload.get("cognito:username")
    proof = config.secret_hash(str(username if isinstance(username, (str, int)) else payload.get("sub")))
    given = {"REFRESH_TOKEN": token, "DEVICE_KEY": device_key, "SECRET_HASH": proof}
    parameters = {name: value for name, value in given.items() if value is not None}
    context = auth_context(config, client_metadata=metadata)
    return _tokens((yield from initiate(context, by, parameters)), token)


def _is_refused(result: Result[Tokens], by: RefreshFlow) -> bool:
    """Tell if the pool, or an emulator, does not renew tokens this way."""
    if isinstance(result, Ok):
        return False
    return result.reason in (REFRESH_FLOW_REFUSED if by == "REFRESH_TOKEN_AUTH" else OPERATION_UNKNOWN)


def _may_go_on(failure: Err) -> bool:
    """Tell if the same operation must be asked again: after a lost reply, or without a forgotten device."""
    return failure.kind == "temporary" or failure.sent == "maybe" or failure.reason == "device-not-found"


def revoke_token(
    config: Config, refresh_token: str, *, revoke_associated_sessions: Literal["NONE", "LINKED"] | None = None
) -> Flow[None]:
    """Revoke a refresh token, and every access token that was issued for it.

    revoke_associated_sessions: `LINKED` also ends the sessions that came from its session. Reasons:
    `operation-not-supported` (revocation is off for the client), `token-type-not-supported`, `not-authorized`,
    `wrong-client-secret`.
    """
    require_string(refresh_token=refresh_token)
    linked = optional(revoke_associated_sessions=revoke_associated_sessions)
    return (yield from ask_for("RevokeToken", {"Token": refresh_token, **in_clear(config), **linked}, nothing))


def global_sign_out(config: Config, access_token: str) -> Flow[None]:
    """Revoke all tokens of the user, on every device. Reasons: those of access tokens."""
    return (yield from ask_for("GlobalSignOut", required(access_token=access_token), nothing))
