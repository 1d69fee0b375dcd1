"""What sign-ins and answers leave in a session, sync and async, on a service that checks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import (
    AnalyticsMetadata,
    AsyncSession,
    Challenge,
    CodeChallenge,
    Err,
    IdToken,
    MfaSetup,
    Ok,
    RememberedDevice,
    Request,
    Result,
    Session,
    State,
    UserContext,
)
from tests.support.challenge_service import CODE, PASSWORD, USER, Service, numbered
from tests.support.conversation import (
    Answering,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    refused,
    unsigned_token,
)
from tests.support.plays import Act, play
from tests.support.sign_ins import respond


class Scene:
    """A session of either kind, and what came of each step in one word."""

    def __init__(self, session: Any, call: Callable[..., Result[Any]], service: Service) -> None:
        self.session = session
        self.service = service
        self.call = call
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Result[Any]]:
        def method(*arguments: Any, **options: Any) -> Result[Any]:
            result = self.call(name, *arguments, **options)
            self.told.append(result.reason if isinstance(result, Err) else "Ok")
            return result

        return method

    @property
    def state(self) -> State:
        state: State = self.session.state
        assert State.from_dict(state.to_dict()) == state, "a state is carried whole"
        return state


def scene(
    play: Callable[[Scene], object],
    *,
    state: State | None = None,
    remember_device: bool = True,
    devices: dict[str, tuple[int, int]] | None = None,
    **settings: Any,
) -> Service:
    """Play it with both sessions, each on a service of its own, which must hear the same."""
    blocking, asynchronous = (Service(devices=dict(devices or {}), **settings) for _ in range(2))
    session = Session(
        configured(randomness=numbered()), state=state, transport=blocking, remember_device=remember_device
    )
    first = Scene(session, lambda name, *args, **more: getattr(session, name)(*args, **more), blocking)
    play(first)

    async def send(request: Request) -> Any:
        return asynchronous.send(request)

    other = AsyncSession(
        configured(randomness=numbered()),
        state=state,
        transport=Answering(send),
        remember_device=remember_device,
    )
    second = Scene(other, lambda name, *args, **more: asyncio.run(getattr(other, name)(*args, **more)), asynchronous)
    play(second)
    assert second.told == first.told
    assert other.state == session.state
    assert asynchronous.asked == blocking.asked
    return blocking


# --- challenges


def test_a_challenge_waits_until_it_is_answered() -> None:
    """A wrong code leaves it there, the right one signs in, and then nothing waits."""

    def jane(session: Scene) -> None:
        session.login("jane", PASSWORD)
        assert isinstance(session.state.challenge, CodeChallenge)
        wrong = session.answer_challenge("wrong")
        assert isinstance(wrong, Err)
        assert wrong.challenge == session.state.challenge is not None
        assert isinstance(session.answer_challenge(CODE).unwrap(), IdToken)
        assert session.state.challenge is None
        session.answer_challenge(CODE)
        assert session.told == ["sms-mfa-challenge", "code-mismatch", "Ok", "no-session"]

    scene(jane, then=("SMS_MFA",))


def test_a_challenge_that_is_over_waits_no_more() -> None:
    """After a refusal that only a new login helps, there is nothing to answer."""

    def jane(session: Scene) -> None:
        session.login("jane", flow="CUSTOM_AUTH")
        session.answer_challenge("3")
        first = session.state.challenge
        session.answer_challenge("give up")
        assert session.state.challenge is None
        assert first is not None
        assert session.told == ["custom-challenge", "custom-challenge", "incorrect-username-or-password"]

    scene(jane)


def test_a_challenge_is_answered_in_another_process() -> None:
    """The state is all that is carried, and the kind of the challenge comes back."""

    def jane(session: Scene) -> None:
        session.login("jane", preferred="EMAIL_OTP")
        carried = State.from_dict(session.state.to_dict())
        assert isinstance(carried.challenge, CodeChallenge)
        again = Session(configured(randomness=numbered()), state=carried, transport=session.service)
        assert isinstance(again.answer_challenge(CODE), Ok)

    scene(jane)


def test_every_way_to_sign_in_is_open_to_a_session() -> None:
    """`login` takes what `sign_in` takes, and `answer_challenge` what its flow takes."""
    more: Any = {
        "client_metadata": {"a": "b"},
        "user_context_data": UserContext("192.0.2.1"),
        "analytics_metadata": AnalyticsMetadata("p"),
    }

    def jane(session: Scene) -> None:
        session.login("jane", PASSWORD, flow="USER_PASSWORD_AUTH", **more)
        session.login("jane", session=session.service.sign_up_session(), **more)
        session.login("jane", flow="USER_AUTH", **more)
        session.answer_challenge("PASSWORD_SRP", password=PASSWORD, **more)
        assert session.told == ["Ok", "Ok", "select-challenge", "Ok"]

    for _, body in scene(jane).asked:
        assert body["ClientMetadata"] == more["client_metadata"]
        assert body["UserContextData"] == {"IpAddress": "192.0.2.1"}
        assert body["AnalyticsMetadata"] == {"AnalyticsEndpointId": "p"}


def test_a_new_password_has_two_names() -> None:
    """`new_password_challenge` is `answer_challenge` for that one challenge."""

    def jane(session: Scene) -> None:
        session.login("jane", PASSWORD)
        session.new_password_challenge("weak", {"email": "jane@example.com"})
        session.answer_challenge("N3w-Passw0rd", attributes={"email": "jane@example.com"})
        session.new_password_challenge("N3w-Passw0rd")
        assert session.told == ["new-password-challenge", "invalid-password", "Ok", "no-session"]

    scene(jane, then=("NEW_PASSWORD_REQUIRED",))


def test_an_authenticator_app_is_set_up_by_a_session() -> None:
    """The secret, a wrong code, the right one."""

    def jane(session: Scene) -> None:
        session.begin_totp_setup()
        session.login("jane", PASSWORD)
        before = session.state.challenge
        assert session.begin_totp_setup().unwrap().secret == "JBSWY3DPEHPK3PXP"
        assert isinstance(session.state.challenge, MfaSetup)
        assert session.state.challenge != before
        session.answer_challenge("999999")
        session.answer_challenge(CODE, friendly_device_name="telephone")
        assert session.told == ["no-session", "mfa-setup-challenge", "Ok", "software-token-mfa-refused", "Ok"]

    scene(jane, then=("MFA_SETUP",))


def test_a_set_up_that_comes_too_late_ends_the_challenge() -> None:
    """And one that fails for another reason leaves it."""
    state = State("jane", Challenge("MFA_SETUP", USER, "s"))
    for refusal, left in (
        (refused("NotAuthorizedException", "Invalid session for the user."), None),
        (refused("ConcurrentModificationException"), state.challenge),
    ):
        act = Act("begin_totp_setup", (), (Exchange("AssociateSoftwareToken", {"Session": "s"}, refusal),))
        assert play(act, state=state).state == replace(state, challenge=left)


# --- devices


def logged_in(session: Scene, **options: Any) -> None:
    """A first login, with its second factor."""
    session.login("jane@example.com", PASSWORD, **options)
    session.answer_challenge(CODE)


@pytest.mark.parametrize(
    "options", [{}, {"flow": "USER_PASSWORD_AUTH"}, {"flow": "USER_AUTH"}], ids=["SRP", "password", "choice"]
)
def test_a_session_remembers_its_device(options: dict[str, Any]) -> None:
    """The second login of the same user needs no second factor, whatever name was typed."""

    def jane(session: Scene) -> None:
        logged_in(session)
        device = session.state.device
        assert device is not None
        assert device.username == USER
        session.logout()
        session.login("jane@example.com", PASSWORD, **options)
        assert session.told == ["sms-mfa-challenge", "Ok", "Ok", "Ok"]
        assert session.state.device == device
        assert session.state.tokens is not None
        assert session.state.tokens.new_device is None

    scene(jane, then=("SMS_MFA",), tracks=True)


def test_the_device_is_of_one_user() -> None:
    """Under another name it goes only where the service says first whose sign-in this is."""

    def jane(session: Scene) -> None:
        logged_in(session)
        session.login("jane", PASSWORD, flow="USER_PASSWORD_AUTH")  # for all that is known, another user
        session.login(USER, PASSWORD, flow="USER_PASSWORD_AUTH")
        session.login("jane", PASSWORD)
        assert session.told[2:] == ["sms-mfa-challenge", "Ok", "Ok"]

    scene(jane, then=("SMS_MFA",), tracks=True)


def test_a_session_may_be_told_to_remember_no_device() -> None:
    """Then nothing is confirmed, and the second factor is asked for each time."""

    def jane(session: Scene) -> None:
        logged_in(session)
        logged_in(session)
        assert session.state.device is None
        assert session.told == ["sms-mfa-challenge", "Ok"] * 2

    service = scene(jane, then=("SMS_MFA",), tracks=True, remember_device=False)
    assert "ConfirmDevice" not in [operation for operation, _ in service.asked]


OLD: Final = RememberedDevice("eu-west-1_0ld", "-gr0up", "hunter2", USER, "jane")


def test_a_forgotten_device_is_forgotten_here_too() -> None:
    """The login goes on without it, and what comes of it is the next device."""

    def jane(session: Scene) -> None:
        session.login("jane", PASSWORD)
        assert session.state.device is None
        session.answer_challenge(CODE)
        assert session.state.device is not None
        assert session.state.device != OLD

    scene(jane, state=State("jane", device=OLD), then=("SMS_MFA",), tracks=True)


def test_a_device_that_an_answer_shows_forgotten_is_forgotten_too() -> None:
    """The answer goes without it."""

    def jane(session: Scene) -> None:
        session.login("jane", flow="CUSTOM_AUTH")
        assert session.state.device is None
        session.answer_challenge("2")
        assert session.told == ["custom-challenge", "Ok"]

    scene(jane, state=State("jane", device=OLD))

    with_it = {"USERNAME": USER, "SMS_MFA_CODE": "1", "DEVICE_KEY": OLD.key}
    forgotten = refused("ResourceNotFoundException", "Device does not exist.")
    exchanges = (
        respond(forgotten, with_it, "SMS_MFA", Session="s"),
        respond(answered(authentication_result()), {"USERNAME": USER, "SMS_MFA_CODE": "1"}, "SMS_MFA", Session="s"),
    )
    state = State("jane", Challenge("SMS_MFA", USER, "s"), device=OLD)
    assert play(Act("answer_challenge", ("1",), exchanges), state=state).state.device is None


NEW: Final = {"NewDeviceMetadata": {"DeviceKey": "d3v", "DeviceGroupKey": "-g"}}


def tracked(**changes: Any) -> dict[str, object]:
    """Tokens with a new device; `changes` are other tokens."""
    body: Any = authentication_result()
    return {"AuthenticationResult": {**body["AuthenticationResult"], **NEW, **changes}}


NAMED: Final = unsigned_token(username=USER, exp=2_000_000_000)


@pytest.mark.parametrize(
    ("access", "name"),
    [(NAMED, USER), ("opaque", USER), (unsigned_token(username=58, exp=2_000_000_000), "58")],
    ids=["the access token", "the ID token", "a number"],
)
def test_the_device_is_of_whom_the_tokens_name(access: str, name: str) -> None:
    """The access token has the name that proofs use, and else the ID token."""
    both = tracked(AccessToken=access, IdToken=unsigned_token(exp=2_000_000_000, iat=1, **{"cognito:username": USER}))
    state = State("jane", Challenge("SMS_MFA", USER, "s"))
    exchanges = (
        respond(answered(both), {"USERNAME": USER, "SMS_MFA_CODE": "1"}, "SMS_MFA", Session="s"),
        Exchange("ConfirmDevice", None, answered({"UserConfirmationNecessary": True})),
    )
    device = play(Act("answer_challenge", ("1",), exchanges), state=state).state.device
    assert device is not None
    assert (device.key, device.group_key, device.username) == ("d3v", "-g", name)


def test_a_device_of_nobody_is_not_confirmed() -> None:
    """Where the tokens name no user, its password could never be proven."""
    state = State("jane", Challenge("SMS_MFA", USER, "s"))
    exchange = respond(
        answered(tracked(AccessToken="opaque")), {"USERNAME": USER, "SMS_MFA_CODE": "1"}, "SMS_MFA", Session="s"
    )
    assert play(Act("answer_challenge", ("1",), (exchange,)), state=state).state.device is None


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (Err("connection-lost", sent="maybe"), True),
        (Err("timed-out", sent="maybe"), True),
        (refused("InternalErrorException"), True),
        (refused("InvalidParameterException"), False),
        (Err("timed-out", sent="no"), False),
    ],
    ids=["lost", "late", "failed", "refused", "unsent"],
)
def test_a_device_that_cannot_be_confirmed_costs_no_login(answer: Any, kept: bool) -> None:
    """The tokens are there, and were told, before it is tried. The service may know the device: then it is kept."""
    state = State("jane", Challenge("SMS_MFA", USER, "s"))
    exchanges = (
        respond(answered(tracked(AccessToken=NAMED)), {"USERNAME": USER, "SMS_MFA_CODE": "1"}, "SMS_MFA", Session="s"),
        Exchange("ConfirmDevice", None, answer),
    )
    outcome = play(Act("answer_challenge", ("1",), exchanges), state=state)
    assert isinstance(outcome.last, Ok)
    assert (outcome.state.device is not None, len(outcome.told)) == (kept, 1)
    assert outcome.state.tokens is not None


# --- mistakes


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        ("answer_challenge", (123456,), {}),
        ("answer_challenge", ("0",), {"password": "x"}),
        ("login", ("jane",), {"flow": "USER_PASSWORD_AUTH"}),
        ("login", (None,), {}),
        ("login", ("jane",), {"flow": "USER_AUTH", "client_metadata": "x"}),
    ],
)
def test_a_mistake_changes_nothing(method: str, arguments: Any, options: dict[str, Any]) -> None:
    """Nothing is sent, and the session is what it was."""
    state = State("ann", Challenge("SMS_MFA", USER, "s"))
    session = Session(configured(), state=state, transport=Script())
    with pytest.raises(ValueError, match=r"string|goes with|the code"):
        getattr(session, method)(*arguments, **options)
    assert session.state == state
