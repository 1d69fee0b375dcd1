"""What fixtures/ holds: complete, with a source for each entry, and read by the package as it says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast, get_args

import pytest

from cognito_raw import Call, Challenge, Err, Ok, Reply, State
from cognito_raw.models.challenge import read_challenge
from cognito_raw.models.sign_up import Delivery, Registration, read_delivery
from cognito_raw.models.tokens import Tokens
from cognito_raw.reasons import Reason
from cognito_raw.reply import read
from tests.support.cases import each_case
from tests.support.conversation import Exchange
from tests.support.paths import FIXTURES, ROOT
from tests.support.plays import Act, play
from tests.support.samples import ERRORS, jwt, load

Entry = dict[str, Any]

EXCHANGES: Final = cast("list[Entry]", load("exchanges.json"))
REPLIES: Final = cast("dict[str, Entry]", load("replies.json"))
VECTORS: Final = cast("Entry", load("srp_vectors.json"))

# The operations of authtype "none" in the service model of botocore 1.43.106, which is newer than some that are
# installed: ListUserSessions and RevokeUserSession came late.
UNSIGNED: Final = (
    "AssociateSoftwareToken",
    "ChangePassword",
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "DeleteUser",
    "DeleteUserAttributes",
    "DeleteWebAuthnCredential",
    "ForgetDevice",
    "ForgotPassword",
    "GetDevice",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GetUserAuthFactors",
    "GlobalSignOut",
    "InitiateAuth",
    "ListDevices",
    "ListUserSessions",
    "ListWebAuthnCredentials",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "RevokeUserSession",
    "SetUserMFAPreference",
    "SetUserSettings",
    "SignUp",
    "StartWebAuthnRegistration",
    "UpdateAuthEventFeedback",
    "UpdateDeviceStatus",
    "UpdateUserAttributes",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
)
# The values of ChallengeNameType in the same model.
CHALLENGES: Final = (
    "SMS_MFA",
    "EMAIL_OTP",
    "SOFTWARE_TOKEN_MFA",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
    "PASSWORD_VERIFIER",
    "CUSTOM_CHALLENGE",
    "SELECT_CHALLENGE",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "ADMIN_NO_SRP_AUTH",
    "NEW_PASSWORD_REQUIRED",
    "SMS_OTP",
    "PASSWORD",
    "WEB_AUTHN",
    "PASSWORD_SRP",
)
# From the service itself, from its makers, from people who met it, from imitations, and from none of them.
CONFIDENCES: Final = ("recorded-from-aws", "aws-docs", "forum", "emulator-says", "derived-here")
# Signed, and here all the same: no other operation is said to return ADMIN_NO_SRP_AUTH.
SIGNED: Final = ("AdminInitiateAuth",)


def title(entry: Entry) -> str:
    """A readable id for an exchange."""
    return f"{entry['operation']}-{entry['title']}"


def compact(value: object) -> bytes:
    """JSON as the service writes it; null stands for an empty body."""
    return b"" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as transports hand them over."""
    return {name.lower(): value for name, value in headers.items()}


def has_source(entry: Mapping[str, Any]) -> bool:
    """Whether an entry says where it comes from, and how much to trust it."""
    return bool(entry["where"].strip()) and entry["confidence"] in CONFIDENCES


# --- exchanges

TOLD: Final = [entry for entry in EXCHANGES if not isinstance(entry["response"], str)]  # else only the headers are
SUCCESSES: Final = [entry for entry in TOLD if entry["status"] == 200]
FAILURES: Final = [entry for entry in TOLD if entry["status"] != 200]


@each_case("operation", UNSIGNED)
def test_every_operation_has_an_exchange(operation: str) -> None:
    """What each operation is asked and what it answers when all is well is known, with a source."""
    mine = [entry for entry in SUCCESSES if entry["operation"] == operation]
    assert mine
    assert all(isinstance(entry["request"], dict) and "response" in entry for entry in mine)


def test_there_are_34_operations_and_16_challenges() -> None:
    """No exchange is about any other, but for one that is signed and one that names no operation."""
    assert (len(set(UNSIGNED)), len(set(CHALLENGES))) == (34, 16)
    assert {entry["operation"] for entry in EXCHANGES} == {*UNSIGNED, *SIGNED, None}
    assert {entry["challenge"] for entry in EXCHANGES if "challenge" in entry} == set(CHALLENGES)


