"""Registering a user and confirming the address: what goes on the wire, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cognito_raw import (
    AnalyticsMetadata,
    Confirmation,
    Delivery,
    Err,
    Ok,
    Registration,
    Reply,
    Result,
    UserContext,
    advance,
    flows,
)
from cognito_raw.flows.registration import STANDARD_ATTRIBUTES, named_attributes
from tests.support.cases import each_case
from tests.support.conversation import CLIENT_ID, SECRET, Exchange, answered, configured, converse, hash_of, refused

DELIVERED = {"CodeDeliveryDetails": {"Destination": "j***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}}
DELIVERY = Delivery("j***@e***", "EMAIL", "email")
SIGNED_UP = {"UserConfirmed": False, "UserSub": "5u8", **DELIVERED}
JANE: dict[str, object] = {"ClientId": CLIENT_ID, "Username": "jane"}
HASH = {"SecretHash": hash_of("jane")}

# The operation, the flow with its arguments, its parameters, what is answered, and the value of that.
CALLS = [
    pytest.param(
        "SignUp",
        ("sign_up", "jane", "Passw0rd!"),
        {**JANE, "Password": "Passw0rd!", "UserAttributes": []},
        SIGNED_UP,
        Registration("5u8", confirmed=False, delivery=DELIVERY),
        id="sign_up",
    ),
    pytest.param(
        "ConfirmSignUp",
        ("confirm_sign_up", "jane", "123456"),
        {**JANE, "ConfirmationCode": "123456"},
        {"Session": "s"},
        Confirmation("s"),
        id="confirm_sign_up",
    ),
    pytest.param(
        "ResendConfirmationCode",
        ("resend_confirmation_code", "jane"),
        JANE,
        DELIVERED,
        DELIVERY,
        id="resend_confirmation_code",
    ),
]


@pytest.mark.parametrize(("operation", "asked", "parameters", "body", "value"), CALLS)
@pytest.mark.parametrize("secret", [None, SECRET], ids=["no secret", "secret"])
def test_a_call_carries_the_user_and_the_proof_of_the_client_secret(
    operation: str, asked: tuple[str, ...], parameters: Mapping[str, object], body: object, value: object, secret: Any
) -> None:
    """Each operation sends its parameters and no others; a client with a secret adds SecretHash over the name."""
    expected = {**parameters, **(HASH if secret else {})}
    exchanges = [Exchange(operation, expected, answered(body))]
    assert converse(configured(client_secret=secret), *asked, exchanges=exchanges) == Ok(value)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("SignUp", ("sign_up", "jane", "Passw0rd!")),
        ("ConfirmSignUp", ("confirm_sign_up", "jane", "123456")),
        ("ResendConfirmationCode", ("resend_confirmation_code", "jane")),
    ],
)
def test_a_refusal_is_the_result(operation: str, asked: tuple[str, ...]) -> None:
    """What the service refuses comes back under its reason, with the service's words."""
    exchanges = [Exchange(operation, None, refused("UserNotFoundException", "User does not exist."))]
    assert converse(configured(), *asked, exchanges=exchanges) == Err(
        "user-not-found", "User does not exist.", "UserNotFoundException", operation, 400, sent="yes"
    )


def test_attributes_are_sent_under_the_names_of_the_service() -> None:
    """Standard attributes go by their names, all others get `custom:` in front unless they have it."""
    attributes = {"email": "j@example.com", "tier": "gold", "custom:plan": "7", "Email": "x"}
    sent = [
        {"Name": "email", "Value": "j@example.com"},
        {"Name": "custom:tier", "Value": "gold"},
        {"Name": "custom:plan", "Value": "7"},
        {"Name": "custom:Email", "Value": "x"},
    ]
    parameters = {**JANE, "Password": "p", "UserAttributes": sent}
    exchanges = [Exchange("SignUp", parameters, answered(SIGNED_UP))]
    assert isinstance(converse(configured(), "sign_up", "jane", "p", attributes, exchanges=exchanges), Ok)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("userAttributes.given_name", "given_name"),
        ("userAttributes.custom:tier", "custom:tier"),
        ("userAttributes.tier", "custom:tier"),
        ("customer", "custom:customer"),
    ],
)
def test_a_name_may_be_written_as_the_raw_challenge_shows_it(written: str, name: str) -> None:
    """Wherever attributes are named."""
    assert named_attributes({written: "v"}) == {name: "v"}


