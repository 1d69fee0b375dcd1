"""Forgotten and changed passwords."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_string
from ..models.sign_up import Delivery
from .parameters import beside_username, context, optional, typed_code


def forgot_password(
    config: Config,
    username: str,
    *,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Delivery]:
    """Send the user a code, which `confirm_forgot_password` takes.

    Reasons: `user-not-found`, `no-verified-address`, `wrong-user-state`, `disabled-user`,
    `daily-operations-limit-exceeded`. An app client that hides which users exist accepts any name.
    """
    require_string(username=username)
    parameters = {
        "ClientId": config.client_id,
        "Username": username,
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("ForgotPassword", beside_username(config, parameters, username))
    return parse(answer, Delivery.read)


def confirm_forgot_password(
    config: Config,
    username: str,
    new_password: str,
    code: str,
    *,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[None]:
    """Set a new password with the code that was sent.

    Reasons: `code-mismatch`, `code-expired`, `invalid-password`, `password-used-before`, `user-not-found`,
    `too-many-failed-attempts`, `daily-operations-limit-exceeded`.
    """
    require_string(username=username, new_password=new_password)
    parameters = {
        "ClientId": config.client_id,
        "Username": username,
        "ConfirmationCode": typed_code(code=code),
        "Password": new_password,
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("ConfirmForgotPassword", beside_username(config, parameters, username))
    return done(answer)


def change_password(config: Config, access_token: str, old_password: str | None, new_password: str) -> Flow[None]:
    """Change the password of the signed-in user.

    old_password: None for a user without a password. Reasons: `incorrect-username-or-password` (the old one is
    wrong), `invalid-password`, `password-used-before`, `daily-operations-limit-exceeded`, and those of access tokens.
    """
    require_string(access_token=access_token, new_password=new_password)
    parameters = {"AccessToken": access_token, "ProposedPassword": new_password}
    answer = yield from ask(
        "ChangePassword", {**parameters, **optional(old_password=("PreviousPassword", old_password))}
    )
    return done(answer)
