"""The account of a session's user: the client's methods with the session's own access token."""

from __future__ import annotations

import inspect
import pydoc
import time
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, get_type_hints

import pytest

from cognito_raw import Config, Err, Session, SoftwareToken, State, advance
from cognito_raw.flows import get_user
from cognito_raw.session.account import Account, AsyncAccount, _as_user
from examples.authenticator import totp
from examples.local_pool import Pool, serve
from tests.support.browser import Browser
from tests.support.modes import Mode
from tests.support.programs import PACKAGES, modules_after

PASSWORD: Final = "An-Engine-1843"
METHODS: Final = [name for name in vars(Account) if not name.startswith("_") and name != "close"]
_numbers = count()


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A pool with devices, passkeys and second factors."""
    with serve(extras=True) as server:
        yield server.full_pool(verification="preferred")  # the software authenticator verifies nobody


@pytest.fixture
def name(pool: Pool) -> str:
    """A user of each test's own."""
    made = f"user{next(_numbers)}"
    pool.add_user(made, PASSWORD, email=f"{made}@example.com", email_verified="true")
    return made


@pytest.fixture
def session(pool: Pool, mode: Mode, name: str) -> Any:
    """A session, signed in."""
    made = mode.session(pool.config())
    made.login(name, PASSWORD).unwrap()
    return made


@pytest.fixture
def account(session: Any) -> Any:
    return session.account


def test_the_profile_is_read_changed_and_verified(account: Any, name: str) -> None:
    """A new address is not verified until its code comes back."""
    assert account.get_user().unwrap().username == name
    (sent,) = account.update_user_attributes({"email": "new@example.com", "nickname": "A"}).unwrap()
    assert (sent.medium, sent.destination) == ("EMAIL", "n***@e***")
    assert account.get_user().unwrap().attributes["email_verified"] == "false"
    assert account.get_user_attribute_verification_code("email").unwrap() == sent
    assert account.verify_user_attribute("email", "000000").reason == "code-mismatch"
    account.verify_user_attribute("email", "123456").unwrap()
    account.delete_user_attributes(["nickname"]).unwrap()
    attributes = account.get_user().unwrap().attributes
    assert (attributes["email_verified"], attributes.get("nickname")) == ("true", None)


def test_an_authenticator_app_is_set_up_in_two_calls(pool: Pool, mode: Mode, account: Any, name: str) -> None:
    """A wrong code changes nothing; after the right one, a sign-in elsewhere asks for a code."""
    secret = account.enable_totp().unwrap()
    assert isinstance(secret, SoftwareToken)
    assert account.confirm_totp("000000").reason == "software-token-mfa-refused"
    account.confirm_totp(totp(secret.secret), friendly_device_name="phone").unwrap()
    assert account.get_user_auth_factors().unwrap().preferred_mfa_setting == "SOFTWARE_TOKEN_MFA"
    elsewhere = mode.session(pool.config())
    assert elsewhere.login(name, PASSWORD).reason == "software-token-mfa-challenge"
    elsewhere.answer_challenge(totp(secret.secret)).unwrap()


def test_a_passkey_is_registered_listed_and_removed(pool: Pool, mode: Mode, account: Any, name: str) -> None:
    """And it signs in; from a page of another origin it is not even registered."""
    browser = Browser("http://localhost:8000")
    foreign = Browser("http://127.0.0.1:8000").create(account.start_web_authn_registration().unwrap())
    assert account.complete_web_authn_registration(foreign).reason == "web-authn-origin-not-allowed"
    made = browser.create(account.start_web_authn_registration().unwrap())
    account.complete_web_authn_registration(made).unwrap()
    (passkey,) = account.list_web_authn_credentials().unwrap()
    other = mode.session(pool.config())
    assert other.login(name, preferred="WEB_AUTHN").reason == "web-authn-challenge"
    other.answer_challenge(browser.get(other.challenge.options)).unwrap()
    account.delete_web_authn_credential(passkey.id).unwrap()
    assert account.list_web_authn_credentials().unwrap() == []


def test_devices_are_listed_and_forgotten(account: Any, session: Any) -> None:
    """The session's own device is the first one."""
    (device,) = account.list_devices().unwrap()
    assert session.state.device.key == device.key
    assert account.get_device(device.key).unwrap().remembered
    account.update_device_status(device.key, "not_remembered").unwrap()
    assert not account.get_device(device.key).unwrap().remembered
    account.forget_device(device.key).unwrap()
    assert account.list_devices().unwrap() == []


def test_a_sign_in_elsewhere_is_ended(pool: Pool, mode: Mode, account: Any, name: str) -> None:
    """Its refresh token is dead then; one's own sign-in goes on."""
    other = mode.session(pool.config())
    other.login(name, PASSWORD).unwrap()
    (their,) = [found for found in account.list_user_sessions().unwrap() if not found.is_current_session]
    account.revoke_user_session(their.id).unwrap()
    assert other.refresh().reason == "refresh-token-revoked"
    assert len(account.list_user_sessions().unwrap()) == 1


def test_a_deleted_user_is_signed_out(session: Any) -> None:
    """The session ends, and its subscribers hear of it."""
    heard: list[object] = []
    session.subscribe(heard.append)
    session.account.delete_user().unwrap()
    assert session.state.tokens is None
    assert heard == [None]
    assert session.account.get_user() == Err("no-session")


def test_a_token_that_is_due_is_renewed_first(pool: Pool, mode: Mode, name: str) -> None:
    """Nobody juggles access tokens."""
    late = 0.0
    session = mode.session(pool.config(clock=lambda: time.time() + late))
    session.login(name, PASSWORD).unwrap()
    before, late = session.state.tokens, 3590.0
    assert session.account.get_user().unwrap().username == name
    assert session.state.tokens is not before


@pytest.mark.parametrize("kind", [Account, AsyncAccount])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_explained_without_the_access_token(kind: type, method: str) -> None:
    """`help` shows the flow's words, and the arguments that are left."""
    found = getattr(kind, method)
    assert found.__name__ == method
    assert found.__doc__.splitlines()[0] in pydoc.render_doc(kind)
    assert "access_token" not in inspect.signature(found).parameters
    assert set(get_type_hints(found)) == {*list(inspect.signature(found).parameters)[1:], "return"}
    assert inspect.iscoroutinefunction(found) == (kind is AsyncAccount)


def test_both_accounts_have_the_same_methods() -> None:
    """In the same order."""
    assert [name for name in vars(AsyncAccount) if not name.startswith("_") and name != "aclose"] == METHODS


def test_a_sign_in_does_not_load_the_account() -> None:
    """It costs nothing until it is used."""
    assert "cognito_raw.session.account" not in modules_after("from cognito_raw import Session", PACKAGES)


def test_a_sign_out_just_before_the_call_is_noticed(session: Any) -> None:
    """Between the renewal of the token and the method's turn, another call may end the session."""
    start = _as_user(get_user, ends=False)
    assert advance(start(session.config, State(), None)) == (State(), Err("no-session"))


def test_closing_an_account_closes_its_session(account: Any) -> None:
    """As leaving the session does; the next call opens new connections."""
    (account.close if isinstance(account, Account) else account.aclose)()
    account.get_user().unwrap()


def test_nobody_signed_in_has_no_account(pool: Pool) -> None:
    """The reason says so, and nothing is asked."""
    session = Session(Config(pool.config().iss, pool.client_id, endpoint="http://127.0.0.1:9"))
    assert session.account.get_user() == Err("no-session")
