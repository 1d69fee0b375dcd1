"""Forgotten and changed passwords."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import Config
from ..flow import Flow, ask_for, nothing
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_optional_string, require_string
from ..models.sign_up import Delivery
from .parameters import by_username, context, required, typed_code


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
    members = context(client_metadata, user_context_data, analytics_metadata)
    parameters = {**by_username(config, username), **members}
    return (yield from ask_for("ForgotPassword", parameters, Delivery.read))


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
    require_string(new_password=new_password)
    parameters = {
        **by_username(config, username),
        "Password": new_password,
        "ConfirmationCode": typed_code(code=code),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    return (yield from ask_for("ConfirmForgotPassword", parameters, nothing))


def change_password(config: Config, access_token: str, old_password: str | None, new_password: str) -> Flow[None]:
    """Change the password of the signed-in user.

    old_password: None for a user without a password. Reasons: `incorrect-username-or-password` (the old one is
    wrong), `invalid-password`, `password-used-before`, `daily-operations-limit-exceeded`, and those of access tokens.
    """
    require_string(new_password=new_password)
    require_optional_string(old_password=old_password)
    previous = {} if old_password is None else {"PreviousPassword": old_password}
    parameters = {**required(access_token=access_token), "ProposedPassword": new_password, **previous}
    return (yield from ask_for("ChangePassword", parameters, nothing))
