"""What an answer means: the responses of each kind, and the mistakes that are told before anything is sent."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

import pytest

from cognito_raw import Challenge, RememberedDevice
from cognito_raw.flows.responses import Responses, responses_to
from tests.support.cases import each_case

WHO: Final = {"USERNAME": "5u8"}
SECRET: Final = "hunter2"
DEVICE: Final = RememberedDevice("d3v", "-g", SECRET, "5u8")
PASSKEY: Final = {"id": "a", "type": "public-key", "response": {"signature": "c2ln"}, "clientExtensionResults": {}}
PASSKEY_TEXT: Final = json.dumps(PASSKEY, separators=(",", ":"))
MFAS: Final = {"MFAS_CAN_CHOOSE": '["SMS_MFA","EMAIL_OTP"]'}
MFAS_OF_OLD: Final = {"MFAS_CAN_CHOOSE": '["SMS_MFA","EMAIL_MFA"]'}
FACTORS: Final = {"AvailableChallenges": '["PASSWORD","PASSWORD_SRP","EMAIL_OTP"]'}
SETUPS: Final = {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}
E_MAIL_SETUP: Final = {"MFAS_CAN_SETUP": '["EMAIL_OTP"]'}


def challenge(name: str, parameters: dict[str, str] | None = None) -> Challenge:
    return Challenge(name, "5u8", "s", parameters or {})


MEANINGS: Final[dict[str, tuple[Challenge, Any, dict[str, Any], Responses]]] = {
    "a text message": (challenge("SMS_MFA"), "012", {}, Responses({**WHO, "SMS_MFA_CODE": "012"})),
    "an OTP by text": (challenge("SMS_OTP"), "012", {}, Responses({**WHO, "SMS_OTP_CODE": "012"})),
    "an e-mail": (challenge("EMAIL_OTP"), "01234567", {}, Responses({**WHO, "EMAIL_OTP_CODE": "01234567"})),
    "an e-mail, by its other name": (challenge("EMAIL_MFA"), "0", {}, Responses({**WHO, "EMAIL_MFA_CODE": "0"})),
    "an app": (challenge("SOFTWARE_TOKEN_MFA"), "0", {}, Responses({**WHO, "SOFTWARE_TOKEN_MFA_CODE": "0"})),
    "a new password": (challenge("NEW_PASSWORD_REQUIRED"), "N3w", {}, Responses({**WHO, "NEW_PASSWORD": "N3w"})),
    "with attributes": (
        challenge("NEW_PASSWORD_REQUIRED"),
        "N3w",
        {"attributes": {"email": "a@b", "team": "7"}},
        Responses({**WHO, "NEW_PASSWORD": "N3w", "userAttributes.email": "a@b", "userAttributes.custom:team": "7"}),
    ),
    "a password": (challenge("PASSWORD"), "p", {}, Responses({**WHO, "PASSWORD": "p"})),
    "a password to prove": (challenge("PASSWORD_SRP"), "p", {}, Responses(WHO, srp_password="p")),
    "a custom answer": (challenge("CUSTOM_CHALLENGE"), "5", {}, Responses({**WHO, "ANSWER": "5"})),
    "a second factor": (challenge("SELECT_MFA_TYPE", MFAS), "SMS_MFA", {}, Responses({**WHO, "ANSWER": "SMS_MFA"})),
    "e-mail by its other name": (
        challenge("SELECT_MFA_TYPE", MFAS),
        "EMAIL_MFA",
        {},
        Responses({**WHO, "ANSWER": "EMAIL_OTP"}),
    ),
    "e-mail where the other name is offered": (
        challenge("SELECT_MFA_TYPE", MFAS_OF_OLD),
        "EMAIL_OTP",
        {},
        Responses({**WHO, "ANSWER": "EMAIL_MFA"}),
    ),
    "a choice that nothing is known of": (
        challenge("SELECT_MFA_TYPE"),
        "EMAIL_MFA",
        {},
        Responses({**WHO, "ANSWER": "EMAIL_MFA"}),
    ),
    "a first factor": (
        challenge("SELECT_CHALLENGE", FACTORS),
        "EMAIL_OTP",
        {},
        Responses({**WHO, "ANSWER": "EMAIL_OTP"}),
    ),
    "the password's": (
        challenge("SELECT_CHALLENGE", FACTORS),
        "PASSWORD",
        {"password": "p"},
        Responses({**WHO, "ANSWER": "PASSWORD", "PASSWORD": "p"}),
    ),
    "the proven password's": (
        challenge("SELECT_CHALLENGE", FACTORS),
        "PASSWORD_SRP",
        {"password": "p"},
        Responses({**WHO, "ANSWER": "PASSWORD_SRP"}, srp_password="p"),
    ),
    "a passkey": (challenge("WEB_AUTHN"), PASSKEY, {}, Responses({**WHO, "CREDENTIAL": PASSKEY_TEXT})),
    "a passkey in a mapping of another class": (
        challenge("WEB_AUTHN"),
        MappingProxyType(PASSKEY),
        {},
        Responses({**WHO, "CREDENTIAL": PASSKEY_TEXT}),
    ),
    "a passkey as text": (
        challenge("WEB_AUTHN"),
        json.dumps(PASSKEY, indent=1),
        {},
        Responses({**WHO, "CREDENTIAL": PASSKEY_TEXT}),
    ),
    "a passkey as response": (challenge("WEB_AUTHN"), {"CREDENTIAL": "{}"}, {}, Responses({**WHO, "CREDENTIAL": "{}"})),
    "the code of an app to set up": (challenge("MFA_SETUP", SETUPS), "012345", {}, Responses(WHO, code="012345")),
    "an address to set up": (
        challenge("MFA_SETUP", E_MAIL_SETUP),
        "a@b.example",
        {},
        Responses({**WHO, "EMAIL": "a@b.example"}),
    ),
    "an address where nothing is known": (challenge("MFA_SETUP"), "a@b", {}, Responses({**WHO, "EMAIL": "a@b"})),
    "responses as they are": (
        challenge("SOMETHING_NEW"),
        {"A": "1", "B": ""},
        {},
        Responses({**WHO, "A": "1", "B": ""}),
    ),
    "no response": (challenge("MFA_SETUP"), {}, {}, Responses(WHO)),
    "another name": (challenge("SMS_MFA"), {"USERNAME": "u"}, {}, Responses({"USERNAME": "u"})),
}


@each_case(("asked", "answer", "options", "meaning"), MEANINGS.values(), ids=MEANINGS.keys())
def test_an_answer_means_the_responses_of_its_kind(
    asked: Challenge, answer: Any, options: dict[str, Any], meaning: Responses
) -> None:
    """Each kind has its member, beside the user's name; any challenge takes its responses as they are."""
    assert responses_to(asked, answer, **options) == meaning


