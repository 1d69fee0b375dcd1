"""Choices of a first factor, and second factors that are set up within a sign-in."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import (
    Challenge,
    Client,
    CodeChallenge,
    Err,
    MfaSetup,
    Ok,
    PasskeyChallenge,
    Result,
    SelectChallenge,
    TotpSetup,
)
from tests.support.challenge_service import CODE, PASSKEY, PASSWORD, Service
from tests.support.challenge_steps import Steps, finished, play, with_and_without_secret
from tests.support.conversation import (
    Exchange,
    answered,
    authentication_result,
    configured,
    converse,
    not_authorized,
    refused,
    tokens,
)
from tests.support.sign_ins import respond


@with_and_without_secret
def test_every_way_to_sign_in_can_be_chosen(secret: str | None) -> None:
    """Without a preference the service offers the ways; each leads to tokens, and a wrong password ends it."""

    def scene(jane: Steps) -> None:
        def choose() -> None:
            assert isinstance(jane.sign_in("jane", flow="USER_AUTH"), SelectChallenge)

        for choice in ("PASSWORD", "PASSWORD_SRP"):
            choose()
            assert finished(jane.answer(choice, password=PASSWORD))
            choose()
            assert jane.answer(choice, password="wrong") is None
        for choice in ("EMAIL_OTP", "SMS_OTP"):
            choose()
            assert isinstance(jane.answer(choice), CodeChallenge)
            assert isinstance(jane.answer("wrong"), CodeChallenge)
            assert finished(jane.answer(CODE))
        choose()
        passkey = jane.answer("WEB_AUTHN")
        assert isinstance(passkey, PasskeyChallenge)
        assert passkey.options == {"challenge": "Y2g"}
        assert finished(jane.answer(PASSKEY))

    play(scene, secret=secret)


@with_and_without_secret
def test_a_preferred_way_is_taken_at_once(secret: str | None) -> None:
    """A preference that the user has saves the choice; one that the user lacks gives it."""

    def scene(jane: Steps) -> None:
        assert finished(jane.sign_in("jane", PASSWORD, flow="USER_AUTH"))
        assert finished(jane.sign_in("jane", PASSWORD, preferred="PASSWORD_SRP"))
        assert finished(jane.sign_in("jane", PASSWORD, preferred="PASSWORD"))
        jane.sign_in("jane", preferred="EMAIL_OTP")
        assert finished(jane.answer(CODE))
        jane.sign_in("jane", preferred="WEB_AUTHN")
        assert jane.answer({**PASSKEY, "id": "other"}) is None
        assert isinstance(jane.sign_in("jane", preferred="SMS_OTP"), SelectChallenge)
        assert jane.told[-4:] == ["tokens", "WEB_AUTHN", "challenge-session-invalid", "SELECT_CHALLENGE"]

    available = ("PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "WEB_AUTHN")
    service = play(scene, secret=secret, available=available)
    sent = [body["AuthParameters"] for operation, body in service.asked if operation == "InitiateAuth"]
    assert ["PASSWORD" in parameters for parameters in sent] == [False, False, True, False, False, False]


@pytest.mark.parametrize("name", ["PASSWORD", "PASSWORD_SRP"])
def test_a_password_may_be_asked_for_later(name: str) -> None:
    """PASSWORD and PASSWORD_SRP as challenges take the password, which the second only proves."""

    def scene(jane: Steps) -> None:
        jane.sign_in("jane", preferred="EMAIL_OTP")
        jane.answer(CODE)
        assert jane.answer("wrong") is None
        jane.sign_in("jane", preferred="EMAIL_OTP")
        jane.answer(CODE)
        assert jane.answer(PASSWORD) is not None

    service = play(scene, then=(name,))
    answers = [body["ChallengeResponses"] for operation, body in service.asked if "ChallengeResponses" in body]
    assert any("PASSWORD" in responses for responses in answers) == (name == "PASSWORD")


def test_a_sign_up_goes_on_to_a_sign_in() -> None:
    """The session of a sign-up signs the new user in without a second code."""

    def scene(jane: Steps) -> None:
        assert finished(jane.sign_in("jane", session=jane.service.sign_up_session()))

    play(scene)


@with_and_without_secret
def test_an_authenticator_app_is_set_up_within_the_sign_in(secret: str | None) -> None:
    """The secret, a wrong code or two, the right one, and the sign-in is over."""

    def scene(jane: Steps) -> None:
        setup = jane.sign_in("jane", PASSWORD)
        assert isinstance(setup, MfaSetup)
        assert setup.choices == ("SOFTWARE_TOKEN_MFA", "EMAIL_OTP")
        assert jane.begin_totp_setup().secret == "JBSWY3DPEHPK3PXP"
        assert isinstance(jane.answer("999999"), MfaSetup)
        assert isinstance(jane.answer("000000"), MfaSetup)
        assert finished(jane.answer(CODE, friendly_device_name="telephone"))
        assert jane.told == ["MFA_SETUP", *["software-token-mfa-refused"] * 2, "tokens"]

    service = play(scene, secret=secret, then=("MFA_SETUP",))
    assert [body.get("FriendlyDeviceName") for name, body in service.asked if name == "VerifySoftwareToken"] == [
        None,
        None,
        "telephone",
    ]


def test_an_e_mail_address_is_set_up_within_the_sign_in() -> None:
    """The address, and then the code that was sent there."""

    def scene(jane: Steps) -> None:
        jane.sign_in("jane", PASSWORD)
        assert isinstance(jane.answer("jane@example.com"), CodeChallenge)
        assert finished(jane.answer(CODE))

    play(scene, then=("MFA_SETUP",))


SETUP: Final = Challenge("MFA_SETUP", "5u8", "s")


ASSOCIATE: Final = {"Session": "s"}


def begin(reply: Any, challenge: Challenge = SETUP) -> Result[Any]:
    request = {} if challenge.session is None else ASSOCIATE
    return converse(
        configured(), "begin_totp_setup", challenge, exchanges=[Exchange("AssociateSoftwareToken", request, reply)]
    )


def test_the_session_of_an_app_that_is_set_up_is_the_newest() -> None:
    """Each call renews it where the service does so."""
    renewed = answered({"SecretCode": "ABC", "Session": "s2"})
    assert begin(renewed) == Ok(TotpSetup("ABC", MfaSetup("MFA_SETUP", "5u8", "s2")))
    assert begin(answered({"SecretCode": "ABC"})) == Ok(TotpSetup("ABC", SETUP))
    assert begin(answered({"SecretCode": "ABC"}), Challenge("MFA_SETUP", "5u8")).unwrap().challenge.session is None


@pytest.mark.parametrize(
    ("reply", "reason", "stands"),
    [
        (refused("ConcurrentModificationException"), "concurrent-modification", True),
        (not_authorized("Invalid session for the user, session is expired."), "challenge-session-invalid", False),
        (answered({}), "malformed-reply", True),
        (answered({"SecretCode": "A", "Session": 5}), "malformed-reply", True),
        (Err("connection-lost", sent="maybe"), "connection-lost", True),
    ],
)
def test_a_set_up_that_fails_says_whether_it_may_be_tried_again(reply: Any, reason: str, stands: bool) -> None:
    """Beginning and verifying fail alike."""
    verified = converse(
        configured(),
        "answer_challenge",
        SETUP,
        "123456",
        exchanges=[Exchange("VerifySoftwareToken", {**ASSOCIATE, "UserCode": "123456"}, reply)],
    )
    for result in (begin(reply), verified):
        assert isinstance(result, Err)
        assert (result.reason, result.challenge) == (reason, SETUP if stands else None)


def test_a_verified_app_is_not_lost_with_the_last_answer() -> None:
    """What is left to answer needs no code any more: an empty mapping."""
    verify = Exchange(
        "VerifySoftwareToken", {**ASSOCIATE, "UserCode": "123456"}, answered({"Status": "SUCCESS", "Session": "s2"})
    )
    last = respond(Err("connection-lost", sent="maybe"), {"USERNAME": "5u8"}, "MFA_SETUP", Session="s2")
    lost = converse(configured(), "answer_challenge", SETUP, "123456", exchanges=[verify, last])
    assert isinstance(lost, Err)
    assert lost.challenge == MfaSetup("MFA_SETUP", "5u8", "s2")
    again = respond(answered(authentication_result()), {"USERNAME": "5u8"}, "MFA_SETUP", Session="s2")
    assert converse(configured(), "answer_challenge", lost.challenge, {}, exchanges=[again]) == Ok(tokens())


def test_only_mfa_setup_sets_up_an_app() -> None:
    """Another challenge is the caller's mistake."""
    with pytest.raises(ValueError, match="in answer to MFA_SETUP, not to SMS_MFA"):
        Client(configured(), transport=Service()).begin_totp_setup(Challenge("SMS_MFA", "5u8"))
