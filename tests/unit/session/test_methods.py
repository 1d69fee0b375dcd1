"""How a session begins, as plays: each is acted by hand, on a session and on an asynchronous session alike."""

from __future__ import annotations

import json
from typing import Any, Final, get_type_hints

import pytest

from cognito_raw import AsyncSession, Challenge, Delivery, Err, Ok, Registration, Reply, Result, Session, State
from cognito_raw.flow import MethodOfFlow
from cognito_raw.session.properties import SessionMembers
from tests.support.cases import each_case
from tests.support.conversation import (
    CLIENT_ID,
    Exchange,
    answered,
    authentication_result,
    configured,
    not_authorized,
    refused,
    tokens,
)
from tests.support.plays import Act, play
from tests.support.sign_ins import SrpServer, respond, srp_sign_in

TOKENS = answered(authentication_result())
INCORRECT = not_authorized("Incorrect username or password.")
LOST: Result[Reply] = Err("connection-lost", sent="maybe")
DELIVERED = answered({"CodeDeliveryDetails": {"Destination": "j***", "DeliveryMedium": "EMAIL"}})
DELIVERY = Delivery("j***", "EMAIL")
USER_ID = SrpServer().user_id


def named(operation: str, reply: Result[Reply], **more: str) -> Exchange:
    """A call that names the client and the user at the top."""
    return Exchange(operation, {"ClientId": CLIENT_ID, "Username": "jane", **more}, reply)


def login(reply: Result[Reply]) -> Act:
    return Act("login", ("jane", "Passw0rd!"), srp_sign_in(reply))


def asked(name: str, **parameters: str) -> Result[Reply]:
    return answered({"ChallengeName": name, "Session": "s1", "ChallengeParameters": parameters})


