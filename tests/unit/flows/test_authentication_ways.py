"""The other ways to sign in, and the caller's mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Challenge, Err, Ok, RememberedDevice, Reply, Result, advance, flows
from cognito_raw.flows.authentication import first_call_of
from tests.support.conversation import (
    CLIENT_ID,
    SECRET,
    Exchange,
    answered,
    configured,
    hash_of,
    refused,
    tokens,
)
from tests.support.sign_ins import SRP_A, initiate, respond
from tests.support.srp_sign_in import SERVER, TOKENS, WHEN, sign_in

SENDS_ALL = Ok(tokens())


PASSWORD = "Passw0rd!"


WHO = {"USERNAME": "jane"}


CUSTOM = {"CHALLENGE_NAME": "SRP_A"}


SRP = {"SRP_A": SRP_A}


DEVICE = RememberedDevice("d3v", "-gr0up", "hunter2", SERVER.user_id)


def begins(flow: str, parameters: dict[str, str], reply: Result[Reply] = TOKENS, **more: object) -> Exchange:
    request = {"AuthFlow": flow, "ClientId": CLIENT_ID, "AuthParameters": {**WHO, **parameters}, **more}
    return Exchange("InitiateAuth", request, reply)


@pytest.mark.parametrize(
    ("password", "options", "flow", "parameters"),
    [
        (PASSWORD, {}, "USER_SRP_AUTH", SRP),
        (PASSWORD, {"flow": "USER_SRP_AUTH"}, "USER_SRP_AUTH", SRP),
        (PASSWORD, {"flow": "USER_PASSWORD_AUTH"}, "USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD}),
        (None, {"flow": "CUSTOM_AUTH"}, "CUSTOM_AUTH", {}),
        (PASSWORD, {"flow": "CUSTOM_AUTH"}, "CUSTOM_AUTH", CUSTOM | SRP),
        (None, {"flow": "USER_AUTH"}, "USER_AUTH", {}),
        (PASSWORD, {"flow": "USER_AUTH"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "PASSWORD_SRP"} | SRP),
        (PASSWORD, {"preferred": "PASSWORD_SRP"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "PASSWORD_SRP"} | SRP),
        (PASSWORD, {"preferred": "PASSWORD"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD}),
        (None, {"preferred": "EMAIL_OTP"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "EMAIL_OTP"}),
        (None, {"preferred": "SMS_OTP", "flow": "USER_AUTH"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "SMS_OTP"}),
        (None, {"preferred": "WEB_AUTHN"}, "USER_AUTH", {"PREFERRED_CHALLENGE": "WEB_AUTHN"}),
    ],
)
def test_each_way_begins_with_its_own_message(
    password: str | None, options: dict[str, Any], flow: str, parameters: dict[str, str]
) -> None:
    """What the service is told first, with and without a client secret; a password is sent only where one says so."""
    assert sign_in(begins(flow, parameters), password=password, **options) == SENDS_ALL
    proof = {"SECRET_HASH": hash_of("jane")}
    assert sign_in(begins(flow, parameters | proof), password=password, client_secret=SECRET, **options) == SENDS_ALL


def test_a_sign_in_goes_on_from_a_sign_up() -> None:
    """Its session stands for the code that was confirmed; a way to go on may be preferred."""
    assert sign_in(begins("USER_AUTH", {}, Session="s"), password=None, session="s") == SENDS_ALL
    preferred = begins("USER_AUTH", {"PREFERRED_CHALLENGE": "EMAIL_OTP"}, Session="s")
    assert sign_in(preferred, password=None, session="s", preferred="EMAIL_OTP") == SENDS_ALL
    proves_too = begins("USER_AUTH", {"PREFERRED_CHALLENGE": "PASSWORD_SRP"} | SRP, Session="s")
    assert sign_in(proves_too, password=PASSWORD, session="s", preferred="PASSWORD_SRP") == SENDS_ALL


@pytest.mark.parametrize("options", [{"flow": "CUSTOM_AUTH"}, {"flow": "USER_AUTH"}], ids=["custom", "choice"])
def test_the_password_is_proven_with_the_session(options: dict[str, Any]) -> None:
    """These two begin with a session, which the proof carries on."""
    parameters = CUSTOM if options["flow"] == "CUSTOM_AUTH" else {"PREFERRED_CHALLENGE": "PASSWORD_SRP"}
    asked = answered({**SERVER.asks(), "Session": "s"}, date="Tue, 07 Jul 2026 09:05:03 GMT")
    proof = respond(TOKENS, SERVER.expects(WHEN), "PASSWORD_VERIFIER", Session="s")
    assert sign_in(begins(options["flow"], parameters | SRP, asked), proof, **options) == SENDS_ALL


@pytest.mark.parametrize("name", ["SELECT_CHALLENGE", "EMAIL_OTP", "PASSWORD_VERIFIER"])
def test_what_a_choice_leads_to_is_a_value(name: str) -> None:
    """The challenge is the caller's to answer, also a proof that was not begun."""
    body = {"ChallengeName": name, "Session": "s", "AvailableChallenges": ["EMAIL_OTP"]}
    expected = Challenge(name, "jane", "s", {"AvailableChallenges": '["EMAIL_OTP"]'})
    assert sign_in(begins("USER_AUTH", {}, answered(body)), password=None, flow="USER_AUTH") == Ok(expected)


