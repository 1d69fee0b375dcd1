"""Forgotten and changed passwords."""

from __future__ import annotations

from ..call import require_text
from ..config import Config
from ..flow import Flow, ask, done, shaped
from ..shapes import Delivery
from .client_secret import beside_username


def forgot_password(config: Config, username: str) -> Flow[Delivery]:
    """Send a code with which the user can set a new password.

    Reasons: `user-not-found`, `no-verified-address`, `wrong-user-state`, `disabled-user`,
    `daily-operations-limit-exceeded`. A client that hides which users exist answers for any name.
    """
    require_text(username=username)
    parameters: dict[str, object] = {"ClientId": config.client_id, "Username": username}
    answer = yield from ask("ForgotPassword", beside_username(config, parameters, username))
    return shaped(answer, Delivery.read)


def confirm_forgot_password(config: Config, username: str, new_password: str, code: str) -> Flow[None]:
    """Set a new password with the code that was sent.

    Reasons: `code-mismatch`, `code-expired`, `invalid-password`, `password-used-before`, `user-not-found`,
    `too-many-failed-attempts`, `daily-operations-limit-exceeded`.
    """
    require_text(username=username, new_password=new_password, code=code)
    parameters: dict[str, object] = {
        "ClientId": config.client_id,
        "Username": username,
        "ConfirmationCode": code,
        "Password": new_password,
    }
    answer = yield from ask("ConfirmForgotPassword", beside_username(config, parameters, username))
    return done(answer)


def change_password(config: Config, access_token: str, old_password: str, new_password: str) -> Flow[None]:
    """Replace the password of the user whom the access token names.

    Reasons: `incorrect-username-or-password` (the old one is wrong), `invalid-password`, `password-used-before`,
    `daily-operations-limit-exceeded`, and those of access tokens.
    """
    require_text(access_token=access_token, old_password=old_password, new_password=new_password)
    answer = yield from ask(
        "ChangePassword",
        {"AccessToken": access_token, "PreviousPassword": old_password, "ProposedPassword": new_password},
    )
    return done(answer)
