"""Signing in, in every way; over SRP held against the service's own arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_raw import Call, Challenge, Err, Ok, RememberedDevice, Reply, Result, ServiceReply, advance, flows
from cognito_raw.flows.authentication import first_call_of
from cognito_raw.reasons import challenge_reason
from cognito_raw.reply import read
from cognito_raw.srp.exchange import N
from tests.support.conversation import (
    CLIENT_ID,
    NOW,
    SECRET,
    SRP_A,
    Clock,
    Exchange,
    SrpServer,
    answered,
    authentication_result,
    configured,
    converse,
    hash_of,
    initiate,
    refused,
    respond,
    srp_sign_in,
    tokens,
)

SERVER = SrpServer()
WHEN = "Tue Jul 7 09:05:03 UTC 2026"
TOKENS = answered(authentication_result())
SENDS_ALL = Ok(tokens())


def sign_in(
    *exchanges: Exchange,
    username: str = "jane",
    password: Any = "Passw0rd!",
    client_secret: str | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Result[Any]:
    config = configured(client_secret=client_secret, clock=clock or Clock())
    return converse(config, "sign_in", username, password, exchanges=exchanges, **options)


def proves(server: SrpServer, reply: Result[Reply] = TOKENS, when: str = WHEN) -> Exchange:
    return respond(reply, server.expects(when), "PASSWORD_VERIFIER")


# --- the proof


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(SERVER, id="plain"),
        pytest.param(SrpServer(salt=0x8000), id="a salt with its top bit set"),
        pytest.param(SrpServer(salt=0x7), id="a salt of one digit"),
        pytest.param(SrpServer(salt=0), id="a salt of zero"),
        pytest.param(SrpServer(user_id="jäne", password="pässwörd ☃", block=bytes(range(256))), id="beyond ASCII"),
        pytest.param(SrpServer(user_id="", password="", block=b""), id="everything empty"),
        *[pytest.param(SrpServer(b=3 + b), id=f"another b, {b}") for b in range(4)],
    ],
)
def test_the_service_accepts_the_proof(server: SrpServer) -> None:
    """The signature is the one that the service computes from the verifier and its own secret number."""
    asks = answered(server.asks(USERNAME=server.user_id or "x"))
    expected = {**server.expects(WHEN), "USERNAME": server.user_id or "x"}
    proof = respond(TOKENS, expected, "PASSWORD_VERIFIER")
    assert sign_in(initiate(asks), proof, password=server.password) == SENDS_ALL


def test_a_wrong_password_gives_another_signature() -> None:
    """The password goes into the proof, so that a wrong one does not pass."""
    flow = flows.sign_in(configured(), "jane", "wrong")
    advance(flow)
    call = advance(flow, Ok(ServiceReply("InitiateAuth", SERVER.asks())))
    assert isinstance(call, Call)
    assert call.parameters["ChallengeResponses"] != SERVER.expects(WHEN)


@pytest.mark.parametrize(
    ("clock", "headers", "when"),
    [
        pytest.param(NOW, {}, WHEN, id="no Date: the local clock"),
        pytest.param(NOW - 9e6, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, WHEN, id="Date over a slow clock"),
        pytest.param(NOW + 9e6, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, WHEN, id="Date over a fast clock"),
        pytest.param(NOW, {"date": "yesterday"}, WHEN, id="no date in Date"),
        pytest.param(
            NOW, {"date": "Wed, 01 Jan 2025 00:00:00 GMT"}, "Wed Jan 1 00:00:00 UTC 2025", id="midnight, day one"
        ),
    ],
)
def test_the_proof_is_signed_at_the_time_of_the_service(clock: float, headers: dict[str, str], when: str) -> None:
    """TIMESTAMP comes from the Date of the challenge, and from the local clock only where there is none."""
    asks = initiate(answered(SERVER.asks(), **headers))
    assert sign_in(asks, proves(SERVER, when=when), clock=Clock(clock)) == SENDS_ALL


def test_a_session_is_passed_on_where_there_is_one() -> None:
    """USER_SRP_AUTH has no Session in the plain case; where one comes, the answer carries it."""
    proof = respond(TOKENS, SERVER.expects(WHEN), "PASSWORD_VERIFIER", Session="s3ssion")
    assert sign_in(initiate(answered({**SERVER.asks(), "Session": "s3ssion"})), proof) == SENDS_ALL


@pytest.mark.parametrize(
    ("named", "answers"), [("jane-1", "jane-1"), (None, SERVER.user_id), ("", SERVER.user_id)],
    ids=["USERNAME", "none", "empty"],
)  # fmt: skip
def test_an_alias_signs_in_under_the_name_of_the_challenge(named: str | None, answers: str) -> None:
    """After a sign-in by e-mail address, the answer has the name of the challenge and the proof hashes its user id."""
    proof = respond(TOKENS, {**SERVER.expects(WHEN), "USERNAME": answers}, "PASSWORD_VERIFIER")
    asks = initiate(answered(SERVER.asks(USERNAME=named)), "jane@example.com")
    assert sign_in(asks, proof, username="jane@example.com") == SENDS_ALL


def test_each_message_proves_the_client_secret_over_its_own_user_name() -> None:
    """SECRET_HASH is over what was typed in the first message, and over the service's name in the second."""
    asks = initiate(answered(SERVER.asks()), "jane@example.com", SECRET_HASH=hash_of("jane@example.com"))
    responses = {**SERVER.expects(WHEN), "SECRET_HASH": hash_of(SERVER.user_id)}
    proof = respond(TOKENS, responses, "PASSWORD_VERIFIER")
    assert sign_in(asks, proof, username="jane@example.com", client_secret=SECRET) == SENDS_ALL