def reason(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "ok"


# --- registering, confirming, resetting: the user is remembered

CODE = Act("confirm_registration", ("123456",), (named("ConfirmSignUp", answered({}), ConfirmationCode="123456"),))
RESEND = Act("resend_verification_code", (), (named("ResendConfirmationCode", DELIVERED),))
RESET = Act(
    "reset_password_confirmation",
    ("N3w", "654321"),
    (named("ConfirmForgotPassword", answered({}), ConfirmationCode="654321", Password="N3w"),),
)


def register(reply: Result[Reply]) -> Act:
    parameters = {"ClientId": CLIENT_ID, "Username": "jane", "Password": "p", "UserAttributes": []}
    return Act("register", ("jane", "p"), (Exchange("SignUp", parameters, reply),))


def request_reset(reply: Result[Reply]) -> Act:
    return Act("request_password_reset", ("jane",), (named("ForgotPassword", reply),))


REMEMBERING = {
    "a registration": register(answered({"UserConfirmed": False, "UserSub": "5u8"})),
    "a registration whose code was not delivered": register(refused("CodeDeliveryFailureException")),
    "a registration whose answer was lost": register(LOST),
    "a sign-in of an unverified account": login(refused("UserNotConfirmedException")),
    "a sign-in that was refused": login(INCORRECT),
    "a sign-in": login(TOKENS),
    "a reset request": request_reset(DELIVERED),
    "a reset request that was refused": request_reset(refused("LimitExceededException")),
}


@each_case("first", REMEMBERING)
@each_case(("then", "value"), [(CODE, None), (RESEND, DELIVERY), (RESET, None)], ids=["confirm", "resend", "reset"])
def test_the_user_is_remembered_for_the_code(first: str, then: Act, value: object) -> None:
    """Confirming, resending and resetting are for the user of the last register, login or reset request."""
    outcome = play(REMEMBERING[first], then)
    assert outcome.last == Ok(value)
    assert outcome.state.username == "jane"


def test_a_registration_gives_what_the_service_said() -> None:
    """The value is the new user's id, whether it is confirmed, and where the code went."""
    body = {"UserConfirmed": True, "UserSub": "5u8"}
    assert play(register(answered(body))).results == [Ok(Registration("5u8", confirmed=True))]
    assert play(request_reset(DELIVERED)).results == [Ok(DELIVERY)]


def test_a_new_user_is_signed_in_without_a_second_code() -> None:
    """The handles of the sign-up and of its confirmation are passed on by themselves, once, and only for that user."""
    body = {"UserSub": "5u8", "UserConfirmed": False, "Session": "handle-1"}
    confirm = named("ConfirmSignUp", answered({"Session": "handle-2"}), ConfirmationCode="123456", Session="handle-1")
    request = {"AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID, "AuthParameters": {"USERNAME": "jane"}}
    begin = Exchange("InitiateAuth", {**request, "Session": "handle-2"}, TOKENS)
    outcome = play(
        register(answered(body)),
        Act("confirm_registration", ("123456",), (confirm,)),
        Act("login", ("jane",), (begin,)),
    )
    assert outcome.last == Ok(tokens().id_token)
    assert outcome.state.sign_up_session is None


def test_another_user_does_not_go_on_from_a_sign_up() -> None:
    """Whoever else signs in needs a password, as ever."""
    session = Session(configured(), state=State("jane", sign_up_session="handle"))
    assert session.login("joe") == Err("no-session")


@pytest.mark.parametrize("act", [CODE, RESEND, RESET], ids=["confirm", "resend", "reset"])
def test_a_code_for_nobody_is_no_session(act: Act) -> None:
    """Where no user is known, nothing is sent."""
    assert play(Act(act.method, act.arguments)).results == [Err("no-session")]


@pytest.mark.parametrize("act", [CODE, RESEND, RESET], ids=["confirm", "resend", "reset"])
def test_a_refused_code_can_be_tried_again(act: Act) -> None:
    """A refusal is the result, and the user stays remembered."""
    wrong = Exchange(act.exchanges[0].operation, None, refused("CodeMismatchException"))
    outcome = play(Act(act.method, act.arguments, (wrong,)), act, state=State(username="jane"))
    assert [reason(result) for result in outcome.results] == ["code-mismatch", "ok"]


# --- signing in


def test_a_sign_in_keeps_the_tokens_and_tells_the_subscribers() -> None:
    """The value is the ID token; the session then has all three tokens, and the subscribers the ID token."""
    outcome = play(login(TOKENS))
    assert outcome.results == [Ok(tokens().id_token)]
    assert outcome.state == State("jane", None, tokens())
    assert outcome.told == [tokens().id_token]


@pytest.mark.parametrize("reply", [INCORRECT, refused("UserNotConfirmedException"), LOST, asked("SMS_MFA")])
def test_the_old_tokens_stay_until_another_sign_in_succeeds(reply: Result[Reply]) -> None:
    """A sign-in that does not get through leaves the session as signed in as it was."""
    outcome = play(login(reply), state=State("joe", None, tokens(n=7)))
    assert outcome.state.tokens == tokens(n=7)
    assert outcome.told == []


def test_another_user_takes_over_the_session() -> None:
    """When the sign-in succeeds, the tokens are the new user's, and the subscribers hear of no end between."""
    outcome = play(login(TOKENS), state=State("joe", None, tokens(n=7)))
    assert outcome.state == State("jane", None, tokens())
    assert outcome.told == [tokens().id_token]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NEW_PASSWORD_REQUIRED", "new-password-challenge"),
        ("SOFTWARE_TOKEN_MFA", "software-token-mfa-challenge"),
        ("ONE_OF_THE_FUTURE", "unknown-challenge"),
    ],
)
def test_a_challenge_is_a_reason_and_waits_in_the_session(name: str, expected: str) -> None:
    """A challenge comes back as a failure that holds it, and the session holds it too."""
    outcome = play(login(asked(name, hint="x")))
    challenge = Challenge(name, USER_ID, "s1", {"hint": "x"})
    assert reason(outcome.last) == expected
    assert isinstance(outcome.last, Err)
    assert (outcome.last.challenge, outcome.last.sent) == (challenge, "yes")
    assert outcome.state == State("jane", challenge)
    assert outcome.told == []


def test_a_new_sign_in_drops_the_challenge_of_the_last() -> None:
    """A challenge belongs to one sign-in, and ends with the next."""
    assert play(login(asked("SMS_MFA")), login(INCORRECT)).state == State("jane")


@pytest.mark.parametrize("call", ["login", "register"])
def test_a_mistake_changes_nothing(call: str) -> None:
    """What raises is the caller's mistake: the session never hears of it."""
    with pytest.raises(ValueError, match=r"^password must be a string"):
        play(Act(call, ("jane", 5)))


