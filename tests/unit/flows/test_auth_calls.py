"""The two calls of a sign-in: what each carries, and what its answer comes to."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import (
    AnalyticsMetadata,
    Challenge,
    CodeChallenge,
    Config,
    Err,
    Ok,
    RememberedDevice,
    ServiceReply,
    Tokens,
    UserContext,
)
from cognito_raw.flows.auth_calls import AuthContext, auth_context, initiate, outcome, respond
from tests.support.conversation import (
    CLIENT_ID,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    configured,
    hash_of,
    step_through,
    tokens,
)

DEVICE: Final = RememberedDevice("d3v", "-gr0up", "hunter2", "5u8")
MEMBERS: Final = {
    "ClientMetadata": {"a": "b"},
    "UserContextData": {"IpAddress": "i"},
    "AnalyticsMetadata": {"AnalyticsEndpointId": "e"},
}


def attempt(config: Config | None = None, **changes: Any) -> AuthContext:
    return AuthContext(config or configured(), **changes)


def initiated(made: AuthContext, expected: dict[str, object], *arguments: Any) -> None:
    flow = initiate(made, "USER_AUTH", {"USERNAME": "jane"}, *arguments)
    step_through(
        flow, [Exchange("InitiateAuth", {"AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID, **expected}, answered({}))]
    )


def responded(made: AuthContext, expected: dict[str, str], session: str | None = None, **more: object) -> None:
    flow = respond(made, "SMS_MFA", {"USERNAME": "5u8", "SMS_MFA_CODE": "0"}, session)
    request = {
        "ChallengeName": "SMS_MFA",
        "ClientId": CLIENT_ID,
        "ChallengeResponses": {"USERNAME": "5u8", "SMS_MFA_CODE": "0", **expected},
        **more,
    }
    step_through(flow, [Exchange("RespondToAuthChallenge", request, answered({}))])


def test_a_call_carries_no_more_than_it_must() -> None:
    """Nothing is null, and nothing empty."""
    initiated(attempt(), {"AuthParameters": {"USERNAME": "jane"}})
    responded(attempt(), {})


def test_a_call_carries_what_the_context_and_the_challenge_have() -> None:
    """The session of the challenge, and the members that all calls share."""
    initiated(attempt(members=MEMBERS), {"AuthParameters": {"USERNAME": "jane"}, **MEMBERS, "Session": "s"}, "s")
    responded(attempt(members=MEMBERS), {}, "s", Session="s", **MEMBERS)


def test_a_call_proves_the_client_secret_over_its_own_user_name() -> None:
    """The typed name in the first call, the service's in the next."""
    config = configured(client_secret=SECRET)
    initiated(attempt(config), {"AuthParameters": {"USERNAME": "jane", "SECRET_HASH": hash_of("jane")}})
    responded(attempt(config), {"SECRET_HASH": hash_of("5u8")})


def test_an_answer_names_the_device_of_its_user_alone() -> None:
    """Another user's device is none of the service's business."""
    responded(attempt(device=DEVICE), {"DEVICE_KEY": "d3v"})
    responded(attempt(device=RememberedDevice("d3v", "-g", "p", "ann")), {})


def test_a_context_has_what_goes_with_each_call() -> None:
    """In the model's own names; nothing of what is left out."""
    config = configured()
    assert auth_context(config) == AuthContext(config)
    assert auth_context(config, DEVICE, {"a": "b"}, UserContext("i"), AnalyticsMetadata("e")) == AuthContext(
        config, DEVICE, MEMBERS
    )
    assert "hunter2" not in repr(auth_context(config, DEVICE, {"a": "hunter2"}))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("d3v",), "^device must be a RememberedDevice, not str"),
        ((None, "a"), "^client_metadata must be a mapping of strings, not str"),
        ((None, {"a": 5}), r"^client_metadata\['a'\] must be a string"),
        ((None, {5: "a"}), "^a key of client_metadata must be a string"),
        ((None, None, {"IpAddress": "hunter2"}), r"^user_context_data must be UserContext\(...\), not dict"),
        ((None, None, None, 5), r"^analytics_metadata must be AnalyticsMetadata\(...\), not int"),
    ],
)
def test_what_cannot_go_with_it_is_a_mistake(arguments: Any, words: str) -> None:
    """The words name the argument, and nothing that it holds."""
    with pytest.raises(ValueError, match=words) as caught:
        auth_context(configured(), *arguments)
    assert "hunter2" not in str(caught.value)


def test_the_outcome_is_tokens_or_a_challenge_or_a_failure() -> None:
    """What is neither tokens nor a challenge makes no sense; a failure stays as it is."""
    asked = {"ChallengeName": "SMS_MFA", "Session": "s", "ChallengeParameters": {"USERNAME": "5u8"}}
    challenge = outcome(Ok(ServiceReply("InitiateAuth", asked)), "jane")
    assert challenge == Ok(Challenge("SMS_MFA", "5u8", "s", {"USERNAME": "5u8"}))
    assert isinstance(challenge.unwrap(), CodeChallenge)
    assert outcome(Ok(ServiceReply("InitiateAuth", {"ChallengeName": "SMS_MFA"})), "jane") == Ok(
        Challenge("SMS_MFA", "jane")
    )
    finished: Any = outcome(
        Ok(ServiceReply("InitiateAuth", {**authentication_result(), "ChallengeName": None})), "jane"
    )
    assert finished == Ok(tokens())
    assert isinstance(finished.value, Tokens)
    for body in ({}, {"ChallengeName": 5}):
        failed = outcome(Ok(ServiceReply("InitiateAuth", body)), "jane")
        assert isinstance(failed, Err)
        assert failed.reason == "malformed-reply"
    assert outcome(Err("timed-out"), "jane") == Err("timed-out")
