"""Secrets stay secret: planted in every place that holds one, none shows in a repr, an exception or a log line."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from cognito_raw import (
    AsyncClient,
    AsyncSession,
    Call,
    Challenge,
    Claims,
    Client,
    CognitoError,
    Config,
    Confirmation,
    ConfirmedDevice,
    Device,
    DeviceSecretVerifier,
    Err,
    IdToken,
    NewDevice,
    Ok,
    Page,
    Registration,
    RememberedDevice,
    Reply,
    Request,
    Result,
    ServiceReply,
    Session,
    SoftwareToken,
    SoftwareTokenVerification,
    State,
    Tokens,
    TotpSetup,
    User,
    UserContext,
    flows,
)
from cognito_raw.call import render
from cognito_raw.models.challenge import challenge_of
from cognito_raw.session.methods import SessionMethods
from cognito_raw.srp.exchange import Ephemeral
from cognito_raw.verify.jws import Jws
from tests.support.cases import each_case
from tests.support.samples import CLIENT, ISS, jwt

# A word that can stand anywhere a secret can, and that nothing shows by chance.
CANARY: Final = "xyzzyCanary"
# A word that only the service's messages hold: the text of an error has them.
QUOTED: Final = "plughQuoted"
CONFIG: Final = Config(ISS, CLIENT, CANARY, randomness=lambda count: b"\x01" * count, clock=lambda: 1_783_415_103.0)
TOKEN: Final = IdToken.read(jwt({"exp": 1783418703, "iat": 1783415103, "email": CANARY}))
TOKENS: Final = Tokens(TOKEN, f"{CANARY}-access", f"{CANARY}-refresh", 3600)
STALE: Final = Tokens(IdToken.read(jwt({"exp": 1, "email": CANARY})), CANARY, CANARY)
CHALLENGE: Final = Challenge("NEW_PASSWORD_REQUIRED", "bob", CANARY, {"requiredAttributes": CANARY})
NEW_DEVICE: Final = NewDevice("d3v", "-g")
DEVICE: Final = RememberedDevice("d3v", "-g", CANARY, "bob")
STATE: Final = State("bob", CHALLENGE, TOKENS)
CALL: Final = Call("SignUp", {"Password": CANARY})
ERR: Final = Err("code-mismatch", CANARY, "CodeMismatchException", "SignUp", 400, challenge=CHALLENGE)


def hidden(text: str) -> bool:
    """Whether no secret shows, neither as it is nor as part of a token."""
    return not any(secret in text for secret in (CANARY, TOKEN.jwt.split(".")[1], STALE.id_token.jwt.split(".")[1]))


def said(error: BaseException | None) -> str:
    """All that an exception and those behind it can show, and the values that they keep."""
    words = ""
    while error is not None:
        kept = [getattr(error, name, "") for name in ("object", "doc", "__notes__")]
        words += f"{error!r} {error} {error.args!r} {vars(error)!r} {kept!r}"
        words += "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__
    return words


VALUES: Final[dict[str, object]] = {
    "the configuration": CONFIG,
    "a call": CALL,
    "a request": render(CALL, CONFIG.endpoint, 1.0),
    "a reply": Reply(200, {"x-amzn-errormessage": CANARY}, CANARY.encode()),
    "an answer": ServiceReply("InitiateAuth", {"Session": CANARY}),
    "an ID token": TOKEN,
    "tokens": TOKENS,
    "a challenge": CHALLENGE,
    "a custom challenge": challenge_of("CUSTOM_CHALLENGE", "bob", CANARY, {"question": CANARY}),
    "a device": DEVICE,
    "a confirmed device": ConfirmedDevice(DEVICE, False),
    "an app that is set up": TotpSetup(CANARY, CHALLENGE),
    "a state with a device": State("bob", device=DEVICE),
    "a state": STATE,
    "a session": Session(CONFIG, state=STATE),
    "an asynchronous session": AsyncSession(CONFIG, state=STATE),
    "a client": Client(CONFIG),
    "the methods of a session": SessionMethods(CONFIG, STATE),
    "a success with a text": Ok(CANARY),
    "a success with a body": Ok({"AccessToken": CANARY}),
    "a success with tokens": Ok(TOKENS),
    "a success with a challenge": Ok(CHALLENGE),
    "a failure": ERR,
    "an error": CognitoError(replace(ERR, message=QUOTED)),
    "the claims of a token": Claims(
        "sub", "id", "client", 1, username=CANARY, payload={"email": CANARY, "cognito:username": CANARY}
    ),
    "a token taken apart": Jws("kid", CANARY.encode(), CANARY.encode(), CANARY.encode()),
    "a flow": flows.sign_in(CONFIG, "bob", CANARY),
    "a registration": Registration("5u8", confirmed=False, session=CANARY),
    "a confirmation": Confirmation(CANARY),
    "an authenticator app's secret": Ok(SoftwareToken(CANARY, CANARY)),
    "a verified app": SoftwareTokenVerification("SUCCESS", CANARY),
    "a user": User("bob", {"email": CANARY}),
    "a listed device": Device("k", {"last_ip_used": CANARY}),
    "the verifier of a device": DeviceSecretVerifier(CANARY, CANARY),
    "a user's context": UserContext("192.0.2.1", CANARY),
    "a page": Page((1,), CANARY),
    "a list": Client(CONFIG).list_devices(CANARY, pagination_token=CANARY),
    "an asynchronous list": AsyncClient(CONFIG).list_devices(CANARY),
    "a passkey's options": Ok({"challenge": CANARY}),
}


@each_case("value", VALUES.values(), ids=VALUES.keys())
def test_no_value_shows_a_secret(value: object) -> None:
    """Neither repr nor str nor a format of any public value holds a password, token, code, handle or body."""
    assert hidden(f"{value!r} {value} {[value]} {{{value!r}: 1}} {vars(type(value)).get('__match_args__')}")


def test_the_private_number_of_an_exchange_is_not_shown() -> None:
    """The exponent of an SRP exchange gives the password away, in decimal as in hexadecimal."""
    pair = Ephemeral.draw(CONFIG.randomness)
    number = int.from_bytes(b"\x01" * 32, "big")
    assert pair.a == number
    assert not any(text in repr(pair) for text in (str(number), f"{number:x}"))


@dataclass
class Scripted:
    """A transport that answers every request as the function says, and remembers what was sent."""

    answer: Callable[[Request], Result[Reply]]
    sent: int = 0

    def send(self, request: Request) -> Result[Reply]:
        self.sent += 1
        return self.answer(request)


METHODS: Final[dict[str, Callable[[Session, Any], Result[Any]]]] = {
    "register": lambda session, bad: session.register("bob", bad),
    "register with an attribute": lambda session, bad: session.register("bob", "secret", {"email": bad}),
    "confirm_registration": lambda session, bad: session.confirm_registration(bad),
    "login": lambda session, bad: session.login("bob", bad),
    "login of an odd user": lambda session, bad: session.login(bad, "secret"),
    "new_password_challenge": lambda session, bad: session.new_password_challenge(bad),
    "new_password_challenge with an attribute": lambda session, bad: session.new_password_challenge("a", {"x": bad}),
    "answer_challenge": lambda session, bad: session.answer_challenge(bad),
    "answer_challenge with responses": lambda session, bad: session.answer_challenge({"ANSWER": bad}),
    "answer_challenge with an attribute": lambda session, bad: session.answer_challenge("a", attributes={"x": bad}),
    "login with a session": lambda session, bad: session.login("bob", session=bad),
    "login with metadata": lambda session, bad: session.login("bob", "secret", client_metadata={"a": bad}),
    "the client's confirm_new_device": lambda session, bad: Client(
        CONFIG, transport=session._transport
    ).confirm_new_device(bad, NEW_DEVICE, "bob"),
    "reset_password_confirmation": lambda session, bad: session.reset_password_confirmation(bad, "123456"),
    "reset_password_confirmation by code": lambda session, bad: session.reset_password_confirmation("secret", bad),
    "change_password": lambda session, bad: session.change_password(bad, "secret"),
    "change_password to a new one": lambda session, bad: session.change_password("secret", bad),
    "request_password_reset": lambda session, bad: session.request_password_reset(bad),
    "the client's call": lambda session, bad: Client(CONFIG, transport=session._transport).call("X", {"Password": bad}),
    "the client's call with more": lambda session, bad: Client(CONFIG, transport=session._transport).call(
        "X", {"Password": CANARY, "Codes": [CANARY, {CANARY: bad}]}
    ),
    "the client's revoke_token": lambda session, bad: Client(CONFIG, transport=session._transport).revoke_token(bad),
}
BAD: Final[dict[str, Any]] = {
    "bytes": CANARY.encode(),
    "a set": {CANARY},
}


@each_case("method", METHODS.values(), ids=METHODS.keys())
@each_case("bad", BAD.values(), ids=BAD.keys())
def test_a_mistake_is_refused_before_it_is_sent_and_not_repeated(
    method: Callable[[Session, Any], Result[Any]], bad: Any
) -> None:
    """An argument that cannot be sent raises ValueError, which holds it as little as the errors behind it do."""
    transport = Scripted(lambda _: Err("connection-failed"))
    with pytest.raises(ValueError, match=r"string|text|JSON") as caught:
        method(Session(CONFIG, state=STATE, transport=transport), bad)
    assert hidden(said(caught.value))
    refused = method(Session(CONFIG, state=STATE, transport=transport), f"{CANARY}\ud800")
    assert isinstance(refused, Err)
    assert refused.reason == "input-refused"
    assert hidden(f"{refused!r} {refused.message}")
    assert transport.sent == 0


def test_mistakes_in_a_configuration_are_not_repeated_either() -> None:
    """No message about a client secret or a URL with a password holds it."""
    for iss, secret, endpoint in (
        (ISS, f"{CANARY}\n", ""),
        (ISS, f"{CANARY}\ud800", ""),
        (ISS.replace("://", f"://bob:{CANARY}@"), None, ""),
        (ISS, None, f"http://bob:{CANARY}@localhost:port"),
    ):
        with pytest.raises(ValueError, match=r"^(client_secret|iss|endpoint) ") as caught:
            Config(iss, CLIENT, secret, endpoint)
        assert hidden(said(caught.value))


def _echo(status: int, headers: Mapping[str, str] | None = None) -> Callable[[Request], Result[Reply]]:
    """A server that sends back what it was sent, under a status, and what it knows in every odd place."""
    return lambda request: Ok(Reply(status, {"x-amzn-errormessage": QUOTED, **(headers or {})}, request.body))


def _says(status: int, body: object) -> Callable[[Request], Result[Reply]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: Ok(Reply(status, {}, content))


REFUSAL: Final = {"__type": "NotAuthorizedException", "message": QUOTED, "more": CANARY}
SRP: Final = {"SALT": "1f", "SRP_B": "2b", "SECRET_BLOCK": "AAAA", "USER_ID_FOR_SRP": "bob", "more": CANARY}
HOSTILE: Final[dict[str, Callable[[Request], Result[Reply]]]] = {
    "an echo": _echo(200),
    "an echo as failure": _echo(400),
    "an echo with a name": _echo(400, {"x-amzn-errortype": "InvalidParameterException"}),
    "an echo of an outage": _echo(500),
    "a refusal": _says(400, REFUSAL),
    "a trigger": _says(
        400,
        {"__type": "UserLambdaValidationException", "message": f"PreSignUp failed with error {QUOTED}."},
    ),
    "a trigger of that name": _says(
        400,
        {"__type": "UserLambdaValidationException", "message": f"{QUOTED} failed with error {QUOTED}."},
    ),
    "a page": _says(200, f"<p>{CANARY}".encode()),
    "a broken body": _says(200, f'{{"Session":"{CANARY}'.encode()),
    "a list": _says(200, [CANARY]),
    "texts where none belong": _says(200, {"AuthenticationResult": CANARY, "ChallengeParameters": CANARY}),
    "names of secrets": _says(200, {"ChallengeName": "SMS_MFA", "ChallengeParameters": {CANARY: 5}}),
    "tokens that are none": _says(200, {"AuthenticationResult": {"IdToken": f"{CANARY}.{CANARY}.{CANARY}"}}),
    "a token of a text": _says(200, {"AuthenticationResult": {"IdToken": jwt(None, raw=CANARY.encode())}}),
    "a token with an odd end": _says(200, {"AuthenticationResult": {"IdToken": jwt({"exp": CANARY})}}),
    "a challenge": _says(200, {"ChallengeName": "SMS_MFA", "Session": CANARY, "ChallengeParameters": {"a": CANARY}}),
    "an exchange without end": _says(200, {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": SRP}),
    "a number that is none": _says(
        200, {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": {**SRP, "SALT": CANARY}}
    ),
    "a block that is none": _says(
        200, {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": {**SRP, "SECRET_BLOCK": f"{CANARY}!"}}
    ),
    "tokens": _says(200, {"AuthenticationResult": {"IdToken": TOKEN.jwt, "AccessToken": CANARY}}),
}
ACTIONS: Final[dict[str, Callable[[Session], Result[Any]]]] = {
    "register": lambda session: session.register("bob", CANARY, {"email": CANARY}),
    "confirm_registration": lambda session: session.confirm_registration(CANARY),
    "login": lambda session: session.login("bob", CANARY),
    "new_password_challenge": lambda session: session.new_password_challenge(CANARY),
    "reset_password_confirmation": lambda session: session.reset_password_confirmation(CANARY, CANARY),
    "change_password": lambda session: session.change_password(CANARY, CANARY),
    "id_token": lambda session: session.id_token(),
    "access_token": lambda session: session.access_token(),
    "logout": lambda session: session.logout(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
}


@each_case("answer", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("tokens", [TOKENS, STALE], ids=["fresh", "stale"])
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_no_result_shows_what_a_hostile_server_sends_back(
    action: Callable[[Session], Result[Any]],
    tokens: Tokens,
    answer: Callable[[Request], Result[Reply]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever a server makes of the secrets that it was sent, no repr, no error's text and no log line has them.

    The text of an error has the service's message, and nothing else shows it.
    """
    session = Session(CONFIG, state=State("bob", CHALLENGE, tokens), transport=Scripted(answer))
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        result = action(session)
    error = CognitoError(result) if isinstance(result, Err) else None
    assert hidden(f"{result!r} {session!r} {session.state} {said(error)} {caplog.text}")
    assert QUOTED not in f"{result!r} {session!r} {session.state} {error!r} {caplog.text}"


