"""Second factors: the setup of an authenticator app, and the user's preference."""

from __future__ import annotations

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import require_string
from ..models.mfa import MfaSettings, SoftwareToken, SoftwareTokenVerification, WebAuthnMfaSettings
from ..result import Err
from .parameters import optional, typed_code, wire


def associate_software_token(
    config: Config, *, access_token: str | None = None, session: str | None = None
) -> Flow[SoftwareToken]:
    """Begin to set up an authenticator app. Return the app's secret, which can show itself as a URI or QR code.

    access_token: of a signed-in user. session: of the challenge MFA_SETUP, during a sign-in. Give one of the two.
    Reasons: `software-token-mfa-not-found`, `challenge-session-invalid`, and those of access tokens.
    """
    answer = yield from ask("AssociateSoftwareToken", _either(access_token, session))
    return parse(answer, SoftwareToken.read)


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
    code = typed_code(user_code=user_code)
    named = optional(friendly_device_name=("FriendlyDeviceName", friendly_device_name))
    answer = yield from ask("VerifySoftwareToken", {**_either(access_token, session), "UserCode": code, **named})
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
    require_string(access_token=access_token)
    chosen: dict[str, object] = {"AccessToken": access_token}
    if sms_mfa_settings is not None:
        chosen["SMSMfaSettings"] = wire(MfaSettings, sms_mfa_settings=sms_mfa_settings)
    if software_token_mfa_settings is not None:
        chosen["SoftwareTokenMfaSettings"] = wire(MfaSettings, software_token_mfa_settings=software_token_mfa_settings)
    if email_mfa_settings is not None:
        chosen["EmailMfaSettings"] = wire(MfaSettings, email_mfa_settings=email_mfa_settings)
    if web_authn_mfa_settings is not None:
        chosen["WebAuthnMfaSettings"] = wire(WebAuthnMfaSettings, web_authn_mfa_settings=web_authn_mfa_settings)
    answer = yield from ask("SetUserMFAPreference", chosen)
    return done(answer)


def _either(access_token: str | None, session: str | None) -> dict[str, object]:
    if (access_token is None) == (session is None):
        raise ValueError("give either access_token, of a signed-in user, or session, of a challenge that is answered")
    return optional(access_token=("AccessToken", access_token), session=("Session", session))
