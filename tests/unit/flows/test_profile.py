"""A user's own profile: what goes on the wire, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import AuthFactors, Delivery, Err, MfaOption, Ok, User, advance, flows
from tests.support.cases import each_case
from tests.support.conversation import SECRET, Exchange, answered, configured, converse, not_authorized, refused
from tests.support.documented import POOL, TOKEN, documented

EMAIL = Delivery("a***@e***", "EMAIL", "email")


def test_the_documented_user_is_read() -> None:
    """All attributes are there, by name."""
    result = converse(POOL, "get_user", TOKEN, exchanges=[documented("GetUser")])
    assert isinstance(result, Ok)
    user: User = result.value
    assert user.username == "johndoe"
    assert (len(user.attributes), user.attributes["custom:state"], user.attributes["name"]) == (10, "Maine", "John Doe")


@pytest.mark.parametrize(
    ("operation", "asked", "value"),
    [
        ("UpdateUserAttributes", ("update_user_attributes", TOKEN, {"nickname": "Dan"}), ()),
        ("DeleteUserAttributes", ("delete_user_attributes", TOKEN, ["department"]), None),
        ("GetUserAttributeVerificationCode", ("get_user_attribute_verification_code", TOKEN, "email"), EMAIL),
        ("VerifyUserAttribute", ("verify_user_attribute", TOKEN, "email", "123456"), None),
        ("DeleteUser", ("delete_user", TOKEN), None),
        (
            "GetUserAuthFactors",
            ("get_user_auth_factors", TOKEN),
            AuthFactors("testuser", ("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")),
        ),
        ("SetUserSettings", ("set_user_settings", TOKEN, [MfaOption("SMS", "phone_number")]), None),
    ],
)
def test_the_documented_exchange_is_held(operation: str, asked: tuple[Any, ...], value: object) -> None:
    """Each operation sends what its documentation shows, and gives what is answered there."""
    assert converse(POOL, *asked, exchanges=[documented(operation)]) == Ok(value)


CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("GetUser", ("get_user", "t")),
    ("UpdateUserAttributes", ("update_user_attributes", "t", {})),
    ("DeleteUserAttributes", ("delete_user_attributes", "t", [])),
    ("GetUserAttributeVerificationCode", ("get_user_attribute_verification_code", "t", "email")),
    ("VerifyUserAttribute", ("verify_user_attribute", "t", "email", "1")),
    ("DeleteUser", ("delete_user", "t")),
    ("GetUserAuthFactors", ("get_user_auth_factors", "t")),
    ("SetUserSettings", ("set_user_settings", "t", [])),
]


@pytest.mark.parametrize(("operation", "asked"), CALLS)
def test_a_refusal_is_the_result(operation: str, asked: tuple[Any, ...]) -> None:
    """An access token that is none is told as such; a client secret has no part in it."""
    exchanges = [Exchange(operation, None, not_authorized("Access Token has expired"))]
    result = converse(configured(client_secret=SECRET), *asked, exchanges=exchanges)
    assert isinstance(result, Err)
    assert (result.reason, result.operation) == ("access-token-expired", operation)


@each_case("value", [None, b"hidden", "hidden\ud800"], ids=["none", "bytes", "surrogate"])
@each_case("asked", [asked for _, asked in CALLS])
def test_an_access_token_that_is_no_text_raises(asked: tuple[Any, ...], value: Any) -> None:
    """It is the caller's mistake, named without its value."""
    name, _, *rest = asked
    with pytest.raises(ValueError, match=r"^access_token ") as caught:
        advance(getattr(flows, name)(configured(), value, *rest))
    assert "hidden" not in str(caught.value)


