"""What a signed-in user may do with the own profile: read, change and prove attributes, and delete it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import objects, require_string
from ..models.profile import AuthFactors, MfaOption, User
from ..models.sign_up import Delivery
from .parameters import context, wire
from .registration import listed, named_attributes, service_name


def get_user(config: Config, access_token: str) -> Flow[User]:
    """The user of the access token, with all attributes that the app client may read.

    Reasons: those of access tokens: `access-token-expired`, `access-token-revoked`, `access-token-invalid`,
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
    """Change attributes of the user; an empty text clears one. Their keys are treated as in `sign_up`.

    Gives where codes went, for each address that must be proven with `verify_user_attribute`. Reasons:
    `invalid-parameter`, `alias-exists`, `code-delivery-failed`, `lambda-refused`, and those of access tokens.
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
    """Delete attributes of the user. Their names are treated as in `sign_up`.

    Reasons: `invalid-parameter`, and those of access tokens.
    """
    require_string(access_token=access_token)
    if isinstance(attribute_names, str):
        raise ValueError(f"attribute_names {attribute_names!r}: must be a list of names, not one text")
    names = [service_name(name) for name in attribute_names]
    answer = yield from ask("DeleteUserAttributes", {"AccessToken": access_token, "UserAttributeNames": names})
    return done(answer)


def get_user_attribute_verification_code(
    config: Config, access_token: str, attribute_name: str, *, client_metadata: Mapping[str, str] | None = None
) -> Flow[Delivery]:
    """Send a code to the address that an attribute holds, to be given to `verify_user_attribute`.

    attribute_name: `email` or `phone_number`. Reasons: `invalid-parameter`, `code-delivery-failed`,
    `daily-operations-limit-exceeded`, and those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, "AttributeName": service_name(attribute_name)}
    answer = yield from ask("GetUserAttributeVerificationCode", {**parameters, **context(client_metadata)})
    return parse(answer, Delivery.read)


def verify_user_attribute(config: Config, access_token: str, attribute_name: str, code: str) -> Flow[None]:
    """Prove the address that an attribute holds with the code that was sent there.

    Reasons: `code-mismatch`, `code-expired`, `alias-exists`, `daily-operations-limit-exceeded`, and those of access
    tokens.
    """
    require_string(access_token=access_token, code=code)
    parameters = {"AccessToken": access_token, "AttributeName": service_name(attribute_name), "Code": code}
    answer = yield from ask("VerifyUserAttribute", parameters)
    return done(answer)


def delete_user(config: Config, access_token: str) -> Flow[None]:
    """Delete the user, for good. Reasons: those of access tokens."""
    require_string(access_token=access_token)
    answer = yield from ask("DeleteUser", {"AccessToken": access_token})
    return done(answer)


def get_user_auth_factors(config: Config, access_token: str) -> Flow[AuthFactors]:
    """How the user can sign in: the first and second factors that are set up. Reasons: those of access tokens."""
    require_string(access_token=access_token)
    answer = yield from ask("GetUserAuthFactors", {"AccessToken": access_token})
    return parse(answer, AuthFactors.read)


def set_user_settings(config: Config, access_token: str, mfa_options: Iterable[MfaOption]) -> Flow[None]:
    """Say by which text messages an older pool asks for a second factor; `set_user_mfa_preference` supersedes it.

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
