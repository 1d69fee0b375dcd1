"""Remembered devices: the verifier that the service is given, and the proof that it gets."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

import pytest

from cognito_raw import (
    Call,
    Challenge,
    Client,
    ConfirmedDevice,
    Err,
    NewDevice,
    Ok,
    RememberedDevice,
    Result,
    ServiceReply,
    advance,
    flows,
)
from cognito_raw.flows.auth_calls import AuthContext, finish, prove_device
from cognito_raw.srp.exchange import N
from tests.support.challenge_service import x_of
from tests.support.conversation import (
    SECRET,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    converse,
    fixed_randomness,
    hash_of,
    not_authorized,
    refused,
    step_through,
    tokens,
)
from tests.support.sign_ins import SRP_A, SrpServer, respond
from tests.support.srp_server import padded

NEW: Final = NewDevice("eu-west-1_d3v", "-gr0up")
DEVICE: Final = RememberedDevice("eu-west-1_d3v", "-gr0up", "c2VjcmV0", "5u8")
SERVER: Final = SrpServer(DEVICE.key, DEVICE.password, group=DEVICE.group_key)
WHEN: Final = "Tue Jul 7 09:05:03 UTC 2026"
DATE: Final = "Tue, 07 Jul 2026 09:05:03 GMT"
ASKED: Final = Challenge("DEVICE_SRP_AUTH", "5u8", "s1")
ASKS_FOR_IT: Final = Ok(ServiceReply("X", {"ChallengeName": "DEVICE_SRP_AUTH", "Session": "s1"}))
WHO: Final = {"USERNAME": "5u8", "DEVICE_KEY": DEVICE.key}


# --- a new device


def confirmation(**more: str) -> dict[str, object]:
    """What is sent for the new device with the fixed randomness, from the formulas."""
    password = base64.b64encode(fixed_randomness(40)).decode()
    salt = int.from_bytes(fixed_randomness(16), "big")
    v = pow(2, x_of(NEW.group_key, NEW.key, password, salt), N)
    written = {"PasswordVerifier": v, "Salt": salt}
    verifier = {name: base64.b64encode(padded(value)).decode() for name, value in written.items()}
    return {"AccessToken": "access", "DeviceKey": NEW.key, "DeviceSecretVerifierConfig": verifier, **more}


def confirm(reply: Any, sent: Mapping[str, object], **options: Any) -> Result[Any]:
    exchanges = [Exchange("ConfirmDevice", sent, reply)]
    return converse(configured(), "confirm_new_device", "access", NEW, "5u8", exchanges=exchanges, **options)


@pytest.mark.parametrize(
    ("body", "necessary"),
    [({"UserConfirmationNecessary": False}, False), ({"UserConfirmationNecessary": True}, True), ({}, False)],
    ids=repr,
)
def test_a_new_device_gets_a_password_of_its_own(body: dict[str, object], necessary: bool) -> None:
    """The service gets salt and verifier; the password stays here, and whether the user must agree is told."""
    password = base64.b64encode(fixed_randomness(40)).decode()
    device = RememberedDevice(NEW.key, NEW.group_key, password, "5u8")
    assert confirm(answered(body), confirmation()) == Ok(ConfirmedDevice(device, necessary))


def test_a_new_device_may_have_a_name() -> None:
    """The user sees it in a list of devices."""
    assert isinstance(confirm(answered({}), confirmation(DeviceName="my desk"), name="my desk"), Ok)


def test_the_name_of_a_device_is_a_string() -> None:
    """The error names the argument."""
    with pytest.raises(ValueError, match=r"^name must be a string, not int$"):
        advance(flows.confirm_new_device(configured(), "access", NEW, "5u8", name=5))  # type: ignore[arg-type]


def test_a_device_that_cannot_be_confirmed_says_why() -> None:
    """Such as one that is confirmed already."""
    result = confirm(refused("DeviceKeyExistsException"), confirmation())
    assert isinstance(result, Err)
    assert result.reason == "device-key-exists"


@pytest.mark.parametrize("top", [0x00, 0x7F, 0x80, 0xFF])
def test_salt_and_verifier_are_never_negative(top: int) -> None:
    """The service reads them as Java's BigInteger, in which a leading bit of one would be a sign."""
    for number in range(8):
        config = configured(randomness=lambda size, number=number: bytes([top, number, *range(size - 2)]))
        step = advance(flows.confirm_new_device(config, "access", NEW, "5u8"))
        assert isinstance(step, Call)
        sent: Any = step.parameters["DeviceSecretVerifierConfig"]
        for name in ("Salt", "PasswordVerifier"):
            raw = base64.b64decode(sent[name])
            assert raw[0] < 0x80
            assert len(raw) == 1 or raw[0] > 0 or raw[1] >= 0x80