def test_attributes_have_the_names_of_the_service_everywhere() -> None:
    """An attribute that is not a standard one gets `custom:` in front, in each of these operations."""
    update = Exchange(
        "UpdateUserAttributes",
        {
            "AccessToken": "t",
            "UserAttributes": [{"Name": "email", "Value": "a@b"}, {"Name": "custom:tier", "Value": ""}],
            "ClientMetadata": {"from": "web"},
        },
        answered({}),
    )
    told: Any = {"client_metadata": {"from": "web"}}
    attributes = {"email": "a@b", "tier": ""}
    assert converse(configured(), "update_user_attributes", "t", attributes, exchanges=[update], **told) == Ok(())
    names = ["email", "custom:tier", "custom:plan"]
    delete = Exchange("DeleteUserAttributes", {"AccessToken": "t", "UserAttributeNames": names}, answered({}))
    given = ("email", "tier", "custom:plan")
    assert converse(configured(), "delete_user_attributes", "t", given, exchanges=[delete]) == Ok(None)
    attribute = {"AccessToken": "t", "AttributeName": "custom:tier"}
    code = Exchange("GetUserAttributeVerificationCode", {**attribute, "ClientMetadata": {"from": "web"}}, answered({}))
    asked = ("get_user_attribute_verification_code", "t", "tier")
    assert converse(configured(), *asked, exchanges=[code], **told) == Ok(Delivery())
    verify = Exchange("VerifyUserAttribute", {**attribute, "Code": "1"}, answered({}))
    assert converse(configured(), "verify_user_attribute", "t", "tier", "1", exchanges=[verify]) == Ok(None)


def test_every_address_that_must_be_proven_is_reported() -> None:
    """A change of two addresses sends two codes."""
    details = [
        {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"},
        {"DeliveryMedium": "SMS"},
    ]
    exchange = Exchange("UpdateUserAttributes", None, answered({"CodeDeliveryDetailsList": details}))
    result = converse(configured(), "update_user_attributes", "t", {"email": "a@b"}, exchanges=[exchange])
    assert result == Ok((EMAIL, Delivery(medium="SMS")))


@pytest.mark.parametrize(
    ("operation", "asked", "body"),
    [
        ("GetUser", ("get_user", "t"), {}),
        ("UpdateUserAttributes", ("update_user_attributes", "t", {}), {"CodeDeliveryDetailsList": ["hidden"]}),
        ("GetUserAuthFactors", ("get_user_auth_factors", "t"), {"Username": ["hidden"]}),
    ],
)
def test_an_answer_that_makes_no_sense_is_reported(operation: str, asked: tuple[Any, ...], body: object) -> None:
    """A reply with missing or misshapen members is `malformed-reply`."""
    result = converse(configured(), *asked, exchanges=[Exchange(operation, None, answered(body))])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


@pytest.mark.parametrize(
    ("flow", "arguments", "complaint"),
    [
        ("update_user_attributes", ["t", {"tier": b"hidden"}], r"^attribute 'tier' must be a string"),
        ("delete_user_attributes", ["t", "email"], r"^attribute_names 'email': must be a list of names"),
        ("delete_user_attributes", ["t", [b"hidden"]], r"^the name of an attribute must be a string"),
        ("get_user_attribute_verification_code", ["t", None], r"^the name of an attribute must be a string"),
        (
            "set_user_settings",
            ["t", [{"DeliveryMedium": "hidden"}]],
            r"^mfa_options must be MfaOption\(\.\.\.\), not dict",
        ),
        ("verify_user_attribute", ["t", 5, "1"], r"^the name of an attribute must be a string"),
        ("verify_user_attribute", ["t", "email", b"hidden"], r"^code must be a string"),
    ],
)
def test_what_is_no_text_raises(flow: str, arguments: list[Any], complaint: str) -> None:
    """The caller's mistake is named without its value."""
    with pytest.raises(ValueError, match=complaint) as caught:
        advance(getattr(flows, flow)(configured(), *arguments))
    assert "hidden" not in str(caught.value)


def test_a_wrong_code_is_reported() -> None:
    """The code of an attribute has the same reasons as any."""
    exchanges = [Exchange("VerifyUserAttribute", None, refused("CodeMismatchException"))]
    result = converse(configured(), "verify_user_attribute", "t", "email", "1", exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "code-mismatch"
