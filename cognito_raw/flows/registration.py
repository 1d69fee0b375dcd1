"""Sign-up and passwords: registering and confirming a user, and replacing a forgotten or an old password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config import Config
from ..flow import Flow, ask_for, nothing
from ..models.challenge import CHALLENGE_PREFIX
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_optional_string, require_string
from ..models.sign_up import Confirmation, Delivery, Registration, read_delivery
from .parameters import by_username, context, optional, required, strings, typed_code

# The standard claims of OpenID Connect Core 1.0, section 5.1, which every pool has.
STANDARD_ATTRIBUTES: Final = frozenset(
    """
    address birthdate email email_verified family_name gender given_name locale middle_name name nickname
    phone_number phone_number_verified picture preferred_username profile sub updated_at website zoneinfo
    """.split()
)


def sign_up(
    config: Config,
    username: str,
    password: str | None = None,
    attributes: Mapping[str, str] | None = None,
    *,
    validation_data: Mapping[str, str] | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Registration]:
    """Register a user. A key that is no standard attribute gets the prefix `custom:`.

    password: None if the pool lets users sign in without one. validation_data: for the pool's triggers only, with
    unchanged keys. Reasons: `username-exists`, `invalid-password`, `invalid-parameter`, `alias-exists`,
    `code-delivery-failed`, `lambda-refused`.
    """
    parameters: dict[str, object] = {
        **by_username(config, username),
        **optional(password=password),
        "UserAttributes": listed(named_attributes({} if attributes is None else attributes)),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    if validation_data is not None:
        parameters["ValidationData"] = listed(strings("validation_data", validation_data))
    return (yield from ask_for("SignUp", parameters, Registration.read))


def confirm_sign_up(
    config: Config,
    username: str,
    code: str,
    *,
    force_alias_creation: bool | None = None,
    session: str | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Confirmation]:
    """Confirm a new user with the code that was sent.

    force_alias_creation: True takes an address from another user whose alias it is. Otherwise that is `alias-exists`.
    session: of `sign_up`. The session that comes back signs the user in without a second code.
    Reasons: `code-mismatch`, `code-expired`, `user-not-found`, `user-already-confirmed`, `alias-exists`,
    `too-many-failed-attempts`.
    """
    parameters: dict[str, object] = {
        **by_username(config, username),
        "ConfirmationCode": typed_code(code=code),
        **optional(session=session),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    if force_alias_creation is not None:
        parameters["ForceAliasCreation"] = force_alias_creation
    return (yield from ask_for("ConfirmSignUp", parameters, Confirmation.read))


def resend_confirmation_code(
    config: Config,
    username: str,
    *,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Delivery]:
    """Send a new code to a user who is not confirmed yet.

    Reasons: `user-not-found`, `user-already-confirmed`, `daily-operations-limit-exceeded`, `code-delivery-failed`.
    """
    members = context(client_metadata, user_context_data, analytics_metadata)
    parameters = {**by_username(config, username), **members}
    return (yield from ask_for("ResendConfirmationCode", parameters, read_delivery))


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
    return (yield from ask_for("ForgotPassword", parameters, read_delivery))


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


def named_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes under the service's names for them."""
    given: object = attributes
    if not isinstance(given, Mapping):
        raise ValueError(f'attributes must be a mapping such as {{"email": "..."}}, not {type(given).__name__}')
    for name, value in attributes.items():
        require_string(**{"the name of an attribute": name, f"attribute {name!r}": value})
    named = {service_name(name): value for name, value in attributes.items()}
    if len(named) < len(attributes):
        raise ValueError("an attribute is given twice, under two forms of its name")
    return named


def service_name(name: str) -> str:
    """Return the service's name for an attribute, with `custom:` in front unless it is standard or has it.

    A name may begin with `userAttributes.`, as those of a raw challenge do.
    """
    require_string(**{"the name of an attribute": name})
    name = name.removeprefix(CHALLENGE_PREFIX)
    prefix, _, rest = name.rpartition(":")
    if not rest.strip():
        raise ValueError("the name of an attribute is empty")
    if prefix != "custom" and prefix.strip().lower() == "custom":
        raise ValueError(f"attribute {name!r}: write custom: in lower case and without blanks")
    return name if name in STANDARD_ATTRIBUTES or name.startswith("custom:") else f"custom:{name}"


def listed(members: Mapping[str, str]) -> list[dict[str, str]]:
    """Return names and values as the service's list of pairs."""
    return [{"Name": name, "Value": value} for name, value in members.items()]
