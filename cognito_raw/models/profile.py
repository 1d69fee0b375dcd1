"""The profile of a user: attributes, and ways to sign in."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import attributes, objects, optional_string, require_optional_string, string, strings
from .frozen import Frozen, field


class MfaOption(Frozen):
    """A second factor of an older pool: the medium of the code, and the attribute that holds the address.

    delivery_medium: `SMS`; the service's model also has `EMAIL`.
    """

    delivery_medium: str | None = None
    attribute_name: str | None = None

    def __post_init__(self) -> None:
        require_optional_string(delivery_medium=self.delivery_medium, attribute_name=self.attribute_name)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> MfaOption:
        """Read an MFAOptionType."""
        return cls(optional_string(body, "DeliveryMedium"), optional_string(body, "AttributeName"))

    def to_wire(self) -> dict[str, str]:
        """Return an MFAOptionType with the known members."""
        members = {"DeliveryMedium": self.delivery_medium, "AttributeName": self.attribute_name}
        return {name: value for name, value in members.items() if value is not None}


class User(Frozen):
    """The signed-in user's own profile.

    attributes: by name, standard and `custom:` ones. All values are strings, also `"true"` and `"false"`.
    preferred_mfa_setting: the preferred second factor: `SMS_MFA`, `SOFTWARE_TOKEN_MFA` or `EMAIL_OTP`.
    user_mfa_setting_list: all second factors that are set up.
    mfa_options: text messages in older pools; superseded by the two above.
    """

    username: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    preferred_mfa_setting: str | None = None
    user_mfa_setting_list: tuple[str, ...] = ()
    mfa_options: tuple[MfaOption, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> User:
        """Read the reply of GetUser."""
        return cls(
            username=string(body, "Username"),
            attributes=attributes(body, "UserAttributes"),
            # If there is none, the service omits it, and others send an empty string.
            preferred_mfa_setting=optional_string(body, "PreferredMfaSetting") or None,
            user_mfa_setting_list=strings(body, "UserMFASettingList"),
            mfa_options=tuple(map(MfaOption.read, objects(body, "MFAOptions"))),
        )


class AuthFactors(Frozen):
    """The ways in which a user can sign in.

    configured_user_auth_factors: the first factors: `PASSWORD`, `EMAIL_OTP`, `SMS_OTP`, `WEB_AUTHN`, `SOFTWARE_TOKEN`.
    preferred_mfa_setting, user_mfa_setting_list: the second factors, as in `User`.
    """

    username: str
    configured_user_auth_factors: tuple[str, ...] = ()
    preferred_mfa_setting: str | None = None
    user_mfa_setting_list: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> AuthFactors:
        """Read the reply of GetUserAuthFactors."""
        return cls(
            username=string(body, "Username"),
            configured_user_auth_factors=strings(body, "ConfiguredUserAuthFactors"),
            preferred_mfa_setting=optional_string(body, "PreferredMfaSetting") or None,
            user_mfa_setting_list=strings(body, "UserMFASettingList"),
        )
