"""Several users of one session: nothing of one is sent, kept, dropped or answered for another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import Challenge, Err, Ok, RememberedDevice, Reply, Result, State, Tokens
from tests.support.conversation import (
    CLIENT_ID,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    not_authorized,
    refused,
    unsigned_token,
)
from tests.support.modes import Mode
from tests.support.plays import Act, play

END: Final = 2_000_000_000
TOKENS = answered(authentication_result())
INCORRECT = not_authorized("Incorrect username or password.")
GONE = refused("ResourceNotFoundException", "Device does not exist.")
DEVICE: Final = RememberedDevice("device-1", "group", "hunter2", "id-of-ann", "ann")
ANN: Final = State("ann", device=DEVICE)


def login(username: str, reply: Result[Reply], **sent: str) -> Act:
    """A sign-in that sends the password in its first request, and perhaps the key of a device."""
    parameters = {"USERNAME": username, "PASSWORD": "p", **sent}
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}
    options = {"flow": "USER_PASSWORD_AUTH"}
    return Act("login", (username, "p"), (Exchange("InitiateAuth", body, reply),), options=options)


def go_on(username: str, handle: str, reply: Result[Reply]) -> Act:
    """A sign-in by the handle of a sign-up."""
    body: dict[str, object] = {"AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID, "AuthParameters": {"USERNAME": username}}
    return Act("login", (username,), (Exchange("InitiateAuth", {**body, "Session": handle}, reply),))


def named(method: str, operation: str, username: str, *arguments: str, reply: object = None, **sent: str) -> Act:
    parameters: dict[str, Any] = {"ClientId": CLIENT_ID, "Username": username, **sent}
    return Act(method, arguments, (Exchange(operation, parameters, answered(reply or {})),))


def register(username: str, handle: str | None = None) -> Act:
    body: dict[str, object] = {
        "UserSub": "5u8",
        "UserConfirmed": False,
        **({} if handle is None else {"Session": handle}),
    }
    more: dict[str, Any] = {"Password": "p", "UserAttributes": []}
    return named("register", "SignUp", username, username, "p", reply=body, **more)


def confirm(username: str, reply: object = None, **sent: str) -> Act:
    return named("confirm_registration", "ConfirmSignUp", username, "1", reply=reply, ConfirmationCode="1", **sent)


def request_reset(username: str) -> Act:
    body: dict[str, object] = {"CodeDeliveryDetails": {}}
    return named("request_password_reset", "ForgotPassword", username, username, reply=body)


def tokens_of(username: str, **more: object) -> dict[str, Any]:
    """The body of a finished sign-in, whose tokens name their user."""
    access = unsigned_token(username=username, exp=END, **more)
    return {"AuthenticationResult": {"IdToken": unsigned_token(exp=END, sub=username), "AccessToken": access}}


# --- devices


def test_the_device_of_one_user_never_goes_with_another() -> None:
    """Also not with the second attempt of the other; the owner's next sign-in sends it again."""
    outcome = play(
        login("bob", INCORRECT), login("bob", INCORRECT), login("ann", TOKENS, DEVICE_KEY="device-1"), state=ANN
    )
    assert outcome.state.device == DEVICE


def test_a_device_knows_the_name_of_its_own_sign_in() -> None:
    """It is the name at the login, whoever asked for a code between the challenge and its answer."""
    body = tokens_of("id-of-ann")
    body["AuthenticationResult"]["NewDeviceMetadata"] = {"DeviceKey": "d", "DeviceGroupKey": "g"}
    asks = {"ChallengeName": "SMS_MFA", "Session": "s", "ChallengeParameters": {"USERNAME": "id-of-ann"}}
    answer = (Exchange("RespondToAuthChallenge", None, answered(body)), Exchange("ConfirmDevice", None, answered({})))
    outcome = play(
        login("ann", answered(asks)),
        request_reset("bob"),
        Act("answer_challenge", ("1",), answer),
        login("bob", INCORRECT),
        login("ann", TOKENS, DEVICE_KEY="d"),
    )
    assert outcome.state.device is not None
    assert (outcome.state.device.username, outcome.state.device.alias) == ("id-of-ann", "ann")


def test_a_challenge_for_the_device_of_another_user_waits() -> None:
    """The service names the user, and the device at hand is not that user's."""
    asks = {"ChallengeName": "DEVICE_SRP_AUTH", "Session": "s", "ChallengeParameters": {"USERNAME": "id-of-bob"}}
    outcome = play(login("ann", answered(asks), DEVICE_KEY="device-1"), state=ANN)
    assert outcome.state.challenge == Challenge("DEVICE_SRP_AUTH", "id-of-bob", "s", {"USERNAME": "id-of-bob"})


def refresh(*replies: Result[Reply], keys: tuple[str | None, ...]) -> Act:
    """A refresh whose requests have these device keys."""
    common = {"ClientId": CLIENT_ID, "RefreshToken": "r"}
    requests = [common if key is None else {**common, "DeviceKey": key} for key in keys]
    exchanges = map(Exchange, ["GetTokensFromRefreshToken"] * len(keys), requests, replies)
    return Act("refresh", (), tuple(exchanges))


def held(username: str, **more: object) -> Tokens:
    tokens = Tokens.read(tokens_of(username, **more))
    return replace(tokens, refresh_token="r")


