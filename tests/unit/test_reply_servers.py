"""Words of servers that nobody recorded: of forgotten devices, firewalls and operations that they lack."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import Call, Err, Reply
from cognito_raw.reply import read
from tests.support.cases import each_case
from tests.support.conversation import refused

WORDS: Final = [
    ("ResourceNotFoundException", "Device does not exist."),
    ("ResourceNotFoundException", "Device with key eu-west-1_1 does not exist in device pool 5."),
    ("ResourceNotFoundException", "No such thing"),
    ("ResourceNotFoundException", ""),
    ("InvalidParameterException", "Invalid device key given."),
    ("InvalidParameterException", "The device was removed"),
    ("InvalidParameterException", "DEVICE_KEY is not valid"),
    ("NotAuthorizedException", "This device is not known to the user pool"),
    ("DeviceNotFoundException", ""),
]
CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "a sign-in": ("InitiateAuth", {"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"DEVICE_KEY": "d"}}),
    "an older refresh": ("InitiateAuth", {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"DEVICE_KEY": "d"}}),
    "an answer": ("RespondToAuthChallenge", {"ChallengeResponses": {"DEVICE_KEY": "d"}}),
    "a refresh": ("GetTokensFromRefreshToken", {"DeviceKey": "d"}),
}


def reason(operation: str, parameters: dict[str, Any], code: str, message: str) -> str:
    result = read(Call(operation, parameters), refused(code, message).unwrap())
    assert isinstance(result, Err)
    return result.reason


@each_case(("code", "message"), WORDS)
@each_case("call", CALLS)
def test_a_forgotten_device_is_recognised_in_any_words(call: str, code: str, message: str) -> None:
    """Wherever the call names it."""
    assert reason(*CALLS[call], code, message) == "device-not-found"


@each_case(
    ("code", "message", "expected"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", "incorrect-username-or-password"),
        ("NotAuthorizedException", "Something new", "not-authorized"),
        ("InvalidParameterException", "1 validation error detected", "invalid-parameter"),
        ("ResourceNotFoundException", "User pool client 1 does not exist.", "client-not-found"),
        ("InternalErrorException", "The device service is down", "service-unavailable"),
        ("CodeMismatchException", "Wrong code of the device", "code-mismatch"),
    ],
)
@each_case("call", CALLS)
def test_other_failures_of_such_a_call_are_what_they_are(call: str, code: str, message: str, expected: str) -> None:
    """Its device is not forgotten."""
    assert reason(*CALLS[call], code, message) == expected


def test_a_call_without_a_device_has_lost_none() -> None:
    """Unless the service says so in its known words."""
    for _, message in WORDS[2:4]:
        assert reason("InitiateAuth", {"AuthParameters": {}}, WORDS[2][0], message) == "resource-not-found"
    assert (
        reason("InitiateAuth", {"AuthParameters": None}, "InvalidParameterException", "A device") == "invalid-parameter"
    )


def test_a_device_that_is_managed_is_found_or_not() -> None:
    """Its other parameters may be wrong, such as its name."""
    parameters = {"DeviceKey": "d", "DeviceName": ""}
    assert reason("ConfirmDevice", parameters, "ResourceNotFoundException", "gone") == "device-not-found"
    words = "1 validation error detected: Value at 'deviceName' failed to satisfy constraint"
    assert reason("ConfirmDevice", parameters, "InvalidParameterException", words) == "invalid-parameter"


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (405, {"x-amzn-waf-action": "captcha"}, b"<html>Human Verification</html>", "captcha-required"),
        (405, {"x-amzn-waf-action": "captcha"}, b"", "captcha-required"),
        (403, {"x-amzn-waf-action": "captcha"}, b'{"__type":"ForbiddenException"}', "captcha-required"),
        (403, {}, b'{"__type":"ForbiddenException","message":"Request not allowed due to WAF captcha."}',
         "captcha-required"),
        (403, {}, b'{"__type":"ForbiddenException","message":"Request not allowed due to WAF block."}',
         "request-blocked"),
        (202, {"x-amzn-waf-action": "challenge"}, b"", "request-blocked"),
        (403, {}, b"", "request-blocked"),
    ],
)  # fmt: skip
def test_a_firewalls_captcha_is_distinguished_from_its_block(
    status: int, headers: dict[str, str], body: bytes, expected: str
) -> None:
    """By its header, or by its words."""
    result = read(Call("InitiateAuth", {}), Reply(status, headers, body))
    assert isinstance(result, Err)
    assert (result.reason, result.kind) == (expected, "configuration")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("RevokeToken", "request-not-understood"),
        ("GetTokensFromRefreshToken", "request-not-understood"),
        ("InitiateAuth", "service-unavailable"),
        ("GetDevice", "service-unavailable"),
    ],
)
def test_a_page_of_moto_is_about_the_operation_where_there_is_another_way(operation: str, expected: str) -> None:
    """Elsewhere it may be a fault that passes."""
    result = read(Call(operation, {}), Reply(500, {"server": "Werkzeug/3.1.9 Python/3.11.7"}, b"<!doctype html>"))
    assert isinstance(result, Err)
    assert result.reason == expected