def test_the_passwords_of_a_change_are_strings() -> None:
    """A mapping of responses is no new password, and only a client changes from no password at all."""
    with pytest.raises(ValueError, match=r"^new_password must be a string"):
        play(login(asked("NEW_PASSWORD_REQUIRED")), Act("new_password_challenge", ({"NEW_PASSWORD": "p"},)))
    with pytest.raises(ValueError, match=r"^old_password must be a string"):
        play(login(TOKENS), Act("change_password", (None, "N3w-Pass!")))


# --- the new password

WAITING = State("jane@e.org", Challenge("NEW_PASSWORD_REQUIRED", USER_ID, "s1", {"requiredAttributes": '["email"]'}))


def set_password(reply: Result[Reply], *attributes: dict[str, str], **sent: str) -> Act:
    responses = {"USERNAME": USER_ID, "NEW_PASSWORD": "N3w", **sent}
    exchange = respond(reply, responses, "NEW_PASSWORD_REQUIRED", Session="s1")
    return Act("new_password_challenge", ("N3w", *attributes), (exchange,))


def test_a_new_password_finishes_the_sign_in() -> None:
    """It answers in the challenge's own session, with no second proof of the old password."""
    required = asked("NEW_PASSWORD_REQUIRED", requiredAttributes='["userAttributes.email","userAttributes.custom:t"]')
    attributes = {"email": "j@e.org", "t": "7"}
    act = set_password(TOKENS, attributes, **{"userAttributes.email": "j@e.org", "userAttributes.custom:t": "7"})
    outcome = play(login(required), act)
    assert outcome.last == Ok(tokens().id_token)
    assert outcome.state == State("jane", None, tokens())
    assert outcome.told == [tokens().id_token]


def test_a_challenge_is_answered_in_another_session() -> None:
    """The state is plain JSON, with which another invocation goes on where this one stopped."""
    saved = json.dumps(play(login(asked("NEW_PASSWORD_REQUIRED"))).state.to_dict())
    outcome = play(set_password(TOKENS), state=State.from_dict(json.loads(saved)))
    assert outcome.results == [Ok(tokens().id_token)]


@pytest.mark.parametrize(
    ("reply", "expected", "kept"),
    [
        pytest.param(refused("InvalidPasswordException"), "invalid-password", True, id="too weak"),
        pytest.param(refused("InvalidParameterException", "Missing"), "invalid-parameter", True, id="not all given"),
        pytest.param(refused("PasswordHistoryPolicyViolationException"), "password-used-before", True, id="reused"),
        pytest.param(LOST, "connection-lost", True, id="answer lost"),
        pytest.param(
            not_authorized("Invalid session for the user, session is expired."),
            "challenge-session-invalid",
            False,
            id="too late",
        ),
    ],
)
def test_a_challenge_waits_until_it_is_answered_or_dead(reply: Result[Reply], expected: str, kept: bool) -> None:
    """A refused password can be corrected; a dead session of the challenge needs a new sign-in."""
    outcome = play(set_password(reply), state=WAITING)
    assert reason(outcome.last) == expected
    assert (outcome.state.challenge == WAITING.challenge) is kept
    assert (outcome.state.challenge is None) is not kept


def test_a_new_password_may_lead_to_the_next_challenge() -> None:
    """After the new password another challenge may wait, in a session of its own."""
    body = {"ChallengeName": "SMS_MFA", "Session": "s2", "ChallengeParameters": {}}
    outcome = play(set_password(answered(body)), state=WAITING)
    assert reason(outcome.last) == "sms-mfa-challenge"
    assert outcome.state.challenge == Challenge("SMS_MFA", USER_ID, "s2")


@pytest.mark.parametrize(
    "state", [State("jane"), State("jane", Challenge("SMS_MFA", "jane", "s"))], ids=["none", "another"]
)
def test_a_new_password_nobody_asked_for_is_no_session(state: State) -> None:
    """Without such a challenge nothing is sent, and another challenge stays."""
    outcome = play(Act("new_password_challenge", ("N3w",)), state=state)
    assert (outcome.results, outcome.state) == ([Err("no-session")], state)


METHODS: Final = [name for name, method in vars(SessionMembers).items() if isinstance(method, MethodOfFlow)]


@pytest.mark.parametrize("face", [Session, AsyncSession])
@pytest.mark.parametrize("name", METHODS)
def test_the_types_of_a_method_can_be_read(face: type, name: str) -> None:
    """`typing.get_type_hints` finds every name in the annotations of a method."""
    assert "return" in get_type_hints(getattr(face, name))