@pytest.mark.parametrize("name", ["", " ", "custom:", "userAttributes.", "userAttributes.custom: "], ids=repr)
def test_an_attribute_has_a_name(name: str) -> None:
    """An empty one is the caller's mistake."""
    with pytest.raises(ValueError, match=r"^the name of an attribute is empty$"):
        named_attributes({name: "v"})


@pytest.mark.parametrize("name", ["Custom:x", "CUSTOM:x", " custom:x", "userAttributes.Custom:x"], ids=repr)
def test_the_prefix_is_written_in_small_letters(name: str) -> None:
    """The service would look for an attribute of that very name."""
    with pytest.raises(ValueError, match=r"^attribute '.*': write custom: in lower case"):
        named_attributes({name: "v"})


@each_case("name", sorted(STANDARD_ATTRIBUTES))
def test_every_standard_attribute_keeps_its_name(name: str) -> None:
    """The claims of OpenID Connect are attributes of every pool."""
    assert named_attributes({name: "v"}) == {name: "v"}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param({"UserConfirmed": True, "UserSub": "5u8"}, Registration("5u8", confirmed=True), id="confirmed"),
        pytest.param({**SIGNED_UP, "CodeDeliveryDetails": None}, Registration("5u8", confirmed=False), id="no code"),
        pytest.param(
            {**SIGNED_UP, "CodeDeliveryDetails": {}},
            Registration("5u8", confirmed=False, delivery=Delivery()),
            id="nothing said of the code",
        ),
    ],
)
def test_a_registration_says_what_the_service_said(body: object, value: Registration) -> None:
    """A user who needs no confirmation got no code."""
    assert sign_up(answered(body)) == Ok(value)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"UserSub": "5u8"},
        {**SIGNED_UP, "UserSub": None},
        {**SIGNED_UP, "UserConfirmed": "no"},
        {**SIGNED_UP, "CodeDeliveryDetails": [1]},
        {**SIGNED_UP, "CodeDeliveryDetails": {"Destination": 1}},
    ],
    ids=["empty", "not said whether confirmed", "no user", "a word for a boolean", "a list of codes", "a number"],
)
def test_a_registration_that_makes_no_sense_is_reported(body: object) -> None:
    """A reply with missing or misshapen members is `malformed-reply`: the user may exist all the same."""
    result = sign_up(answered(body))
    assert isinstance(result, Err)
    assert (result.reason, result.sent, result.retryable) == ("malformed-reply", "maybe", False)


def sign_up(reply: Result[Reply]) -> Result[Registration]:
    parameters = {**JANE, "Password": "p", "UserAttributes": []}
    return converse(configured(), "sign_up", "jane", "p", exchanges=[Exchange("SignUp", parameters, reply)])


