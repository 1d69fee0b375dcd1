"""Forgotten and changed passwords: what goes on the wire, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cognito_raw import AnalyticsMetadata, Delivery, Err, Ok, UserContext, advance, flows
from tests.support.conversation import CLIENT_ID, SECRET, Exchange, answered, configured, converse, hash_of, refused

JANE: dict[str, object] = {"ClientId": CLIENT_ID, "Username": "jane"}
HASH = {"SecretHash": hash_of("jane")}
CHANGE = {"AccessToken": "t0ken", "PreviousPassword": "0ld", "ProposedPassword": "N3w"}

CALLS = [
    pytest.param(
        "ForgotPassword",
        ("forgot_password", "jane"),
        JANE,
        HASH,
        {"CodeDeliveryDetails": {"Destination": "+*******99", "DeliveryMedium": "SMS"}},
        Delivery("+*******99", "SMS"),
        id="forgot_password",
    ),
    pytest.param(
        "ConfirmForgotPassword",
        ("confirm_forgot_password", "jane", "N3w", "654321"),
        {**JANE, "ConfirmationCode": "654321", "Password": "N3w"},
        HASH,
        {},
        None,
        id="confirm_forgot_password",
    ),
    pytest.param(
        "ChangePassword", ("change_password", "t0ken", "0ld", "N3w"), CHANGE, {}, {}, None, id="change_password"
    ),
]


@pytest.mark.parametrize(("operation", "asked", "parameters", "proof", "body", "value"), CALLS)
@pytest.mark.parametrize("secret", [None, SECRET], ids=["no secret", "secret"])
def test_a_call_carries_its_parameters_and_the_proof_of_the_client_secret(
    operation: str,
    asked: tuple[str, ...],
    parameters: Mapping[str, object],
    proof: Mapping[str, object],
    body: object,
    value: object,
    secret: Any,
) -> None:
    """A client with a secret adds SecretHash over the user name, except where an access token names the user."""
    exchanges = [Exchange(operation, {**parameters, **(proof if secret else {})}, answered(body))]
    assert converse(configured(client_secret=secret), *asked, exchanges=exchanges) == Ok(value)


@pytest.mark.parametrize(
    ("asked", "operation", "code", "message", "reason"),
    [
        pytest.param(
            ("forgot_password", "jane"),
            "ForgotPassword",
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
            "no-verified-address",
            id="no address",
        ),
        pytest.param(
            ("forgot_password", "jane"),
            "ForgotPassword",
            "LimitExceededException",
            "Attempt limit exceeded, please try after some time.",
            "daily-operations-limit-exceeded",
            id="quota",
        ),
        pytest.param(
            ("confirm_forgot_password", "jane", "N3w", "1"),
            "ConfirmForgotPassword",
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
            "code-mismatch",
            id="wrong code",
        ),
        pytest.param(
            ("change_password", "t", "0ld", "N3w"),
            "ChangePassword",
            "NotAuthorizedException",
            "Incorrect username or password.",
            "incorrect-username-or-password",
            id="wrong old password",
        ),
        pytest.param(
            ("change_password", "t", "0ld", "N3w"),
            "ChangePassword",
            "NotAuthorizedException",
            "Access Token has been revoked",
            "access-token-revoked",
            id="revoked",
        ),
    ],
)
def test_a_refusal_comes_back_under_its_reason(
    asked: tuple[str, ...], operation: str, code: str, message: str, reason: str
) -> None:
    """The reason is one word; the service's own stay with it."""
    result = converse(configured(), *asked, exchanges=[Exchange(operation, None, refused(code, message))])
    assert isinstance(result, Err)
    assert (result.reason, result.code, result.message, result.operation) == (reason, code, message, operation)


def test_a_delivery_that_makes_no_sense_is_reported() -> None:
    """A reply whose delivery is misshapen is `malformed-reply`: the code may be under way."""
    reply = answered({"CodeDeliveryDetails": "j***"})
    result = converse(configured(), "forgot_password", "jane", exchanges=[Exchange("ForgotPassword", None, reply)])
    assert isinstance(result, Err)
    assert (result.reason, result.sent) == ("malformed-reply", "maybe")


@pytest.mark.parametrize("value", [7, b"hidden", "hidden\ud800"], ids=["number", "bytes", "surrogate"])
@pytest.mark.parametrize(
    ("flow", "names"),
    [
        ("forgot_password", ["username"]),
        ("confirm_forgot_password", ["username", "new_password", "code"]),
        ("change_password", ["access_token", "old_password", "new_password"]),
    ],
)
def test_what_is_no_text_raises(flow: str, names: list[str], value: Any) -> None:
    """An argument that is not text is the caller's mistake, named in the error without its value."""
    for wrong in names:
        given = {name: value if name == wrong else "fine" for name in names}
        with pytest.raises(ValueError, match=f"^{wrong} ") as caught:
            advance(getattr(flows, flow)(configured(), **given))
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "asked", "parameters", "value"),
    [
        pytest.param("ForgotPassword", ("forgot_password", "jane"), {}, Delivery(), id="forgot_password"),
        pytest.param(
            "ConfirmForgotPassword",
            ("confirm_forgot_password", "jane", "N3w", "654321"),
            {"ConfirmationCode": "654321", "Password": "N3w"},
            None,
            id="confirm_forgot_password",
        ),
    ],
)
def test_what_else_may_be_said_goes_along(
    operation: str, asked: tuple[str, ...], parameters: Mapping[str, object], value: object
) -> None:
    """Metadata for the pool's triggers, the end user's address and the analytics endpoint are sent where given."""
    expected = {
        **JANE,
        **parameters,
        "ClientMetadata": {"from": "web"},
        "UserContextData": {"IpAddress": "192.0.2.1"},
        "AnalyticsMetadata": {"AnalyticsEndpointId": "endpoint-1"},
    }
    result = converse(
        configured(),
        *asked,
        exchanges=[Exchange(operation, expected, answered({}))],
        client_metadata={"from": "web"},
        user_context_data=UserContext("192.0.2.1"),
        analytics_metadata=AnalyticsMetadata("endpoint-1"),
    )
    assert result == Ok(value)


def test_a_user_without_a_password_gets_a_first_one() -> None:
    """Where there is no old password, none is sent."""
    parameters = {"AccessToken": "t0ken", "ProposedPassword": "N3w"}
    exchanges = [Exchange("ChangePassword", parameters, answered({}))]
    assert converse(configured(), "change_password", "t0ken", None, "N3w", exchanges=exchanges) == Ok(None)
