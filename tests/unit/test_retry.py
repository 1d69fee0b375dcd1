"""Which failure of which call is tried again: the steps that `with_retries` makes of a flow, stepped by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cognito_raw import Call, Client, Err, Ok, Pause, Reply, Request, Result, advance, ask
from cognito_raw.call import ServiceReply
from cognito_raw.flow import Flow
from cognito_raw.result import Sent
from cognito_raw.retry import ATTEMPTS, is_safe, with_retries
from tests.support.cases import each_case
from tests.support.conversation import Clock, Exchange, Script, answered, configured, refused

THROTTLED = refused("TooManyRequestsException", "Too many requests")
INTERNAL = refused("InternalErrorException", "Something went wrong")
UNAVAILABLE: Result[Reply] = Ok(Reply(503, {}, b"<html>"))
REFUSED: Result[Reply] = Err("connection-failed", sent="no")
LOST: Result[Reply] = Err("connection-lost", sent="maybe")
UNSENT: Result[Reply] = Err("connection-lost", sent="no")
LATE: Result[Reply] = Err("timed-out", sent="maybe")
LIMIT = refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")
LOCKED = refused("NotAuthorizedException", "Password attempts exceeded")

SRP = {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "jane", "SRP_A": "ff"}}
CODE: dict[str, object] = {"AuthFlow": "USER_AUTH", "AuthParameters": {"PREFERRED_CHALLENGE": "EMAIL_OTP"}}
TYPED: dict[str, object] = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": "p"}}


def calls(operation: str, parameters: Mapping[str, object]) -> Flow[Mapping[str, Any]]:
    answer = yield from ask(operation, parameters)
    return answer if isinstance(answer, Err) else Ok(answer.value.body)


def attempts(
    operation: str, parameters: Mapping[str, object], reply: Result[Reply], **changes: Any
) -> tuple[list[float], Result[Any]]:
    """The pauses between the attempts at a call that always meets the same answer, and the result."""
    config = configured(**changes)
    steps = with_retries(calls(operation, parameters), config)
    pauses: list[float] = []
    step = advance(steps)
    while isinstance(step, (Request, Pause)):
        if isinstance(step, Pause):
            pauses.append(step.seconds)
        step = advance(steps, reply if isinstance(step, Request) else None)
    assert isinstance(step, (Ok, Err))
    return pauses, step


CASES = [
    # operation, parameters, what always comes back, repeated or not, retryable or not
    pytest.param("GetUser", {"AccessToken": "t"}, THROTTLED, True, True, id="a reading call, throttled"),
    pytest.param("SignUp", {"Username": "jane"}, THROTTLED, True, True, id="a writing call, throttled"),
    pytest.param(
        "SignUp", {"UserAttributes": [{"Name": "n"}]}, THROTTLED, True, True, id="a list of values, throttled"
    ),
    pytest.param("GetUser", {}, Ok(Reply(429, {}, b"")), True, True, id="throttled without a name"),
    pytest.param("GetUser", {}, INTERNAL, True, True, id="a reading call, internal error"),
    pytest.param("GetUser", {}, UNAVAILABLE, True, True, id="a reading call, 503 with a page"),
    pytest.param("GetUser", {}, LOST, True, True, id="a reading call, answer lost"),
    pytest.param("GetUser", {}, REFUSED, True, True, id="a reading call, connection refused"),
    pytest.param("InitiateAuth", SRP, LOST, True, True, id="the start of an SRP sign-in, answer lost"),
    pytest.param("InitiateAuth", CODE, LOST, False, False, id="the start of a sign-in that sends a code, answer lost"),
    pytest.param("GetUser", {}, Ok(Reply(408, {}, b"")), True, True, id="a reading call, 408 without a name"),
    pytest.param("SignUp", {}, Ok(Reply(408, {}, b"")), False, False, id="a sign-up, 408 without a name"),
    pytest.param("SignUp", {}, refused("SlowDown"), True, True, id="a sign-up, throttled in other words"),
    pytest.param("RevokeToken", {"Token": "t"}, LOST, True, True, id="a revocation, answer lost"),
    pytest.param("SignUp", {}, INTERNAL, False, False, id="a sign-up, internal error"),
    pytest.param("SignUp", {}, UNAVAILABLE, False, False, id="a sign-up, 503 with a page"),
    pytest.param("SignUp", {}, LOST, False, False, id="a sign-up, answer lost"),
    pytest.param("SignUp", {"Password": "p"}, REFUSED, True, True, id="a sign-up, connection refused"),
    pytest.param("SignUp", {"Password": "p"}, UNSENT, True, True, id="a sign-up, connection lost before it"),
    pytest.param("GetTokensFromRefreshToken", {"RefreshToken": "t"}, LOST, False, False, id="a refresh, answer lost"),
    pytest.param("GetTokensFromRefreshToken", {"RefreshToken": "t"}, REFUSED, True, True, id="a refresh, refused"),
    pytest.param("GetTokensFromRefreshToken", {"RefreshToken": "t"}, THROTTLED, True, True, id="a refresh, throttled"),
    pytest.param("GetUser", {}, LATE, False, True, id="too late, and no time left"),
    pytest.param("GetUser", {}, LIMIT, False, False, id="a quota"),
    pytest.param("GetUser", {}, LOCKED, False, False, id="a lockout"),
    pytest.param("GetUser", {}, refused("TooManyFailedAttemptsException"), False, False, id="too many failures"),
    pytest.param("GetUser", {}, refused("ResourceNotFoundException"), False, False, id="a wrong client id"),
    pytest.param("GetUser", {}, Ok(Reply(200, {}, b"<html>")), False, False, id="no JSON"),
    pytest.param("GetUser", {}, Ok(Reply(403, {}, b"")), False, False, id="a firewall"),
]


@each_case(("operation", "parameters", "reply", "repeated", "retryable"), CASES)
def test_a_call_is_repeated_where_that_is_safe_and_useful(
    operation: str, parameters: Mapping[str, object], reply: Result[Reply], repeated: bool, retryable: bool
) -> None:
    """Repeated is what was not sent, what was throttled, and what only reads; `retryable` says so too."""
    pauses, result = attempts(operation, parameters, reply)
    assert len(pauses) == (ATTEMPTS - 1 if repeated else 0)
    assert isinstance(result, Err)
    assert (result.operation, result.retryable) == (operation, retryable)


ONCE: dict[str, tuple[str, dict[str, object]]] = {
    "a password": ("SignUp", {"Password": "p"}),
    "a typed sign-in": ("InitiateAuth", TYPED),
    "a code": ("ConfirmSignUp", {"ConfirmationCode": "1"}),
    "a code of an attribute": ("VerifyUserAttribute", {"Code": "1"}),
    "a code of an authenticator": ("VerifySoftwareToken", {"UserCode": "1"}),
    "a challenge's answer": ("RespondToAuthChallenge", {"ChallengeResponses": {}}),
    "a challenge's session": ("InitiateAuth", {**SRP, "Session": "s"}),
    "two passwords": ("ChangePassword", {"PreviousPassword": "p", "ProposedPassword": "q"}),
    "a passkey": ("CompleteWebAuthnRegistration", {"Credential": {}}),
    "a password inside a list": ("NewOperation", {"Users": [{"Password": "p"}]}),
}


@each_case("reply", [THROTTLED, INTERNAL, LOST, LATE], ids=["throttled", "internal", "lost", "late"])
@each_case("case", ONCE)
def test_what_is_good_for_one_use_is_sent_once(case: str, reply: Result[Reply]) -> None:
    """A call that carries a password, a code or a challenge's answer is never sent a second time."""
    pauses, _ = attempts(*ONCE[case], reply)
    assert pauses == []


