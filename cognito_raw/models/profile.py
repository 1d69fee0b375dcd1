"""What the service knows of a user: attributes, and how the user may sign in."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import attributes, objects, optional_string, require_optional_string, string, strings
from .frozen import field, frozen


@frozen
class MfaOption:
    """An older pool's second factor: how a code goes out, and the attribute that holds the address.

    delivery_medium: `SMS`; the service's model has `EMAIL` beside it.
    """

    delivery_medium: str | None = None
    attribute_name: str | None = None

    def __post_init__(self) -> None:
        require_optional_string(delivery_medium=self.delivery_medium, attribute_name=self.attribute_name)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> MfaOption:
        """From MFAOptionType."""
        return cls(optional_string(body, "DeliveryMedium"), optional_string(body, "AttributeName"))

    def to_wire(self) -> dict[str, str]:
        """MFAOptionType with the members that are known."""
        members = {"DeliveryMedium": self.delivery_medium, "AttributeName": self.attribute_name}
        return {name: value for name, value in members.items() if value is not None}


@frozen
class User:
    """A user as the user may see it.

    attributes: by name, standard ones and `custom:` ones alike; all values are texts, `"true"` and `"false"` included.
    preferred_mfa_setting, user_mfa_setting_list: the second factor that is asked for first, and all that are set up:
        `SMS_MFA`, `SOFTWARE_TOKEN_MFA`, `EMAIL_OTP`.
    mfa_options: what older pools say of text messages; superseded by the two above.
    """

    username: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    preferred_mfa_setting: str | None = None
    user_mfa_setting_list: tuple[str, ...] = ()
    mfa_options: tuple[MfaOption, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> User:
        """From what GetUser answers."""
        return cls(
            username=string(body, "Username"),
            attributes=attributes(body, "UserAttributes"),
            # Absent from the service where there is none, and empty from others.
            preferred_mfa_setting=optional_string(body, "PreferredMfaSetting") or None,
            user_mfa_setting_list=strings(body, "UserMFASettingList"),
            mfa_options=tuple(map(MfaOption.read, objects(body, "MFAOptions"))),
        )


@frozen
class AuthFactors:
    """How a user can sign in.

    configured_user_auth_factors: the first factors: `PASSWORD`, `EMAIL_OTP`, `SMS_OTP`, `WEB_AUTHN`, `SOFTWARE_TOKEN`.
    preferred_mfa_setting, user_mfa_setting_list: the second factors, as in `User`.
    """

    username: str
    configured_user_auth_factors: tuple[str, ...] = ()
    preferred_mfa_setting: str | None = None
    user_mfa_setting_list: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> AuthFactors:
        """From what GetUserAuthFactors answers."""
        return cls(
            username=string(body, "Username"),
            configured_user_auth_factors=strings(body, "ConfiguredUserAuthFactors"),
            preferred_mfa_setting=optional_string(body, "PreferredMfaSetting") or None,
            user_mfa_setting_list=strings(body, "UserMFASettingList"),
        )
