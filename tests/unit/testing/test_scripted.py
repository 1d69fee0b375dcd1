"""Scripts: answers that a test writes itself."""

from __future__ import annotations

import types
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, Err, Ok, Session, State
from cognito_raw.call import render_get
from cognito_raw.testing import Broken, Refusal, Scripted, Timeout, password_verifier, tokens
from tests.support.cassettes import CONFIG, body_of, request
from tests.support.modes import Mode

pytestmark = pytest.mark.usefixtures("offline")

SIGN_IN: Final = (("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", tokens()))
STEPS: Final = {
    "an object": (("SignUp", {"UserSub": "5", "UserConfirmed": True}), None, "yes"),
    "another mapping": (("SignUp", types.MappingProxyType({"UserSub": "5", "UserConfirmed": True})), None, "yes"),
    "a refusal": (("SignUp", Refusal("UsernameExistsException", "User already exists")), "username-exists", "yes"),
    "a refusal of anything": (Refusal("TooManyFailedAttemptsException"), "too-many-failed-attempts", "yes"),
    "a time-out": (("SignUp", Timeout()), "timed-out", "maybe"),
    "a time-out before it": (Timeout("no"), "timed-out", "no"),
    "no JSON": (Broken(b"<html>"), "malformed-reply", "maybe"),
    "a status of its own": (("SignUp", Broken(status=503, headers={"date": "now"})), "service-unavailable", "yes"),
}


@pytest.mark.parametrize(("step", "reason", "sent"), STEPS.values(), ids=STEPS)
def test_every_kind_of_answer_is_given_sync_and_async(step: Any, reason: str | None, sent: str, mode: Mode) -> None:
    """What a service, a network and a broken proxy may answer."""
    with Scripted(step, config=replace(CONFIG, deadline=5)) as script:
        result = mode.session(script.config, transport=script).register("ada", "pw")
    came = (None, "yes") if isinstance(result, Ok) else (result.reason, result.sent)
    assert came == (reason, sent)
    assert [operation for operation, _ in script.calls] == ["SignUp"]


def test_the_service_words_of_a_refusal_arrive() -> None:
    """Name, message and status."""
    session = Scripted(Refusal("NotAuthorizedException", "Incorrect username or password.", 401)).session()
    result = session.login("ada", "pw")
    assert isinstance(result, Err)
    assert (result.code, result.message, result.status) == (
        "NotAuthorizedException",
        "Incorrect username or password.",
        401,
    )


def test_a_triggers_refusal_is_written_as_the_service_sends_it(mode: Mode) -> None:
    """With the trigger's name in front and a full stop behind, which the result has apart and has not."""
    refusal = Refusal("UserLambdaValidationException", "PreSignUp failed with error No more users, please.")
    with Scripted(("SignUp", refusal)) as script:
        result = mode.session(script.config, transport=script).register("ada", "pw")
    assert isinstance(result, Err)
    assert (result.reason, result.trigger, result.message) == ("lambda-refused", "PreSignUp", "No more users, please")


def test_a_scripted_sign_in_keeps_what_was_sent(mode: Mode) -> None:
    """`password_verifier` and `tokens` sign a user in with any password; `calls` tells how."""
    with Scripted(*SIGN_IN) as script:
        token = mode.session(script.config, transport=script).login("ada", "any password").unwrap()
    assert token.payload["cognito:username"] == "ada"
    assert [operation for operation, _ in script.calls] == ["InitiateAuth", "RespondToAuthChallenge"]
    assert script.calls[0][1]["AuthParameters"]["USERNAME"] == "ada"
    assert script.calls[1][1]["ChallengeResponses"]["PASSWORD_CLAIM_SECRET_BLOCK"] == "c2NyaXB0ZWQ="


@pytest.mark.parametrize(("passed", "operations"), [(2500, 0), (3590, 1), (4000, 1)], ids=["fresh", "near", "expired"])
def test_tokens_expire_by_the_clock_of_the_configuration(passed: int, operations: int, mode: Mode) -> None:
    """They are issued `at` a moment, and live for their `lifetime`: then they are refreshed."""
    now = [1000.0]
    renewed = ("GetTokensFromRefreshToken", tokens("ada", at=1000 + passed))
    first = ("RespondToAuthChallenge", tokens("ada", at=1000, lifetime=3600, email="a@b.c"))
    script = Scripted(SIGN_IN[0], first, renewed, config=replace(CONFIG, clock=lambda: now[0]))
    session = mode.session(script.config, transport=script)
    token = session.login("ada", "pw").unwrap()
    assert (token.exp, token.payload["email"]) == (4600, "a@b.c")
    now[0] += passed
    assert session.id_token().unwrap().exp == 4600 + passed * operations
    assert len(script.calls) == 2 + operations


def test_a_document_that_is_fetched_has_its_step() -> None:
    """A verifier's GET of the pool's keys is a step of the script, without parameters."""
    with Scripted(("GET jwks.json", {"keys": []})) as script:
        assert body_of(script.send(render_get(script.config.jwks_uri, 1.0))) == {"keys": []}
    assert script.calls == [("GET jwks.json", {})]


def test_a_script_makes_sessions_sync_and_async() -> None:
    """`session` and `async_session` are ready made, and take a state."""
    script = Scripted()
    assert isinstance(script.session(), Session)
    assert isinstance(script.async_session(State("ada")), AsyncSession)
    assert script.session(State("ada")).state == State("ada")


def test_a_script_is_followed_in_order_and_to_its_end() -> None:
    """A call out of order raises at once and at the end, and so do steps that nobody asked for."""
    script = Scripted(("GetUser", {}))
    for operation in ("ListDevices", "GetDevice"):
        with pytest.raises(AssertionError, match=f"{operation} was sent"):
            script.send(request(operation, {}))
    with pytest.raises(AssertionError, match="ListDevices was sent where the script has GetUser"):
        script.finish()
    with pytest.raises(AssertionError, match="GetUser was sent, but the script is over"):
        Scripted().send(request("GetUser", {}))
    with pytest.raises(AssertionError, match="3 steps of the script were left over: GetUser, Timeout, SignUp"):
        Scripted(("GetUser", {}), Timeout(), ("SignUp", Broken())).finish()


def test_a_block_that_fails_for_another_reason_is_not_blamed_for_what_is_left() -> None:
    """The first failure is the better one."""
    with pytest.raises(KeyError), Scripted(Timeout()):
        raise KeyError


MALFORMED: Final[dict[str, tuple[object, str]]] = {
    "an answer alone": ({"UserSub": "5"}, "dict is none of them"),
    "an operation alone": ("SignUp", "str is none of them"),
    "a tuple of one": (("SignUp",), "tuple is none of them"),
    "a tuple of three": (("SignUp", {}, 200), "tuple is none of them"),
    "no operation": ((None, {}), "tuple is none of them"),
    "a list for an answer": (("SignUp", []), "list is none of them"),
    "an answer that is not JSON": (("SignUp", {"a": object()}), "an answer of a script is not JSON: .* object"),
}


@pytest.mark.parametrize(("step", "words"), MALFORMED.values(), ids=MALFORMED)
def test_a_step_that_is_none_is_refused_when_it_is_written(step: Any, words: str) -> None:
    """It is the test's own mistake, so it raises, and says what a step is."""
    with pytest.raises(ValueError, match=words):
        Scripted(step)


def test_answers_are_in_the_test_s_own_words() -> None:
    """An answer arrives as it was written."""
    assert body_of(Scripted(("GetUser", {"Username": "Ädä"})).send(request("GetUser", {}))) == {"Username": "Ädä"}
