"""The operations of a client, sync and async, on servers that nobody here wrote, as far as each has them.

What none of them has is held by its documented exchange alone: devices, passkeys, sessions, first factors.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from cognito_raw import AnalyticsMetadata, Challenge, Confirmation, Delivery, Err, MfaSettings, Ok, Tokens, UserContext
from examples.local_pool import RESET_CODE, SIGN_UP_CODE, Pool, Server
from tests.support import servers
from tests.support.modes import Mode

pytestmark = pytest.mark.once

PASSWORD, OTHER, THIRD = "An-Engine-1843", "Analytical-1844", "Difference-1822"
_numbers = count()
TOLD: dict[str, Any] = {
    "client_metadata": {"from": "web"},
    "user_context_data": UserContext("192.0.2.1", "e30="),
    "analytics_metadata": AnalyticsMetadata("endpoint-1"),
}
METADATA: dict[str, Any] = {"client_metadata": {"from": "web"}}


def new_name() -> str:
    """A user name that no other test has; cognito-local wants an address."""
    return f"ada{next(_numbers)}@example.com"


def reason(result: Any) -> str:
    return result.reason if isinstance(result, Err) else "Ok"


def totp(secret: str) -> str:
    """The code that an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def by_password(client: Any, name: str, password: str = PASSWORD) -> Any:
    return client.initiate_auth("USER_PASSWORD_AUTH", {"USERNAME": name, "PASSWORD": password})


# --- ministack, which checks codes, tokens, secrets and proofs