# What every operation of a client is given, in each place that can hold a secret.
OPERATIONS: Final[dict[str, Callable[[Client], Any]]] = {
    "confirm_sign_up": lambda client: client.confirm_sign_up("bob", CANARY, session=CANARY),
    "initiate_auth": lambda client: client.initiate_auth("USER_PASSWORD_AUTH", {"PASSWORD": CANARY}, session=CANARY),
    "respond": lambda client: client.respond_to_auth_challenge("SMS_MFA", {"SMS_MFA_CODE": CANARY}, session=CANARY),
    "get_user": lambda client: client.get_user(CANARY),
    "update_user_attributes": lambda client: client.update_user_attributes(CANARY, {"email": CANARY}),
    "verify_user_attribute": lambda client: client.verify_user_attribute(CANARY, "email", CANARY),
    "get_user_auth_factors": lambda client: client.get_user_auth_factors(CANARY),
    "associate_software_token": lambda client: client.associate_software_token(session=CANARY),
    "verify_software_token": lambda client: client.verify_software_token(CANARY, session=CANARY),
    "start_web_authn_registration": lambda client: client.start_web_authn_registration(CANARY),
    "complete_web_authn_registration": lambda client: client.complete_web_authn_registration(CANARY, {"id": CANARY}),
    "get_device": lambda client: client.get_device(CANARY, "k"),
    "confirm_device": lambda client: client.confirm_device(CANARY, "k"),
    "list_devices": lambda client: client.list_devices(CANARY, pagination_token=CANARY).all(),
    "list_web_authn_credentials": lambda client: client.list_web_authn_credentials(CANARY).all(),
    "list_user_sessions": lambda client: client.list_user_sessions(CANARY).all(),
    "update_auth_event_feedback": lambda client: client.update_auth_event_feedback("bob", "e", CANARY, "Valid"),
}