@pytest.mark.parametrize("case", ONCE)
def test_what_is_good_for_one_use_is_sent_again_where_nothing_was(case: str) -> None:
    """When no byte of it left, a call with a secret is repeated like any other."""
    pauses, result = attempts(*ONCE[case], REFUSED)
    assert len(pauses) == ATTEMPTS - 1
    assert result == Err("connection-failed", operation=ONCE[case][0], retryable=True, sent="no")


def test_a_throttled_secret_may_be_sent_again_by_the_caller() -> None:
    """A throttled call was not acted upon: `retryable`, though it is not repeated here."""
    _, result = attempts("ConfirmSignUp", {"ConfirmationCode": "1"}, THROTTLED)
    assert isinstance(result, Err)
    assert result.retryable


@pytest.mark.parametrize("sent", ["maybe", "yes"])
def test_a_typed_password_that_left_may_not_be_sent_again(sent: Sent) -> None:
    """A password sign-in that met a passing failure after it left counts as a guess: not `retryable`."""
    assert not is_safe(Call("InitiateAuth", TYPED), Err("service-unavailable", sent=sent))


@pytest.mark.parametrize(
    ("reply", "byte", "pauses"),
    [
        pytest.param(THROTTLED, b"\0", [0.5, 1.0], id="throttled, shortest"),
        pytest.param(THROTTLED, b"\xff", [1.0, 2.0], id="throttled, longest"),
        pytest.param(LOST, b"\0", [0.025, 0.05], id="passing, shortest"),
        pytest.param(LOST, b"\xff", [0.05, 0.1], id="passing, longest"),
    ],
)
def test_pauses_double_and_are_spread_by_chance(reply: Result[Reply], byte: bytes, pauses: Sequence[float]) -> None:
    """A pause is between half of its length and all of it: seconds after throttling, less otherwise."""
    assert attempts("GetUser", {}, reply, randomness=lambda count: byte * count)[0] == pytest.approx(pauses)


