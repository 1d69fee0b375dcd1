"""A programmer's mistake raises `ValueError` with words, at once, and never from our depths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import httpx
import pytest

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    AsyncTokenVerifier,
    Call,
    Challenge,
    Client,
    Config,
    Err,
    HttpxTransport,
    Ok,
    Session,
    StandardTransport,
    TokenVerifier,
    flows,
)
from cognito_raw.store import MemoryStore
from tests.support.cases import each_case
from tests.support.conversation import Script, answered, configured
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode

CONFIG = configured()


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


# --- parameters


def nested(depth: int, *, in_lists: bool = False) -> dict[str, Any]:
    """Parameters that are so many mappings deep, or lists."""
    value: Any = []
    for _ in range(depth - 2):
        value = [value] if in_lists else {"a": value}
    return {"a": value}


@pytest.mark.parametrize("in_lists", [False, True])
@pytest.mark.parametrize("depth", [33, 400, 100_000])
def test_parameters_that_are_too_deep_are_refused(mode: Mode, depth: int, in_lists: bool) -> None:
    """Before anything is sent, whatever the interpreter's own limit is."""
    transport = Failing(answered({}))
    with pytest.raises(ValueError, match=r"^GetUser: the parameters are not JSON .* nested more than 32 deep$"):
        mode.client(CONFIG, transport=transport).call("GetUser", nested(depth, in_lists=in_lists))
    assert transport.operations == []


def test_parameters_may_be_deep(mode: Mode) -> None:
    """Deeper than those of any operation, also where a failure has them looked through for secrets."""
    transport = Failing(Err("connection-lost", sent="maybe"), answered({}))
    assert mode.client(CONFIG, transport=transport).call("GetUser", nested(32)) == Ok({})


@pytest.mark.parametrize("given", [None, [("a", "b")], "a", 5])
def test_parameters_are_a_mapping(mode: Mode, given: Any) -> None:
    """By the name of the operation."""
    words = f"^GetUser: parameters must be a mapping, not {type(given).__name__}$"
    with pytest.raises(ValueError, match=words):
        mode.client(CONFIG, transport=Failing(answered({}))).call("GetUser", given)


@pytest.mark.parametrize("name", [None, 5, b"GetUser", ["GetUser"]])
def test_an_operation_is_a_name(name: Any) -> None:
    """Nothing else has one."""
    with pytest.raises(ValueError, match=r"^operation .*: must be a name such as InitiateAuth$"):
        Call(name, {})


# --- attributes

LISTS: Mapping[str, Any] = {
    "boto3's": [{"Name": "email", "Value": "ada@example.com"}],
    "pairs": [("email", "ada@example.com")],
    "nothing": [],
    "a string": "email",
    "a number": 0,
}
NEW_PASSWORD = {
    "ChallengeName": "NEW_PASSWORD_REQUIRED",
    "Session": "s1",
    "ChallengeParameters": {"USER_ID_FOR_SRP": "ada", "requiredAttributes": "[]", "userAttributes": "{}"},
}
ATTRIBUTES: Mapping[str, Callable[[Mode, Any, Any], Any]] = {
    "sign_up": lambda mode, to, given: mode.client(CONFIG, transport=to).sign_up("ada", "pw", given),
    "register": lambda mode, to, given: mode.session(CONFIG, transport=to).register("ada", "pw", given),
    "update": lambda mode, to, given: mode.client(CONFIG, transport=to).update_user_attributes("token", given),
    "new_password_challenge": lambda mode, to, given: _challenged(mode, to).new_password_challenge("new", given),
}


def _challenged(mode: Mode, transport: Any) -> Any:
    session = mode.session(CONFIG, transport=transport)
    assert session.login("ada", "pw", flow="USER_PASSWORD_AUTH").reason == "new-password-challenge"
    return session


@each_case("case", LISTS)
@each_case("method", ATTRIBUTES)
def test_attributes_are_a_mapping(mode: Mode, method: str, case: str) -> None:
    """The words show one, and not what was given."""
    transport = Failing(answered(NEW_PASSWORD))
    words = r'attributes must be a mapping such as \{"email": "..."\}, not '
    with pytest.raises(ValueError, match=f"^{words}{type(LISTS[case]).__name__}$"):
        ATTRIBUTES[method](mode, transport, LISTS[case])
    assert transport.operations in ([], ["InitiateAuth"])


def test_attributes_that_must_be_given_are_not_none(mode: Mode) -> None:
    """There is nothing to update."""
    with pytest.raises(ValueError, match=r"^attributes must be a mapping such as .*, not NoneType$"):
        mode.client(CONFIG, transport=Failing()).update_user_attributes("token", None)


# --- clients and transports