def test_empty_texts_are_left_to_the_service() -> None:
    """An empty name or password is sent, for the service's own words to come back."""
    parameters = {"ClientId": CLIENT_ID, "Username": "", "Password": "", "UserAttributes": []}
    words = "1 validation error detected: Value at 'username' failed to satisfy constraint"
    exchanges = [Exchange("SignUp", parameters, refused("InvalidParameterException", words))]
    result = converse(configured(), "sign_up", "", "", exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "invalid-parameter"


@each_case(
    ("value", "complaint"),
    [(["hidden"], "not list"), (b"hidden", "not bytes"), (7, "not int"), ("hidden\ud800", "surrogate")],
    ids=["list", "bytes", "number", "surrogate"],
)
@each_case(
    ("flow", "arguments", "wrong", "named"),
    [
        ("sign_up", ["jane", "p"], 0, "username"),
        ("sign_up", ["jane", "p"], 1, "password"),
        ("confirm_sign_up", ["jane", "1"], 0, "username"),
        ("confirm_sign_up", ["jane", "1"], 1, "code"),
        ("resend_confirmation_code", ["jane"], 0, "username"),
    ],
)
def test_what_is_no_text_raises(
    flow: str, arguments: list[object], wrong: int, named: str, value: object, complaint: str
) -> None:
    """A name, password or code of another type, or that UTF-8 cannot carry, is the caller's mistake: `ValueError`."""
    given = [value if place == wrong else argument for place, argument in enumerate(arguments)]
    with pytest.raises(ValueError, match=f"^{named} .*{complaint}") as caught:
        advance(getattr(flows, flow)(configured(), *given))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("value", [None, True, 7, b"hidden", ["hidden"], "hidden\udfff"], ids=repr)
def test_an_attribute_that_is_no_text_raises_and_is_named(value: Any) -> None:
    """The error names the attribute, and keeps its value to itself."""
    with pytest.raises(ValueError, match=r"^attribute 'tier' ") as caught:
        advance(flows.sign_up(configured(), "jane", "p", {"email": "j@example.com", "tier": value}))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("name", [None, 7, "ti\ud800er"], ids=repr)
def test_the_name_of_an_attribute_is_text_too(name: Any) -> None:
    """A key that is no text is the caller's mistake: `ValueError`."""
    with pytest.raises(ValueError, match=r"^the name of an attribute "):
        named_attributes({name: "v"})


def test_no_attribute_is_lost_under_another() -> None:
    """Two spellings of one attribute are the caller's mistake: neither value may be dropped silently."""
    with pytest.raises(ValueError, match="given twice"):
        named_attributes({"tier": "gold", "custom:tier": "silver"})
    with pytest.raises(ValueError, match="given twice"):
        named_attributes({"email": "a", "userAttributes.email": "b"})


TOLD: dict[str, Any] = {
    "client_metadata": {"from": "web"},
    "user_context_data": UserContext("192.0.2.1", "e30="),
    "analytics_metadata": AnalyticsMetadata("endpoint-1"),
}
TOLD_AS = {
    "ClientMetadata": {"from": "web"},
    "UserContextData": {"IpAddress": "192.0.2.1", "EncodedData": "e30="},
    "AnalyticsMetadata": {"AnalyticsEndpointId": "endpoint-1"},
}


@pytest.mark.parametrize(
    ("operation", "asked", "options", "more", "body", "value"),
    [
        pytest.param(
            "SignUp",
            ("sign_up", "jane", "Passw0rd!"),
            {"validation_data": {"invited by": "ada"}},
            {
                "Password": "Passw0rd!",
                "UserAttributes": [],
                "ValidationData": [{"Name": "invited by", "Value": "ada"}],
            },
            {**SIGNED_UP, "Session": "s"},
            Registration("5u8", confirmed=False, delivery=DELIVERY, session="s"),
            id="sign_up",
        ),
        pytest.param(
            "SignUp",
            ("sign_up", "jane"),
            {},
            {"UserAttributes": []},
            SIGNED_UP,
            Registration("5u8", confirmed=False, delivery=DELIVERY),
            id="sign_up without a password",
        ),
        pytest.param(
            "ConfirmSignUp",
            ("confirm_sign_up", "jane", "123456"),
            {"force_alias_creation": False, "session": "s"},
            {"ConfirmationCode": "123456", "ForceAliasCreation": False, "Session": "s"},
            {},
            Confirmation(),
            id="confirm_sign_up",
        ),
        pytest.param(
            "ResendConfirmationCode",
            ("resend_confirmation_code", "jane"),
            {},
            {},
            DELIVERED,
            DELIVERY,
            id="resend_confirmation_code",
        ),
    ],
)
def test_what_else_may_be_said_goes_along(
    operation: str,
    asked: tuple[str, ...],
    options: Mapping[str, Any],
    more: Mapping[str, object],
    body: object,
    value: object,
) -> None:
    """Every member that the operation has can be given, the proof of the client secret still being added."""
    expected = {**JANE, **HASH, **TOLD_AS, **more}
    exchanges = [Exchange(operation, expected, answered(body))]
    config = configured(client_secret=SECRET)
    assert converse(config, *asked, exchanges=exchanges, **options, **TOLD) == Ok(value)


@pytest.mark.parametrize(
    ("flow", "options", "named"),
    [
        ("sign_up", {"validation_data": {"a": b"hidden"}}, r"validation_data\['a'\]"),
        ("sign_up", {"client_metadata": {"a": "hidden\ud800"}}, r"client_metadata\['a'\]"),
        ("confirm_sign_up", {"code": "1", "session": b"hidden"}, "session"),
    ],
)
def test_what_else_may_be_said_is_text_too(flow: str, options: Any, named: str) -> None:
    """A member that cannot be sent is the caller's mistake, named without its value."""
    with pytest.raises(ValueError, match=f"^{named} ") as caught:
        advance(getattr(flows, flow)(configured(), "jane", **options))
    assert "hidden" not in str(caught.value)
