"""The library as its users write it: checked by mypy and pyright, never run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_never, assert_type

import httpx

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    AsyncTokenVerifier,
    Call,
    Challenge,
    Claims,
    Client,
    CodeChallenge,
    CognitoError,
    Config,
    ConfirmedDevice,
    CustomChallenge,
    Delivery,
    Device,
    DeviceChallenge,
    Err,
    Flow,
    HttpxTransport,
    IdToken,
    MfaSetup,
    NewDevice,
    NewPasswordRequired,
    Ok,
    PasskeyChallenge,
    PasswordChallenge,
    Reason,
    Registration,
    RememberedDevice,
    Reply,
    Request,
    Result,
    SelectChallenge,
    SelectMfaType,
    ServiceReply,
    Session,
    SoftwareToken,
    State,
    Tokens,
    TokenVerifier,
    TotpSetup,
    User,
    advance,
    ask,
)
from cognito_raw.auth import SessionAuth
from cognito_raw.verify import ANY_CLIENT

config = Config(iss="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pKbrdhQl8", client_id="abc")
assert_type(config.region, str)
assert_type(Config("https://...", "abc", user_agent="a/1", headers={"X-Token": "a"}).headers, Mapping[str, str])
assert_type(config.issuers, tuple[str, ...])
assert_type(dataclasses.replace(config, deadline=2.5), Config)
assert_type(Config("https://...", "abc", fips=True, dual_stack=True).fips, bool)
assert_type(Config("https://...", "abc", endpoint="http://pool:4566", allow_http=True).allow_http, bool)


def first_example() -> str:
    """A sign-in that branches on reasons."""
    session = Session(config)
    match session.login("user", "pass"):
        case Ok(token):
            assert_type(token, IdToken)
            assert_type(token.payload, Mapping[str, Any])
            return f"{token.payload['email']} {token.exp} {token.jwt}"
        case Err("new-password-challenge", challenge=challenge):
            assert_type(challenge, Challenge | None)
            assert_type(session.new_password_challenge("N3w-Pass!", {"email": "a@b.example"}), Result[IdToken])
        case Err("account-unverified"):
            session.confirm_registration("123456")
        case Err(reason):
            assert_type(reason, Reason)
    return ""


def the_session() -> None:
    """Every method of a session has the type that its documentation says."""
    with Session(config, state=State(), transport=HttpxTransport(), refresh_metadata={"tenant": "a"}) as session:
        assert_type(session, Session)
        assert_type(session.within(2.5), Session)
        assert_type(session.within(headers={"X-Token": "a"}), Session)
        assert_type(session.register("user", "pass"), Result[Registration])
        assert_type(session.register("user", "pass", {"email": "a@b.example"}), Result[Registration])
        assert_type(session.register("user", attributes={"email": "a@b.example"}), Result[Registration])
        assert_type(session.confirm_registration("123456", username="user"), Result[None])
        assert_type(session.resend_verification_code(), Result[Delivery])
        assert_type(session.logout(everywhere=True), Result[None])
        assert_type(session.request_password_reset("user"), Result[Delivery])
        assert_type(session.reset_password_confirmation("N3w-Pass!", "123456"), Result[None])
        assert_type(session.change_password("pass", "N3w-Pass!"), Result[None])
        assert_type(session.account.get_user(), Result[User])
        assert_type(session.account.update_user_attributes({"name": "Ada"}), Result[tuple[Delivery, ...]])
        assert_type(session.account.list_devices(), Result[list[Device]])
        assert_type(session.account.enable_totp(), Result[SoftwareToken])
        assert_type(session.account.confirm_totp("123456", preferred=False), Result[None])
        assert_type(session.id_token(), Result[IdToken])
        assert_type(session.access_token(), Result[str])
        assert_type(session.refresh(), Result[IdToken])
        assert_type(session.refresh(seen=session.state.tokens), Result[IdToken])
        assert_type(session.refresh(client_metadata={"tenant": "a"}), Result[IdToken])
        assert_type(
            Session(config, refresh_metadata=lambda: {"tenant": "a"}).state.client_metadata, Mapping[str, str] | None
        )
        assert_type(Session.from_refresh_token(config, "refresh", username="user", transport="standard"), Session)
        assert_type(session.challenge, Challenge | None)
        assert_type(session.state.to_dict(), dict[str, object])
        assert_type(session.subscribe(print), Callable[[], None])
        assert_type(session.subscribe(lambda state: print(state.to_dict()), state=True), Callable[[], None])
        assert_type(session.login(username="user", password="pass").unwrap(), IdToken)


def every_challenge(session: Session, device: RememberedDevice) -> None:
    """Each kind of challenge says what it wants, and takes the natural answer."""
    assert_type(session.login("user", flow="USER_AUTH", client_metadata={"a": "b"}), Result[IdToken])
    assert_type(session.login("user", preferred="WEB_AUTHN"), Result[IdToken])
    match session.challenge:
        case NewPasswordRequired(required_attributes=names):
            assert_type(names, tuple[str, ...])
            session.answer_challenge("N3w-Pass!", attributes={"email": "a@b.example"})
        case CodeChallenge(delivery=delivery):
            assert_type(delivery, Delivery | None)
            assert_type(session.answer_challenge("123456"), Result[IdToken])
        case SelectChallenge(choices=choices) | SelectMfaType(choices=choices):
            session.answer_challenge(choices[0], password="pass")
        case PasskeyChallenge(options=options):
            session.answer_challenge(dict(options))
        case _:
            every_other_challenge(session, device)


def every_other_challenge(session: Session, device: RememberedDevice) -> None:
    """The rest of them."""
    match session.challenge:
        case MfaSetup():
            assert_type(session.begin_totp_setup().unwrap(), TotpSetup)
        case CustomChallenge(public_parameters=parameters):
            session.answer_challenge(parameters["question"])
        case DeviceChallenge():
            session.answer_challenge(device)
        case PasswordChallenge():
            session.answer_challenge("pass")
        case Challenge(name=name):
            session.answer_challenge({"ANSWER": name})
        case None:
            pass


def devices(client: Client, tokens: Tokens) -> RememberedDevice:
    """A new device becomes one that skips the second factor."""
    assert_type(tokens.new_device, NewDevice | None)
    confirmed = client.confirm_new_device("access", NewDevice("key", "group"), "user", name="desk").unwrap()
    assert_type(confirmed, ConfirmedDevice)
    assert_type(confirmed.user_confirmation_necessary, bool)
    assert_type(client.sign_in("user", "pass", device=confirmed.device), Result[Tokens | Challenge])
    answered = client.answer_challenge(Challenge("SMS_MFA", "user"), "123456", device=confirmed.device)
    assert_type(answered, Result[Tokens | Challenge])
    return confirmed.device


async def the_asynchronous_session() -> None:
    """The same with `await`."""
    async with AsyncSession(config, transport=AsyncHttpxTransport()) as session:
        assert_type(session, AsyncSession)
        assert_type(await session.within(2.5).login("user", "pass"), Result[IdToken])
        assert_type(await session.register("user", "pass"), Result[Registration])
        assert_type(await session.confirm_registration("123456"), Result[None])
        assert_type(await session.resend_verification_code(), Result[Delivery])
        assert_type(await session.new_password_challenge("N3w-Pass!"), Result[IdToken])
        assert_type(await session.logout(), Result[None])
        assert_type(await session.request_password_reset("user"), Result[Delivery])
        assert_type(await session.reset_password_confirmation("N3w-Pass!", "123456"), Result[None])
        assert_type(await session.change_password("pass", "N3w-Pass!"), Result[None])
        assert_type(await session.account.get_user(), Result[User])
        assert_type(await session.account.update_user_attributes({"name": "Ada"}), Result[tuple[Delivery, ...]])
        assert_type(await session.account.list_devices(), Result[list[Device]])
        assert_type(await session.account.enable_totp(), Result[SoftwareToken])
        assert_type(await session.account.confirm_totp("123456", preferred=False), Result[None])
        assert_type(await session.id_token(), Result[IdToken])
        assert_type(await session.access_token(), Result[str])
        assert_type(await session.refresh(seen=session.state.tokens), Result[IdToken])
        assert_type(session.state, State)
        assert_type(AsyncSession.from_tokens(config, Tokens(IdToken("", 0, {}), "")), AsyncSession)
        SessionAuth(session, origins=["https://api.example.com"])


def calling_an_api(session: Session) -> int:
    """A session's token on the requests of httpx."""
    with httpx.Client(auth=SessionAuth(session, token="access", origins="https://api.example.com")) as client:
        return client.get("https://api.example.com").status_code


