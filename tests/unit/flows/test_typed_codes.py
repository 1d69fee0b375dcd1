"""Codes and choices as people type and paste them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from cognito_raw import Challenge, Err, Session, State
from cognito_raw.flows.parameters import typed_code
from cognito_raw.models.challenge import CODES
from cognito_raw.testing import Refusal, Scripted
from tests.support.modes import MODES, Mode

TYPED: Final = {
    "digits": "123456",
    "blanks around it": " 123456\n",
    "a blank in the middle": "123 456",
    "a tab and a line break": "123\t456\r\n",
    "a blank that does not break": "123\u00a0456",
    "thin and wide blanks": "\u2009123\u3000456",
    "a dash": "123-456",
    "dashes of any length": "12\u201034\u201456",
    "a byte order mark": "\ufeff123456",
    "invisible characters": "123\u200b456\u200e\u2060",
    "full-width digits": "\uff11\uff12\uff13\uff14\uff15\uff16",
    "Arabic digits": "\u0661\u0662\u0663\u0664\u0665\u0666",
    "digits of two scripts": "\u0967\u0968\u0969456",
}
# Never changed, since nobody knows what their server means.
KEPT: Final = {
    "moto's": "moto-confirmation-code:123456",
    "letters": " abc-def ",
    "a minus sign, which is no dash": "123\u2212456",
    "a fraction": "12345\u00bd",
    "a digit that is no decimal": "12345\u00b2",
    "a control character": "123456\x00",
    "ten thousand letters": "x" * 10_000,
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED.keys())
def test_a_code_is_sent_in_ascii_digits(typed: str) -> None:
    """Whatever the keyboard, the clipboard or the message put around them."""
    assert typed_code(code=typed) == "123456"


@pytest.mark.parametrize("typed", KEPT.values(), ids=KEPT.keys())
def test_what_is_no_number_is_sent_as_it_was_typed(typed: str) -> None:
    """Also its blanks."""
    assert typed_code(code=typed) == typed


def test_leading_zeros_count() -> None:
    """A code is no number."""
    assert typed_code(code="000 012") == "000012"


MISMATCH: Final = Refusal("CodeMismatchException", "Invalid verification code provided, please try again.")
USER: Final = State("ada")
# For each operation that takes a code: how it is called, and where the request has the code.
OPERATIONS: Final[dict[str, tuple[Callable[[Any, Any, str], Any], str]]] = {
    "ConfirmSignUp": (lambda _, session, code: session.confirm_registration(code), "ConfirmationCode"),
    "ConfirmForgotPassword": (
        lambda _, session, code: session.reset_password_confirmation(" 1-2 ", code),
        "ConfirmationCode",
    ),
    "VerifyUserAttribute": (lambda client, _, code: client.verify_user_attribute("token", "email", code), "Code"),
    "VerifySoftwareToken": (lambda client, _, code: client.verify_software_token(code, session="s"), "UserCode"),
}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Any:
    made: Mode = request.param()
    yield made
    made.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_with_a_code_takes_it_as_typed(mode: Mode, operation: str) -> None:
    """A password beside it is sent as it is."""
    call, member = OPERATIONS[operation]
    scripted = Scripted((operation, MISMATCH))
    client = mode.client(scripted.config, transport=scripted)
    result = call(client, mode.session(scripted.config, state=USER, transport=scripted), " \uff11\uff12\uff13-456 ")
    assert result.reason == "code-mismatch"
    assert scripted.calls[0][1][member] == "123456"
    assert scripted.calls[0][1].get("Password", " 1-2 ") == " 1-2 "


def answered(mode: Mode, challenge: Challenge, answer: Any, operation: str = "RespondToAuthChallenge") -> Any:
    """The request that an answer makes."""
    scripted = Scripted((operation, MISMATCH))
    session = mode.session(scripted.config, state=State("ada", challenge), transport=scripted)
    assert session.answer_challenge(answer).reason == "code-mismatch"
    assert session.challenge == challenge
    return scripted.calls[0][1]


@pytest.mark.parametrize("name", CODES)
def test_every_code_challenge_takes_a_code_as_typed(mode: Mode, name: str) -> None:
    """Each under its own member."""
    assert answered(mode, Challenge(name, "ada"), "123 456 ")["ChallengeResponses"][CODES[name]] == "123456"


@pytest.mark.parametrize(("typed", "sent"), [("123 456", "123456"), ("\uff11\uff12", "12"), ("moto:1 ", "moto:1 ")])
def test_the_first_code_of_an_app_is_taken_as_typed(mode: Mode, typed: str, sent: str) -> None:
    """MFA_SETUP has it verified."""
    assert answered(mode, Challenge("MFA_SETUP", "ada"), typed, "VerifySoftwareToken")["UserCode"] == sent


@pytest.mark.parametrize(
    ("name", "answer", "sent"),
    [
        ("CUSTOM_CHALLENGE", " 1-2 \uff11", {"ANSWER": " 1-2 \uff11"}),
        ("NEW_PASSWORD_REQUIRED", " 1-2 \uff11", {"NEW_PASSWORD": " 1-2 \uff11"}),
        ("PASSWORD", " 1-2 \uff11", {"PASSWORD": " 1-2 \uff11"}),
        ("SMS_MFA", {"SMS_MFA_CODE": "1 2"}, {"SMS_MFA_CODE": "1 2"}),
    ],
)
def test_nothing_else_is_changed(mode: Mode, name: str, answer: Any, sent: dict[str, str]) -> None:
    """Passwords, custom answers and mappings are whatever their author says."""
    assert answered(mode, Challenge(name, "ada"), answer)["ChallengeResponses"] == {"USERNAME": "ada", **sent}


MFAS: Final = {"MFAS_CAN_CHOOSE": '["SMS_MFA", "EMAIL_OTP"]'}


@pytest.mark.parametrize("parameters", [MFAS, {}], ids=["offered", "unknown"])
@pytest.mark.parametrize("typed", ["EMAIL_OTP", "email_otp", " Email_OTP\n", "\u00a0EMAIL_otp"])
def test_a_choice_is_taken_in_any_case(mode: Mode, typed: str, parameters: dict[str, str]) -> None:
    """With blanks around it, also where the choices are unknown."""
    request = answered(mode, Challenge("SELECT_MFA_TYPE", "ada", None, parameters), typed)
    assert request["ChallengeResponses"]["ANSWER"] == "EMAIL_OTP"


def test_a_choice_with_a_password_is_taken_in_any_case() -> None:
    """And the password as it is."""
    scripted = Scripted(
        ("RespondToAuthChallenge", Refusal("NotAuthorizedException", "Incorrect username or password."))
    )
    session = Session(scripted.config, state=State("ada", Challenge("SELECT_CHALLENGE", "ada")), transport=scripted)
    assert isinstance(session.answer_challenge("password ", password=" p "), Err)
    responses = scripted.calls[0][1]["ChallengeResponses"]
    assert responses == {"USERNAME": "ada", "ANSWER": "PASSWORD", "PASSWORD": " p "}
