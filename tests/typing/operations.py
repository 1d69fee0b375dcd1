"""The operations of a client as its users write them: checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_type

from cognito_raw import (
    AnalyticsMetadata,
    AsyncClient,
    AsyncPages,
    AuthFactors,
    Challenge,
    Client,
    Confirmation,
    Delivery,
    Device,
    DeviceConfirmation,
    DeviceSecretVerifier,
    MfaOption,
    MfaSettings,
    NewDevice,
    Page,
    Pages,
    Result,
    SoftwareToken,
    SoftwareTokenVerification,
    Tokens,
    User,
    UserContext,
    UserSession,
    WebAuthnCredential,
    WebAuthnMfaSettings,
)


def the_operations(client: Client, access_token: str) -> None:
    """Every operation has the types that the reference page says."""
    confirmed = client.confirm_sign_up("user", "123456", force_alias_creation=True, session="session")
    assert_type(confirmed, Result[Confirmation])
    told = UserContext(ip_address="192.0.2.1")
    begun = client.initiate_auth(
        "USER_AUTH",
        {"USERNAME": "user"},
        session="session",
        client_metadata={"from": "web"},
        user_context_data=told,
        analytics_metadata=AnalyticsMetadata("endpoint"),
    )
    assert_type(begun, Result[Tokens | Challenge])
    assert_type(client.respond_to_auth_challenge("SMS_OTP", {}, session="session"), Result[Tokens | Challenge])
    assert_type(client.get_user(access_token), Result[User])
    assert_type(client.get_user(access_token).unwrap().attributes, Mapping[str, str])
    assert_type(client.update_user_attributes(access_token, {"email": "a@b.example"}), Result[tuple[Delivery, ...]])
    assert_type(client.delete_user_attributes(access_token, ["nickname"]), Result[None])
    assert_type(client.get_user_attribute_verification_code(access_token, "email"), Result[Delivery])
    assert_type(client.verify_user_attribute(access_token, "email", "123456"), Result[None])
    assert_type(client.get_user_auth_factors(access_token), Result[AuthFactors])
    assert_type(client.set_user_settings(access_token, [MfaOption("SMS", "phone_number")]), Result[None])
    assert_type(client.delete_user(access_token), Result[None])
    token = client.associate_software_token(access_token=access_token)
    assert_type(token, Result[SoftwareToken])
    assert_type(token.unwrap().uri("user", "us"), str)
    assert_type(token.unwrap().qr_svg("user", "us", scale=2.5), str)
    assert_type(token.unwrap().qr_text("user", "us"), str)
    assert_type(client.verify_software_token("123456", session="session"), Result[SoftwareTokenVerification])
    preferred = MfaSettings(enabled=True, preferred_mfa=True)
    passkeys = WebAuthnMfaSettings(enabled=True)
    chosen = client.set_user_mfa_preference(access_token, email_mfa_settings=preferred, web_authn_mfa_settings=passkeys)
    assert_type(chosen, Result[None])
    assert_type(client.start_web_authn_registration(access_token), Result[Mapping[str, Any]])
    assert_type(client.complete_web_authn_registration(access_token, '{"id": "a"}'), Result[None])
    assert_type(client.complete_web_authn_registration(access_token, {"id": "a"}), Result[None])
    assert_type(client.delete_web_authn_credential(access_token, "id"), Result[None])
    verifier = DeviceSecretVerifier("verifier", "salt")
    device = client.confirm_device(access_token, "key", device_secret_verifier_config=verifier, device_name="laptop")
    assert_type(device, Result[DeviceConfirmation])
    assert_type(client.get_device(access_token, "key"), Result[Device])
    assert_type(client.get_device(access_token, "key").unwrap().create_date, datetime | None)
    assert_type(client.update_device_status(access_token, "key", "not_remembered"), Result[None])
    assert_type(client.forget_device(access_token, "key"), Result[None])
    assert_type(client.revoke_user_session(access_token, "id", revoke_associated_sessions="LINKED"), Result[None])
    assert_type(client.update_auth_event_feedback("user", "event", "token", "Invalid"), Result[None])


def the_lists(client: Client, access_token: str) -> None:
    """A list gives its items, all of them, or a page."""
    assert_type(client.list_devices(access_token, limit=10), Pages[Device])
    assert_type([device.name for device in client.list_devices(access_token)], list[str | None])
    assert_type(client.list_web_authn_credentials(access_token).all(), Result[list[WebAuthnCredential]])
    assert_type(client.list_user_sessions(access_token).page(), Result[Page[UserSession]])
    assert_type(client.list_user_sessions(access_token).page("next").unwrap().next, str | None)


async def the_asynchronous_operations(client: AsyncClient, access_token: str, tokens: Tokens) -> None:
    """The same with `await`, and `async for`."""
    assert_type(tokens.new_device, NewDevice | None)
    assert_type(await client.get_user(access_token), Result[User])
    assert_type(client.list_devices(access_token), AsyncPages[Device])
    assert_type([device.key async for device in client.list_devices(access_token)], list[str])
    assert_type(await client.list_devices(access_token).all(), Result[list[Device]])
    assert_type(await client.list_devices(access_token).page(), Result[Page[Device]])
