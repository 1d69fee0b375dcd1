"""The account of a signed-in user: attributes, sign-ins, feedback on them, and the end of the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal

from ..config import Config
from ..flow import Flow, ask_for, nothing
from ..models.account import AuthFactors, MfaOption, User, UserSession
from ..models.fields import objects
from ..models.sign_up import Delivery, read_delivery
from ..pages import Page
from .parameters import context, optional, required, typed_code, wire
from .registration import listed, named_attributes, service_name


def get_user(config: Config, access_token: str) -> Flow[User]:
    """Return the user of the access token, with all attributes that the app client may read.

    Reasons, those of access tokens: `access-token-expired`, `access-token-revoked`, `access-token-invalid`,
    `access-token-scope-missing`, `user-not-found`.
    """
    return (yield from ask_for("GetUser", required(access_token=access_token), User.read))


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
    changed = {"UserAttributes": listed(named_attributes(attributes)), **context(client_metadata)}
    parameters = {**required(access_token=access_token), **changed}
    return (yield from ask_for("UpdateUserAttributes", parameters, _deliveries))


def delete_user_attributes(config: Config, access_token: str, attribute_names: Iterable[str]) -> Flow[None]:
    """Delete attributes of the user. Names are treated as in `sign_up`.

    Reasons: `invalid-parameter`, and those of access tokens.
    """
    if isinstance(attribute_names, str):
        raise ValueError(f"attribute_names {attribute_names!r}: must be a list of names, not one string")
    names = [service_name(name) for name in attribute_names]
    parameters = {**required(access_token=access_token), "UserAttributeNames": names}
    return (yield from ask_for("DeleteUserAttributes", parameters, nothing))


def get_user_attribute_verification_code(
    config: Config, access_token: str, attribute_name: str, *, client_metadata: Mapping[str, str] | None = None
) -> Flow[Delivery]:
    """Send a code to the address of an attribute, for `verify_user_attribute`.

    attribute_name: `email` or `phone_number`. Reasons: `invalid-parameter`, `code-delivery-failed`,
    `daily-operations-limit-exceeded`, and those of access tokens.
    """
    parameters = required(access_token=access_token, attribute_name=service_name(attribute_name))
    parameters |= context(client_metadata)
    return (yield from ask_for("GetUserAttributeVerificationCode", parameters, read_delivery))


def verify_user_attribute(config: Config, access_token: str, attribute_name: str, code: str) -> Flow[None]:
    """Verify the address of an attribute with the code that was sent to it.

    Reasons: `code-mismatch`, `code-expired`, `alias-exists`, `daily-operations-limit-exceeded`, and those of access
    tokens.
    """
    attribute = service_name(attribute_name)
    parameters = required(access_token=access_token, attribute_name=attribute, code=typed_code(code=code))
    return (yield from ask_for("VerifyUserAttribute", parameters, nothing))


def delete_user(config: Config, access_token: str) -> Flow[None]:
    """Delete the user permanently. Reasons: those of access tokens."""
    return (yield from ask_for("DeleteUser", required(access_token=access_token), nothing))


def get_user_auth_factors(config: Config, access_token: str) -> Flow[AuthFactors]:
    """Return the first and second factors that the user has set up. Reasons: those of access tokens."""
    return (yield from ask_for("GetUserAuthFactors", required(access_token=access_token), AuthFactors.read))


def set_user_settings(config: Config, access_token: str, mfa_options: Iterable[MfaOption]) -> Flow[None]:
    """Set the SMS second factor in an older pool. `set_user_mfa_preference` supersedes this.

    Reasons: `invalid-parameter`, and those of access tokens.
    """
    options = [wire(MfaOption, mfa_options=option) for option in mfa_options]
    parameters = {**required(access_token=access_token), "MFAOptions": options}
    return (yield from ask_for("SetUserSettings", parameters, nothing))


def _deliveries(body: Mapping[str, object]) -> tuple[Delivery, ...]:
    return tuple(map(Delivery.read, objects(body, "CodeDeliveryDetailsList")))


def list_user_sessions(config: Config, access_token: str, *, next_token: str | None = None) -> Flow[Page[UserSession]]:
    """List the user's sessions, page by page, in a pool that tracks sessions.

    next_token: the `next` of the page before. Reasons: `operation-not-enabled`, `user-not-found`, and those of access
    tokens.
    """
    parameters = {**required(access_token=access_token), **optional(next_token=next_token)}
    read = partial(Page.read, items="Sessions", after="NextToken", read=UserSession.read)
    return (yield from ask_for("ListUserSessions", parameters, read))


def revoke_user_session(
    config: Config,
    access_token: str,
    session_id: str,
    *,
    revoke_associated_sessions: Literal["NONE", "LINKED"] | None = None,
) -> Flow[None]:
    """Revoke one session of the user, but not that of the access token.

    revoke_associated_sessions: `LINKED` also revokes the sessions that came from it. Reasons: `resource-not-found`,
    `operation-not-enabled`, and those of access tokens.
    """
    parameters = required(access_token=access_token, session_id=session_id)
    parameters |= optional(revoke_associated_sessions=revoke_associated_sessions)
    return (yield from ask_for("RevokeUserSession", parameters, nothing))


def update_auth_event_feedback(
    config: Config, username: str, event_id: str, feedback_token: str, feedback_value: Literal["Valid", "Invalid"]
) -> Flow[None]:
    """Tell the service if a sign-in was the user's own. The message about it has the event id and the token.

    Reasons: `not-authorized`, `user-not-found`, `user-pool-add-on-not-enabled`, `invalid-parameter`.
    """
    event = required(username=username, event_id=event_id, feedback_token=feedback_token, feedback_value=feedback_value)
    return (yield from ask_for("UpdateAuthEventFeedback", {"UserPoolId": config.pool_id, **event}, nothing))
