"""Whatever a user types, a method returns a result: a table of inputs and methods, in sync and async."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from cognito_raw import Challenge, Client, Err, NewDevice, State
from cognito_raw.models.challenge import CODES
from cognito_raw.session.account import Account
from cognito_raw.testing import Refusal, Scripted
from tests.support.cases import each_case
from tests.support.conversation import configured, refused, signed_in
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode

CONFIG: Final = configured(client_secret="s3cret")
INPUTS: Final = {
    "nothing": "",
    "blanks": " \t\n",
    "ten thousand characters": "x" * 10_000,
    "ten thousand digits": "9" * 10_000,
    "control characters": "\x00\x07\x1b[2J\r\n",
    "a character beyond the first plane": "\U0001f511",
    "text that runs backwards": "\u202etxt",
    "JSON": '{"a": [NaN]}',
    "a thousand brackets": "[" * 1000,
}
HALVES: Final = {"the first half": "secret\ud83d", "the second half": "\udd11secret", "a byte of a shell": "\udce9"}
CHALLENGES: Final = (
    *CODES, "NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE", "MFA_SETUP", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE",
    "PASSWORD", "PASSWORD_SRP", "WEB_AUTHN", "DEVICE_SRP_AUTH", "PASSWORD_VERIFIER", "SOMETHING_NEW",
)  # fmt: skip
SIGNED_IN: Final = signed_in()
Method = Callable[[Mode, Any, str], Any]


def of_session(name: str, *arguments: Any, state: State = SIGNED_IN, **options: Any) -> Method:
    """Call a method of a session, with the input in place of `...`."""

    def call(mode: Mode, transport: Any, typed: str) -> Any:
        session = mode.session(CONFIG, state=state, transport=transport)
        result = getattr(session, name)(*filled(arguments, typed), **filled(options, typed))
        assert not isinstance(result, Err) or result.reason != "input-refused" or session.state == state
        return result

    return call


def filled(given: Any, typed: str) -> Any:
    """The same with the input in its place, at any depth."""
    if given is ...:
        return typed
    if isinstance(given, Mapping):
        return {filled(name, typed): filled(value, typed) for name, value in given.items()}
    return tuple(filled(value, typed) for value in given) if isinstance(given, tuple) else given


def waiting(name: str, **parameters: str) -> State:
    return State("ada", Challenge(name, "ada", "s", parameters))


SESSIONS: Final[Mapping[str, Method]] = {
    "register": of_session("register", ..., "password"),
    "register: password": of_session("register", "ada", ...),
    "register: attribute": of_session("register", "ada", "password", {"email": ..., "tier": ...}),
    "confirm_registration": of_session("confirm_registration", ...),
    "confirm_registration: username": of_session("confirm_registration", "123456", username=...),
    "resend_verification_code: username": of_session("resend_verification_code", username=...),
    "reset_password_confirmation: username": of_session("reset_password_confirmation", "new", "1", username=...),
    "login": of_session("login", ..., "password"),
    "login: password": of_session("login", "ada", ...),
    "login: password that is sent": of_session("login", "ada", ..., flow="USER_PASSWORD_AUTH"),
    "login: by choice": of_session("login", ..., flow="USER_AUTH"),
    "login: factor": of_session("login", "ada", preferred=...),
    "login: factor with a password": of_session("login", "ada", "password", preferred=...),
    "new_password_challenge": of_session("new_password_challenge", ..., state=waiting("NEW_PASSWORD_REQUIRED")),
    "new_password_challenge: attribute": of_session(
        "new_password_challenge", "new", {"name": ...}, state=waiting("NEW_PASSWORD_REQUIRED")
    ),
    "request_password_reset": of_session("request_password_reset", ...),
    "reset_password_confirmation": of_session("reset_password_confirmation", ..., "123456"),
    "reset_password_confirmation: code": of_session("reset_password_confirmation", "new", ...),
    "change_password": of_session("change_password", ..., "new"),
    "change_password: new": of_session("change_password", "old", ...),
    "a choice": of_session("answer_challenge", ..., state=waiting("SELECT_MFA_TYPE", MFAS_CAN_CHOOSE='["SMS_MFA"]')),
    "an app's name": of_session("answer_challenge", "123456", friendly_device_name=..., state=waiting("MFA_SETUP")),
    "a password with a choice": of_session(
        "answer_challenge", "PASSWORD_SRP", password=..., state=waiting("SELECT_CHALLENGE")
    ),
    "a choice with a password": of_session(
        "answer_challenge", ..., password="password", state=waiting("SELECT_CHALLENGE")
    ),
    "a mapping": of_session("answer_challenge", {"SMS_MFA_CODE": ...}, state=waiting("SMS_MFA")),
    **{name: of_session("answer_challenge", ..., state=waiting(name)) for name in CHALLENGES},
}


# What the parameters of a client's method get that are not the input.
PLAIN: Final[Mapping[str, Any]] = {
    "challenge": Challenge("SMS_MFA", "ada", "s"),
    "new_device": NewDevice("device", "group"),
    "attributes": {},
    "attribute_names": ["email"],
    "mfa_options": [],
    "credential": {},
    "parameters": {"Username": "ada"},
    "challenge_responses": {"USERNAME": "ada"},
    "operation": "GetUser",
    "auth_flow": "USER_PASSWORD_AUTH",
    "answer": "123456",
}
# What goes with an argument that is not required.
BESIDE: Final[Mapping[str, Mapping[str, Any]]] = {
    "sign_in: username": {"password": "text"},
    "answer_challenge: password": {"challenge": Challenge("SELECT_CHALLENGE", "ada"), "answer": "PASSWORD"},
    "answer_challenge: friendly_device_name": {"challenge": Challenge("MFA_SETUP", "ada")},
    "verify_software_token: user_code": {"session": "text"},
    "verify_software_token: friendly_device_name": {"session": "text"},
}
# A program chooses these, and no user types them.
SKIPPED: Final = ("operation", "attribute_name")


def of_client(kind: type[Client | Account], name: str, parameter: str) -> Method:
    """Call a method of a client, or of a session's account, with the input as this argument."""

    def call(mode: Mode, transport: Any, typed: str) -> Any:
        found = inspect.signature(getattr(kind, name)).parameters
        required = [
            one.name for one in found.values() if one.default is one.empty and one.name not in ("self", "config")
        ]
        given = {one: PLAIN.get(one, "text") for one in required} | {parameter: typed}
        given |= BESIDE.get(f"{name}: {parameter}", {})
        session = mode.session(CONFIG, state=SIGNED_IN, transport=transport)
        owner = session.account if kind is Account else mode.client(CONFIG, transport=transport)
        result = getattr(owner, name)(**given)
        page = result.page() if hasattr(result, "page") else result
        return asyncio.run(page) if inspect.iscoroutine(page) else page

    return call


