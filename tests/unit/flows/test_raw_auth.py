"""The two operations of every sign-in as the service has them."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import AnalyticsMetadata, Challenge, Err, NewDevice, Ok, UserContext, advance, flows
from tests.support.conversation import (
    CLIENT_ID,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    configured,
    converse,
    hash_of,
    refused,
    tokens,
)

JANE = {"USERNAME": "jane", "PASSWORD": "Passw0rd!"}
ASKED = {"ChallengeName": "SMS_MFA", "Session": "s", "ChallengeParameters": {"USER_ID_FOR_SRP": "5u8"}}
TOLD: dict[str, Any] = {
    "session": "s0",
    "client_metadata": {"from": "web"},
    "user_context_data": UserContext("192.0.2.1"),
    "analytics_metadata": AnalyticsMetadata("endpoint-1"),
}
TOLD_AS = {
    "Session": "s0",
    "ClientMetadata": {"from": "web"},
    "UserContextData": {"IpAddress": "192.0.2.1"},
    "AnalyticsMetadata": {"AnalyticsEndpointId": "endpoint-1"},
}


def begun(parameters: object, body: object, **more: object) -> Exchange:
    request = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters, **more}
    return Exchange("InitiateAuth", request, answered(body))


def answer(responses: object, body: object, **more: object) -> Exchange:
    request = {"ChallengeName": "SMS_MFA", "ClientId": CLIENT_ID, "ChallengeResponses": responses, **more}
    return Exchange("RespondToAuthChallenge", request, answered(body))


@pytest.mark.parametrize("secret", [None, SECRET], ids=["no secret", "secret"])
@pytest.mark.parametrize(("told", "told_as"), [({}, {}), (TOLD, TOLD_AS)], ids=["bare", "with all that may be said"])
@pytest.mark.parametrize(
    ("body", "value"),
    [(authentication_result(), tokens()), (ASKED, Challenge("SMS_MFA", "5u8", "s", {"USER_ID_FOR_SRP": "5u8"}))],
    ids=["tokens", "challenge"],
)
def test_both_operations_give_tokens_or_the_next_challenge(
    secret: Any, told: Any, told_as: Any, body: object, value: object
) -> None:
    """The client secret is proven over the very USERNAME that is sent, and every member can be given."""
    proof = {"SECRET_HASH": hash_of("jane")} if secret else {}
    config = configured(client_secret=secret)
    exchanges = [begun({**JANE, **proof}, body, **told_as)]
    assert converse(config, "initiate_auth", "USER_PASSWORD_AUTH", JANE, exchanges=exchanges, **told) == Ok(value)
    responses = {"USERNAME": "jane", "SMS_MFA_CODE": "123456"}
    exchanges = [answer({**responses, **proof}, body, **told_as)]
    name = "respond_to_auth_challenge"
    assert converse(config, name, "SMS_MFA", responses, exchanges=exchanges, **told) == Ok(value)


def test_a_proof_of_the_secret_is_left_as_it_is_given() -> None:
    """It is not made without a name, nor in place of another: a refresh proves it over the user's id."""
    config = configured(client_secret=SECRET)
    given = {"REFRESH_TOKEN": "old", "SECRET_HASH": hash_of("5u8")}
    request = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": CLIENT_ID, "AuthParameters": given}
    exchange = Exchange("InitiateAuth", request, answered(authentication_result(refresh=None)))
    result = converse(config, "initiate_auth", "REFRESH_TOKEN_AUTH", given, exchanges=[exchange])
    assert result == Ok(tokens(refresh="old"))
    exchanges = [begun({**JANE, "SECRET_HASH": "mine"}, ASKED)]
    mine = {**JANE, "SECRET_HASH": "mine"}
    assert isinstance(converse(config, "initiate_auth", "USER_PASSWORD_AUTH", mine, exchanges=exchanges), Ok)
    exchanges = [begun({}, ASKED)]
    assert isinstance(converse(config, "initiate_auth", "USER_PASSWORD_AUTH", exchanges=exchanges), Ok)


def test_a_challenge_that_names_nobody_is_answered_by_the_name_that_was_sent() -> None:
    """The user of a challenge is known even where the service does not repeat it."""
    body = {"ChallengeName": "EMAIL_OTP", "Session": "s"}
    result = converse(configured(), "initiate_auth", "USER_PASSWORD_AUTH", JANE, exchanges=[begun(JANE, body)])
    assert result == Ok(Challenge("EMAIL_OTP", "jane", "s"))


def test_a_sign_in_from_a_new_device_names_it() -> None:
    """Its keys are what `confirm_device` takes."""
    body: Any = authentication_result()
    body["AuthenticationResult"]["NewDeviceMetadata"] = {"DeviceKey": "k", "DeviceGroupKey": "-g"}
    result = converse(configured(), "initiate_auth", "USER_PASSWORD_AUTH", JANE, exchanges=[begun(JANE, body)])
    assert result.unwrap().new_device == NewDevice("k", "-g")


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("InitiateAuth", ("initiate_auth", "USER_PASSWORD_AUTH", JANE)),
        ("RespondToAuthChallenge", ("respond_to_auth_challenge", "SMS_MFA", {"USERNAME": "jane"})),
    ],
)
def test_refusals_and_nonsense_are_reported(operation: str, asked: tuple[Any, ...]) -> None:
    """A refusal has its reason, and an answer without tokens or challenge is `malformed-reply`."""
    result = converse(configured(), *asked, exchanges=[Exchange(operation, None, refused("CodeMismatchException"))])
    assert isinstance(result, Err)
    assert result.reason == "code-mismatch"
    result = converse(configured(), *asked, exchanges=[Exchange(operation, None, answered({}))])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


@pytest.mark.parametrize(
    ("flow", "arguments", "complaint"),
    [
        ("initiate_auth", [None], r"^auth_flow must be a string"),
        ("initiate_auth", ["USER_AUTH", {"PASSWORD": b"hidden"}], r"^auth_parameters\['PASSWORD'\] must be a string"),
        ("initiate_auth", ["USER_AUTH", ["hidden"]], r"^auth_parameters must be a mapping of strings"),
        ("respond_to_auth_challenge", [b"hidden", {}], r"^challenge_name must be a string"),
        ("respond_to_auth_challenge", ["SMS_MFA", {"SMS_MFA_CODE": 123456}], r"^challenge_responses\['SMS_MFA_CODE'\]"),
    ],
)
def test_what_is_no_text_raises(flow: str, arguments: list[Any], complaint: str) -> None:
    """The caller's mistake is named without its value."""
    with pytest.raises(ValueError, match=complaint) as caught:
        advance(getattr(flows, flow)(configured(), *arguments))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("flow", "arguments"), [("initiate_auth", ["USER_AUTH"]), ("respond_to_auth_challenge", ["A", {}])]
)
def test_a_session_is_a_string(flow: str, arguments: list[Any]) -> None:
    """The error names the argument."""
    with pytest.raises(ValueError, match=r"^session must be a string, not int$"):
        advance(getattr(flows, flow)(configured(), *arguments, session=5))