def test_what_is_no_text_is_a_mistake() -> None:
    """It is told before anything is sent."""
    client: Any = Client(configured(), transport=Script())
    for arguments, options in (((5, NEW, "5u8"), {}), (("a", NEW, None), {}), (("a", NEW, "5u8"), {"name": 5})):
        with pytest.raises(ValueError, match="must be a string"):
            client.confirm_new_device(*arguments, **options)


# --- the proof at the next sign-in


def asks(reply: Any = None, session: str | None = "s2", **changes: Any) -> Exchange:
    said = SERVER.asks(USERNAME=None, USER_ID_FOR_SRP=None, DEVICE_KEY=DEVICE.key, **changes)
    more = {} if session is None else {"Session": session}
    body = {**said, "ChallengeName": "DEVICE_PASSWORD_VERIFIER", **more}
    taken = answered(body, date=DATE) if reply is None else reply
    return respond(taken, {**WHO, "SRP_A": SRP_A}, "DEVICE_SRP_AUTH", Session="s1")


def proves(reply: Any, session: str | None = "s2") -> Exchange:
    more = {} if session is None else {"Session": session}
    return respond(reply, {**SERVER.expects(WHEN), **WHO}, "DEVICE_PASSWORD_VERIFIER", **more)


def prove(*exchanges: Exchange, device: RememberedDevice | None = DEVICE, **changes: Any) -> Result[Any]:
    result: Result[Any] = step_through(
        prove_device(AuthContext(configured(**changes), device), DEVICE, ASKED), exchanges
    )
    return result


@pytest.mark.parametrize("session", ["s2", None], ids=["with a session", "without"])
@pytest.mark.parametrize("device", [DEVICE, None], ids=["of the attempt", "given"])
def test_the_device_proves_its_password(session: str | None, device: RememberedDevice | None) -> None:
    """Its group key stands for the pool's name and its key for the user's id; sessions are passed on as they come."""
    assert prove(asks(session=session), proves(answered(authentication_result()), session), device=device) == Ok(
        tokens()
    )


def test_the_device_proves_the_client_secret_too() -> None:
    """Over the user's name in both messages."""
    proof = {"SECRET_HASH": hash_of("5u8")}
    first = respond(asks().reply, {**WHO, "SRP_A": SRP_A, **proof}, "DEVICE_SRP_AUTH", Session="s1")
    responses = {**SERVER.expects(WHEN), **WHO, **proof}
    second = respond(answered(authentication_result()), responses, "DEVICE_PASSWORD_VERIFIER", Session="s2")
    assert prove(first, second, client_secret=SECRET) == Ok(tokens())


def test_another_challenge_may_follow_the_device() -> None:
    """Before its proof or after it."""
    body = answered({"ChallengeName": "CUSTOM_CHALLENGE", "Session": "s3"})
    expected = Ok(Challenge("CUSTOM_CHALLENGE", "5u8", "s3"))
    assert prove(asks(body)) == expected
    assert prove(asks(), proves(body)) == expected