def texts(method: Callable[..., Any]) -> Iterator[str]:
    """The names of the method's texts."""
    for found in inspect.signature(method).parameters.values():
        if str(found.annotation) in ("str", "str | None", "Mapping[str, Any] | str", "ChallengeAnswer"):
            yield found.name


CLIENTS: Final[Mapping[str, Method]] = {
    f"{'account.' if kind is Account else ''}{name}: {text}": of_client(kind, name, text)
    for kind in (Client, Account)
    for name, method in inspect.getmembers(kind, callable)
    if name[0] != "_"
    for text in texts(method)
    if text not in SKIPPED
}
METHODS: Final = {**SESSIONS, **CLIENTS}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def test_every_method_of_a_client_is_in_the_table() -> None:
    """All that take a text, and those of an account."""
    assert len(CLIENTS) > 75


@each_case("method", METHODS.values(), ids=METHODS.keys())
def test_no_input_raises(mode: Mode, method: Method) -> None:
    """Each is sent, or refused with a sentence before anything is sent."""
    for typed in INPUTS.values():
        transport = Failing(refused("InvalidParameterException", "1 validation error detected"))
        result = method(mode, transport, typed)
        assert isinstance(result, Err)
        if result.reason == "input-refused":
            assert (result.kind, result.sent, transport.operations) == ("input", "no", [])
            assert result.message
        else:
            assert transport.operations


@each_case("method", METHODS.values(), ids=METHODS.keys())
def test_half_a_character_is_refused(mode: Mode, method: Method) -> None:
    """Before anything is sent, in words for the user that do not repeat it."""
    for typed in HALVES.values():
        transport = Failing(refused("InvalidParameterException"))
        result = method(mode, transport, typed)
        assert isinstance(result, Err)
        assert (result.reason, result.kind, result.sent, transport.operations) == ("input-refused", "input", "no", [])
        assert result.message
        assert result.message.isprintable()
        assert "secret" not in result.message


REFUSED: Final[Mapping[str, tuple[str, dict[str, str], Any, dict[str, Any]]]] = {
    "an empty code": ("SMS_MFA", {}, "", {}),
    "a code of blanks": ("SOFTWARE_TOKEN_MFA", {}, " \u200b-\n", {}),
    "an empty first code": ("MFA_SETUP", {}, "", {}),
    "a choice that is none": ("SELECT_MFA_TYPE", {"MFAS_CAN_CHOOSE": '["SMS_MFA"]'}, "TOTP", {}),
    "no choice": ("SELECT_MFA_TYPE", {}, " ", {}),
    "a choice without its password": ("SELECT_CHALLENGE", {}, "PASSWORD", {}),
    "a choice with a password too many": ("SELECT_CHALLENGE", {}, "EMAIL_OTP", {"password": "p"}),
    "an app that is not offered": ("MFA_SETUP", {"MFAS_CAN_SETUP": '["EMAIL_OTP"]'}, "123456", {}),
    "an address that is not offered": ("MFA_SETUP", {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}, "a@b.example", {}),
    "no passkey": ("WEB_AUTHN", {}, "not json", {}),
    "a passkey of another form": ("WEB_AUTHN", {}, {"id": "x"}, {}),
    "text for a device": ("DEVICE_SRP_AUTH", {}, "text", {}),
    "half a character": ("CUSTOM_CHALLENGE", {}, "\ud800", {}),
    "half a character in a password": ("NEW_PASSWORD_REQUIRED", {}, "\ud800", {}),
    "half a character in an attribute": ("NEW_PASSWORD_REQUIRED", {}, "n", {"attributes": {"name": "\ud800"}}),
}