def the_client() -> Tokens | Challenge | None:
    """A client's values are narrowed step by step: the failure first, then the kind of the value."""
    client = Client(config)
    assert_type(client.sign_up("user", "pass"), Result[Registration])
    assert_type(client.get_tokens_from_refresh_token("refresh"), Result[Tokens])
    assert_type(client.revoke_token("refresh"), Result[None])
    assert_type(client.call("GetUser", {"AccessToken": "access"}), Result[Mapping[str, Any]])
    result = client.sign_in("user", "pass")
    assert_type(result, Result[Tokens | Challenge])
    if isinstance(result, Err):
        return None
    match result.value:
        case Tokens() as tokens:
            assert_type(tokens.refresh_token, str | None)
            return tokens
        case Challenge() as challenge:
            again = client.respond_to_new_password_required(challenge, "N3w-Pass!")
            assert_type(again, Result[Tokens | Challenge])
            return challenge
        case never:
            assert_never(never)


async def the_asynchronous_client() -> None:
    """The same with `await`."""
    client = AsyncClient(config).within(2.5)
    assert_type(await client.sign_in("user", "pass"), Result[Tokens | Challenge])
    assert_type(await client.call("GetUser", {}), Result[Mapping[str, Any]])
    assert_type(await client.run(whoami("access")), Result[str])