@pytest.fixture(scope="module", params=[False, True], ids=["public client", "client with a secret"])
def pool(server: Server, request: pytest.FixtureRequest) -> Pool:
    """A pool of ministack; its client signs in by password too."""
    made = server.pool(
        secret=request.param,
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "tier", "AttributeDataType": "String", "Mutable": True}],
    )
    made.admin.update_user_pool_client(
        UserPoolId=made.id,
        ClientId=made.client_id,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    return made


def signed_in(client: Any, pool: Pool) -> tuple[str, Tokens]:
    """A user who signed in over SRP."""
    name = new_name()
    pool.add_user(name, PASSWORD, email=name)
    tokens: Tokens = client.sign_in(name, PASSWORD).value
    return name, tokens


def test_a_user_registers_with_all_that_may_be_said(pool: Pool, mode: Mode) -> None:
    """Metadata, the user's address and the rest are taken, and change no result."""
    client, name = mode.client(pool.config()), new_name()
    delivery = Delivery(name, "EMAIL", "email")
    registered = client.sign_up(name, PASSWORD, {"email": name}, validation_data={"by": "ada"}, **TOLD)
    assert (registered.value.confirmed, registered.value.delivery) == (False, delivery)
    assert reason(client.resend_confirmation_code(name, **TOLD)) == "Ok"
    assert reason(client.confirm_sign_up(name, "000000", **TOLD)) == "code-mismatch"
    confirmed = client.confirm_sign_up(name, SIGN_UP_CODE, force_alias_creation=True, **TOLD)
    assert isinstance(confirmed.value, Confirmation)
    assert isinstance(by_password(client, name).value, Tokens)


def test_a_profile_is_read_and_changed(pool: Pool, mode: Mode) -> None:
    """Attributes that are not standard ones are custom ones, on the way in and out."""
    client = mode.client(pool.config())
    name, tokens = signed_in(client, pool)
    told = client.update_user_attributes(tokens.access_token, {"nickname": "Countess", "tier": "gold"}, **METADATA)
    assert told == Ok(())
    user = client.get_user(tokens.access_token).value
    assert (user.username, user.preferred_mfa_setting) == (name, None)
    assert user.attributes["nickname"] == "Countess"
    assert user.attributes["custom:tier"] == "gold"
    assert reason(client.get_user("none")) == "access-token-invalid"


def test_an_authenticator_app_is_set_up(pool: Pool, mode: Mode) -> None:
    """A wrong code is refused, the right one taken, and then the app is asked for."""
    client = mode.client(pool.config())
    _, tokens = signed_in(client, pool)
    token = client.associate_software_token(access_token=tokens.access_token).value
    assert "otpauth://totp/" in token.uri("ada", "Engines")
    assert reason(client.verify_software_token("abcdef", access_token=tokens.access_token)) != "Ok"
    verified = client.verify_software_token(
        totp(token.secret), access_token=tokens.access_token, friendly_device_name="phone"
    )
    assert verified.value.status == "SUCCESS"
    settings = MfaSettings(enabled=True, preferred_mfa=True)
    assert client.set_user_mfa_preference(tokens.access_token, software_token_mfa_settings=settings) == Ok(None)
    user = client.get_user(tokens.access_token).value
    assert user.preferred_mfa_setting == "SOFTWARE_TOKEN_MFA"
    assert user.user_mfa_setting_list == ("SOFTWARE_TOKEN_MFA",)


def test_passwords_are_changed_and_reset(pool: Pool, mode: Mode) -> None:
    """Each way to a new password ends in one that signs in."""
    client = mode.client(pool.config())
    name, tokens = signed_in(client, pool)
    assert reason(client.change_password(tokens.access_token, "wrong", OTHER)) == "incorrect-username-or-password"
    assert client.change_password(tokens.access_token, PASSWORD, OTHER) == Ok(None)
    assert isinstance(by_password(client, name, OTHER).value, Tokens)
    pool.admin.admin_update_user_attributes(
        UserPoolId=pool.id, Username=name, UserAttributes=[{"Name": "email_verified", "Value": "true"}]
    )
    assert client.forgot_password(name, **TOLD).value.medium == "EMAIL"
    assert client.confirm_forgot_password(name, THIRD, RESET_CODE, **TOLD) == Ok(None)
    assert isinstance(by_password(client, name, THIRD).value, Tokens)


def test_a_temporary_password_is_replaced(pool: Pool, mode: Mode) -> None:
    """The challenge is answered as the service has it, the client secret over the name that it gave."""
    client, name = mode.client(pool.config()), new_name()
    pool.add_user(name, PASSWORD, temporary=True)
    challenge = by_password(client, name).value
    assert challenge.name == "NEW_PASSWORD_REQUIRED"
    responses = {"USERNAME": challenge.username, "NEW_PASSWORD": OTHER}
    answer = client.respond_to_auth_challenge(challenge.name, responses, session=challenge.session, **TOLD)
    assert isinstance(answer.value, Tokens)


def test_tokens_are_renewed_and_revoked(pool: Pool, mode: Mode) -> None:
    """Both ways to new tokens work, until they are taken back."""
    client = mode.client(pool.config())
    name, tokens = signed_in(client, pool)
    renewed = client.get_tokens_from_refresh_token(tokens.refresh_token, **METADATA).value
    assert renewed.access_token != tokens.access_token
    parameters = {"REFRESH_TOKEN": tokens.refresh_token}
    if pool.client_secret:
        parameters["SECRET_HASH"] = pool.config().secret_hash(name)
    again = client.initiate_auth("REFRESH_TOKEN_AUTH", parameters).value
    assert again.refresh_token == tokens.refresh_token
    assert client.revoke_token(tokens.refresh_token) == Ok(None)
    assert reason(client.get_tokens_from_refresh_token(tokens.refresh_token)) != "Ok"
    _, tokens = signed_in(client, pool)
    assert client.global_sign_out(tokens.access_token) == Ok(None)
    assert reason(client.get_user(tokens.access_token)) == "access-token-revoked"


def test_a_user_is_deleted(pool: Pool, mode: Mode) -> None:
    """Afterwards there is nobody to sign in."""
    client = mode.client(pool.config())
    name, tokens = signed_in(client, pool)
    assert client.delete_user(tokens.access_token) == Ok(None)
    assert reason(by_password(client, name)) in ("user-not-found", "incorrect-username-or-password")


def test_feedback_on_an_event_that_never_was_is_refused(pool: Pool, mode: Mode) -> None:
    """The operation is known there, and refuses."""
    client = mode.client(pool.config())
    name, _ = signed_in(client, pool)
    result = client.update_auth_event_feedback(name, "event", "token", "Valid")
    assert isinstance(result, Err)
    assert (result.sent, result.operation) == ("yes", "UpdateAuthEventFeedback")
    assert result.reason not in ("unknown-error", "request-not-understood")


# --- moto


@pytest.fixture(scope="session")
def moto() -> Iterator[servers.Elsewhere]:
    """moto in its server mode, started once."""
    with servers.moto() as running:
        yield running


@pytest.fixture(params=[False, True], ids=["public client", "client with a secret"])
def moto_pool(moto: servers.Elsewhere, request: pytest.FixtureRequest) -> Pool:
    """A pool of moto."""
    return moto.pool(secret=request.param, AutoVerifiedAttributes=["email"])


def test_a_user_lives_on_moto(moto_pool: Pool, mode: Mode) -> None:
    """From the registration to the end of all sessions, with every operation that moto has."""
    client, name = mode.client(moto_pool.config()), new_name()
    assert client.sign_up(name, PASSWORD, {"email": name}, **TOLD).value.confirmed is False
    assert isinstance(client.confirm_sign_up(name, "123456", **TOLD).value, Confirmation)
    tokens = by_password(client, name).value
    access = tokens.access_token
    assert client.update_user_attributes(access, {"nickname": "Countess"}, **METADATA) == Ok(())
    assert client.get_user(access).value.attributes["nickname"] == "Countess"
    assert client.associate_software_token(access_token=access).value.secret  # always the same one, and no base32
    assert client.verify_software_token("123456", access_token=access).value.status == "SUCCESS"
    settings = MfaSettings(enabled=True, preferred_mfa=True)
    assert client.set_user_mfa_preference(access, software_token_mfa_settings=settings) == Ok(None)
    assert client.get_user(access).value.user_mfa_setting_list == ("SOFTWARE_TOKEN_MFA",)
    assert client.change_password(access, PASSWORD, OTHER) == Ok(None)
    assert isinstance(client.forgot_password(name, **TOLD).value, Delivery)
    assert client.confirm_forgot_password(name, THIRD, "123456", **TOLD) == Ok(None)
    assert client.global_sign_out(access) == Ok(None)
    assert reason(client.get_user(access)) != "Ok"


def test_a_temporary_password_is_replaced_on_moto(moto_pool: Pool, mode: Mode) -> None:
    """The challenge is answered as the service has it."""
    client, name = mode.client(moto_pool.config()), new_name()
    moto_pool.add_user(name, PASSWORD, temporary=True)
    challenge = by_password(client, name).value
    assert isinstance(challenge, Challenge)
    responses = {"USERNAME": challenge.username, "NEW_PASSWORD": OTHER}
    tokens = client.respond_to_auth_challenge(challenge.name, responses, session=challenge.session).value
    parameters = {"REFRESH_TOKEN": tokens.refresh_token}
    if moto_pool.client_secret:
        parameters["SECRET_HASH"] = moto_pool.config().secret_hash(name)
    assert client.initiate_auth("REFRESH_TOKEN_AUTH", parameters).value.refresh_token == tokens.refresh_token


def test_an_error_page_of_moto_is_a_failure_like_any(moto_pool: Pool, mode: Mode) -> None:
    """What it does not have it answers with HTML."""
    client = mode.client(moto_pool.config())
    for result in (client.get_device("t", "k"), client.delete_user("t"), client.start_web_authn_registration("t")):
        assert (reason(result), result.status) == ("service-unavailable", 500)


# --- cognito-local


@pytest.fixture(scope="session")
def cognito_local() -> Iterator[servers.Elsewhere]:
    """cognito-local, started once."""
    if why := servers.missing():
        pytest.skip(why)
    with servers.cognito_local() as running:
        yield running


@pytest.fixture
def local_pool(cognito_local: servers.Elsewhere) -> Pool:
    """A pool of cognito-local."""
    sms = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
    return cognito_local.pool(AutoVerifiedAttributes=["email"], MfaConfiguration="OPTIONAL", SmsConfiguration=sms)


def signed_up(client: Any) -> tuple[str, Tokens]:
    name = new_name()
    assert client.sign_up(name, PASSWORD, {"email": name}, **TOLD).value.delivery.medium == "EMAIL"
    assert reason(client.confirm_sign_up(name, "000000", **TOLD)) == "code-mismatch"
    assert isinstance(client.confirm_sign_up(name, servers.CODE, **TOLD).value, Confirmation)
    tokens: Tokens = by_password(client, name).value
    return name, tokens


def test_attributes_are_proven_and_deleted_on_cognito_local(local_pool: Pool, mode: Mode) -> None:
    """It alone has these operations, and checks the codes."""
    client = mode.client(local_pool.config())
    _, tokens = signed_up(client)
    access = tokens.access_token
    changed = {"nickname": "Countess", "email": "b@example.com"}
    assert reason(client.update_user_attributes(access, changed, **METADATA)) == "Ok"
    assert client.get_user(access).value.attributes["email_verified"] == "false"
    assert isinstance(client.get_user_attribute_verification_code(access, "email", **METADATA).value, Delivery)
    assert reason(client.verify_user_attribute(access, "email", "000000")) == "code-mismatch"
    assert client.verify_user_attribute(access, "email", servers.CODE) == Ok(None)
    assert client.get_user(access).value.attributes["email_verified"] == "true"
    assert client.delete_user_attributes(access, ["nickname"]) == Ok(None)
    assert "nickname" not in client.get_user(access).value.attributes


def test_second_factors_are_preferred_on_cognito_local(local_pool: Pool, mode: Mode) -> None:
    """An app must be proven before it can be preferred; then a sign-in asks for its code."""
    client = mode.client(local_pool.config())
    name, tokens = signed_up(client)
    access = tokens.access_token
    token = client.associate_software_token(access_token=access).value
    settings = MfaSettings(enabled=True, preferred_mfa=True)
    preferred = client.set_user_mfa_preference(access, software_token_mfa_settings=settings)
    assert reason(preferred) == "invalid-parameter"
    assert reason(client.verify_software_token("abcdef", access_token=access)) == "code-mismatch"
    assert client.verify_software_token(totp(token.secret), access_token=access).value.status == "SUCCESS"
    assert client.set_user_mfa_preference(access, software_token_mfa_settings=settings) == Ok(None)
    challenge = by_password(client, name).value
    assert challenge.name == "SOFTWARE_TOKEN_MFA"
    responses = {"USERNAME": challenge.username or name, "SOFTWARE_TOKEN_MFA_CODE": totp(token.secret)}
    answer = client.respond_to_auth_challenge(challenge.name, responses, session=challenge.session)
    assert isinstance(answer.value, Tokens)


def test_the_rest_works_on_cognito_local(local_pool: Pool, mode: Mode) -> None:
    """Passwords, tokens and the end of a user."""
    client = mode.client(local_pool.config())
    name, tokens = signed_up(client)
    access = tokens.access_token
    assert client.change_password(access, PASSWORD, OTHER) == Ok(None)
    assert client.forgot_password(name, **TOLD).value.medium == "EMAIL"
    assert reason(client.confirm_forgot_password(name, THIRD, "000000", **TOLD)) == "code-mismatch"
    assert client.confirm_forgot_password(name, THIRD, servers.CODE, **TOLD) == Ok(None)
    tokens = by_password(client, name, THIRD).value
    assert client.initiate_auth("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": tokens.refresh_token}).value.refresh_token
    assert client.revoke_token(tokens.refresh_token) == Ok(None)
    assert reason(client.initiate_auth("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": tokens.refresh_token})) != "Ok"
    assert reason(client.get_device(access, "k")) == "request-not-understood"
    assert client.delete_user(tokens.access_token) == Ok(None)
    assert reason(client.get_user(tokens.access_token)) == "user-not-found"
