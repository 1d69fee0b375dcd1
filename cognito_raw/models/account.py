"""The account of a signed-in user: profile, second factors, passkeys, devices and open sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .challenge import Challenge
from .fields import (
    attribute_map,
    mapping,
    objects,
    optional,
    optional_boolean,
    optional_string,
    optional_time,
    require_optional_string,
    require_string,
    string,
    strings,
    time,
)
from .frozen import FromWire, Frozen, ToWire, field


def _named(body: Mapping[str, object], name: str) -> str | None:
    """Return a setting. If there is none, the service omits it, and others send an empty string."""
    return optional_string(body, name) or None


def _is_true(body: Mapping[str, object], name: str) -> bool:
    return optional_boolean(body, name) or False


class MfaOption(Frozen, FromWire, ToWire):
    """A second factor of an older pool: the medium of the code, and the attribute that holds the address.

    delivery_medium: `SMS`; the service's model also has `EMAIL`.
    """

    delivery_medium: str | None = field(default=None, wire="DeliveryMedium", read=optional_string)
    attribute_name: str | None = field(default=None, wire="AttributeName", read=optional_string)

    def __post_init__(self) -> None:
        require_optional_string(delivery_medium=self.delivery_medium, attribute_name=self.attribute_name)


def _mfa_options(body: Mapping[str, object], name: str) -> tuple[MfaOption, ...]:
    return tuple(map(MfaOption.read, objects(body, name)))


class User(Frozen, FromWire):
    """The signed-in user's own profile.

    attributes: by name, standard and `custom:` ones. All values are strings, also `"true"` and `"false"`.
    preferred_mfa_setting: the preferred second factor: `SMS_MFA`, `SOFTWARE_TOKEN_MFA` or `EMAIL_OTP`.
    user_mfa_setting_list: all second factors that are set up.
    mfa_options: text messages in older pools; superseded by the two above.
    """

    username: str = field(wire="Username", read=string)
    attributes: Mapping[str, str] = field(
        default_factory=dict, repr=False, hash=False, wire="UserAttributes", read=attribute_map
    )
    preferred_mfa_setting: str | None = field(default=None, wire="PreferredMfaSetting", read=_named)
    user_mfa_setting_list: tuple[str, ...] = field(default=(), wire="UserMFASettingList", read=strings)
    mfa_options: tuple[MfaOption, ...] = field(default=(), wire="MFAOptions", read=_mfa_options)


class AuthFactors(Frozen, FromWire):
    """The ways in which a user can sign in.

    configured_user_auth_factors: the first factors: `PASSWORD`, `EMAIL_OTP`, `SMS_OTP`, `WEB_AUTHN`, `SOFTWARE_TOKEN`.
    preferred_mfa_setting, user_mfa_setting_list: the second factors, as in `User`.
    """

    username: str = field(wire="Username", read=string)
    configured_user_auth_factors: tuple[str, ...] = field(default=(), wire="ConfiguredUserAuthFactors", read=strings)
    preferred_mfa_setting: str | None = field(default=None, wire="PreferredMfaSetting", read=_named)
    user_mfa_setting_list: tuple[str, ...] = field(default=(), wire="UserMFASettingList", read=strings)


class _AppSecret:
    """The ways to show the secret of an authenticator app that is being set up."""

    __slots__ = ()
    secret: str

    def uri(self, account: str, issuer: str) -> str:
        """Return the `otpauth://` address that authenticator apps scan, for codes of six digits, new every 30 seconds.

        The app shows both the user's name or address, `account`, and your service's, `issuer`. `ValueError` if one is
        empty, or if the issuer holds a colon, which separates them. The format is that of
        https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
        """
        require_string(account=account, issuer=issuer)
        if not (account and issuer):
            raise ValueError("account and issuer must not be empty: the app shows them with the codes")
        if ":" in issuer:
            raise ValueError(f"issuer {issuer!r} holds a colon, which separates the issuer from the account")
        label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
        return f"otpauth://totp/{label}?secret={quote(self.secret, safe='')}&issuer={quote(issuer, safe='')}"

    def qr_svg(self, account: str, issuer: str, *, scale: float = 4) -> str:
        """Return a QR code of `uri(account, issuer)` as an `<svg>` element for a page. It holds the secret.

        scale: pixels for each of its modules. Needs the extra `qr`, and raises `ImportError` without it.
        """
        drawn: str = self._qr(account, issuer).svg_inline(scale=scale)
        return drawn

    def qr_text(self, account: str, issuer: str) -> str:
        """Return the same QR code as lines of text, for a terminal with light letters on a dark ground."""
        import io  # here, as below

        lines = io.StringIO()
        self._qr(account, issuer).terminal(out=lines, compact=True)
        return lines.getvalue()

    def _qr(self, account: str, issuer: str) -> Any:
        uri = self.uri(account, issuer)
        try:
            import segno  # here: few programs draw codes, and it is not installed with the library
        except ModuleNotFoundError as error:
            if error.name != "segno":  # it is there, and does not load
                raise
            raise ImportError("a QR code needs the package segno: pip install 'cognito-raw[qr]'") from None
        return segno.make_qr(uri)


class SoftwareToken(Frozen, FromWire, _AppSecret):
    """The secret of an authenticator app that is being set up.

    secret: the user types or scans it into the app. Anybody who has it can make the user's codes.
    session: for `verify_software_token`, if this is part of a sign-in.
    """

    secret: str = field(repr=False, wire="SecretCode", read=string)
    session: str | None = field(default=None, repr=False, wire="Session", read=optional_string)


class TotpSetup(Frozen, _AppSecret):
    """The setup of an authenticator app. Answer `challenge` with its first code; `secret` is in base32."""

    secret: str = field(repr=False)
    challenge: Challenge


class SoftwareTokenVerification(Frozen, FromWire):
    """A verified authenticator app.

    status: `SUCCESS`. If the service sends `ERROR`, there is an `Err` instead.
    session: the service's `Session` for the next answer, if this is part of a sign-in.
    """

    status: str = field(wire="Status", read=string)
    session: str | None = field(default=None, repr=False, wire="Session", read=optional_string)


class MfaSettings(Frozen, ToWire):
    """Settings of a second factor: on or off, preferred or not. None is not sent."""

    enabled: bool | None = field(default=None, wire="Enabled")
    preferred_mfa: bool | None = field(default=None, wire="PreferredMfa")


class WebAuthnMfaSettings(Frozen, ToWire):
    """The setting of passkeys: `enabled` if a passkey counts as a second factor."""

    enabled: bool = field(wire="Enabled")


class WebAuthnCredential(Frozen, FromWire):
    """A passkey of the user. `created_at` is in UTC.

    id: for `delete_web_authn_credential`. relying_party_id: the domain that the passkey signs in to.
    authenticator_attachment: `platform` or `cross-platform`.
    authenticator_transports: such as `internal` and `usb`.
    """

    id: str = field(wire="CredentialId", read=string)
    friendly_credential_name: str = field(wire="FriendlyCredentialName", read=string)
    relying_party_id: str = field(wire="RelyingPartyId", read=string)
    created_at: datetime = field(wire="CreatedAt", read=time)
    authenticator_attachment: str | None = field(default=None, wire="AuthenticatorAttachment", read=optional_string)
    # Required in the service's model, but absent from the samples of its API reference.
    authenticator_transports: tuple[str, ...] = field(default=(), wire="AuthenticatorTransports", read=strings)


class Device(Frozen, FromWire):
    """A device that the service remembers for a user; all times are in UTC.

    attributes: by the service's names, such as `device_status`, `device_name`, `last_ip_used` and
        `dev:device_remembered_status`.
    """

    key: str = field(wire="DeviceKey", read=string)
    attributes: Mapping[str, str] = field(
        default_factory=dict, repr=False, hash=False, wire="DeviceAttributes", read=attribute_map
    )
    create_date: datetime | None = field(default=None, wire="DeviceCreateDate", read=optional_time)
    last_modified_date: datetime | None = field(default=None, wire="DeviceLastModifiedDate", read=optional_time)
    last_authenticated_date: datetime | None = field(
        default=None, wire="DeviceLastAuthenticatedDate", read=optional_time
    )

    @property
    def name(self) -> str | None:
        """The user's name for the device, if it was confirmed with one."""
        return self.attributes.get("device_name")

    @property
    def remembered(self) -> bool | None:
        """True if it replaces a second factor; None if the service sends no status."""
        status = self.attributes.get("dev:device_remembered_status")
        return None if status is None else status == "remembered"


