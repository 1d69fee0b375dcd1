"""Answers to codes, new passwords and custom challenges, on a service that checks each one."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import (
    Challenge,
    Client,
    CodeChallenge,
    CustomChallenge,
    Err,
    NewPasswordRequired,
    Ok,
    Reply,
    Result,
    SelectMfaType,
)
from tests.support.challenge_service import CODE, PASSWORD, Service
from tests.support.challenge_steps import Steps, finished, play, with_and_without_secret
from tests.support.conversation import (
    SECRET,
    answered,
    authentication_result,
    configured,
    converse,
    hash_of,
    not_authorized,
    refused,
    tokens,
)
from tests.support.sign_ins import respond


@with_and_without_secret
@pytest.mark.parametrize("name", ["SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"])
def test_a_second_factor_is_a_code(name: str, secret: str | None) -> None:
    """A wrong code keeps the challenge, which the right one then finishes; a second use of its session does not."""

    def scene(jane: Steps) -> None:
        first = jane.sign_in("jane@example.com", PASSWORD)
        assert isinstance(first, CodeChallenge)
        for wrong in ("000000", "", "111111"):
            assert jane.answer(wrong) == first
        assert finished(jane.answer(CODE))
        jane.last = first
        assert jane.answer(CODE) is None
        wrongs = ["code-mismatch", "input-refused", "code-mismatch"]
        assert jane.told == [name, *wrongs, "tokens", "challenge-session-invalid"]

    play(scene, secret=secret, then=(name,))


def test_second_factors_can_be_chosen_first() -> None:
    """SELECT_MFA_TYPE leads to the factor that is chosen."""

    def scene(jane: Steps) -> None:
        chosen = jane.sign_in("jane", PASSWORD, flow="USER_PASSWORD_AUTH")
        assert isinstance(chosen, SelectMfaType)
        assert chosen.choices == ("SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP")
        jane.answer("SOFTWARE_TOKEN_MFA")
        jane.answer(CODE)
        assert jane.told == ["SELECT_MFA_TYPE", "SOFTWARE_TOKEN_MFA", "tokens"]

    play(scene, then=("SELECT_MFA_TYPE",))


@with_and_without_secret
def test_a_new_password_may_be_tried_again(secret: str | None) -> None:
    """A password against the policy keeps the challenge; a second factor may follow."""

    def scene(jane: Steps) -> None:
        required = jane.sign_in("jane", PASSWORD)
        assert isinstance(required, NewPasswordRequired)
        assert required.required_attributes == ("email",)
        jane.answer("weak", attributes={"email": "jane@example.com"})
        jane.answer("N3w-Passw0rd", attributes={"email": "jane@example.com"})
        jane.answer(CODE)
        jane.sign_in("jane", "N3w-Passw0rd")
        assert jane.told == ["NEW_PASSWORD_REQUIRED", "invalid-password", "SMS_MFA", "tokens", "NEW_PASSWORD_REQUIRED"]

    play(scene, secret=secret, then=("NEW_PASSWORD_REQUIRED", "SMS_MFA"))


def new_password(challenge: Challenge, responses: dict[str, str], reply: Result[Reply], *args: Any, **more: Any) -> Any:
    session = {} if challenge.session is None else {"Session": challenge.session}
    exchanges = [respond(reply, responses, challenge.name, **session)]
    config = configured(**more)
    return converse(config, "respond_to_new_password_required", challenge, "N3w", *args, exchanges=exchanges)


REQUIRED: Final = Challenge("NEW_PASSWORD_REQUIRED", "5u8", "s")


PLAIN: Final = {"USERNAME": "5u8", "NEW_PASSWORD": "N3w"}


def test_a_new_password_goes_with_the_attributes_that_are_required() -> None:
    """The answer has the challenge's own user and session; attributes are named as in a registration."""
    responses = {**PLAIN, "userAttributes.email": "j@e.org", "userAttributes.custom:tier": "7"}
    assert new_password(
        REQUIRED, responses, answered(authentication_result()), {"email": "j@e.org", "tier": "7"}
    ) == Ok(tokens())


