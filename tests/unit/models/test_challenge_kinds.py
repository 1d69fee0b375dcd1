"""The kinds of challenges: what each says it wants, read from whatever the service sent."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, asdict, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import (
    Challenge,
    CodeChallenge,
    CustomChallenge,
    Delivery,
    DeviceChallenge,
    MfaSetup,
    NewPasswordRequired,
    PasskeyChallenge,
    PasswordChallenge,
    SelectChallenge,
    SelectMfaType,
    SoftwareToken,
    TotpSetup,
)
from cognito_raw.models.challenge import challenge_of, read_challenge
from cognito_raw.models.fields import UnexpectedJson
from tests.support.samples import load

KINDS: Final[dict[str, type[Challenge]]] = {
    "NEW_PASSWORD_REQUIRED": NewPasswordRequired,
    "SMS_MFA": CodeChallenge,
    "EMAIL_OTP": CodeChallenge,
    "EMAIL_MFA": CodeChallenge,
    "SMS_OTP": CodeChallenge,
    "SOFTWARE_TOKEN_MFA": CodeChallenge,
    "SELECT_MFA_TYPE": SelectMfaType,
    "MFA_SETUP": MfaSetup,
    "CUSTOM_CHALLENGE": CustomChallenge,
    "SELECT_CHALLENGE": SelectChallenge,
    "PASSWORD": PasswordChallenge,
    "PASSWORD_SRP": PasswordChallenge,
    "PASSWORD_VERIFIER": PasswordChallenge,
    "WEB_AUTHN": PasskeyChallenge,
    "DEVICE_SRP_AUTH": DeviceChallenge,
    # What nobody is asked, and what does not exist yet.
    "DEVICE_PASSWORD_VERIFIER": Challenge,
    "ADMIN_NO_SRP_AUTH": Challenge,
    "SOMETHING_NEW": Challenge,
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_name_says_the_kind(name: str, kind: type[Challenge]) -> None:
    """Each name has its kind, which survives being carried and cannot be changed."""
    challenge = challenge_of(name, "bob", "s", {"a": "b"})
    assert type(challenge) is kind
    back = challenge_of(**json.loads(json.dumps(asdict(challenge))))
    assert (type(back), back, hash(back)) == (kind, challenge, hash(challenge))
    assert type(pickle.loads(pickle.dumps(challenge))) is type(replace(challenge, session="t")) is kind
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        challenge.other = 1  # type: ignore[attr-defined]  # that it cannot be done is what is tested
    assert repr(challenge) == f"{kind.__name__}(name={name!r}, username='bob')"


def test_every_name_of_the_model_is_known() -> None:
    """All challenges of the documented exchanges are in the table above."""
    assert {entry["challenge"] for entry in load("exchanges.json") if "challenge" in entry} <= KINDS.keys()


# --- lists within texts

LISTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "some": ('["a","b"]', ("a", "b")),
    "none": ("[]", ()),
    "texts among others": ('["a", 5, null, ["b"]]', ("a",)),
    "what cannot be sent back": ('["a","\\ud800","b\\n"]', ("a",)),
    "an object": ('{"a":"b"}', ()),
    "a text": ('"email"', ()),
    "no JSON": ("email", ()),
    "nothing": ("", ()),
    "brackets without end": ("[" * 100_000, ()),
    "an integer of 10,000 digits": ("[" + "9" * 10_000 + "]", ()),
}
each_list = pytest.mark.parametrize(("said", "names"), LISTS.values(), ids=LISTS.keys())


@each_list
def test_the_choices_are_read_from_their_json(said: str, names: tuple[str, ...]) -> None:
    """The service writes them as JSON within a text; what is no such list offers nothing."""
    assert SelectMfaType("SELECT_MFA_TYPE", "bob", None, {"MFAS_CAN_CHOOSE": said}).choices == names
    assert MfaSetup("MFA_SETUP", "bob", None, {"MFAS_CAN_SETUP": said}).choices == names
    assert SelectChallenge("SELECT_CHALLENGE", "bob", None, {"AvailableChallenges": said}).choices == names


@each_list
def test_the_required_attributes_are_read_from_their_json(said: str, names: tuple[str, ...]) -> None:
    """They are such a list too."""
    required = NewPasswordRequired("NEW_PASSWORD_REQUIRED", "bob", None, {"requiredAttributes": said})
    assert required.required_attributes == names


def test_attributes_lose_their_prefix_once() -> None:
    """The prefix is the service's; what stands behind it is the name."""
    said = '["userAttributes.email","userAttributes.custom:team","userAttributes.userAttributes.a"]'
    filled = '{"email":"a@b.example","userAttributes.name":"","verified":true,"level":7,"a":[],"b":null}'
    parameters = {"requiredAttributes": said, "userAttributes": filled}
    required = NewPasswordRequired("NEW_PASSWORD_REQUIRED", "bob", None, parameters)
    assert required.required_attributes == ("email", "custom:team", "userAttributes.a")
    assert required.user_attributes == {"email": "a@b.example", "name": "", "verified": "true", "level": "7"}