def whoami(access_token: str) -> Flow[str]:
    """A flow of the user's own."""
    answer = yield from ask("GetUser", {"AccessToken": access_token})
    assert_type(answer, Result[ServiceReply])
    return answer if isinstance(answer, Err) else Ok(str(answer.value.body["Username"]))


def by_hand(recorded: Callable[[Call], Result[ServiceReply]]) -> Result[str]:
    """A flow that is stepped by hand."""
    flow = whoami("access")
    step = advance(flow)
    while isinstance(step, Call):
        step = advance(flow, recorded(step))
    assert_type(step, Result[str])
    assert_type(Client(config).run(whoami("access")), Result[str])
    return step


class Recorded:
    """A transport of the user's own."""

    def send(self, request: Request) -> Result[Reply]:
        return Ok(Reply(200, {}, request.body))


def own_transport() -> Session:
    """Anything with the one method is a transport."""
    assert_type(Session(config, transport="standard").within(1).state, State)
    assert_type(TokenVerifier(config, transport="standard"), TokenVerifier)
    return Session(config, transport=Recorded())


def callbacks(result: Result[IdToken]) -> Result[IdToken]:
    """For people who pass callbacks."""

    def on_token(token: IdToken) -> None:
        assert_type(token.exp, int)

    def on_reason(reason: Reason) -> None:
        assert_type(reason, Reason)

    return result.on(success=on_token, failure=on_reason)


def an_error(error: CognitoError) -> tuple[Reason, Literal["no", "maybe", "yes"], int | None]:
    """What an error carries has exact types too."""
    assert_type(error.err.retryable, bool)
    assert_type(error.err.message, str | None)
    return error.err.reason, error.err.sent, error.err.status


def carried(saved: Mapping[str, object]) -> Session:
    """A session goes on from where another one stopped."""
    return Session(config, state=State.from_dict(saved))


def a_wider_result(result: Result[str]) -> Result[object]:
    """A result of a text is a result of an object."""
    return result


def trusted(authorization: str) -> str:
    """A token that somebody else sent."""
    verifier = TokenVerifier(config, "access", scopes=["openid"], check=lambda claims: "admins" in claims.groups)
    result = verifier.within(2.5).verify(authorization.removeprefix("Bearer "))
    assert_type(result, Result[Claims])
    if isinstance(result, Err):
        return result.reason
    assert_type(result.value.payload, Mapping[str, Any])
    assert_type(result.value.token_use, Literal["id", "access"])
    return result.value.username or result.value.client_id


async def trusted_by_any(token: str, keys: bytes) -> None:
    """The same with `await`, for every client of the pool and both uses, with keys of one's own."""
    verifier = AsyncTokenVerifier(config, ("id", "access"), client_ids=ANY_CLIENT, keys=keys, transport=Later())
    assert_type(await verifier.verify(token), Result[Claims])
    assert_type(verifier.snapshot(), dict[str, object] | None)
    TokenVerifier(config, token_use="id", transport=Recorded()).preload({"keys": []}, as_new=True)


class Later:
    """A transport of the user's own, for asynchronous programs."""

    async def send(self, request: Request) -> Result[Reply]:
        return Ok(Reply(200, {}, request.body))