@each_case("entry", EXCHANGES, ids=title)
def test_every_exchange_has_a_source(entry: Entry) -> None:
    """Each says where it comes from, and how much to trust it."""
    assert has_source(entry)
    assert entry["title"].strip()


@pytest.mark.parametrize("name", CHALLENGES)
def test_every_challenge_is_returned_or_answered(name: str) -> None:
    """Some exchange shows each name where the service asks it, or where a client answers it."""
    shown = [entry for entry in TOLD if entry.get("challenge") == name]
    assert shown
    for entry in shown:
        assert name in {"returned": asked_in, "answered": answered_in}[entry["challenge_role"]](entry)


def asked_in(entry: Entry) -> list[object]:
    return [entry["response"].get("ChallengeName")]


def answered_in(entry: Entry) -> list[object]:
    """The name of an answer; a sign-in with USER_AUTH may answer at once the challenge that it prefers."""
    return [
        entry["request"].get("ChallengeName"),
        entry["request"].get("AuthParameters", {}).get("PREFERRED_CHALLENGE"),
    ]


@each_case("entry", SUCCESSES, ids=title)
def test_every_success_is_an_answer(entry: Entry) -> None:
    """The answers of all operations are read, the two empty bodies included."""
    reply = Reply(200, lowered(entry["headers"]), compact(entry["response"]))
    result = read(Call(entry["operation"], {}), reply)
    assert isinstance(result, Ok)
    assert result.value.body == (entry["response"] or {})


@pytest.mark.parametrize("entry", FAILURES, ids=title)
def test_every_refusal_has_a_reason(entry: Entry) -> None:
    """The service's name and words are kept, and the name is a known one."""
    body = entry["response"]
    reply = Reply(entry["status"], lowered(entry["headers"]), compact(body))
    result = read(Call(entry["operation"] or "InitiateAuth", {}), reply)
    assert isinstance(result, Err)
    assert (result.code, result.message) == (body.get("__type") or body["code"], body["message"])
    assert result.reason != "unknown-error"


def well_formed(body: Entry) -> Entry:
    """The body with a token that can be read in place of an ID token that a source left out or cut short.

    Nothing else that stands for a value is touched: to the readers, every other one is a text like any.
    """
    result = body.get("AuthenticationResult")
    if result is None or result["IdToken"].count(".") == 2:
        return body
    return {**body, "AuthenticationResult": {**result, "IdToken": jwt({"exp": 1_783_418_703, "iat": 1_783_415_103})}}


def read_sign_in(body: Mapping[str, object]) -> Tokens | Challenge:
    return read_challenge(body, username="jane") if "ChallengeName" in body else Tokens.read(body)


READERS: Final[dict[str, Callable[[Mapping[str, object]], object]]] = {
    "ForgotPassword": read_delivery,
    "GetTokensFromRefreshToken": Tokens.read,
    "GetUserAttributeVerificationCode": read_delivery,
    "InitiateAuth": read_sign_in,
    "AdminInitiateAuth": read_sign_in,
    "ResendConfirmationCode": read_delivery,
    "RespondToAuthChallenge": read_sign_in,
    "SignUp": Registration.read,
}


def gist(value: object) -> dict[str, object]:
    """What was read, under the service's names."""
    match value:
        case Tokens():
            return {
                "AccessToken": value.access_token,
                "RefreshToken": value.refresh_token,
                "ExpiresIn": value.expires_in,
            }
        case Challenge():
            parameters = dict(value.parameters)
            available = json.loads(parameters.pop("AvailableChallenges", "null"))  # carried among them
            return {
                "ChallengeName": value.name,
                "Session": value.session,
                "ChallengeParameters": parameters,
                "AvailableChallenges": available,
            }
        case Delivery():
            names = ("Destination", "DeliveryMedium", "AttributeName")
            return dict(zip(names, (value.destination, value.medium, value.attribute), strict=True))
        case Registration():
            return {"UserSub": value.user_id, "UserConfirmed": value.confirmed}
        case _:
            raise AssertionError(value)


@each_case("entry", [entry for entry in SUCCESSES if entry["operation"] in READERS], ids=title)
def test_every_answer_that_has_a_reader_is_read(entry: Entry) -> None:
    """Tokens, challenges, registrations and deliveries are read as the service sends them, and nothing is lost."""
    body = well_formed(entry["response"])
    told: Entry = body.get("AuthenticationResult") or body.get("CodeDeliveryDetails") or body
    value = READERS[entry["operation"]](body)
    if isinstance(value, Registration):
        told = body
        assert (value.delivery is None) == ("CodeDeliveryDetails" not in body)
    assert gist(value) == {name: told.get(name, {} if name == "ChallengeParameters" else None) for name in gist(value)}


