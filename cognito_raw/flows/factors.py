"""The second factors, passkeys and remembered devices of a signed-in user.

A browser makes a passkey, and a server passes the JSON in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal

from ..config import Config
from ..flow import Flow, ask, ask_for, nothing, parse
from ..models.account import (
    Device,
    DeviceConfirmation,
    DeviceSecretVerifier,
    MfaSettings,
    SoftwareToken,
    SoftwareTokenVerification,
    WebAuthnCredential,
    WebAuthnMfaSettings,
)
from ..models.fields import UnexpectedJson, mapping
from ..pages import Page
from ..result import Err
from .parameters import limited, models, optional, passkey_json, required, typed_code

_CREDENTIAL: Final = "credential must be the JSON object that the browser's toJSON() returns, or its string"


def associate_software_token(
    config: Config, *, access_token: str | None = None, session: str | None = None
) -> Flow[SoftwareToken]:
    """Begin to set up an authenticator app. Return the app's secret, which can show itself as a URI or QR code.

    access_token: of a signed-in user. session: of the challenge MFA_SETUP, during a sign-in. Give one of the two.
    Reasons: `software-token-mfa-not-found`, `challenge-session-invalid`, and those of access tokens.
    """
    return (yield from ask_for("AssociateSoftwareToken", _either(access_token, session), SoftwareToken.read))


def verify_software_token(
    config: Config,
    user_code: str,
    *,
    access_token: str | None = None,
    session: str | None = None,
    friendly_device_name: str | None = None,
) -> Flow[SoftwareTokenVerification]:
    """Prove that the authenticator app works, with the code that it shows.

    access_token: of a signed-in user. session: the one that `associate_software_token` returned. Reasons:
    `software-token-mfa-refused` (a wrong code), `code-mismatch`, `challenge-session-invalid`, and those of access
    tokens.
    """
    parameters = {"UserCode": typed_code(user_code=user_code), **_either(access_token, session)}
    parameters |= optional(friendly_device_name=friendly_device_name)
    answer = yield from ask("VerifySoftwareToken", parameters)
    verified = parse(answer, SoftwareTokenVerification.read)
    if isinstance(verified, Err) or verified.value.status == "SUCCESS" or isinstance(answer, Err):
        return verified
    # The reply has HTTP status 200, but the code was not accepted.
    reply = answer.value
    return Err("software-token-mfa-refused", None, None, reply.operation, reply.status, reply.request_id, sent="yes")


def set_user_mfa_preference(
    config: Config,
    access_token: str,
    *,
    sms_mfa_settings: MfaSettings | None = None,
    software_token_mfa_settings: MfaSettings | None = None,
    email_mfa_settings: MfaSettings | None = None,
    web_authn_mfa_settings: WebAuthnMfaSettings | None = None,
) -> Flow[None]:
    """Set which second factors are used, and which is preferred. A factor that is not given stays as it is.

    Reasons: `invalid-parameter` (a factor that is not set up), and those of access tokens.
    """
    settings = models(
        MfaSettings,
        sms_mfa_settings=sms_mfa_settings,
        software_token_mfa_settings=software_token_mfa_settings,
        email_mfa_settings=email_mfa_settings,
    )
    settings |= models(WebAuthnMfaSettings, web_authn_mfa_settings=web_authn_mfa_settings)
    parameters = {**required(access_token=access_token), **settings}
    return (yield from ask_for("SetUserMFAPreference", parameters, nothing))


def _either(access_token: str | None, session: str | None) -> dict[str, object]:
    if (access_token is None) == (session is None):
        raise ValueError("give either access_token, of a signed-in user, or session, of the challenge MFA_SETUP")
    return optional(access_token=access_token, session=session)


def start_web_authn_registration(config: Config, access_token: str) -> Flow[Mapping[str, Any]]:
    """Begin to register a passkey. Return the options for `PublicKeyCredential.parseCreationOptionsFromJSON`.

    They are the PublicKeyCredentialCreationOptionsJSON of https://www.w3.org/TR/webauthn-3/. Reasons:
    `web-authn-not-enabled`, `web-authn-configuration-missing`, and those of access tokens.
    """
    return (yield from ask_for("StartWebAuthnRegistration", required(access_token=access_token), _creation_options))


def complete_web_authn_registration(
    config: Config, access_token: str, credential: Mapping[str, Any] | str
) -> Flow[None]:
    """Register the passkey that the browser made.

    credential: the RegistrationResponseJSON of https://www.w3.org/TR/webauthn-3/, as its `toJSON()` returns it: a
    mapping, or JSON as a string. Reasons: `input-refused` (no such JSON), `web-authn-challenge-not-found` (too late),
    `web-authn-origin-not-allowed`, `web-authn-relying-party-mismatch`, `web-authn-client-mismatch`,
    `web-authn-credential-not-supported`, `web-authn-not-enabled`, and those of access tokens.
    """
    parameters = {**required(access_token=access_token), "Credential": passkey_json(credential, _CREDENTIAL)}
    return (yield from ask_for("CompleteWebAuthnRegistration", parameters, nothing))


def list_web_authn_credentials(
    config: Config, access_token: str, *, max_results: int | None = None, next_token: str | None = None
) -> Flow[Page[WebAuthnCredential]]:
    """List the user's passkeys, page by page.

    max_results: the most passkeys of a page, 0 to 20. next_token: the `next` of the page before.
    Reasons: those of access tokens.
    """
    page = {**limited(max_results=max_results), **optional(next_token=next_token)}
    parameters = {**required(access_token=access_token), **page}
    read = partial(Page.read, items="Credentials", after="NextToken", read=WebAuthnCredential.read)
    return (yield from ask_for("ListWebAuthnCredentials", parameters, read))


def delete_web_authn_credential(config: Config, access_token: str, credential_id: str) -> Flow[None]:
    """Delete a passkey of the user. Reasons: `resource-not-found`, and those of access tokens."""
    parameters = required(access_token=access_token, credential_id=credential_id)
    return (yield from ask_for("DeleteWebAuthnCredential", parameters, nothing))


def _creation_options(body: Mapping[str, object]) -> Mapping[str, Any]:
    options = body.get("CredentialCreationOptions")
    if not isinstance(options, dict) or not options:
        raise UnexpectedJson("CredentialCreationOptions is not an object")
    return options


def confirm_device(
    config: Config,
    access_token: str,
    device_key: str,
    *,
    device_secret_verifier_config: DeviceSecretVerifier | None = None,
    device_name: str | None = None,
) -> Flow[DeviceConfirmation]:
    """Confirm the device of a sign-in. Its key is `tokens.new_device.key`.

    A wrong verifier is accepted, and fails at the next sign-in. Reasons: `device-key-exists`,
    `device-not-found`, `invalid-password`, `username-exists`, and those of access tokens.
    """
    parameters = required(access_token=access_token, device_key=device_key)
    parameters |= models(DeviceSecretVerifier, device_secret_verifier_config=device_secret_verifier_config)
    parameters |= optional(device_name=device_name)
    return (yield from ask_for("ConfirmDevice", parameters, DeviceConfirmation.read))


def get_device(config: Config, access_token: str, device_key: str) -> Flow[Device]:
    """Return one remembered device of the user. Reasons: `device-not-found`, and those of access tokens."""
    parameters = required(access_token=access_token, device_key=device_key)
    return (yield from ask_for("GetDevice", parameters, lambda body: Device.read(mapping(body, "Device"))))


def list_devices(
    config: Config, access_token: str, *, limit: int | None = None, pagination_token: str | None = None
) -> Flow[Page[Device]]:
    """List the user's remembered devices, page by page.

    limit: the most devices of a page, 0 to 60. pagination_token: the `next` of the page before.
    Reasons: those of access tokens.
    """
    page = {**limited(limit=limit), **optional(pagination_token=pagination_token)}
    parameters = {**required(access_token=access_token), **page}
    read = partial(Page.read, items="Devices", after="PaginationToken", read=Device.read)
    return (yield from ask_for("ListDevices", parameters, read))


def update_device_status(
    config: Config,
    access_token: str,
    device_key: str,
    device_remembered_status: Literal["remembered", "not_remembered"],
) -> Flow[None]:
    """Set whether a device replaces the second factor.

    Reasons: `device-not-found`, `invalid-parameter`, and those of access tokens.
    """
    parameters = required(
        access_token=access_token, device_key=device_key, device_remembered_status=device_remembered_status
    )
    return (yield from ask_for("UpdateDeviceStatus", parameters, nothing))


def forget_device(config: Config, access_token: str, device_key: str) -> Flow[None]:
    """Make the service forget a device. Reasons: `device-not-found`, and those of access tokens."""
    parameters = required(access_token=access_token, device_key=device_key)
    return (yield from ask_for("ForgetDevice", parameters, nothing))