# --- other ends


def test_tokens_that_come_at_once_are_taken() -> None:
    """Where the service asks for nothing, the sign-in is over after one call."""
    assert sign_in(initiate(TOKENS)) == SENDS_ALL


NAMES = [
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_CHALLENGE",
    "DEVICE_PASSWORD_VERIFIER",
    "DEVICE_SRP_AUTH",
    "EMAIL_OTP",
    "MFA_SETUP",
    "NEW_PASSWORD_REQUIRED",
    "PASSWORD",
    "PASSWORD_SRP",
    "PASSWORD_VERIFIER",
    "SELECT_CHALLENGE",
    "SELECT_MFA_TYPE",
    "SMS_MFA",
    "SMS_OTP",
    "SOFTWARE_TOKEN_MFA",
    "WEB_AUTHN",
]


@pytest.mark.parametrize("name", [*NAMES, "SOMETHING_NEW"])
def test_a_challenge_after_the_proof_is_a_value(name: str) -> None:
    """A challenge is what the sign-in gives, with its session and all that the service said."""
    body = {"ChallengeName": name, "Session": "s", "ChallengeParameters": {"CODE_DELIVERY_DESTINATION": "+**99"}}
    result = sign_in(*srp_sign_in(answered(body)))
    assert result == Ok(Challenge(name, SERVER.user_id, "s", {"CODE_DELIVERY_DESTINATION": "+**99"}))


def test_every_challenge_has_a_reason_of_its_own() -> None:
    """No two challenges share a reason, and a name of the future is `unknown-challenge`."""
    assert len({challenge_reason(name) for name in NAMES} | {challenge_reason("SOMETHING_NEW")}) == 17
    assert challenge_reason("SOMETHING_NEW") == "unknown-challenge"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "PASSWORD_VERIFIER"])
def test_a_challenge_instead_of_the_proof_is_a_value_too(name: str) -> None:
    """A challenge that comes before the password is asked for names the user as it was typed."""
    assert sign_in(initiate(answered({"ChallengeName": name}))) == Ok(Challenge(name, "jane"))


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", "incorrect-username-or-password"),
        ("NotAuthorizedException", "Password attempts exceeded", "login-attempts-limit-exceeded"),
        ("NotAuthorizedException", "User is disabled.", "disabled-user"),
        ("UserNotConfirmedException", "User is not confirmed.", "account-unverified"),
        ("PasswordResetRequiredException", "Password reset required for the user", "password-reset-required"),
    ],
)
def test_a_refusal_of_either_message_is_the_result(code: str, message: str, reason: str) -> None:
    """The service may refuse the user at once or the proof: the reason is the same."""
    for exchanges in ([initiate(refused(code, message))], srp_sign_in(refused(code, message))):
        result = sign_in(*exchanges)
        assert isinstance(result, Err)
        assert (result.reason, result.operation) == (reason, exchanges[-1].operation)


def test_a_proof_whose_answer_is_lost_is_not_sent_again() -> None:
    """A connection that breaks during the proof is reported: the guess may have been counted."""
    result = sign_in(*srp_sign_in(Err("connection-lost", sent="maybe")))
    assert result == Err("connection-lost", operation="RespondToAuthChallenge", sent="maybe")


# --- what makes no sense