@each_case("answer", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_no_operation_shows_what_a_hostile_server_sends_back(
    operation: Callable[[Client], Any], answer: Callable[[Request], Result[Reply]], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does any operation of a client, whatever comes back to it."""
    client = Client(CONFIG, transport=Scripted(answer))
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        result = operation(client)
    error = CognitoError(result) if isinstance(result, Err) else None
    assert hidden(f"{result!r} {client!r} {said(error)} {caplog.text}")


def test_a_failing_subscriber_is_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """The log line about a subscriber that failed holds its own error, and nothing of the token."""

    def fail(_: object) -> None:
        raise KeyError("mine")

    session = Session(CONFIG, state=State("bob", CHALLENGE), transport=Scripted(HOSTILE["tokens"]))
    session.subscribe(fail)
    assert isinstance(session.new_password_challenge(CANARY), Ok)
    assert "mine" in caplog.text
    assert hidden(caplog.text)


def test_the_asynchronous_session_is_as_silent() -> None:
    """What an asynchronous session raises and shows is what the blocking one does."""

    class Refusing:
        async def send(self, request: Request) -> Result[Reply]:
            return HOSTILE["a refusal"](request)

    session = AsyncSession(CONFIG, state=STATE, transport=Refusing())
    result = asyncio.run(session.login("bob", CANARY))
    assert hidden(f"{result!r} {session!r}")
    bad: Any = CANARY.encode()
    with pytest.raises(ValueError, match="password") as caught:
        asyncio.run(session.login("bob", bad))
    assert hidden(said(caught.value))


@pytest.mark.parametrize("saved", [{"username": [CANARY]}, {"tokens": {"id_token": jwt(None, raw=CANARY.encode())}}])
def test_a_damaged_saved_session_is_not_repeated(saved: dict[str, object]) -> None:
    """A saved session that cannot be read is refused without a word of what it holds."""
    with pytest.raises(ValueError, match="damaged saved session") as caught:
        State.from_dict({"version": 1, **saved})
    assert hidden(said(caught.value))
