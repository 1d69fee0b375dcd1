"""A user, and how the user can sign in: read from the service's JSON, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import AuthFactors, MfaOption, User
from cognito_raw.models.fields import UnexpectedJson

FULL: dict[str, object] = {
    "Username": "ada",
    "UserAttributes": [{"Name": "email", "Value": "ada@example.com"}, {"Name": "custom:tier", "Value": "gold"}],
    "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA",
    "UserMFASettingList": ["SOFTWARE_TOKEN_MFA", "SMS_MFA"],
    "MFAOptions": [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}, {}],
}


def test_a_user_is_read_with_everything() -> None:
    """Attributes are by name, lists are tuples."""
    assert User.read(FULL) == User(
        username="ada",
        attributes={"email": "ada@example.com", "custom:tier": "gold"},
        preferred_mfa_setting="SOFTWARE_TOKEN_MFA",
        user_mfa_setting_list=("SOFTWARE_TOKEN_MFA", "SMS_MFA"),
        mfa_options=(MfaOption("SMS", "phone_number"), MfaOption()),
    )
    assert hash(User.read(FULL)) == hash(User.read({**FULL, "UserAttributes": []}))


@pytest.mark.parametrize("none", [None, ""], ids=repr)
def test_a_user_without_a_second_factor_has_none(none: object) -> None:
    """The service leaves the member out, and others send an empty one."""
    assert User.read({"Username": "ada", "PreferredMfaSetting": none}) == User("ada")
    assert AuthFactors.read({"Username": "ada", "PreferredMfaSetting": none}) == AuthFactors("ada")


def test_the_factors_of_a_user_are_read() -> None:
    """First and second factors, under the service's names."""
    body = {**FULL, "ConfiguredUserAuthFactors": ["PASSWORD", "WEB_AUTHN"]}
    assert AuthFactors.read(body) == AuthFactors(
        "ada", ("PASSWORD", "WEB_AUTHN"), "SOFTWARE_TOKEN_MFA", ("SOFTWARE_TOKEN_MFA", "SMS_MFA")
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"Username": None},
        {"UserAttributes": {"email": "hunter2"}},
        {"UserMFASettingList": "SMS_MFA"},
        {"PreferredMfaSetting": 5},
        {"MFAOptions": [5]},
        {"MFAOptions": [{"DeliveryMedium": ["hunter2"]}]},
    ],
    ids=repr,
)
def test_a_user_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    """A member of another type is refused, and not repeated."""
    with pytest.raises(UnexpectedJson) as caught:
        User.read({**FULL, **changes})
    assert "hunter2" not in str(caught.value)


def test_attributes_are_not_shown() -> None:
    """They are personal."""
    assert "ada@example.com" not in repr(User.read(FULL))


def test_an_option_goes_back_as_it_came() -> None:
    """Members that are not known are left out; one that is no text is the caller's mistake."""
    assert MfaOption("SMS", "phone_number").to_wire() == {"DeliveryMedium": "SMS", "AttributeName": "phone_number"}
    assert MfaOption().to_wire() == {}
    wrong: Any = 0
    with pytest.raises(ValueError, match=r"^delivery_medium "):
        MfaOption(wrong)
    with pytest.raises(ValueError, match=r"^attribute_name "):
        MfaOption("SMS", wrong)
