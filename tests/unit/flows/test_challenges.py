"""Answering challenges: every chain on a service that checks each answer, wrong ones included, sync and async."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_raw import (
    AnalyticsMetadata,
    AsyncClient,
    Call,
    Challenge,
    Client,
    CodeChallenge,
    Config,
    CustomChallenge,
    Err,
    MfaSetup,
    NewPasswordRequired,
    Ok,
    PasskeyChallenge,
    RememberedDevice,
    Reply,
    Request,
    Result,
    SelectChallenge,
    SelectMfaType,
    Tokens,
    TotpSetup,
    UserContext,
    advance,
    flows,
)
from cognito_raw.reply import read
from tests.support.challenge_service import CODE, PASSKEY, PASSWORD, USER, Service, numbered
from tests.support.conversation import (
    SECRET,
    SRP_A,
    Answering,
    Exchange,
    SrpServer,
    answered,
    authentication_result,
    configured,
    converse,
    hash_of,
    not_authorized,
    refused,
    respond,
    tokens,
)
from tests.support.samples import load


class Steps:
    """A client of either kind that remembers its last challenge, and tells what came of each step."""

    def __init__(self, call: Callable[..., Result[Any]], service: Service) -> None:
        self._call = call
        self.service = service
        self.last: Any = None
        self.told: list[str] = []

    def sign_in(self, *arguments: Any, **options: Any) -> Any:
        return self._keep(self._call("sign_in", *arguments, **options))

    def answer(self, answer: Any, **options: Any) -> Any:
        return self._keep(self._call("answer_challenge", self.last, answer, **options))

    def begin_totp_setup(self) -> TotpSetup:
        setup: TotpSetup = self._call("begin_totp_setup", self.last).unwrap()
        self.last = setup.challenge
        return setup

    def _keep(self, result: Result[Any]) -> Any:
        self.last = result.challenge if isinstance(result, Err) else result.value
        self.told.append(result.reason if isinstance(result, Err) else getattr(result.value, "name", "tokens"))
        return self.last


def tokens_body() -> dict[str, Any]:
    body: Any = authentication_result()["AuthenticationResult"]
    return {**body}


def finished(value: object) -> bool:
    return isinstance(value, Tokens)


def play(scene: Callable[[Steps], object], *, secret: str | None = None, **settings: Any) -> Service:
    """Play a scene with both clients, each on a service of its own, which must hear and tell the same."""
    blocking, asynchronous = Service(secret=secret, **settings), Service(secret=secret, **settings)

    def config() -> Config:
        return configured(client_secret=secret, randomness=numbered())

    client = Client(config(), transport=blocking)
    steps = Steps(lambda name, *args, **kwargs: getattr(client, name)(*args, **kwargs), blocking)
    scene(steps)

    async def send(request: Request) -> Any:
        return asynchronous.send(request)

    other = AsyncClient(config(), transport=Answering(send))
    others = Steps(lambda name, *args, **kwargs: asyncio.run(getattr(other, name)(*args, **kwargs)), asynchronous)
    scene(others)
    assert others.told == steps.told
    assert asynchronous.asked == blocking.asked
    return blocking


with_and_without_secret = pytest.mark.parametrize("secret", [None, SECRET], ids=["public client", "client secret"])


# --- codes


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
        wrongs = ["code-mismatch"] * 3
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


# --- a new password


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


# --- a new password by its own name


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


@pytest.mark.parametrize("value", [None, b"hidden", "hidden\ud800"], ids=["none", "bytes", "surrogate"])
def test_a_new_password_that_is_no_text_raises(value: Any) -> None:
    """With no word of the secret."""
    with pytest.raises(ValueError, match=r"^new_password ") as caught:
        Client(configured(), transport=Service()).respond_to_new_password_required(REQUIRED, value)
    assert "hidden" not in str(caught.value)


# --- custom challenges


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


# --- choices


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


# --- setting up a second factor


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


# --- devices

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


# --- what every answer carries


def test_an_answer_carries_what_goes_with_each_call() -> None:
    """The members of the model, in its own words."""
    members = {
        "ClientMetadata": {"a": "b"},
        "UserContextData": {"IpAddress": "192.0.2.1", "EncodedData": "e"},
        "AnalyticsMetadata": {"AnalyticsEndpointId": "p"},
    }

    def scene(jane: Steps) -> None:
        more: Any = {
            "client_metadata": {"a": "b"},
            "user_context_data": UserContext("192.0.2.1", "e"),
            "analytics_metadata": AnalyticsMetadata("p"),
        }
        jane.sign_in("jane", PASSWORD, **more)
        jane.answer(CODE, **more)

    for _, body in play(scene, then=("SMS_MFA",)).asked:
        assert {name: body[name] for name in members} == members


def test_a_challenge_of_the_future_takes_its_responses() -> None:
    """A mapping in the service's own names, beside the user's."""
    challenge = Challenge("SOMETHING_NEW", "5u8", "s")
    exchange = respond(answered(authentication_result()), {"USERNAME": "5u8", "A": "1"}, "SOMETHING_NEW", Session="s")
    assert converse(configured(), "answer_challenge", challenge, {"A": "1"}, exchanges=[exchange]) == Ok(tokens())


@pytest.mark.parametrize(
    ("name", "reply", "reason", "stands"),
    [
        ("SMS_MFA", refused("CodeMismatchException", "Invalid code"), "code-mismatch", True),
        ("SMS_MFA", refused("ExpiredCodeException", "Invalid code provided"), "code-expired", False),
        ("SOFTWARE_TOKEN_MFA", refused("ExpiredCodeException", "used once."), "code-expired", True),
        ("SMS_MFA", not_authorized("session can only be used once."), "challenge-session-invalid", False),
        ("PASSWORD", not_authorized("Incorrect username or password."), "incorrect-username-or-password", False),
        ("PASSWORD", not_authorized("Password attempts exceeded"), "login-attempts-limit-exceeded", False),
        ("SMS_MFA", not_authorized("User is disabled."), "disabled-user", False),
        ("CUSTOM_CHALLENGE", refused("UserLambdaValidationException", "no"), "lambda-refused", True),
        ("SMS_MFA", refused("TooManyRequestsException"), "throttled", True),
        ("SMS_MFA", Err("timed-out", sent="maybe"), "timed-out", True),
        ("SMS_MFA", answered({}), "malformed-reply", False),
        ("SMS_MFA", Ok(Reply(200, {}, b"<p>hello")), "malformed-reply", True),
    ],
)  # fmt: skip
def test_a_refused_answer_says_whether_another_may_follow(name: str, reply: Any, reason: str, stands: bool) -> None:
    """`challenge` holds what may be answered again, and is None where only a new sign-in helps."""
    challenge = Challenge(name, "5u8", "s")
    member = {"PASSWORD": "PASSWORD", "CUSTOM_CHALLENGE": "ANSWER"}.get(name, f"{name}_CODE")
    exchanges = [respond(reply, {"USERNAME": "5u8", member: "1"}, name, Session="s")]
    result = converse(configured(deadline=0.5), "answer_challenge", challenge, "1", exchanges=exchanges)
    assert isinstance(result, Err)
    assert (result.reason, result.challenge) == (reason, challenge if stands else None)


# --- the documented exchanges

DOCUMENTED: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "SELECT_CHALLENGE answered with PASSWORD": ("PASSWORD", {"password": "[password]"}),
    "SELECT_CHALLENGE answered with SMS_OTP: SMS_OTP returned": ("SMS_OTP", {}),
    "SELECT_CHALLENGE answered with WEB_AUTHN: WEB_AUTHN returned": ("WEB_AUTHN", {}),
    "SELECT_MFA_TYPE answered with SOFTWARE_TOKEN_MFA": ("SOFTWARE_TOKEN_MFA", {}),
    "RespondToAuthChallenge PASSWORD answered": ("[password]", {}),
    "RespondToAuthChallenge SMS_OTP answered": ("[code]", {}),
    "RespondToAuthChallenge EMAIL_OTP answered": ("[code]", {}),
    "RespondToAuthChallenge SMS_MFA answered": ("[code]", {}),
    "RespondToAuthChallenge SOFTWARE_TOKEN_MFA answered": ("123456", {}),
    "RespondToAuthChallenge CUSTOM_CHALLENGE answered": ("[challenge_answer]", {}),
    "RespondToAuthChallenge MFA_SETUP answered": ({}, {}),
    "MFA_SETUP answered with an e-mail address: EMAIL_OTP returned": ({"EMAIL": "[address]"}, {}),
    "RespondToAuthChallenge NEW_PASSWORD_REQUIRED answered": ("[Password]", {"attributes": {"family_name": "Doe"}}),
}


@pytest.mark.parametrize(("title", "answer"), DOCUMENTED.items(), ids=DOCUMENTED.keys())
def test_an_answer_is_sent_as_it_is_documented(title: str, answer: tuple[Any, dict[str, Any]]) -> None:
    """The natural answer makes the very request of the exchange that fixtures/exchanges.json tells of."""
    [entry] = [entry for entry in load("exchanges.json") if entry["title"] == title]
    asked = entry["request"]
    challenge = Challenge(asked["ChallengeName"], asked["ChallengeResponses"]["USERNAME"], asked["Session"])
    exchange = respond(
        answered(entry["response"] if "ChallengeName" in entry["response"] else authentication_result()),
        asked["ChallengeResponses"],
        asked["ChallengeName"],
        Session=asked["Session"],
    )
    result = converse(configured(), "answer_challenge", challenge, answer[0], exchanges=[exchange], **answer[1])
    assert isinstance(result, Ok)
    assert getattr(result.value, "name", None) == entry["response"].get("ChallengeName")


def test_a_passkey_is_sent_as_it_is_documented() -> None:
    """CREDENTIAL is JSON within a text."""
    [entry] = [e for e in load("exchanges.json") if e["title"] == "RespondToAuthChallenge WEB_AUTHN answered"]
    asked = entry["request"]
    credential = json.loads(asked["ChallengeResponses"]["CREDENTIAL"])
    challenge = Challenge("WEB_AUTHN", "[username]", asked["Session"])
    exchange = respond(
        answered(authentication_result()), asked["ChallengeResponses"], "WEB_AUTHN", Session=asked["Session"]
    )
    assert converse(configured(), "answer_challenge", challenge, credential, exchanges=[exchange]) == Ok(tokens())


# --- hostile answers

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ASKED: Final = SrpServer().asks()["ChallengeParameters"]
HOSTILE: Final = JSON | st.fixed_dictionaries(
    {},
    optional={
        "ChallengeName": st.sampled_from(
            ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER", "PASSWORD_VERIFIER", "SELECT_CHALLENGE"]
        )
        | JSON,
        "ChallengeParameters": st.just(ASKED) | JSON,
        "AvailableChallenges": JSON,
        "Session": st.text(max_size=4) | JSON,
        "SecretCode": JSON,
        "Status": st.just("SUCCESS") | JSON,
        "AuthenticationResult": st.just({**tokens_body(), "NewDeviceMetadata": {"DeviceKey": "k"}}) | JSON,
    },
)
QUESTIONS: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "SMS_MFA": ("0", {}),
    "MFA_SETUP": ("123456", {}),
    "PASSWORD_SRP": ("p", {}),
    "SELECT_CHALLENGE": ("PASSWORD_SRP", {"password": "p"}),
    "DEVICE_SRP_AUTH": (DEVICE, {}),
}


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(sorted(QUESTIONS)), st.lists(HOSTILE, min_size=5, max_size=5))
def test_no_reply_makes_an_answer_raise(name: str, bodies: list[object]) -> None:
    """Whatever JSON the replies are, answering gives a result."""
    answer, options = QUESTIONS[name]
    challenge = Challenge(name, USER, "s")
    flow = flows.answer_challenge(configured(client_secret=SECRET), challenge, answer, device=DEVICE, **options)
    step: Any = advance(flow)
    for body in bodies:
        if isinstance(step, Call):
            step = advance(flow, read(step, answered(body).unwrap()))
    assert isinstance(step, (Ok, Err))


# --- the caller's mistakes


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (123456, {}, "SMS_MFA is the code"),
        ("0", {"friendly_device_name": "x"}, "friendly_device_name= goes with the first code"),
        ("0", {"friendly_device_name": 5}, "friendly_device_name must be a string"),
        ("0", {"device": "d3v"}, "device must be a RememberedDevice"),
        ("0", {"client_metadata": {"a": 1}}, r"client_metadata\['a'\] must be a string"),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(answer: Any, options: dict[str, Any], words: str) -> None:
    """An answer of the wrong kind raises, and the challenge is as good as before."""
    service = Service()
    with pytest.raises(ValueError, match=words):
        Client(configured(), transport=service).answer_challenge(Challenge("SMS_MFA", "5u8", "s"), answer, **options)
    assert service.asked == []
