"""The profile of a signed-in user: reading, changing and verifying attributes, and deleting the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import objects, require_string
from ..models.profile import AuthFactors, MfaOption, User
from ..models.sign_up import Delivery
from .parameters import context, typed_code, wire
from .registration import listed, named_attributes, service_name


def get_user(config: Config, access_token: str) -> Flow[User]:
    """Return the user of the access token, with all attributes that the app client may read.

    Reasons, those of access tokens: `access-token-expired`, `access-token-revoked`, `access-token-invalid`,
    `access-token-scope-missing`, `user-not-found`.
    """
    require_string(access_token=access_token)
    answer = yield from ask("GetUser", {"AccessToken": access_token})
    return parse(answer, User.read)


def update_user_attributes(
    config: Config,
    access_token: str,
    attributes: Mapping[str, str],
    *,
    client_metadata: Mapping[str, str] | None = None,
) -> Flow[tuple[Delivery, ...]]:
    """Change attributes of the user. An empty string clears one. Keys are treated as in `sign_up`.

    Returns a delivery for each address that `verify_user_attribute` must verify. Reasons: `invalid-parameter`,
    `alias-exists`, `code-delivery-failed`, `lambda-refused`, and those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {
        "AccessToken": access_token,
        "UserAttributes": listed(named_attributes(attributes)),
        **context(client_metadata),
    }
    answer = yield from ask("UpdateUserAttributes", parameters)
    return parse(answer, _deliveries)


def delete_user_attributes(config: Config, access_token: str, attribute_names: Iterable[str]) -> Flow[None]:
    """Delete attributes of the user. Names are treated as in `sign_up`.

    Reasons: `invalid-parameter`, and those of access tokens.
    """
    require_string(access_token=access_token)
    if isinstance(attribute_names, str):
        raise ValueError(f"attribute_names {attribute_names!r}: must be a list of names, not one string")
    names = [service_name(name) for name in attribute_names]
    answer = yield from ask("DeleteUserAttributes", {"AccessToken": access_token, "UserAttributeNames": names})
    return done(answer)


def get_user_attribute_verification_code(
    config: Config, access_token: str, attribute_name: str, *, client_metadata: Mapping[str, str] | None = None
) -> Flow[Delivery]:
    """Send a code to the address of an attribute, for `verify_user_attribute`.

    attribute_name: `email` or `phone_number`. Reasons: `invalid-parameter`, `code-delivery-failed`,
    `daily-operations-limit-exceeded`, and those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, "AttributeName": service_name(attribute_name)}
    answer = yield from ask("GetUserAttributeVerificationCode", {**parameters, **context(client_metadata)})
    return parse(answer, Delivery.read)


def verify_user_attribute(config: Config, access_token: str, attribute_name: str, code: str) -> Flow[None]:
    """Verify the address of an attribute with the code that was sent to it.

    Reasons: `code-mismatch`, `code-expired`, `alias-exists`, `daily-operations-limit-exceeded`, and those of access
    tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, "AttributeName": service_name(attribute_name)}
    answer = yield from ask("VerifyUserAttribute", {**parameters, "Code": typed_code(code=code)})
    return done(answer)


def delete_user(config: Config, access_token: str) -> Flow[None]:
    """Delete the user permanently. Reasons: those of access tokens."""
    require_string(access_token=access_token)
    answer = yield from ask("DeleteUser", {"AccessToken": access_token})
    return done(answer)


def get_user_auth_factors(config: Config, access_token: str) -> Flow[AuthFactors]:
    """Return the first and second factors that the user has set up. Reasons: those of access tokens."""
    require_string(access_token=access_token)
    answer = yield from ask("GetUserAuthFactors", {"AccessToken": access_token})
    return parse(answer, AuthFactors.read)


def set_user_settings(config: Config, access_token: str, mfa_options: Iterable[MfaOption]) -> Flow[None]:
    """Set the SMS second factor in an older pool. `set_user_mfa_preference` supersedes this.

    Reasons: `invalid-parameter`, and those of access tokens.
    """
    require_string(access_token=access_token)
    options = [wire(MfaOption, mfa_options=option) for option in mfa_options]
    answer = yield from ask("SetUserSettings", {"AccessToken": access_token, "MFAOptions": options})
    return done(answer)


def _deliveries(body: Mapping[str, object]) -> tuple[Delivery, ...]:
    return tuple(
        Delivery.read({"CodeDeliveryDetails": details}) for details in objects(body, "CodeDeliveryDetailsList")
    )