@pytest.mark.parametrize("password", [None, PASSWORD], ids=["at once", "after the proof"])
def test_the_device_is_named_where_its_user_is_known(password: str | None) -> None:
    """In the only message that there is, or else in the proof, whose name the service said."""
    if password is None:
        exchanges = [begins("CUSTOM_AUTH", {"DEVICE_KEY": "d3v"})]
    else:
        asked = answered({**SERVER.asks(), "Session": "s"}, date="Tue, 07 Jul 2026 09:05:03 GMT")
        responses = {**SERVER.expects(WHEN), "DEVICE_KEY": "d3v"}
        exchanges = [
            begins("CUSTOM_AUTH", CUSTOM | SRP, asked),
            respond(TOKENS, responses, "PASSWORD_VERIFIER", Session="s"),
        ]
    assert sign_in(*exchanges, password=password, flow="CUSTOM_AUTH", device=DEVICE) == SENDS_ALL


@pytest.mark.parametrize(
    "refusal",
    [
        refused("ResourceNotFoundException", "Device does not exist."),
        refused("InvalidParameterException", "Invalid device key given."),
    ],
    ids=["forgotten", "another's"],
)
def test_a_forgotten_device_is_left_out(refusal: Result[Reply]) -> None:
    """The sign-in begins anew without it; without one, such an answer is what it is."""
    first = begins("USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD, "DEVICE_KEY": "d3v"}, refusal)
    second = begins("USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD})
    assert sign_in(first, second, flow="USER_PASSWORD_AUTH", device=DEVICE) == SENDS_ALL
    result = sign_in(begins("USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD}, refusal), flow="USER_PASSWORD_AUTH")
    assert isinstance(result, Err)
    assert result.reason == "device-not-found"


@pytest.mark.parametrize("value", [None, b"hidden", 7, "hidden\ud800"], ids=["none", "bytes", "number", "surrogate"])
def test_what_is_no_text_raises(value: Any) -> None:
    """A user name or password that is not text raises `ValueError`, with no word of the secret."""
    for name, flow in (
        ("username", flows.sign_in(configured(), value, "p")),
        ("password", flows.sign_in(configured(), "jane", value)),
    ):
        with pytest.raises(ValueError, match=f"^{name} ") as caught:
            advance(flow)
        assert "hidden" not in str(caught.value)


def test_an_empty_name_or_password_is_left_to_the_service() -> None:
    """Empty texts are sent: what they mean is for the service to say."""
    reply = refused("InvalidParameterException", "Missing required parameter USERNAME")
    result = sign_in(initiate(reply, ""), username="", password="")
    assert isinstance(result, Err)
    assert result.reason == "username-not-provided"


@pytest.mark.parametrize(
    ("password", "options", "words"),
    [
        (None, {}, "^password must be a string; to sign in without one, choose a way"),
        (None, {"flow": "USER_PASSWORD_AUTH"}, "^password must be a string; to sign in without"),
        (
            "hidden",
            {"flow": "REFRESH_TOKEN_AUTH"},
            "^flow 'REFRESH_TOKEN_AUTH': must be one of USER_SRP_AUTH, USER_PASSWORD_AUTH, CUSTOM_",
        ),
        ("hidden", {"flow": "USER_SRP_AUTH", "preferred": "PASSWORD"}, "^preferred and session belong to USER_AUTH"),
        (None, {"flow": "CUSTOM_AUTH", "session": "hidden"}, "^preferred and session belong to USER_AUTH, not to CU"),
        ("hidden", {"session": "hidden"}, "^a sign-in that goes on from a sign-up takes no password"),
        (None, {"session": 5}, "^session must be a string"),
        (None, {"preferred": "PASSWORD"}, "^password is missing, where PASSWORD is preferred"),
        (None, {"preferred": "PASSWORD_SRP"}, "^password is missing"),
        ("hidden", {"preferred": "EMAIL_OTP"}, "^password is not used: leave it out, where EMAIL_OTP is preferred"),
        (None, {"preferred": "TELEPATHY"}, "^preferred must be one of PASSWORD, PASSWORD_SRP, EMAIL_OTP"),
        (5, {"flow": "CUSTOM_AUTH"}, "^password must be a string, not int"),
        ("hidden", {"device": "hidden"}, "^device must be a RememberedDevice"),
        ("hidden", {"client_metadata": "hidden"}, "^client_metadata must be a mapping"),
    ],
)
def test_ways_that_contradict_each_other_raise(password: Any, options: dict[str, Any], words: str) -> None:
    """The words say what to leave out or to add, before anything is sent."""
    with pytest.raises(ValueError, match=words) as caught:
        sign_in(password=password, **options)
    assert "hidden" not in str(caught.value)


def test_the_beginning_hides_its_password() -> None:
    """Whether it is sent or proven."""
    for flow in ("USER_SRP_AUTH", "USER_PASSWORD_AUTH"):
        assert "hidden" not in repr(first_call_of("jane", "hidden", flow))
