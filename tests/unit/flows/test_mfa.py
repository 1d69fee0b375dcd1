"""Second factors: what goes on the wire, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import (
    Err,
    MfaSettings,
    Ok,
    SoftwareToken,
    SoftwareTokenVerification,
    WebAuthnMfaSettings,
    advance,
    flows,
)
from tests.support.conversation import Exchange, answered, configured, converse, refused
from tests.support.documented import POOL, TOKEN, documented

SECRET = "QWERTYUIOP123456EXAMPLE"
OFF = MfaSettings(enabled=False, preferred_mfa=False)


@pytest.mark.parametrize(
    ("operation", "number", "asked", "options", "value"),
    [
        ("AssociateSoftwareToken", 0, ("associate_software_token",), {"access_token": TOKEN}, SoftwareToken(SECRET)),
        (
            "AssociateSoftwareToken",
            1,
            ("associate_software_token",),
            {"session": "<Session of MFA_SETUP>"},
            SoftwareToken(SECRET, "<new session>"),
        ),
        (
            "VerifySoftwareToken",
            0,
            ("verify_software_token", "123456"),
            {"access_token": TOKEN, "friendly_device_name": "phone"},
            SoftwareTokenVerification("SUCCESS"),
        ),
        (
            "VerifySoftwareToken",
            1,
            ("verify_software_token", "123456"),
            {"session": "<Session of AssociateSoftwareToken>"},
            SoftwareTokenVerification("SUCCESS", "<new session>"),
        ),
        (
            "SetUserMFAPreference",
            0,
            ("set_user_mfa_preference", TOKEN),
            {
                "software_token_mfa_settings": MfaSettings(enabled=True, preferred_mfa=True),
                "sms_mfa_settings": OFF,
                "email_mfa_settings": OFF,
            },
            None,
        ),
    ],
)
def test_the_documented_exchange_is_held(
    operation: str, number: int, asked: tuple[Any, ...], options: dict[str, Any], value: object
) -> None:
    """Each operation sends what its documentation shows, and gives what is answered there."""
    assert converse(POOL, *asked, exchanges=[documented(operation, number)], **options) == Ok(value)


def test_passkeys_are_a_preference_too() -> None:
    """What is not given is not sent."""
    parameters = {"AccessToken": "t", "WebAuthnMfaSettings": {"Enabled": True}}
    exchanges = [Exchange("SetUserMFAPreference", parameters, answered({}))]
    chosen = {"web_authn_mfa_settings": WebAuthnMfaSettings(enabled=True)}
    assert converse(configured(), "set_user_mfa_preference", "t", exchanges=exchanges, **chosen) == Ok(None)


def test_settings_of_another_kind_raise() -> None:
    """Whether a factor is on is said by its own kind of settings."""
    for name, kind in {
        "sms_mfa_settings": "MfaSettings",
        "software_token_mfa_settings": "MfaSettings",
        "email_mfa_settings": "MfaSettings",
        "web_authn_mfa_settings": "WebAuthnMfaSettings",
    }.items():
        wrong: Any = {name: True}
        with pytest.raises(ValueError, match=rf"^{name} must be {kind}\(\.\.\.\), not bool$"):
            advance(flows.set_user_mfa_preference(configured(), "t", **wrong))


def test_a_success_that_says_error_is_a_failure() -> None:
    """A code that the service did not take must not pass for one that it took."""
    exchanges = [Exchange("VerifySoftwareToken", None, answered({"Status": "ERROR", "Session": "s"}))]
    result = converse(configured(), "verify_software_token", "123456", exchanges=exchanges, session="s")
    assert isinstance(result, Err)
    assert (result.reason, result.operation, result.status, result.sent) == (
        "software-token-mfa-refused",
        "VerifySoftwareToken",
        200,
        "yes",
    )


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("AssociateSoftwareToken", "associate_software_token", {"access_token": "t"}),
    ("VerifySoftwareToken", "verify_software_token", {"user_code": "1", "access_token": "t"}),
    ("SetUserMFAPreference", "set_user_mfa_preference", {"access_token": "t"}),
]


@pytest.mark.parametrize(("operation", "flow", "options"), CALLS)
def test_a_refusal_is_the_result(operation: str, flow: str, options: dict[str, Any]) -> None:
    """What the service refuses comes back under its reason."""
    exchanges = [Exchange(operation, None, refused("EnableSoftwareTokenMFAException", "Code mismatch"))]
    result = converse(configured(), flow, exchanges=exchanges, **options)
    assert isinstance(result, Err)
    assert result.reason == "software-token-mfa-refused"


@pytest.mark.parametrize(
    ("operation", "flow", "options", "body"),
    [
        ("AssociateSoftwareToken", "associate_software_token", {"session": "s"}, {"Session": "s"}),
        ("VerifySoftwareToken", "verify_software_token", {"user_code": "1", "session": "s"}, {}),
        ("VerifySoftwareToken", "verify_software_token", {"user_code": "1", "session": "s"}, {"Status": True}),
    ],
)
def test_an_answer_that_makes_no_sense_is_reported(
    operation: str, flow: str, options: dict[str, Any], body: object
) -> None:
    """A reply with missing or misshapen members is `malformed-reply`."""
    result = converse(configured(), flow, exchanges=[Exchange(operation, None, answered(body))], **options)
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


@pytest.mark.parametrize("value", [5, b"hidden", "hidden\ud800"], ids=["number", "bytes", "surrogate"])
@pytest.mark.parametrize(
    ("flow", "options", "names"),
    [
        ("associate_software_token", {}, ["access_token", "session"]),
        ("verify_software_token", {"session": "s"}, ["user_code", "friendly_device_name"]),
        ("set_user_mfa_preference", {}, ["access_token"]),
    ],
)
def test_what_is_no_text_raises(flow: str, options: dict[str, Any], names: list[str], value: Any) -> None:
    """An argument that is not text is the caller's mistake, named in the error without its value."""
    for name in names:
        given = {"user_code": "1", **options} if flow == "verify_software_token" else options
        with pytest.raises(ValueError, match=f"^{name} ") as caught:
            advance(getattr(flows, flow)(configured(), **{**given, name: value}))
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("given", [{}, {"access_token": "hidden", "session": "hidden"}], ids=["neither", "both"])
def test_either_a_token_or_a_session_is_needed(given: dict[str, str]) -> None:
    """None of them, or both, is the caller's mistake."""
    for flow in (
        flows.associate_software_token(configured(), **given),
        flows.verify_software_token(configured(), "1", **given),
    ):
        with pytest.raises(ValueError, match=r"^give either access_token") as caught:
            advance(flow)
        assert "hidden" not in str(caught.value)