def test_attributes_may_be_named_as_the_raw_challenge_names_them() -> None:
    """Their prefix is not sent twice."""
    responses = {**PLAIN, "userAttributes.given_name": "Jane"}
    reply = answered(authentication_result())
    assert new_password(REQUIRED, responses, reply, {"userAttributes.given_name": "Jane"}) == Ok(tokens())


@pytest.mark.parametrize(
    "reply",
    [
        not_authorized("A client attempted to write unauthorized attribute"),
        refused(
            "InvalidParameterException",
            "Attributes did not conform to the schema: custom:tier: Attribute does not exist in the schema.\n",
        ),
    ],
    ids=["not allowed", "unknown"],
)
def test_an_attribute_that_is_not_allowed_leaves_the_challenge(reply: Result[Reply]) -> None:
    """The operator must allow it, and the user may answer without it."""
    result = new_password(REQUIRED, {**PLAIN, "userAttributes.custom:tier": "7"}, reply, {"tier": "7"})
    assert isinstance(result, Err)
    assert (result.reason, result.kind, result.challenge) == ("attribute-not-allowed", "configuration", REQUIRED)


def test_a_new_password_proves_the_client_secret_over_the_name_of_the_challenge() -> None:
    """SECRET_HASH is over the USERNAME of that very message; a challenge without a session sends none."""
    challenge = Challenge("NEW_PASSWORD_REQUIRED", "5u8")
    responses = {**PLAIN, "SECRET_HASH": hash_of("5u8")}
    assert new_password(challenge, responses, answered(authentication_result()), client_secret=SECRET) == Ok(tokens())


def test_a_new_password_may_lead_to_another_challenge() -> None:
    """After the new password a second factor may be asked for, of the same user."""
    body = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s2", "ChallengeParameters": None}
    assert new_password(REQUIRED, PLAIN, answered(body)) == Ok(Challenge("SOFTWARE_TOKEN_MFA", "5u8", "s2"))


def test_a_refused_new_password_is_reported() -> None:
    """A session that ran out has a reason of its own."""
    reply = not_authorized("Invalid session for the user, session is expired.")
    result = new_password(REQUIRED, PLAIN, reply)
    assert isinstance(result, Err)
    assert result.reason == "challenge-session-invalid"


@pytest.mark.parametrize("value", [None, b"hidden"], ids=["none", "bytes"])
def test_a_new_password_that_is_no_text_raises(value: Any) -> None:
    """With no word of the secret."""
    with pytest.raises(ValueError, match=r"^new_password ") as caught:
        Client(configured(), transport=Service()).respond_to_new_password_required(REQUIRED, value)
    assert "hidden" not in str(caught.value)


@with_and_without_secret
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["without SRP", "after SRP"])
def test_a_custom_challenge_asks_until_it_is_content(secret: str | None, password: str | None) -> None:
    """A wrong answer gives another challenge with a session of its own; after the last try only a new sign-in helps."""

    def scene(jane: Steps) -> None:
        first = jane.sign_in("jane", password, flow="CUSTOM_AUTH")
        assert isinstance(first, CustomChallenge)
        assert first.public_parameters == {"question": "1 + 1?"}
        second = jane.answer("3")
        assert second.session != first.session
        jane.answer("2")
        jane.answer("2")
        jane.sign_in("jane", password, flow="CUSTOM_AUTH")
        assert jane.answer("give up") is None
        custom = "CUSTOM_CHALLENGE"
        assert jane.told == [custom, custom, custom, "tokens", custom, "incorrect-username-or-password"]

    play(scene, secret=secret, rounds=2)


def test_a_wrong_password_before_a_custom_challenge_is_refused() -> None:
    """The triggers ask nothing of who does not know the password."""

    def scene(jane: Steps) -> None:
        assert jane.sign_in("jane", "wrong", flow="CUSTOM_AUTH") is None
        assert jane.told == ["incorrect-username-or-password"]

    play(scene)
