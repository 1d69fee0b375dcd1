"""Registering a user, and proving that the address is the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..call import require_text
from ..config import Config
from ..flow import Flow, ask, done, shaped
from ..shapes import Delivery, Registration
from .client_secret import beside_username

# The standard claims of OpenID Connect Core 1.0, section 5.1, which every pool has.
STANDARD_ATTRIBUTES: Final = frozenset(
    (
        "address",
        "birthdate",
        "email",
        "email_verified",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
        "name",
        "nickname",
        "phone_number",
        "phone_number_verified",
        "picture",
        "preferred_username",
        "profile",
        "sub",
        "updated_at",
        "website",
        "zoneinfo",
    )
)


def sign_up(
    config: Config, username: str, password: str, attributes: Mapping[str, str] | None = None
) -> Flow[Registration]:
    """Register a user. Standard attributes go by their names; any other key gets `custom:` in front.

    Reasons: `username-exists`, `invalid-password`, `invalid-parameter`, `alias-exists`, `code-delivery-failed`,
    `lambda-refused`.
    """
    require_text(username=username, password=password)
    parameters: dict[str, object] = {
        "ClientId": config.client_id,
        "Username": username,
        "Password": password,
        "UserAttributes": [
            {"Name": name, "Value": value} for name, value in named_attributes(attributes or {}).items()
        ],
    }
    answer = yield from ask("SignUp", beside_username(config, parameters, username))
    return shaped(answer, Registration.read)


def confirm_sign_up(config: Config, username: str, code: str) -> Flow[None]:
    """Confirm a new user with the code that was sent.

    Reasons: `code-mismatch`, `code-expired`, `user-not-found`, `user-already-confirmed`, `alias-exists`,
    `too-many-failed-attempts`.
    """
    require_text(username=username, code=code)
    parameters: dict[str, object] = {"ClientId": config.client_id, "Username": username, "ConfirmationCode": code}
    answer = yield from ask("ConfirmSignUp", beside_username(config, parameters, username))
    return done(answer)


def resend_confirmation_code(config: Config, username: str) -> Flow[Delivery]:
    """Send a new code to a user who is not confirmed yet.

    Reasons: `user-not-found`, `user-already-confirmed`, `daily-operations-limit-exceeded`, `code-delivery-failed`.
    """
    require_text(username=username)
    parameters: dict[str, object] = {"ClientId": config.client_id, "Username": username}
    answer = yield from ask("ResendConfirmationCode", beside_username(config, parameters, username))
    return shaped(answer, Delivery.read)


def named_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes under the names that the service has for them."""
    for name, value in attributes.items():
        require_text(**{"the name of an attribute": name, f"attribute {name!r}": value})
    named = {_service_name(name): value for name, value in attributes.items()}
    if len(named) < len(attributes):
        raise ValueError("an attribute is given twice, once with and once without custom: in front")
    return named


def _service_name(name: str) -> str:
    return name if name in STANDARD_ATTRIBUTES or name.startswith("custom:") else f"custom:{name}"
