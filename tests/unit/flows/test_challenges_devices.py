"""Remembered devices in the place of a second factor, and as answers."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import (
    Challenge,
    CodeChallenge,
    Err,
    Ok,
    RememberedDevice,
    Tokens,
)
from tests.support.challenge_service import CODE, PASSWORD, USER
from tests.support.challenge_steps import Steps, finished, play, with_and_without_secret
from tests.support.conversation import (
    answered,
    authentication_result,
    configured,
    converse,
    refused,
    tokens,
)
from tests.support.sign_ins import SRP_A, SrpServer, respond

DEVICE: Final = RememberedDevice("d3v", "-gr0up", "hunter2", USER)


def remembered(jane: Steps) -> RememberedDevice:
    """The device of a first sign-in, which had a second factor."""
    jane.sign_in("jane", PASSWORD)
    finished: Tokens = jane.answer(CODE)
    assert finished.new_device is not None
    confirmed = jane._call("confirm_new_device", finished.access_token, finished.new_device, USER).unwrap()
    assert not confirmed.user_confirmation_necessary
    device: RememberedDevice = confirmed.device
    return device


@with_and_without_secret
def test_a_remembered_device_takes_the_place_of_the_second_factor(secret: str | None) -> None:
    """Whichever way the password goes, the device proves itself with an exponent of its own."""

    def scene(jane: Steps) -> None:
        device = remembered(jane)
        assert finished(jane.sign_in("jane@example.com", PASSWORD, device=device))
        for name in ("jane", "jane@example.com", USER):
            assert finished(jane.sign_in(name, PASSWORD, flow="USER_PASSWORD_AUTH", device=device))
        for options in ({"flow": "USER_AUTH"}, {"preferred": "PASSWORD"}):
            assert finished(jane.sign_in("jane", PASSWORD, device=device, **options))

    play(scene, secret=secret, then=("SMS_MFA",), tracks=True)


def test_a_device_proves_itself_after_an_answer_too() -> None:
    """A new password, a custom answer or a choice may be what comes before the device is asked for."""

    def scene(jane: Steps) -> None:
        device = remembered(jane)
        jane.sign_in("jane@example.com", flow="USER_AUTH")
        assert finished(jane.answer("PASSWORD_SRP", password=PASSWORD, device=device))
        jane.sign_in("jane", flow="CUSTOM_AUTH")
        assert finished(jane.answer("2", device=device))

    play(scene, then=("SMS_MFA",), tracks=True)


def test_a_device_can_be_the_answer_itself() -> None:
    """Who learns of the device only when it is asked for, answers with it."""

    def scene(jane: Steps) -> None:
        device = remembered(jane)
        jane.sign_in("jane", flow="USER_AUTH")
        jane.answer({"ANSWER": "PASSWORD", "PASSWORD": PASSWORD, "DEVICE_KEY": device.key})
        assert jane.told[-1] == "DEVICE_SRP_AUTH"
        assert finished(jane.answer(device))

    play(scene, then=("SMS_MFA",), tracks=True)


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH"])
def test_a_device_that_the_service_forgot_is_left_out(flow: Any) -> None:
    """Signing in goes on without it, and so does answering."""

    def scene(jane: Steps) -> None:
        assert isinstance(jane.sign_in("jane", PASSWORD, flow=flow, device=DEVICE), CodeChallenge)

    play(scene, then=("SMS_MFA",))


def test_a_device_that_the_service_forgot_is_left_out_of_an_answer() -> None:
    """The same answer goes without it, since the service refused the device and not the answer."""
    with_it = {"USERNAME": USER, "SMS_MFA_CODE": CODE, "DEVICE_KEY": "d3v"}
    exchanges = [
        respond(refused("ResourceNotFoundException", "Device does not exist."), with_it, "SMS_MFA", Session="s"),
        respond(answered(authentication_result()), {"USERNAME": USER, "SMS_MFA_CODE": CODE}, "SMS_MFA", Session="s"),
    ]
    challenge = Challenge("SMS_MFA", USER, "s")
    result = converse(configured(), "answer_challenge", challenge, CODE, exchanges=exchanges, device=DEVICE)
    assert result == Ok(tokens())


def test_the_device_of_another_user_is_left_alone() -> None:
    """It is neither named nor asked."""

    def scene(jane: Steps) -> None:
        device = remembered(jane)
        other = RememberedDevice(device.key, device.group_key, device.password, "somebody else")
        assert isinstance(jane.sign_in("jane", PASSWORD, device=other), CodeChallenge)
        assert jane.answer(CODE, device=other) is not None

    play(scene, then=("SMS_MFA",), tracks=True)


def test_a_device_with_a_wrong_password_is_as_good_as_forgotten() -> None:
    """A sign-in goes on without it; an answer cannot, and says so."""

    def scene(jane: Steps) -> None:
        device = remembered(jane)
        wrong = RememberedDevice(device.key, device.group_key, "wrong", USER)
        assert isinstance(jane.sign_in("jane", PASSWORD, device=wrong), CodeChallenge)
        jane.sign_in("jane", flow="CUSTOM_AUTH")
        assert jane.answer("2", device=wrong) is None
        assert jane.told[-1] == "device-not-found"

    play(scene, then=("SMS_MFA",), tracks=True)


def test_a_proof_that_fails_after_the_choice_was_taken_leaves_no_challenge() -> None:
    """The session of the choice is used up by then, whatever passing trouble it was."""
    server = SrpServer(user_id=USER)
    asked = answered({**server.asks(), "Session": "s2"}, date="Tue, 07 Jul 2026 09:05:03 GMT")
    responses = {"USERNAME": USER, "ANSWER": "PASSWORD_SRP", "SRP_A": SRP_A}
    proof = server.expects("Tue Jul 7 09:05:03 UTC 2026")
    exchanges = [
        respond(asked, responses, "SELECT_CHALLENGE", Session="s"),
        respond(Err("connection-lost", sent="maybe"), proof, "PASSWORD_VERIFIER", Session="s2"),
    ]
    challenge = Challenge("SELECT_CHALLENGE", USER, "s")
    arguments = (challenge, "PASSWORD_SRP")
    result = converse(configured(), "answer_challenge", *arguments, exchanges=exchanges, password=PASSWORD)
    assert isinstance(result, Err)
    assert (result.reason, result.challenge) == ("connection-lost", None)
