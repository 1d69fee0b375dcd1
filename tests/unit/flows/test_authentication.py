"""Signing in over SRP, held against the service's own arithmetic."""

from __future__ import annotations

import pytest

from cognito_raw import Call, Challenge, Err, Ok, Reply, Result, ServiceReply, advance, flows
from cognito_raw.reasons import challenge_reason
from tests.support.conversation import (
    NOW,
    SECRET,
    Clock,
    Exchange,
    answered,
    configured,
    hash_of,
    refused,
    tokens,
)
from tests.support.sign_ins import SrpServer, initiate, respond, srp_sign_in
from tests.support.srp_sign_in import SERVER, TOKENS, WHEN, sign_in

SENDS_ALL = Ok(tokens())


def proves(server: SrpServer, reply: Result[Reply] = TOKENS, when: str = WHEN) -> Exchange:
    return respond(reply, server.expects(when), "PASSWORD_VERIFIER")


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(SERVER, id="plain"),
        pytest.param(SrpServer(salt=0x8000), id="a salt with its top bit set"),
        pytest.param(SrpServer(salt=0x7), id="a salt of one digit"),
        pytest.param(SrpServer(salt=0), id="a salt of zero"),
        pytest.param(SrpServer(user_id="jäne", password="pässwörd ☃", block=bytes(range(256))), id="beyond ASCII"),
        pytest.param(SrpServer(user_id="", password="", block=b""), id="everything empty"),
        *[pytest.param(SrpServer(b=3 + b), id=f"another b, {b}") for b in range(4)],
    ],
)
def test_the_service_accepts_the_proof(server: SrpServer) -> None:
    """The signature is the one that the service computes from the verifier and its own secret number."""
    asks = answered(server.asks(USERNAME=server.user_id or "x"))
    expected = {**server.expects(WHEN), "USERNAME": server.user_id or "x"}
    proof = respond(TOKENS, expected, "PASSWORD_VERIFIER")
    assert sign_in(initiate(asks), proof, password=server.password) == SENDS_ALL


def test_a_wrong_password_gives_another_signature() -> None:
    """The password goes into the proof, so that a wrong one does not pass."""
    flow = flows.sign_in(configured(), "jane", "wrong")
    advance(flow)
    call = advance(flow, Ok(ServiceReply("InitiateAuth", SERVER.asks())))
    assert isinstance(call, Call)
    assert call.parameters["ChallengeResponses"] != SERVER.expects(WHEN)


@pytest.mark.parametrize(
    ("clock", "headers", "when"),
    [
        pytest.param(NOW, {}, WHEN, id="no Date: the local clock"),
        pytest.param(NOW - 9e6, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, WHEN, id="Date over a slow clock"),
        pytest.param(NOW + 9e6, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, WHEN, id="Date over a fast clock"),
        pytest.param(NOW, {"date": "yesterday"}, WHEN, id="no date in Date"),
        pytest.param(
            NOW, {"date": "Wed, 01 Jan 2025 00:00:00 GMT"}, "Wed Jan 1 00:00:00 UTC 2025", id="midnight, day one"
        ),
    ],
)
def test_the_proof_is_signed_at_the_time_of_the_service(clock: float, headers: dict[str, str], when: str) -> None:
    """TIMESTAMP comes from the Date of the challenge, and from the local clock only where there is none."""
    asks = initiate(answered(SERVER.asks(), **headers))
    assert sign_in(asks, proves(SERVER, when=when), clock=Clock(clock)) == SENDS_ALL


def test_a_session_is_passed_on_where_there_is_one() -> None:
    """USER_SRP_AUTH has no Session in the plain case; where one comes, the answer carries it."""
    proof = respond(TOKENS, SERVER.expects(WHEN), "PASSWORD_VERIFIER", Session="s3ssion")
    assert sign_in(initiate(answered({**SERVER.asks(), "Session": "s3ssion"})), proof) == SENDS_ALL