NOT_HEXADECIMAL: dict[str, object] = {
    "empty": "",
    "signed": "-2",
    "prefixed": "0xff",
    "grouped": "f_f",
    "spaced": " ff ",
    "not hexadecimal": "xyz",
    "digits of another script": "\u0661\u0662",
    "half a surrogate pair": "\ud800",
    "megabytes": "f" * 3_000_000,
    "missing": None,
    "a number": 7,
    "a list": ["ff"],
    "an object": {},
    "true": True,
}
MALFORMED = [
    *[pytest.param({"SRP_B": value}, id=f"SRP_B {name}") for name, value in NOT_HEXADECIMAL.items()],
    *[pytest.param({"SALT": value}, id=f"SALT {name}") for name, value in NOT_HEXADECIMAL.items()],
    pytest.param({"SECRET_BLOCK": None}, id="SECRET_BLOCK missing"),
    pytest.param({"SECRET_BLOCK": 7}, id="SECRET_BLOCK a number"),
    pytest.param({"SECRET_BLOCK": "abc"}, id="SECRET_BLOCK cut short"),
    pytest.param({"SECRET_BLOCK": "a-_="}, id="SECRET_BLOCK in the other alphabet"),
    pytest.param({"SECRET_BLOCK": "é==="}, id="SECRET_BLOCK not ASCII"),
    pytest.param({"SECRET_BLOCK": "\ud800"}, id="SECRET_BLOCK half a surrogate pair"),
    pytest.param({"USER_ID_FOR_SRP": None}, id="USER_ID_FOR_SRP missing"),
    pytest.param({"USER_ID_FOR_SRP": {}}, id="USER_ID_FOR_SRP an object"),
    pytest.param({"USER_ID_FOR_SRP": "jane\udc00"}, id="USER_ID_FOR_SRP half a surrogate pair"),
    pytest.param({"USERNAME": 7}, id="USERNAME a number"),
    pytest.param({"USERNAME": "\udc00"}, id="USERNAME half a surrogate pair"),
]


def ends_early(body: object) -> Err:
    """The failure of a sign-in whose first answer was enough to end it."""
    result = sign_in(initiate(answered(body)))
    assert isinstance(result, Err)
    assert (result.operation, result.status, result.sent, result.retryable) == ("InitiateAuth", 200, "maybe", False)
    return result


@pytest.mark.parametrize("change", MALFORMED)
def test_a_misshapen_verifier_ends_the_sign_in(change: dict[str, object]) -> None:
    """Whatever is wrong with the challenge, nothing is proven: `malformed-reply`."""
    assert ends_early(SERVER.asks(**change)).reason == "malformed-reply"


@pytest.mark.parametrize("value", [f"{n:x}" for n in (0, N, 2 * N)] + ["000"], ids=["0", "N", "2N", "zeros"])
def test_an_unsafe_public_value_ends_the_sign_in(value: str) -> None:
    """With a B that is a multiple of N anybody could pass for the service: `unsafe-srp-value`, and no proof."""
    assert ends_early(SERVER.asks(SRP_B=value)).reason == "unsafe-srp-value"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ChallengeName": None},
        {"ChallengeName": 7},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": []},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": {"a": 1}},
        {"ChallengeName": "SMS_MFA", "Session": 7},
        {"ChallengeName": "PASSWORD_VERIFIER"},
        {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": []},
        {**SERVER.asks(), "Session": {}},
        {**SERVER.asks(), "Session": "\ud800"},
        {"AuthenticationResult": "yes"},
    ],
    ids=repr,
)
def test_a_misshapen_answer_ends_the_sign_in(body: object) -> None:
    """An answer that is neither tokens nor a challenge is `malformed-reply`."""
    assert ends_early(body).reason == "malformed-reply"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
HEX = st.text("0123456789abcdefABCDEF", min_size=1, max_size=800) | JSON
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "ChallengeName": st.sampled_from(["PASSWORD_VERIFIER", "SMS_MFA"]) | JSON,
        "Session": JSON,
        "AuthenticationResult": st.just(authentication_result()["AuthenticationResult"]) | JSON,
        "ChallengeParameters": JSON
        | st.fixed_dictionaries(
            {"SRP_B": HEX, "SALT": HEX, "USER_ID_FOR_SRP": st.text(max_size=4) | JSON},
            optional={"SECRET_BLOCK": st.sampled_from(["c2VjcmV0", ""]) | JSON, "USERNAME": JSON},
        ),
    },
)


@settings(deadline=None, max_examples=150)
@given(first=BODIES, second=BODIES | JSON)
def test_no_answer_makes_a_sign_in_raise(first: object, second: object) -> None:
    """Whatever JSON the two answers are, the sign-in gives a result."""
    flow = flows.sign_in(configured(client_secret=SECRET), "jane", "Passw0rd!")
    step = advance(flow)
    for body in (first, second):
        if isinstance(step, Call):
            reply = answered(body).unwrap()
            step = advance(flow, read(step, reply))
    assert isinstance(step, (Ok, Err))


# --- other ways


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


# --- the caller's mistakes


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
        (None, {}, "^password must be a string; to sign in without one, say which way"),
        (None, {"flow": "USER_PASSWORD_AUTH"}, "^password must be a string; to sign in without"),
        ("hidden", {"flow": "REFRESH_TOKEN_AUTH"}, "^flow must be one of USER_SRP_AUTH, USER_PASSWORD_AUTH, CUSTOM_"),
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