NESTED: Any = []
NESTED.append(NESTED)
MISTAKES: Final[dict[str, tuple[Challenge, Any, dict[str, Any], str]]] = {
    "a number for a code": (challenge("SMS_MFA"), 123456, {}, "SMS_MFA is the code, as a string; or a mapping"),
    "no code": (challenge("SMS_MFA"), "", {}, "answer is empty"),
    "nothing": (challenge("EMAIL_OTP"), None, {}, "EMAIL_OTP is the code"),
    "bytes": (challenge("PASSWORD"), SECRET.encode(), {}, "PASSWORD is the password"),
    "half a surrogate pair": (challenge("SMS_MFA"), f"{SECRET}\ud800", {}, "answer holds half"),
    "a device for a code": (challenge("SMS_MFA"), DEVICE, {}, "SMS_MFA is the code"),
    "a code for a device": (challenge("DEVICE_SRP_AUTH"), SECRET, {}, "DEVICE_SRP_AUTH is the RememberedDevice"),
    "a text for something new": (challenge("SOMETHING_NEW"), SECRET, {}, "SOMETHING_NEW is a mapping of its"),
    "a proof": (challenge("PASSWORD_VERIFIER"), SECRET, {}, "PASSWORD_VERIFIER is a mapping of its responses"),
    "what cannot be chosen": (challenge("SELECT_MFA_TYPE", MFAS), SECRET, {}, "one of SMS_MFA, EMAIL_OTP$"),
    "a code for a choice": (challenge("SELECT_CHALLENGE", FACTORS), SECRET, {}, "one of PASSWORD, PASSWORD_SRP, EM"),
    "a choice that needs a password": (challenge("SELECT_CHALLENGE"), "PASSWORD", {}, "must go with the choice"),
    "one that needs none": (challenge("SELECT_CHALLENGE"), "SMS_OTP", {"password": SECRET}, "goes with no other"),
    "no password": (challenge("SELECT_CHALLENGE"), "PASSWORD", {"password": 5}, "password must be a string"),
    "a password elsewhere": (challenge("PASSWORD"), "p", {"password": SECRET}, "^password= goes with"),
    "attributes elsewhere": (challenge("SMS_MFA"), "0", {"attributes": {"a": SECRET}}, "^attributes= goes with"),
    "attributes that are none": (
        challenge("NEW_PASSWORD_REQUIRED"),
        "N3w",
        {"attributes": {"name": 5}},
        "attribute 'name' must be a string",
    ),
    "responses and attributes": (
        challenge("NEW_PASSWORD_REQUIRED"),
        {"NEW_PASSWORD": SECRET},
        {"attributes": {"a": "b"}},
        "a mapping of responses holds all",
    ),
    "responses and a password": (
        challenge("SELECT_CHALLENGE"),
        {"ANSWER": SECRET},
        {"password": "p"},
        "a mapping of responses holds all",
    ),
    "a response that is none": (challenge("SMS_MFA"), {"SMS_MFA_CODE": 123456}, {}, "response 'SMS_MFA_CODE' must be"),
    "a response without a name": (challenge("SMS_MFA"), {5: SECRET}, {}, "the name of a response must be a string"),
    "an address that cannot be set up": (
        challenge("MFA_SETUP", SETUPS),
        f"{SECRET}@b",
        {},
        "offers SOFTWARE_TOKEN_MFA",
    ),
    "an app that cannot be set up": (challenge("MFA_SETUP", E_MAIL_SETUP), "012345", {}, "offers EMAIL_OTP$"),
    "a passkey that is a code": (challenge("WEB_AUTHN"), SECRET, {}, "JSON of a passkey's assertion"),
    "a passkey that is a number": (challenge("WEB_AUTHN"), 5, {}, "JSON of a passkey's assertion"),
    "a passkey of bytes": (challenge("WEB_AUTHN"), {"response": {"signature": b"x"}}, {}, "JSON of a passkey's"),
    "a passkey without a response": (challenge("WEB_AUTHN"), {"id": SECRET}, {}, "JSON of a passkey's"),
    "a passkey's list": (challenge("WEB_AUTHN"), "[]", {}, "JSON of a passkey's"),
    "a passkey within itself": (challenge("WEB_AUTHN"), {"response": NESTED}, {}, "JSON of a passkey's"),
    "brackets without end": (challenge("WEB_AUTHN"), "[" * 100_000, {}, "JSON of a passkey's"),
    "not a number": (challenge("WEB_AUTHN"), {"response": {"a": float("nan")}}, {}, "JSON of a passkey's"),
    "half a surrogate pair in it": (challenge("WEB_AUTHN"), "\ud800", {}, "JSON of a passkey's"),
}


@each_case(("asked", "answer", "options", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_an_answer_of_the_wrong_kind_says_what_is_wanted(
    asked: Challenge, answer: Any, options: dict[str, Any], words: str
) -> None:
    """The words name the right kind, and nothing of the answer, which may be a secret in the wrong place."""
    with pytest.raises(ValueError, match=words) as caught:
        responses_to(asked, answer, **options)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_the_responses_are_not_shown() -> None:
    """Codes and passwords are in them."""
    assert SECRET not in repr(Responses({"A": SECRET}, SECRET, SECRET))