# --- replies

CAUSED: Final = {reason: entry for reason, entry in REPLIES.items() if "reply" not in entry}
UNCAUSED: Final = {reason: entry for reason, entry in REPLIES.items() if "reply" in entry}
ASKED: Final = [reason for reason in CAUSED if reason.endswith("-challenge")]
REFUSED: Final = [reason for reason in CAUSED if reason not in ASKED]
KNOWN: Final = State("jane", Challenge("NEW_PASSWORD_REQUIRED", "jane", "s0"))


def reply_to(entry: Entry) -> Reply:
    return Reply(entry["status"], lowered(entry["headers"]), entry["body"].encode())


def test_every_reason_has_a_reply() -> None:
    """A reply or a note for each reason, in the order of the table of reasons, and for nothing else."""
    assert list(REPLIES) == list(get_args(Reason))


@each_case("reason", CAUSED)
def test_every_reply_has_a_source(reason: str) -> None:
    """Each says where it comes from and how much to trust it, and is of an operation that needs no signature."""
    assert has_source(CAUSED[reason])
    assert CAUSED[reason]["operation"] in (*UNSIGNED, None)


@each_case("reason", REFUSED)
def test_a_reply_gives_its_reason(reason: str) -> None:
    """Each reply is read as the reason that it stands under."""
    entry = CAUSED[reason]
    result = read(Call(entry["operation"] or "InitiateAuth", {}), reply_to(entry))
    assert isinstance(result, Err)
    assert result.reason == reason


@pytest.mark.parametrize("reason", ASKED)
def test_a_challenge_gives_its_reason(reason: str) -> None:
    """Each challenge, in answer to a sign-in or to the answer of another, is the reason that it stands under."""
    entry = CAUSED[reason]
    exchange = (Exchange(entry["operation"], None, Ok(reply_to(entry))),)
    starts = entry["operation"] == "InitiateAuth"
    act = Act("login", ("jane", "p"), exchange) if starts else Act("new_password_challenge", ("p",), exchange)
    result = play(act, state=KNOWN).last
    assert isinstance(result, Err)
    assert result.reason == reason
    assert result.challenge is not None
    assert result.challenge.name == json.loads(entry["body"])["ChallengeName"]


@each_case("reason", [reason for reason in REFUSED if "__type" in CAUSED[reason]["body"]])
def test_a_refusal_stands_among_the_errors_or_the_exchanges(reason: str) -> None:
    """Its name, its words and their trust are those of its source, not another's."""
    body = json.loads(CAUSED[reason]["body"])
    sources = [(error["type"], error["message"], error["confidence"]) for error in ERRORS]
    sources += [(e["response"].get("__type"), e["response"]["message"], e["confidence"]) for e in FAILURES]
    assert (body["__type"], body.get("message"), CAUSED[reason]["confidence"]) in sources


@each_case("reason", UNCAUSED)
def test_a_reason_without_a_reply_names_the_test_that_shows_it(reason: str) -> None:
    """Where no reply of the service causes a reason, the note names a test that is there and expects it."""
    entry = UNCAUSED[reason]
    assert set(entry) == {"reply", "note"}
    assert entry["reply"] is None
    [(path, name)] = re.findall(r"\b(tests/[\w/]+\.py)::(test_\w+)", entry["note"])
    source = (ROOT / path).read_text("utf-8")
    assert name in [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert f'"{reason}"' in source


# --- errors and vectors


@each_case("error", ERRORS, ids=lambda error: f"{error['type']}-{error['where'][:40]}")
def test_every_error_has_a_source(error: Mapping[str, Any]) -> None:
    """Each says where it comes from, and how much to trust it."""
    assert has_source(error)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_every_vector_has_a_source(vector: Entry) -> None:
    """Each says where it comes from, and whether its values are the source's or ours."""
    assert vector["where"].strip()
    assert vector["origin"] in ("stated-by-source", "derived-here")


@pytest.mark.parametrize("name", ["exchanges.json", "replies.json"])
def test_a_fixture_is_laid_out_to_be_read(name: str) -> None:
    """The files are written in one way, so that a change shows as what it is."""
    path = FIXTURES / name
    assert path.read_text("utf-8") == json.dumps(load(name), indent=1, ensure_ascii=False) + "\n"