def test_a_success_ends_the_attempts() -> None:
    """The first answer that is a success is the result, whatever came before."""
    steps = with_retries(calls("GetUser", {}), configured())
    assert isinstance(advance(steps), Request)
    assert isinstance(advance(steps, LOST), Pause)
    assert isinstance(advance(steps), Request)
    assert advance(steps, answered({"Username": "jane"})) == Ok({"Username": "jane"})


@pytest.mark.parametrize(
    ("first", "sent"), [(LOST, "maybe"), (INTERNAL, "yes"), (REFUSED, "no")], ids=["lost", "internal", "refused"]
)
def test_an_attempt_that_did_not_get_out_forgets_no_earlier_one(first: Result[Reply], sent: Sent) -> None:
    """`sent` is about all attempts: a refused connection says nothing about the request before it."""
    steps = with_retries(calls("RevokeToken", {"Token": "t"}), configured())
    advance(steps)
    advance(steps, first)
    advance(steps)
    advance(steps, REFUSED)
    advance(steps)
    result = advance(steps, REFUSED)
    assert result == Err("connection-failed", operation="RevokeToken", retryable=True, sent=sent)


def test_each_request_may_take_what_is_left_of_the_deadline() -> None:
    """The deadline is for the whole method: every request gets the time that those before it left."""
    clock = Clock(100.0)
    steps = with_retries(calls("GetUser", {}), configured(monotonic=clock, deadline=10.0))
    first = advance(steps)
    clock.now = 103.0
    advance(steps, LOST)
    clock.now = 104.0
    second = advance(steps)
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert (first.timeout, second.timeout) == (10.0, 6.0)


def test_a_deadline_of_the_call_goes_before_the_configured_one() -> None:
    """A deadline given for one method replaces that of the configuration."""
    request = advance(with_retries(calls("GetUser", {}), configured(deadline=10.0), 2.5))
    assert isinstance(request, Request)
    assert request.timeout == 2.5


def test_no_pause_is_begun_that_would_outlast_the_deadline() -> None:
    """A failure is reported at once where the pause after it would use up the time."""
    clock = Clock(0.0)
    steps = with_retries(calls("GetUser", {}), configured(monotonic=clock, deadline=10.0))
    advance(steps)
    clock.now = 9.6
    result = advance(steps, THROTTLED)
    assert isinstance(result, Err)
    assert (result.reason, result.retryable, result.sent) == ("throttled", True, "yes")


def test_nothing_is_sent_after_the_deadline() -> None:
    """Where a pause took longer than it should have, the failure before it is the result."""
    clock = Clock(0.0)
    steps = with_retries(calls("GetUser", {}), configured(monotonic=clock, deadline=10.0))
    advance(steps)
    assert isinstance(advance(steps, LOST), Pause)
    clock.now = 10.0
    assert advance(steps) == Err("connection-lost", operation="GetUser", retryable=True, sent="maybe")


def test_a_call_that_comes_after_the_deadline_is_not_sent() -> None:
    """A flow whose first call used up the time gets `timed-out` for its second, of which nothing was sent."""

    def two() -> Flow[None]:
        yield from ask("GetUser", {})
        answer: Result[ServiceReply] = yield from ask("ChangePassword", {"PreviousPassword": "p"})
        assert isinstance(answer, Err)
        return answer

    clock = Clock(0.0)
    steps = with_retries(two(), configured(monotonic=clock, deadline=10.0))
    advance(steps)
    clock.now = 11.0
    result = advance(steps, answered({}))
    assert result == Err("timed-out", operation="ChangePassword", retryable=True, sent="no")


def test_a_transport_that_answers_none_is_refused() -> None:
    """None is what a pause is answered with, so a transport that gives it raises `TypeError`."""
    steps = with_retries(calls("GetUser", {}), configured())
    advance(steps)
    with pytest.raises(TypeError, match="Ok or Err"):
        advance(steps)


def test_the_same_bytes_are_sent_again() -> None:
    """A repeated request is the same call: only its timeout differs."""
    steps = with_retries(calls("GetUser", {"AccessToken": "t"}), configured())
    first = advance(steps)
    advance(steps, LOST)
    second = advance(steps)
    assert isinstance(first, Request)
    assert first == second
    assert json.loads(first.body) == {"AccessToken": "t"}


def test_any_operation_of_a_client_follows_the_same_rules() -> None:
    """`Client.call` repeats what reads, and sends a secret once, for operations that nobody wrapped too."""
    reads = Script([Exchange("ListDevices", {}, LOST), Exchange("ListDevices", {}, answered({}))])
    assert Client(configured(), transport=reads).call("ListDevices", {}) == Ok({})
    writes = Script([Exchange("VerifyUserAttribute", {"Code": "1"}, LOST)])
    result = Client(configured(), transport=writes).call("VerifyUserAttribute", {"Code": "1"})
    assert result == Err("connection-lost", operation="VerifyUserAttribute", sent="maybe")
