"""The handle of a sign-up: it lives for minutes, the code for a day, and nothing of it decides what a method is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok, State
from cognito_raw.testing import Refusal, Scripted, tokens
from tests.support.modes import MODES, Mode

UP: Final = ("SignUp", {"UserSub": "u", "UserConfirmed": False, "Session": "up"})
OLD: Final = Refusal("NotAuthorizedException", "Invalid session for the user, session is expired.")
USED: Final = Refusal("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
WRONG: Final = Refusal("CodeMismatchException")
NOT_YET: Final = Err("no-session")


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def registered(mode: Mode, *steps: Any) -> tuple[Any, Scripted]:
    script = Scripted(UP, *steps)
    session = mode.session(script.config, transport=script)
    session.register("ada", "pw").unwrap()
    return session, script


def handles(script: Scripted) -> list[Any]:
    """What each confirmation or sign-in had of a handle."""
    script.finish()
    return [parameters.get("Session") for operation, parameters in script.calls if operation != "SignUp"]


@pytest.mark.parametrize("refusal", [OLD, USED])
def test_confirming_goes_on_with_the_code_alone(mode: Mode, refusal: Refusal) -> None:
    """Within the same method, and with each code that follows."""
    session, script = registered(mode, ("ConfirmSignUp", refusal), ("ConfirmSignUp", WRONG), ("ConfirmSignUp", {}))
    assert session.confirm_registration("123456").reason == "code-mismatch"
    assert session.state.sign_up_session is None
    assert session.confirm_registration("234567") == Ok(None)
    assert handles(script) == ["up", None, None]


def test_a_handle_that_is_good_stays(mode: Mode) -> None:
    """A wrong code says nothing of it."""
    session, script = registered(mode, ("ConfirmSignUp", WRONG), ("ConfirmSignUp", {"Session": "confirmed"}))
    assert session.confirm_registration("123456").reason == "code-mismatch"
    assert session.confirm_registration("234567") == Ok(None)
    assert handles(script) == ["up", "up"]
    assert session.state.sign_up_session == "confirmed"


def test_a_refusal_without_a_handle_is_the_result(mode: Mode) -> None:
    """Nothing is sent twice then."""
    script = Scripted(("ConfirmSignUp", OLD))
    session = mode.session(script.config, transport=script, state=State("ada"))
    assert session.confirm_registration("123456").reason == "challenge-session-invalid"
    assert handles(script) == [None]


CONFIRMED: Final[dict[str, tuple[Any, ...]]] = {
    "no handle": (("ConfirmSignUp", {}),),
    "a handle that is refused": (("ConfirmSignUp", {"Session": "c"}), ("InitiateAuth", OLD)),
    "a handle that is used": (("ConfirmSignUp", {"Session": "c"}), ("InitiateAuth", tokens())),
}


@pytest.mark.parametrize("case", CONFIRMED)
def test_a_login_without_password_and_handle_is_one_failure(mode: Mode, case: str) -> None:
    """Whatever the service left, and it asks for a password, which then signs in."""
    session, _ = registered(mode, *CONFIRMED[case], ("InitiateAuth", tokens()))
    session.confirm_registration("123456").unwrap()
    if len(CONFIRMED[case]) > 1:
        session.login("ada")
    before = session.state
    assert session.login("ada") == NOT_YET
    assert session.state == before
    assert isinstance(session.login("ada", "pw", flow="USER_PASSWORD_AUTH"), Ok)


@pytest.mark.parametrize("username", [None, 5, ["ada"]])
def test_the_name_of_a_login_is_a_string(mode: Mode, username: Any) -> None:
    """Also where nothing would be sent."""
    with pytest.raises(ValueError, match=r"^username must be a string"):
        mode.session(Scripted().config, transport=Scripted()).login(username)


SENT: Final = {"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL"}}
NAMED: Final[dict[str, tuple[tuple[str, ...], str, Any]]] = {
    "confirm_registration": (("1",), "ConfirmSignUp", {"Session": "of bob"}),
    "resend_verification_code": ((), "ResendConfirmationCode", SENT),
    "reset_password_confirmation": (("new", "1"), "ConfirmForgotPassword", {}),
}


@pytest.mark.parametrize("method", NAMED)
@pytest.mark.parametrize("state", [None, State("ada", sign_up_session="of ada", reset_username="ada")])
def test_a_back_end_without_state_names_the_user(mode: Mode, method: str, state: State | None) -> None:
    """The session's own user stays the one of its next code, and the handle of one user is not sent for another."""
    arguments, operation, answer = NAMED[method]
    script = Scripted((operation, answer), (operation, answer))
    session = mode.session(script.config, transport=script, state=state)
    assert isinstance(getattr(session, method)(*arguments, username="bob"), Ok)
    assert (session.state.username, script.calls[0][1]["Username"]) == (state and "ada", "bob")
    assert "Session" not in script.calls[0][1]
    if state is not None:
        getattr(session, method)(*arguments)
        assert script.calls[1][1]["Username"] == "ada"


def test_a_user_without_password_is_registered(mode: Mode) -> None:
    """Where the pool allows it. Of another type, it is the program's mistake."""
    script = Scripted(UP)
    session = mode.session(script.config, transport=script)
    assert isinstance(session.register("ada", attributes={"email": "ada@example.com"}), Ok)
    assert "Password" not in script.calls[0][1]
    with pytest.raises(ValueError, match=r"^password must be a string"):
        session.register("ada", 5)
