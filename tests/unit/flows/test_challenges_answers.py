"""Requests and results of every answer, documented replies and hostile ones."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_raw import (
    AnalyticsMetadata,
    Call,
    Challenge,
    Client,
    Err,
    Ok,
    RememberedDevice,
    Reply,
    UserContext,
    advance,
    flows,
)
from cognito_raw.reply import read
from tests.support.challenge_service import CODE, PASSWORD, USER, Service
from tests.support.challenge_steps import Steps, play, tokens_body
from tests.support.conversation import (
    SECRET,
    answered,
    authentication_result,
    configured,
    converse,
    not_authorized,
    refused,
    tokens,
)
from tests.support.samples import load
from tests.support.sign_ins import SrpServer, respond

DEVICE: Final = RememberedDevice("d3v", "-gr0up", "hunter2", USER)


def test_an_answer_carries_what_goes_with_each_call() -> None:
    """The members of the model, in its own words."""
    members = {
        "ClientMetadata": {"a": "b"},
        "UserContextData": {"IpAddress": "192.0.2.1", "EncodedData": "e"},
        "AnalyticsMetadata": {"AnalyticsEndpointId": "p"},
    }

    def scene(jane: Steps) -> None:
        more: Any = {
            "client_metadata": {"a": "b"},
            "user_context_data": UserContext("192.0.2.1", "e"),
            "analytics_metadata": AnalyticsMetadata("p"),
        }
        jane.sign_in("jane", PASSWORD, **more)
        jane.answer(CODE, **more)

    for _, body in play(scene, then=("SMS_MFA",)).asked:
        assert {name: body[name] for name in members} == members


def test_a_challenge_of_the_future_takes_its_responses() -> None:
    """A mapping in the service's own names, beside the user's."""
    challenge = Challenge("SOMETHING_NEW", "5u8", "s")
    exchange = respond(answered(authentication_result()), {"USERNAME": "5u8", "A": "1"}, "SOMETHING_NEW", Session="s")
    assert converse(configured(), "answer_challenge", challenge, {"A": "1"}, exchanges=[exchange]) == Ok(tokens())


@pytest.mark.parametrize(
    ("name", "reply", "reason", "stands"),
    [
        ("SMS_MFA", refused("CodeMismatchException", "Invalid code"), "code-mismatch", True),
        ("SMS_MFA", refused("ExpiredCodeException", "Invalid code provided"), "code-expired", False),
        ("SOFTWARE_TOKEN_MFA", refused("ExpiredCodeException", "used once."), "code-expired", True),
        ("SMS_MFA", not_authorized("session can only be used once."), "challenge-session-invalid", False),
        ("PASSWORD", not_authorized("Incorrect username or password."), "incorrect-username-or-password", False),
        ("PASSWORD", not_authorized("Password attempts exceeded"), "login-attempts-limit-exceeded", False),
        ("SMS_MFA", not_authorized("User is disabled."), "disabled-user", False),
        ("CUSTOM_CHALLENGE", refused("UserLambdaValidationException", "no"), "lambda-refused", True),
        ("SMS_MFA", refused("TooManyRequestsException"), "throttled", True),
        ("SMS_MFA", Err("timed-out", sent="maybe"), "timed-out", True),
        ("SMS_MFA", answered({}), "malformed-reply", False),
        ("SMS_MFA", Ok(Reply(200, {}, b"<p>hello")), "malformed-reply", True),
    ],
)  # fmt: skip
def test_a_refused_answer_says_whether_another_may_follow(name: str, reply: Any, reason: str, stands: bool) -> None:
    """`challenge` holds what may be answered again, and is None where only a new sign-in helps."""
    challenge = Challenge(name, "5u8", "s")
    member = {"PASSWORD": "PASSWORD", "CUSTOM_CHALLENGE": "ANSWER"}.get(name, f"{name}_CODE")
    exchanges = [respond(reply, {"USERNAME": "5u8", member: "1"}, name, Session="s")]
    result = converse(configured(deadline=0.5), "answer_challenge", challenge, "1", exchanges=exchanges)
    assert isinstance(result, Err)
    assert (result.reason, result.challenge) == (reason, challenge if stands else None)


DOCUMENTED: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "SELECT_CHALLENGE answered with PASSWORD": ("PASSWORD", {"password": "[password]"}),
    "SELECT_CHALLENGE answered with SMS_OTP: SMS_OTP returned": ("SMS_OTP", {}),
    "SELECT_CHALLENGE answered with WEB_AUTHN: WEB_AUTHN returned": ("WEB_AUTHN", {}),
    "SELECT_MFA_TYPE answered with SOFTWARE_TOKEN_MFA": ("SOFTWARE_TOKEN_MFA", {}),
    "RespondToAuthChallenge PASSWORD answered": ("[password]", {}),
    "RespondToAuthChallenge SMS_OTP answered": ("[code]", {}),
    "RespondToAuthChallenge EMAIL_OTP answered": ("[code]", {}),
    "RespondToAuthChallenge SMS_MFA answered": ("[code]", {}),
    "RespondToAuthChallenge SOFTWARE_TOKEN_MFA answered": ("123456", {}),
    "RespondToAuthChallenge CUSTOM_CHALLENGE answered": ("[challenge_answer]", {}),
    "RespondToAuthChallenge MFA_SETUP answered": ({}, {}),
    "MFA_SETUP answered with an e-mail address: EMAIL_OTP returned": ({"EMAIL": "[address]"}, {}),
    "RespondToAuthChallenge NEW_PASSWORD_REQUIRED answered": ("[Password]", {"attributes": {"family_name": "Doe"}}),
}


@pytest.mark.parametrize(("title", "answer"), DOCUMENTED.items(), ids=DOCUMENTED.keys())
def test_an_answer_is_sent_as_it_is_documented(title: str, answer: tuple[Any, dict[str, Any]]) -> None:
    """The natural answer makes the very request of the exchange that fixtures/exchanges.json tells of."""
    [entry] = [entry for entry in load("exchanges.json") if entry["title"] == title]
    asked = entry["request"]
    challenge = Challenge(asked["ChallengeName"], asked["ChallengeResponses"]["USERNAME"], asked["Session"])
    exchange = respond(
        answered(entry["response"] if "ChallengeName" in entry["response"] else authentication_result()),
        asked["ChallengeResponses"],
        asked["ChallengeName"],
        Session=asked["Session"],
    )
    result = converse(configured(), "answer_challenge", challenge, answer[0], exchanges=[exchange], **answer[1])
    assert isinstance(result, Ok)
    assert getattr(result.value, "name", None) == entry["response"].get("ChallengeName")


def test_a_passkey_is_sent_as_it_is_documented() -> None:
    """CREDENTIAL is JSON within a text."""
    [entry] = [e for e in load("exchanges.json") if e["title"] == "RespondToAuthChallenge WEB_AUTHN answered"]
    asked = entry["request"]
    credential = json.loads(asked["ChallengeResponses"]["CREDENTIAL"])
    challenge = Challenge("WEB_AUTHN", "[username]", asked["Session"])
    exchange = respond(
        answered(authentication_result()), asked["ChallengeResponses"], "WEB_AUTHN", Session=asked["Session"]
    )
    assert converse(configured(), "answer_challenge", challenge, credential, exchanges=[exchange]) == Ok(tokens())


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


ASKED: Final = SrpServer().asks()["ChallengeParameters"]


HOSTILE: Final = JSON | st.fixed_dictionaries(
    {},
    optional={
        "ChallengeName": st.sampled_from(
            ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER", "PASSWORD_VERIFIER", "SELECT_CHALLENGE"]
        )
        | JSON,
        "ChallengeParameters": st.just(ASKED) | JSON,
        "AvailableChallenges": JSON,
        "Session": st.text(max_size=4) | JSON,
        "SecretCode": JSON,
        "Status": st.just("SUCCESS") | JSON,
        "AuthenticationResult": st.just({**tokens_body(), "NewDeviceMetadata": {"DeviceKey": "k"}}) | JSON,
    },
)


QUESTIONS: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "SMS_MFA": ("0", {}),
    "MFA_SETUP": ("123456", {}),
    "PASSWORD_SRP": ("p", {}),
    "SELECT_CHALLENGE": ("PASSWORD_SRP", {"password": "p"}),
    "DEVICE_SRP_AUTH": (DEVICE, {}),
}


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(sorted(QUESTIONS)), st.lists(HOSTILE, min_size=5, max_size=5))
def test_no_reply_makes_an_answer_raise(name: str, bodies: list[object]) -> None:
    """Whatever JSON the replies are, answering gives a result."""
    answer, options = QUESTIONS[name]
    challenge = Challenge(name, USER, "s")
    flow = flows.answer_challenge(configured(client_secret=SECRET), challenge, answer, device=DEVICE, **options)
    step: Any = advance(flow)
    for body in bodies:
        if isinstance(step, Call):
            step = advance(flow, read(step, answered(body).unwrap()))
    assert isinstance(step, (Ok, Err))


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (123456, {}, "SMS_MFA is the code"),
        ("0", {"friendly_device_name": "x"}, "friendly_device_name= goes with the first code"),
        ("0", {"friendly_device_name": 5}, "friendly_device_name must be a string"),
        ("0", {"device": "d3v"}, "device must be a RememberedDevice"),
        ("0", {"client_metadata": {"a": 1}}, r"client_metadata\['a'\] must be a string"),
    ],
)
def test_a_mistake_is_reported_before_anything_is_sent(answer: Any, options: dict[str, Any], words: str) -> None:
    """An answer of the wrong kind raises, and the challenge is as good as before."""
    service = Service()
    with pytest.raises(ValueError, match=words):
        Client(configured(), transport=service).answer_challenge(Challenge("SMS_MFA", "5u8", "s"), answer, **options)
    assert service.asked == []