def test_a_challenge_without_parameters_says_nothing() -> None:
    """Whatever the service leaves out is empty."""
    assert NewPasswordRequired("NEW_PASSWORD_REQUIRED", "bob").required_attributes == ()
    assert NewPasswordRequired("NEW_PASSWORD_REQUIRED", "bob").user_attributes == {}
    assert SelectMfaType("SELECT_MFA_TYPE", "bob").choices == ()
    assert MfaSetup("MFA_SETUP", "bob").choices == ()
    assert SelectChallenge("SELECT_CHALLENGE", "bob").choices == ()
    assert CodeChallenge("SMS_MFA", "bob").delivery is None
    assert CodeChallenge("SMS_MFA", "bob").friendly_device_name is None
    assert PasskeyChallenge("WEB_AUTHN", "bob").options == {}
    assert CustomChallenge("CUSTOM_CHALLENGE", "bob").public_parameters == {}


def properties(challenge: Challenge) -> dict[str, object]:
    names = [name for name, member in vars(type(challenge)).items() if isinstance(member, property)]
    return {name: getattr(challenge, name) for name in names}


WRITTEN: Final = st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
).map(json.dumps)


@given(st.sampled_from(sorted(KINDS)), WRITTEN)
def test_no_text_in_a_parameter_raises(name: str, said: str) -> None:
    """Whatever the service writes, every property has a value."""
    known = (
        "requiredAttributes",
        "userAttributes",
        "MFAS_CAN_CHOOSE",
        "MFAS_CAN_SETUP",
        "AvailableChallenges",
        "CREDENTIAL_REQUEST_OPTIONS",
    )
    properties(challenge_of(name, "bob", None, dict.fromkeys(known, said)))


# --- what the documented exchanges say


def asked(name: str, number: int = 0) -> Any:
    """The challenge of a documented exchange."""
    shown = [e for e in load("exchanges.json") if e.get("challenge") == name and e["challenge_role"] == "returned"]
    return read_challenge(shown[number]["response"], username="jane")


def test_a_code_challenge_says_where_the_code_went() -> None:
    """Masked address and medium, as documented."""
    assert asked("SMS_MFA").delivery == Delivery("+*******0100", "SMS")
    assert asked("EMAIL_OTP").delivery == Delivery("t***@e***", "EMAIL")
    assert asked("SOFTWARE_TOKEN_MFA").delivery is None
    assert asked("SOFTWARE_TOKEN_MFA").friendly_device_name == "mytestauthenticator"


def test_the_choices_of_the_documented_exchanges_are_read() -> None:
    """Second factors to choose or set up, and first factors."""
    assert asked("SELECT_MFA_TYPE").choices == ("SMS_MFA", "SOFTWARE_TOKEN_MFA")
    assert asked("MFA_SETUP").choices == ("SOFTWARE_TOKEN_MFA",)
    assert asked("SELECT_CHALLENGE").choices == ("PASSWORD", "PASSWORD_SRP")


def test_a_passkey_challenge_gives_the_options_of_the_browser() -> None:
    """The options are what `parseRequestOptionsFromJSON` of a browser takes."""
    options = asked("WEB_AUTHN").options
    assert (options["rpId"], options["userVerification"]) == ("auth.example.com", "preferred")
    assert [key["type"] for key in options["allowCredentials"]] == ["public-key", "public-key"]


def test_a_custom_challenge_gives_what_the_trigger_tells() -> None:
    """All parameters but the service's own."""
    body = {
        "ChallengeName": "CUSTOM_CHALLENGE",
        "AvailableChallenges": ["CUSTOM_CHALLENGE"],
        "ChallengeParameters": {"USERNAME": "id-1", "question": "1 + 1?"},
    }
    challenge = read_challenge(body, username="jane")
    assert isinstance(challenge, CustomChallenge)
    assert challenge.public_parameters == {"question": "1 + 1?"}


def test_an_app_that_is_set_up_keeps_its_secret_out_of_sight() -> None:
    """The secret makes every later code."""
    assert "hunter2" not in repr(TotpSetup("hunter2", MfaSetup("MFA_SETUP", "bob", "hunter2")))