class DeviceSecretVerifier(Frozen, ToWire):
    """The verifier of a device's password, and its salt, as base64 strings. The service checks proofs with them."""

    password_verifier: str = field(repr=False, wire="PasswordVerifier")
    salt: str = field(repr=False, wire="Salt")

    def __post_init__(self) -> None:
        require_string(password_verifier=self.password_verifier, salt=self.salt)


class DeviceConfirmation(Frozen, FromWire):
    """A confirmed device. If `user_confirmation_necessary`, only `update_device_status` has it remembered."""

    user_confirmation_necessary: bool = field(wire="UserConfirmationNecessary", read=_is_true)


class Location(Frozen, FromWire):
    """The location of an address, as far as the service knows it."""

    city: str | None = field(default=None, wire="City", read=optional_string)
    country: str | None = field(default=None, wire="Country", read=optional_string)


def _location(body: Mapping[str, object], name: str) -> Location:
    return Location.read(mapping(body, name))


class UserSession(Frozen, FromWire):
    """A session of a user; all times are in UTC.

    id: for `revoke_user_session`.
    type: `TOKEN` for a sign-in to an app client, `SSO` for one in the browser.
    device_type: derived from the user agent by the service.
    origin_session_id: the session that this one came from, if any.
    is_current_session: whether it is the session of the access token in the request.
    """

    id: str = field(wire="SessionId", read=string)
    type: str | None = field(default=None, wire="SessionType", read=optional_string)
    client_id: str | None = field(default=None, wire="ClientId", read=optional_string)
    create_date: datetime | None = field(default=None, wire="CreateDate", read=optional_time)
    last_active_date: datetime | None = field(default=None, wire="LastActiveDate", read=optional_time)
    device_type: str | None = field(default=None, wire="DeviceType", read=optional_string)
    last_ip_address: str | None = field(default=None, wire="LastIPAddress", read=optional_string)
    last_location: Location | None = field(default=None, wire="LastLocation", read=optional(_location))
    origin_session_id: str | None = field(default=None, wire="OriginSessionId", read=optional_string)
    is_current_session: bool | None = field(default=None, wire="IsCurrentSession", read=optional_boolean)