@pytest.mark.parametrize("given", [object(), "nonsense", 5, httpx, httpx.Client, httpx.AsyncClient()])
def test_a_sync_transport_takes_a_sync_client(given: Any) -> None:
    """And says what it takes."""
    with pytest.raises(ValueError, match=r"^client must be an httpx\.Client or an httpx2\.Client, not "):
        HttpxTransport(given)


@pytest.mark.parametrize("given", [object(), "nonsense", 5, httpx, httpx.AsyncClient, httpx.Client()])
def test_an_async_transport_takes_an_async_client(given: Any) -> None:
    """As above."""
    with pytest.raises(ValueError, match=r"^client must be an httpx\.AsyncClient or an httpx2\.AsyncClient, not "):
        AsyncHttpxTransport(given)


@pytest.mark.parametrize("given", [object(), True, "/etc/ssl/certs/ca-certificates.crt", httpx.Client()])
def test_a_standard_transport_takes_a_context(given: Any) -> None:
    """Neither a switch nor a file of certificates is one."""
    with pytest.raises(ValueError, match=r"^context must be an ssl\.SSLContext, not "):
        StandardTransport(given)


def test_clients_of_a_class_of_ones_own_are_taken() -> None:
    """They are clients too."""
    own, own_async = type("Own", (httpx.Client,), {}), type("Own", (httpx.AsyncClient,), {})
    with own() as client:
        HttpxTransport(client).close()
    AsyncHttpxTransport(own_async())


SEND: Any = type("NoTransport", (), {"send": None})()
CLASSES: list[Callable[..., object]] = [Session, Client, AsyncSession, AsyncClient, TokenVerifier, AsyncTokenVerifier]


@each_case("given", [object(), 5, httpx.Client(), HttpxTransport, Script, {"send": print}, SEND])
@each_case("cls", CLASSES)
def test_a_transport_has_a_send_method(cls: Callable[..., object], given: Any) -> None:
    """An object has it; neither a class nor a client of httpx is one, though these have a method of that name."""
    with pytest.raises(ValueError, match=r"^transport must be an object with a send method, such as ") as caught:
        cls(CONFIG, transport=given)
    assert ("give the client to" in str(caught.value)) == isinstance(given, httpx.Client)


def test_what_a_transport_gives_for_async_clients_is_one() -> None:
    """Its `as_async` is held to the same."""

    class Half:
        def as_async(self) -> object:
            return object()

    half: Any = Half()
    with pytest.raises(ValueError, match=r"^transport must be an object with a send method, such as "):
        AsyncSession(CONFIG, transport=half)


@pytest.mark.parametrize("given", [None, "standard", "httpx", StandardTransport(), Script()])
def test_transports_are_taken(given: Any) -> None:
    """By name, or as objects."""
    assert isinstance(Session(CONFIG, transport=given), Session)


# --- configurations and challenges


@pytest.mark.parametrize(
    "given", [None, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", {"iss": "a"}, Config]
)
@pytest.mark.parametrize("cls", CLASSES)
def test_a_configuration_is_a_config(cls: Callable[..., object], given: Any) -> None:
    """The words say how to make one."""
    with pytest.raises(ValueError, match=rf"^config must be Config\(iss=.*\), not {type(given).__name__}$"):
        cls(given)


@pytest.mark.parametrize("given", ["SMS_MFA", None, Err("sms-mfa-challenge"), Ok(Challenge("SMS_MFA", "ada"))])
def test_an_answer_is_for_a_challenge(mode: Mode, given: Any) -> None:
    """It is not for its name, nor for the result that holds it."""
    transport = Failing()
    client = mode.client(CONFIG, transport=transport)
    for method in (partial(client.answer_challenge, given, "123456"), partial(client.begin_totp_setup, given)):
        with pytest.raises(ValueError, match=rf"^challenge must be a Challenge.*, not {type(given).__name__}$"):
            method()
    assert transport.operations == []


def test_a_store_goes_with_a_key(mode: Mode) -> None:
    """Neither is of use alone."""
    alone: list[dict[str, Any]] = [{"store": MemoryStore()}, {"key": "ada"}, {"store": MemoryStore(), "key": 5}]
    for options in alone:
        with pytest.raises(ValueError, match=r"^store= and key= go together: "):
            mode.session(CONFIG, transport=Script(), **options)
    with pytest.raises(ValueError, match=r"^store must be a store, such as FileStore\(folder\), not str$"):
        mode.session(CONFIG, transport=Script(), store="folder", key="ada")


@pytest.mark.parametrize("given", [5, flows.get_user, None])
def test_a_flow_is_one_that_has_begun(mode: Mode, given: Any) -> None:
    """Neither its function nor anything else is one."""
    with pytest.raises(
        ValueError, match=r"^flow must be a flow that has begun, such as flows\.get_user\(\.\.\.\), not "
    ):
        mode.client(CONFIG, transport=Script()).run(given)