# --- reading


# Parameters of a challenge, and the name that the answer must use.
ANSWERED_AS: Final[dict[str, tuple[dict[str, str], str]]] = {
    "the name that the service says": ({"USERNAME": "id-1", "USER_ID_FOR_SRP": "id-2"}, "id-1"),
    "else the id": ({"USER_ID_FOR_SRP": "id-2"}, "id-2"),
    "else what was typed": ({}, "typed"),
    "an empty name is none": ({"USERNAME": "", "USER_ID_FOR_SRP": ""}, "typed"),
}


@pytest.mark.parametrize(("parameters", "name"), ANSWERED_AS.values(), ids=ANSWERED_AS.keys())
def test_a_challenge_knows_whom_its_answer_must_name(parameters: dict[str, str], name: str) -> None:
    """After a sign-in by alias the answer names the user otherwise than was typed."""
    body = {"ChallengeName": "SMS_MFA", "Session": "handle", "ChallengeParameters": parameters}
    assert read_challenge(body, username="typed") == Challenge("SMS_MFA", name, "handle", parameters)


def test_a_challenge_may_come_without_session_and_parameters() -> None:
    """Only its name must be there."""
    assert read_challenge({"ChallengeName": "SMS_MFA"}, username="bob") == Challenge("SMS_MFA", "bob")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ChallengeName": 5},
        {"ChallengeName": "SMS_MFA", "Session": 5},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": {"a": {}}},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": []},
    ],
    ids=repr,
)
def test_a_challenge_of_another_type_is_refused(body: dict[str, object]) -> None:
    """Name and session are texts, and no parameter is an object."""
    with pytest.raises(UnexpectedJson):
        read_challenge(body, username="bob")


def test_parameters_may_be_booleans_and_numbers() -> None:
    """They are read as the service would write them."""
    parameters = {"a": True, "b": 5, "c": 0.5, "d": None, "e": "f"}
    challenge = read_challenge({"ChallengeName": "SMS_MFA", "ChallengeParameters": parameters}, username="bob")
    assert challenge.parameters == {"a": "true", "b": "5", "c": "0.5", "e": "f"}


@pytest.mark.parametrize("available", [["B", "A"], [], None, "A", [5], ["A", None], {}], ids=repr)
def test_the_available_challenges_are_kept_as_json(available: object) -> None:
    """They come beside the parameters, and are carried among them; what is no list of texts is none."""
    challenge = read_challenge({"ChallengeName": "SELECT_CHALLENGE", "AvailableChallenges": available}, username="bob")
    assert isinstance(challenge, SelectChallenge)
    assert challenge.choices == (("B", "A") if available == ["B", "A"] else ())


def test_a_list_in_place_of_its_json_text_is_taken() -> None:
    """Some servers send what the service writes as JSON within a text as a list."""
    body = {"ChallengeName": "MFA_SETUP", "ChallengeParameters": {"MFAS_CAN_SETUP": ["SOFTWARE_TOKEN_MFA"]}}
    challenge = read_challenge(body, username="bob")
    assert isinstance(challenge, MfaSetup)
    assert challenge.choices == ("SOFTWARE_TOKEN_MFA",)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
MEMBERS: Final = {
    "ChallengeName": st.sampled_from(sorted(KINDS)) | JSON,
    "ChallengeParameters": st.dictionaries(st.text(), JSON, max_size=3) | JSON,
    "Session": JSON,
    "AvailableChallenges": JSON,
}


@given(st.fixed_dictionaries({}, optional=MEMBERS))
def test_any_json_is_a_challenge_or_is_refused(body: dict[str, Any]) -> None:
    """No JSON object makes the reader raise anything but `UnexpectedJson`, and what is read can be sent and shown."""
    try:
        challenge = read_challenge(body, username="bob")
    except UnexpectedJson:
        return
    json.dumps(asdict(challenge), ensure_ascii=False).encode()
    properties(challenge)
    assert repr(challenge).isprintable()


def test_the_setup_of_an_app_is_scanned_as_any_other() -> None:
    """Its address and its QR code are those of the secret, wherever that came from."""
    setup, token = TotpSetup("SECRET", challenge_of("MFA_SETUP", "id-1")), SoftwareToken("SECRET")
    assert setup.uri("ada", "Engines") == token.uri("ada", "Engines")
    assert setup.qr_svg("ada", "Engines", scale=2) == token.qr_svg("ada", "Engines", scale=2)
    assert setup.qr_text("ada", "Engines") == token.qr_text("ada", "Engines")
