"""Tokens after the sign-in: renewing them, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..call import require_text
from ..config import Config
from ..flow import Flow, ask, done, shaped
from ..shapes import Tokens
from .client_secret import in_clear
from .parameters import context, optional


def get_tokens_from_refresh_token(
    config: Config,
    refresh_token: str,
    *,
    device_key: str | None = None,
    client_metadata: Mapping[str, str] | None = None,
) -> Flow[Tokens]:
    """New tokens for a refresh token, which stays in them where the service sends no new one.

    device_key: of the remembered device that signed in, where the pool remembers devices. Reasons:
    `refresh-token-expired`, `refresh-token-revoked`, `refresh-token-reused`, `refresh-token-invalid`, `user-deleted`,
    `disabled-user`, `wrong-client-secret`.
    """
    require_text(refresh_token=refresh_token)
    parameters = {
        "RefreshToken": refresh_token,
        "ClientId": config.client_id,
        **optional(device_key=("DeviceKey", device_key)),
        **context(client_metadata),
    }
    answer = yield from ask("GetTokensFromRefreshToken", in_clear(config, parameters))
    return shaped(answer, lambda body: Tokens.read(body, kept=refresh_token))


def revoke_token(
    config: Config, refresh_token: str, *, revoke_associated_sessions: Literal["NONE", "LINKED"] | None = None
) -> Flow[None]:
    """Revoke a refresh token, and with it every access token that it gave.

    revoke_associated_sessions: `LINKED` ends those sessions too that came from its own. Reasons:
    `operation-not-supported` (revocation is off for the client), `token-type-not-supported`, `not-authorized`,
    `wrong-client-secret`.
    """
    require_text(refresh_token=refresh_token)
    linked = optional(revoke_associated_sessions=("RevokeAssociatedSessions", revoke_associated_sessions))
    parameters = {"Token": refresh_token, "ClientId": config.client_id, **linked}
    answer = yield from ask("RevokeToken", in_clear(config, parameters))
    return done(answer)


def global_sign_out(config: Config, access_token: str) -> Flow[None]:
    """Revoke all tokens of the user, on every device. Reasons: those of access tokens."""
    require_text(access_token=access_token)
    answer = yield from ask("GlobalSignOut", {"AccessToken": access_token})
    return done(answer)