def test_a_refresh_sends_the_device_of_its_own_user_alone() -> None:
    """The other user's remembered device stays at home."""
    bob = replace(ANN, tokens=held("id-of-bob"))
    assert isinstance(play(refresh(answered(tokens_of("id-of-bob")), keys=(None,)), state=bob).last, Ok)
    ann = replace(ANN, tokens=held("id-of-ann"))
    assert isinstance(play(refresh(answered(tokens_of("id-of-ann")), keys=("device-1",)), state=ann).last, Ok)


@pytest.mark.parametrize(("key", "left"), [("device-2", DEVICE), ("device-1", None)], ids=["of another", "its own"])
def test_a_refresh_forgets_only_the_device_that_the_service_forgot(key: str, left: object) -> None:
    """A device that only the access token names may be forgotten, and the remembered one of another user stays."""
    state = replace(ANN, tokens=held("id-of-bob", device_key=key))
    act = refresh(GONE, answered(tokens_of("id-of-bob")), keys=(key, None))
    assert play(act, state=state).state.device == left


@pytest.mark.parametrize("own", [True, False])
def test_a_device_that_is_refused_as_an_answer_is_forgotten(own: bool) -> None:
    """Where it is the session's own; a refusal of another device leaves that."""
    given = DEVICE if own else replace(DEVICE, key="device-2")
    exchange = Exchange("RespondToAuthChallenge", None, GONE)
    state = replace(ANN, challenge=Challenge("DEVICE_SRP_AUTH", "id-of-ann", "s"))
    outcome = play(Act("answer_challenge", (given,), (exchange,)), state=state)
    assert outcome.state.device == (None if own else DEVICE)


# --- handles of sign-ups


def test_a_handle_goes_with_its_own_user_alone() -> None:
    """Another user's confirmation and login go without it, and drop nothing."""
    play(
        register("ann", "handle-1"),
        request_reset("bob"),
        confirm("bob"),
        login("bob", INCORRECT),
        go_on("ann", "handle-1", TOKENS),
    )


def test_a_login_without_a_password_takes_no_other_users_handle(mode: Mode) -> None:
    """Nothing is sent."""
    state = State("ann", sign_up_session="handle-1")
    session = mode.session(configured(), state=state, transport=Script())
    assert session.login("bob") == Err("no-session")
    assert session.state == state


def test_the_handle_of_a_confirmation_is_of_its_user() -> None:
    """Who asks for a code after it does not get it."""
    outcome = play(
        register("ann", "handle-1"),
        confirm("ann", {"Session": "handle-2"}, Session="handle-1"),
        request_reset("bob"),
        login("bob", INCORRECT),
    )
    assert (outcome.state.sign_up_username, outcome.state.sign_up_session) == ("ann", "handle-2")


def test_a_new_handle_takes_the_place_of_the_old() -> None:
    """There is one: that of the last sign-up."""
    outcome = play(register("ann", "handle-1"), register("bob", "handle-2"), go_on("bob", "handle-2", TOKENS))
    assert outcome.state.sign_up_session is None


def test_a_user_is_registered_again_without_a_handle() -> None:
    """The old one is of no use then."""
    assert play(register("ann", "handle-1"), register("ann")).state == State("ann")


BUSY = {
    "not sent": Err("timed-out", sent="no"),
    "busy": refused("LimitExceededException"),
    "refused": not_authorized("Invalid session for the user, session is expired."),
    "lost": Err("connection-lost", sent="maybe"),
}


@pytest.mark.parametrize(("case", "kept"), [*zip(BUSY, (True, True, False, False), strict=True)])
def test_a_handle_that_was_not_used_is_kept(case: str, kept: bool) -> None:
    """It works once, so it is kept only where the service surely did nothing with it."""
    state = State("ann", sign_up_session="handle-1")
    assert play(go_on("ann", "handle-1", BUSY[case]), state=state).state == (state if kept else State("ann"))


# --- names


def test_a_user_stays_signed_in_while_others_are_tried() -> None:
    """Confirming follows the last request, and the name of the state is of its tokens."""
    acts = (
        login("ann", answered(tokens_of("id-of-ann"))),
        register("bob"),
        confirm("bob"),
        login("eve", INCORRECT),
        confirm("eve"),
    )
    state = play(*acts).state
    assert (state.username, state.last_username) == ("ann", "eve")
    assert State.from_dict(state.to_dict()) == state
    assert replace(state, tokens=None) == State("eve")


def test_a_sign_in_gives_the_state_its_name() -> None:
    """It is the name of the login, whoever asked for a code between the challenge and its answer."""
    asks = answered({"ChallengeName": "SMS_MFA", "Session": "s", "ChallengeParameters": {"USERNAME": "id-of-ann"}})
    answer = Exchange("RespondToAuthChallenge", None, TOKENS)
    state = play(login("ann", asks), request_reset("bob"), Act("answer_challenge", ("1",), (answer,))).state
    assert (state.username, state.last_username) == ("ann", "bob")


# --- passwords


def test_a_reset_is_of_the_user_of_the_last_request() -> None:
    """A failed login of another in between changes nothing."""
    sent = {"ConfirmationCode": "1", "Password": "n"}
    play(
        request_reset("ann"),
        login("bob", INCORRECT),
        named("reset_password_confirmation", "ConfirmForgotPassword", "ann", "n", "1", **sent),
    )


def test_the_users_are_carried() -> None:
    """Each name comes back from JSON with what it belongs to."""
    state = State("a", Challenge("SMS_MFA", "i"), None, 0.0, DEVICE, sign_up_session="h")
    state = replace(state, username="b", reset_username="c")
    assert State.from_dict(state.to_dict()) == state
    assert (state.challenge_username, state.sign_up_username, state.reset_username) == ("a", "a", "c")