@pytest.mark.parametrize(
    ("named", "answers"), [("jane-1", "jane-1"), (None, SERVER.user_id), ("", SERVER.user_id)],
    ids=["USERNAME", "none", "empty"],
)  # fmt: skip
def test_an_alias_signs_in_under_the_name_of_the_challenge(named: str | None, answers: str) -> None:
    """After a sign-in by e-mail address, the answer has the name of the challenge and the proof hashes its user id."""
    proof = respond(TOKENS, {**SERVER.expects(WHEN), "USERNAME": answers}, "PASSWORD_VERIFIER")
    asks = initiate(answered(SERVER.asks(USERNAME=named)), "jane@example.com")
    assert sign_in(asks, proof, username="jane@example.com") == SENDS_ALL


def test_each_message_proves_the_client_secret_over_its_own_user_name() -> None:
    """SECRET_HASH is over what was typed in the first message, and over the service's name in the second."""
    asks = initiate(answered(SERVER.asks()), "jane@example.com", SECRET_HASH=hash_of("jane@example.com"))
    responses = {**SERVER.expects(WHEN), "SECRET_HASH": hash_of(SERVER.user_id)}
    proof = respond(TOKENS, responses, "PASSWORD_VERIFIER")
    assert sign_in(asks, proof, username="jane@example.com", client_secret=SECRET) == SENDS_ALL


def test_tokens_that_come_at_once_are_taken() -> None:
    """Where the service asks for nothing, the sign-in is over after one call."""
    assert sign_in(initiate(TOKENS)) == SENDS_ALL


NAMES = [
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_CHALLENGE",
    "DEVICE_PASSWORD_VERIFIER",
    "DEVICE_SRP_AUTH",
    "EMAIL_OTP",
    "MFA_SETUP",
    "NEW_PASSWORD_REQUIRED",
    "PASSWORD",
    "PASSWORD_SRP",
    "PASSWORD_VERIFIER",
    "SELECT_CHALLENGE",
    "SELECT_MFA_TYPE",
    "SMS_MFA",
    "SMS_OTP",
    "SOFTWARE_TOKEN_MFA",
    "WEB_AUTHN",
]


@pytest.mark.parametrize("name", [*NAMES, "SOMETHING_NEW"])
def test_a_challenge_after_the_proof_is_a_value(name: str) -> None:
    """A challenge is what the sign-in gives, with its session and all that the service said."""
    body = {"ChallengeName": name, "Session": "s", "ChallengeParameters": {"CODE_DELIVERY_DESTINATION": "+**99"}}
    result = sign_in(*srp_sign_in(answered(body)))
    assert result == Ok(Challenge(name, SERVER.user_id, "s", {"CODE_DELIVERY_DESTINATION": "+**99"}))


def test_every_challenge_has_a_reason_of_its_own() -> None:
    """No two challenges share a reason, and a name of the future is `unknown-challenge`."""
    assert len({challenge_reason(name) for name in NAMES} | {challenge_reason("SOMETHING_NEW")}) == 17
    assert challenge_reason("SOMETHING_NEW") == "unknown-challenge"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "PASSWORD_VERIFIER"])
def test_a_challenge_instead_of_the_proof_is_a_value_too(name: str) -> None:
    """A challenge that comes before the password is asked for names the user as it was typed."""
    assert sign_in(initiate(answered({"ChallengeName": name}))) == Ok(Challenge(name, "jane"))


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", "incorrect-username-or-password"),
        ("NotAuthorizedException", "Password attempts exceeded", "login-attempts-limit-exceeded"),
        ("NotAuthorizedException", "User is disabled.", "disabled-user"),
        ("UserNotConfirmedException", "User is not confirmed.", "account-unverified"),
        ("PasswordResetRequiredException", "Password reset required for the user", "password-reset-required"),
    ],
)
def test_a_refusal_of_either_message_is_the_result(code: str, message: str, reason: str) -> None:
    """The service may refuse the user at once or the proof: the reason is the same."""
    for exchanges in ([initiate(refused(code, message))], srp_sign_in(refused(code, message))):
        result = sign_in(*exchanges)
        assert isinstance(result, Err)
        assert (result.reason, result.operation) == (reason, exchanges[-1].operation)


def test_a_proof_whose_answer_is_lost_is_not_sent_again() -> None:
    """A connection that breaks during the proof is reported: the guess may have been counted."""
    result = sign_in(*srp_sign_in(Err("connection-lost", sent="maybe")))
    assert result == Err("connection-lost", operation="RespondToAuthChallenge", sent="maybe")