@each_case(("name", "parameters", "answer", "options"), REFUSED.values(), ids=REFUSED.keys())
def test_a_challenge_stays_where_its_answer_is_refused(
    mode: Mode, name: str, parameters: dict[str, str], answer: Any, options: dict[str, Any]
) -> None:
    """In the session and in the failure, which also a client gives."""
    transport, state = Failing(), waiting(name, **parameters)
    session = mode.session(CONFIG, state=state, transport=transport)
    client = mode.client(CONFIG, transport=transport)
    for result in (
        session.answer_challenge(answer, **options),
        client.answer_challenge(state.challenge, answer, **options),
    ):
        assert (result.reason, result.sent, result.challenge) == ("input-refused", "no", state.challenge)
        assert result.message
    assert (session.state, transport.operations) == (state, [])


def test_a_new_password_that_is_refused_leaves_its_challenge(mode: Mode) -> None:
    """Also in the methods for it alone."""
    state = waiting("NEW_PASSWORD_REQUIRED")
    session = mode.session(CONFIG, state=state, transport=Failing())
    client = mode.client(CONFIG, transport=Failing())
    for result in (
        session.new_password_challenge("\ud800"),
        client.respond_to_new_password_required(state.challenge, "\ud800"),
    ):
        assert (result.reason, result.challenge) == ("input-refused", state.challenge)


EMPTY_NAMES: Final[Mapping[str, tuple[Any, ...]]] = {
    "register": ("", "password"),
    "login": ("", "password"),
    "request_password_reset": ("",),
    "confirm_registration": ("123456",),
    "resend_verification_code": (),
    "reset_password_confirmation": ("new", "123456"),
}


@pytest.mark.parametrize("name", EMPTY_NAMES)
def test_an_empty_name_is_refused(mode: Mode, name: str) -> None:
    """The service takes none, and would speak of a parameter, which no user understands."""
    transport, state = Failing(), State("ada")
    session = mode.session(CONFIG, state=state, transport=transport)
    beside = {} if "" in EMPTY_NAMES[name] else {"username": ""}
    result = getattr(session, name)(*EMPTY_NAMES[name], **beside)
    assert (result.reason, result.kind, transport.operations) == ("input-refused", "input", [])
    assert result.message == "The user name is empty. Please type it."
    assert session.state == state


@pytest.mark.parametrize("preferred", ["email_otp", " EMAIL_OTP\n"])
def test_a_preferred_factor_is_taken_in_any_case(mode: Mode, preferred: str) -> None:
    """It is a choice as well."""
    scripted = Scripted(("InitiateAuth", Refusal("UserNotFoundException")))
    mode.session(scripted.config, transport=scripted).login("ada", preferred=preferred)
    assert scripted.calls[0][1]["AuthParameters"]["PREFERRED_CHALLENGE"] == "EMAIL_OTP"


@pytest.mark.parametrize("posted", ['{"id": NaN}', '{"id": "\\ud800"}', '{"a":' * 40 + "1" + "}" * 40, "[]", ""])
def test_a_posted_passkey_never_raises(mode: Mode, posted: str) -> None:
    """Whatever a browser posts in place of JSON that can be sent."""
    transport = Failing()
    result = mode.client(CONFIG, transport=transport).complete_web_authn_registration("token", posted)
    assert (result.reason, result.sent, transport.operations) == ("input-refused", "no", [])


def test_a_name_for_an_app_may_go_with_an_address(mode: Mode) -> None:
    """The user decides which of both to set up."""
    transport = Failing(refused("CodeMismatchException"))
    session = mode.session(CONFIG, state=waiting("MFA_SETUP"), transport=transport)
    assert session.answer_challenge("a@b.example", friendly_device_name="phone").reason == "code-mismatch"


@each_case("given", [None, ["123456"], 123456, b"123456"], ids=repr)
@each_case("name", CHALLENGES)
def test_what_only_a_program_gets_wrong_raises(mode: Mode, name: str, given: Any) -> None:
    """None, lists, numbers and bytes come from no form."""
    session = mode.session(CONFIG, state=waiting(name), transport=Failing())
    with pytest.raises(ValueError, match="answer"):
        session.answer_challenge(given)


@pytest.mark.parametrize("given", [None, ["123456"]], ids=repr)
def test_a_code_of_another_kind_raises(mode: Mode, given: Any) -> None:
    """As above."""
    with pytest.raises(ValueError, match=r"^code must be a string"):
        mode.session(CONFIG, state=State("ada"), transport=Failing()).confirm_registration(given)