def test_a_refused_device_is_not_taken_for_a_wrong_password() -> None:
    """The service has the same words for both."""
    refusal = not_authorized("Incorrect username or password.")
    for exchanges in ((asks(refusal),), (asks(), proves(refusal))):
        result = prove(*exchanges)
        assert isinstance(result, Err)
        assert (result.reason, result.code) == ("device-not-found", "NotAuthorizedException")


@pytest.mark.parametrize(
    ("change", "reason"), [({"SRP_B": "0"}, "unsafe-srp-value"), ({"SALT": "?"}, "malformed-reply")]
)
def test_a_proof_that_would_be_unsafe_is_not_made(change: dict[str, Any], reason: str) -> None:
    """As with a password."""
    result = prove(asks(**change))
    assert isinstance(result, Err)
    assert (result.reason, result.operation) == (reason, "RespondToAuthChallenge")


def test_every_proof_has_an_exponent_of_its_own() -> None:
    """One that is used twice would tell whether two sign-ins have the same salt."""
    numbers = count(1)
    config = configured(randomness=lambda size: next(numbers).to_bytes(size, "big"))
    sent = [advance(prove_device(AuthContext(config), DEVICE, ASKED)) for _ in range(3)]
    calls = [step.parameters["ChallengeResponses"] for step in sent if isinstance(step, Call)]
    assert len({str(call) for call in calls}) == 3


# --- when it is asked for


def test_who_has_no_device_is_given_the_challenge() -> None:
    """It is for the caller, who may know one."""
    assert step_through(finish(AuthContext(configured()), ASKS_FOR_IT, "5u8"), ()) == Ok(ASKED)


def test_the_device_of_another_user_does_not_answer() -> None:
    """The challenge names its user, and is for the caller."""
    body = {"ChallengeName": "DEVICE_SRP_AUTH", "Session": "s1", "ChallengeParameters": {"USERNAME": "ann"}}
    result = step_through(finish(AuthContext(configured(), DEVICE), Ok(ServiceReply("X", body)), "5u8"), ())
    assert result == Ok(Challenge("DEVICE_SRP_AUTH", "ann", "s1", {"USERNAME": "ann"}))


@pytest.mark.parametrize(("parameters", "username"), [({}, "5u8"), ({"USERNAME": "5u8-1"}, "5u8-1")], ids=repr)
def test_the_device_answers_for_its_user(parameters: dict[str, str], username: str) -> None:
    """Under the name that the service says, or else under the one it is known by; not under what was typed."""
    asked = Challenge("DEVICE_SRP_AUTH", "jane@example.com", "s1", parameters)
    step = advance(prove_device(AuthContext(configured(), DEVICE), DEVICE, asked))
    assert isinstance(step, Call)
    assert step.parameters["ChallengeResponses"] == {"USERNAME": username, "DEVICE_KEY": DEVICE.key, "SRP_A": SRP_A}


def test_what_asks_for_no_device_is_settled() -> None:
    """Tokens, other challenges and failures are what they are."""
    attempt = AuthContext(configured(), DEVICE)
    body = authentication_result()
    assert step_through(finish(attempt, Ok(ServiceReply("X", body)), "5u8"), ()) == Ok(tokens())
    asked = Ok(ServiceReply("X", {"ChallengeName": "SMS_MFA"}))
    assert step_through(finish(attempt, asked, "5u8"), ()) == Ok(Challenge("SMS_MFA", "5u8"))
    assert step_through(finish(attempt, Err("timed-out"), "5u8"), ()) == Err("timed-out")


def test_a_device_that_is_asked_answers_by_itself() -> None:
    """The session of the challenge goes with it."""
    attempt = AuthContext(configured(), DEVICE)
    exchanges = (asks(), proves(answered(authentication_result())))
    assert step_through(finish(attempt, ASKS_FOR_IT, "5u8"), exchanges) == Ok(tokens())
