"""Every row of a session, sync and async, on a real server that checks the SRP proof."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from cognito_raw import Delivery, Err, IdToken, Ok, Registration, Result, State
from examples.local_pool import RESET_CODE, SIGN_UP_CODE, Pool, Server
from tests.support.deadlines import wait_until
from tests.support.modes import Mode

pytestmark = pytest.mark.once

PASSWORD, OTHER = "An-Engine-1843", "Analytical-1844"
_numbers = count()

# Names and passwords that a wrong hash, a wrong encoding or a wrong normalisation would trip over.
NAMES = {
    "ascii": ("ada", PASSWORD),
    "latin": ("édith.piaf", "Pässwörd-1843"),
    "cyrillic": ("Ада", "Пароль-Aa-1843"),
    "emoji": ("ada🧮", "Passw0rd-🗝️🗝️"),
    "decomposed": ("e\u0301dith", "Pa\u0308sswo\u0308rd-1843"),
    "punctuation": ("a'd\"a\\<&>", "P:a:ss\"w'0rd\\-%20+ "),
    "plus address": ("ada+test@example.com", PASSWORD),
}


@pytest.fixture(scope="module", params=[False, True], ids=["public client", "client with a secret"])
def pool(server: Server, request: pytest.FixtureRequest) -> Pool:
    """A pool whose users may sign in by e-mail address too."""
    return server.pool(secret=request.param, AliasAttributes=["email"], AutoVerifiedAttributes=["email"])


def reason(result: Result[Any]) -> str:
    """What a result says in one word."""
    return result.reason if isinstance(result, Err) else "Ok"


def new_name() -> str:
    """A user name that no other test has."""
    return f"user{next(_numbers)}"


def signed_in(mode: Mode, pool: Pool, **options: Any) -> Any:
    """A session of a new user who has just logged in."""
    name = new_name()
    pool.add_user(name, PASSWORD, email=f"{name}@example.com", email_verified="true")
    session = mode.session(pool.config(**options))
    assert isinstance(session.login(name, PASSWORD), Ok)
    return session


def test_registering_gives_the_id_and_where_the_code_went(pool: Pool, mode: Mode) -> None:
    """`register` gives the user's id, that a confirmation is wanted, and the delivery of the code."""
    session, name = mode.session(pool.config()), new_name()
    result = session.register(name, PASSWORD, {"email": f"{name}@example.com", "team": "engines", "custom:desk": "7"})
    assert isinstance(result, Ok)
    registration = result.value
    assert isinstance(registration, Registration)
    assert not registration.confirmed
    assert registration.delivery is not None
    assert (registration.delivery.medium, registration.delivery.attribute) == ("EMAIL", "email")
    user = pool.admin.admin_get_user(UserPoolId=pool.id, Username=name)
    attributes = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
    assert attributes["sub"] == registration.user_id
    assert (attributes["custom:team"], attributes["custom:desk"]) == ("engines", "7")


def test_registering_an_existing_name_is_refused(pool: Pool, mode: Mode) -> None:
    """A name that is taken is `username-exists`."""
    session, name = mode.session(pool.config()), new_name()
    assert reason(session.register(name, PASSWORD)) == "Ok"
    assert reason(session.register(name, PASSWORD)) == "username-exists"


@pytest.mark.parametrize("weak", ["short", "nodigits-But-Long", "nouppercase-1843"])
def test_a_weak_password_is_refused(pool: Pool, mode: Mode, weak: str) -> None:
    """A password against the pool's policy is `invalid-password`, with the service's words."""
    result = mode.session(pool.config()).register(new_name(), weak)
    assert isinstance(result, Err)
    assert (result.reason, result.code, result.status) == ("invalid-password", "InvalidPasswordException", 400)
    assert result.message is not None
    assert "did not conform with policy" in result.message
    assert (result.sent, result.retryable, result.operation) == ("yes", False, "SignUp")
    assert result.request_id


def test_an_unverified_user_is_remembered_from_a_failed_login(pool: Pool, mode: Mode) -> None:
    """After `account-unverified` the code can be sent again and confirmed without naming the user."""
    name = new_name()
    assert reason(mode.session(pool.config()).register(name, PASSWORD, {"email": f"{name}@example.com"})) == "Ok"
    session = mode.session(pool.config())
    assert reason(session.confirm_registration(SIGN_UP_CODE)) == "no-session"
    assert reason(session.resend_verification_code()) == "no-session"
    assert reason(session.login(name, PASSWORD)) == "account-unverified"
    resent = session.resend_verification_code()
    assert isinstance(resent, Ok)
    assert isinstance(resent.value, Delivery)
    assert reason(session.confirm_registration("000000")) == "code-mismatch"
    assert reason(session.confirm_registration(SIGN_UP_CODE)) == "Ok"
    assert reason(session.confirm_registration(SIGN_UP_CODE)) == "user-already-confirmed"
    assert reason(session.login(name, PASSWORD)) == "Ok"


@pytest.mark.parametrize(("name", "password"), NAMES.values(), ids=NAMES)
def test_any_name_and_password_sign_in(server: Server, mode: Mode, name: str, password: str) -> None:
    """Names and passwords of every script are registered, confirmed and proven."""
    pool = server.pool(secret=True)
    session = mode.session(pool.config())
    assert reason(session.register(name, password)) == "Ok"
    assert reason(session.confirm_registration(SIGN_UP_CODE)) == "Ok"
    token = session.login(name, password)
    assert isinstance(token, Ok)
    assert token.value.payload["cognito:username"] == name
    assert reason(session.login(name, password + " ")) == "incorrect-username-or-password"


def test_login_gives_the_id_token(pool: Pool, mode: Mode) -> None:
    """`login` gives the ID token: its text, its end and its claims."""
    session = signed_in(mode, pool)
    token = session.id_token()
    assert isinstance(token, Ok)
    assert isinstance(token.value, IdToken)
    assert token.value.payload["aud"] == pool.client_id
    assert token.value.payload["iss"] == pool.config().iss
    assert token.value.exp == token.value.payload["exp"]
    assert 3500 < token.value.exp - time.time() < 3700
    assert token.value.jwt.count(".") == 2


@pytest.mark.parametrize(
    ("name", "expected"), [("known", "incorrect-username-or-password"), ("nobody", "user-not-found")]
)
def test_wrong_credentials_are_told_apart(pool: Pool, mode: Mode, name: str, expected: str) -> None:
    """A wrong password is `incorrect-username-or-password`; a name that the client may not hide is `user-not-found`."""
    known = new_name()
    pool.add_user(known, PASSWORD)
    result = mode.session(pool.config()).login(known if name == "known" else name, OTHER)
    assert reason(result) == expected


def test_a_client_that_hides_its_users_says_the_password_is_wrong(server: Server, mode: Mode) -> None:
    """Where the client prevents user existence errors, an unknown name looks like a wrong password."""
    pool = server.pool()
    pool.admin.update_user_pool_client(
        UserPoolId=pool.id, ClientId=pool.client_id, PreventUserExistenceErrors="ENABLED"
    )
    session = mode.session(pool.config())
    assert reason(session.login("nobody", PASSWORD)) == "incorrect-username-or-password"
    assert reason(session.request_password_reset("nobody")) == "Ok"


def test_a_disabled_user_is_refused(pool: Pool, mode: Mode) -> None:
    """A user whom an administrator disabled is `disabled-user`, at login and at the next refresh."""
    name = new_name()
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    assert reason(session.login(name, PASSWORD)) == "Ok"
    pool.admin.admin_disable_user(UserPoolId=pool.id, Username=name)
    assert reason(session.login(name, PASSWORD)) == "disabled-user"
    later = mode.session(pool.config(clock=lambda: time.time() + 3600), state=session.state)
    assert reason(later.id_token()) == "disabled-user"
    assert later.state.tokens is not None


def test_a_required_reset_is_shown_only_to_who_knows_the_password(pool: Pool, mode: Mode) -> None:
    """After an administrator's reset, a right password gives `password-reset-required`, and the code sets a new one."""
    name = new_name()
    pool.add_user(name, PASSWORD)
    pool.admin.admin_reset_user_password(UserPoolId=pool.id, Username=name)
    session = mode.session(pool.config())
    assert reason(session.login(name, OTHER)) == "incorrect-username-or-password"
    assert reason(session.login(name, PASSWORD)) == "password-reset-required"
    assert reason(session.request_password_reset(name)) == "Ok"
    assert reason(session.reset_password_confirmation(OTHER, RESET_CODE)) == "Ok"
    assert reason(session.login(name, OTHER)) == "Ok"


def test_a_temporary_password_must_be_replaced(pool: Pool, mode: Mode) -> None:
    """`new-password-challenge` is answered with the challenge's own session, and signs the user in."""
    name = new_name()
    pool.add_user(name, PASSWORD, temporary=True)
    session = mode.session(pool.config())
    assert reason(session.new_password_challenge(OTHER)) == "no-session"
    result = session.login(name, PASSWORD)
    assert isinstance(result, Err)
    assert result.reason == "new-password-challenge"
    assert result.challenge is not None
    assert result.challenge == session.challenge
    assert (result.challenge.name, result.challenge.username) == ("NEW_PASSWORD_REQUIRED", name)
    token = session.new_password_challenge(OTHER, {"team": "engines"})
    assert isinstance(token, Ok)
    assert session.challenge is None
    assert reason(session.login(name, OTHER)) == "Ok"
    assert reason(session.login(name, PASSWORD)) == "incorrect-username-or-password"


def test_a_challenge_can_be_answered_in_another_process(pool: Pool, mode: Mode) -> None:
    """What the session knows is carried as JSON, and the challenge answered from there."""
    name = new_name()
    pool.add_user(name, PASSWORD, temporary=True)
    first = mode.session(pool.config())
    assert reason(first.login(name, PASSWORD)) == "new-password-challenge"
    second = mode.session(pool.config(), state=State.from_dict(first.state.to_dict()))
    assert reason(second.new_password_challenge(OTHER)) == "Ok"


def test_an_alias_signs_in_with_the_inner_name_in_the_proof(pool: Pool, mode: Mode) -> None:
    """A verified e-mail address signs in, though the proof and the later secret hashes name the user."""
    name = new_name()
    address = f"{name}@example.com"
    pool.add_user(name, PASSWORD, email=address, email_verified="true")
    session = mode.session(pool.config())
    token = session.login(address, PASSWORD)
    assert isinstance(token, Ok)
    assert token.value.payload["cognito:username"] == name
    later = mode.session(pool.config(clock=lambda: time.time() + 3600), state=session.state)
    assert reason(later.id_token()) == "Ok"


@pytest.mark.parametrize("secret", [False, True], ids=["public client", "client with a secret"])
def test_an_e_mail_address_can_be_the_user_name(server: Server, mode: Mode, *, secret: bool) -> None:
    """In a pool whose user names are addresses, the address signs in, and does all the rest."""
    pool = server.pool(secret=secret, UsernameAttributes=["email"])
    session, address = mode.session(pool.config()), f"{new_name()}@example.com"
    assert reason(session.register(address, PASSWORD)) == "Ok"
    assert reason(session.confirm_registration(SIGN_UP_CODE)) == "Ok"
    token = session.login(address, PASSWORD)
    assert isinstance(token, Ok)
    assert token.value.payload["cognito:username"] == token.value.payload["sub"]
    assert reason(session.request_password_reset(address)) == "Ok"
    assert reason(session.reset_password_confirmation(OTHER, RESET_CODE)) == "Ok"
    assert reason(session.login(address, OTHER)) == "Ok"
    assert reason(session.logout()) == "Ok"


def test_a_forgotten_password_is_reset_with_the_code(pool: Pool, mode: Mode) -> None:
    """The code of `request_password_reset` sets a new password once; wrong and used codes have their own reasons."""
    name = new_name()
    pool.add_user(name, PASSWORD, email=f"{name}@example.com", email_verified="true")
    session = mode.session(pool.config())
    assert reason(session.reset_password_confirmation(OTHER, RESET_CODE)) == "no-session"
    assert reason(session.request_password_reset("nobody")) == "user-not-found"
    delivery = session.request_password_reset(name)
    assert isinstance(delivery, Ok)
    assert delivery.value.medium == "EMAIL"
    assert reason(session.reset_password_confirmation(OTHER, "000000")) == "code-mismatch"
    assert reason(session.reset_password_confirmation("weak", RESET_CODE)) == "invalid-password"
    assert reason(session.reset_password_confirmation(OTHER, RESET_CODE)) == "Ok"
    assert reason(session.reset_password_confirmation(OTHER, RESET_CODE)) == "code-expired"
    assert reason(session.login(name, OTHER)) == "Ok"


def test_changing_the_password_needs_a_session_and_the_old_one(pool: Pool, mode: Mode) -> None:
    """`change_password` is refused signed out, with a wrong old password, and with a weak new one."""
    assert reason(mode.session(pool.config()).change_password(PASSWORD, OTHER)) == "no-session"
    session = signed_in(mode, pool)
    assert reason(session.change_password("Wrong-1843", OTHER)) == "incorrect-username-or-password"
    assert reason(session.change_password(PASSWORD, "weak")) == "invalid-password"
    assert reason(session.change_password(PASSWORD, OTHER)) == "Ok"
    name = session.state.username
    assert reason(mode.session(pool.config()).login(name, OTHER)) == "Ok"


def test_logging_out_revokes_the_refresh_token(pool: Pool, mode: Mode) -> None:
    """After `logout` the session is empty, and its refresh token is dead wherever a copy of it is."""
    session = signed_in(mode, pool)
    copy = mode.session(pool.config(clock=lambda: time.time() + 3600), state=session.state)
    assert reason(session.logout()) == "Ok"
    assert session.state.tokens is None
    assert reason(session.logout()) == "no-session"
    assert reason(session.id_token()) == "no-session"
    assert reason(session.access_token()) == "no-session"
    assert reason(copy.id_token()) == "refresh-token-revoked"
    assert copy.state.tokens is None
    assert reason(copy.id_token()) == "no-session"


def test_logging_out_everywhere_ends_the_other_sessions(pool: Pool, mode: Mode) -> None:
    """`logout(everywhere=True)` revokes the access tokens of the user's other sessions too."""
    first = signed_in(mode, pool)
    second = mode.session(pool.config())
    assert reason(second.login(first.state.username, PASSWORD)) == "Ok"
    assert reason(first.logout(everywhere=True)) == "Ok"
    assert reason(second.change_password(PASSWORD, OTHER)) == "access-token-revoked"


def test_tokens_are_refreshed_near_their_end(pool: Pool, mode: Mode) -> None:
    """`id_token` and `access_token` give what they have while it is fresh, and refresh it in time."""
    session = signed_in(mode, pool)
    held = session.id_token().value
    assert session.id_token().value is held
    later = mode.session(pool.config(clock=lambda: time.time() + 3590), state=session.state)
    renewed = later.id_token()
    assert isinstance(renewed, Ok)
    assert renewed.value.jwt != held.jwt
    assert renewed.value.payload["origin_jti"] == held.payload["origin_jti"]
    assert later.access_token().value != session.access_token().value
    assert later.state.tokens.refresh_token == session.state.tokens.refresh_token


@pytest.mark.parametrize("flow", ["GetTokensFromRefreshToken", "REFRESH_TOKEN_AUTH"])
@pytest.mark.parametrize("by_address", [False, True], ids=["by name", "by address"])
def test_tokens_are_renewed_by_either_operation(pool: Pool, mode: Mode, flow: Any, *, by_address: bool) -> None:
    """Also by the older one, whose secret hash is over the user's own name; which one worked is carried along."""
    name = new_name()
    pool.add_user(name, PASSWORD, email=f"{name}@example.com", email_verified="true")
    first = mode.session(pool.config())
    assert reason(first.login(f"{name}@example.com" if by_address else name, PASSWORD)) == "Ok"
    state = State.from_dict(replace(first.state, refresh_flow=flow).to_dict())
    session = mode.session(pool.config(), state=state)
    renewed = session.refresh()
    assert isinstance(renewed, Ok)
    assert renewed.value.payload["sub"] == first.id_token().value.payload["sub"]
    assert (session.state.refresh_flow, session.state.unanswered) == (flow, False)
    assert reason(session.refresh()) == "Ok"


def test_subscribers_hear_of_every_token_and_of_the_end(server: Server, mode: Mode) -> None:
    """Callbacks get the new token at sign-in and refresh, and None when the session ends."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD)
    session = mode.session(pool.config())
    heard: list[IdToken | None] = []
    end = session.subscribe(heard.append)
    session.login("ada", PASSWORD)
    renewed = session.refresh()
    assert wait_until(lambda: len(heard) == 2)
    assert renewed == Ok(heard[-1])
    session.logout()
    end()
    session.login("ada", PASSWORD)
    assert [token is None for token in heard] == [False, False, True]
    assert heard[0] != heard[1]


def test_a_wrong_client_secret_has_its_own_reason(server: Server, mode: Mode) -> None:
    """A secret that is wrong, missing or superfluous is `wrong-client-secret`, never a wrong password."""
    pool, public = server.pool(secret=True), server.pool()
    pool.add_user("ada", PASSWORD)
    public.add_user("ada", PASSWORD)
    wrong = type(pool)(pool.id, pool.client_id, "wrong", pool.endpoint, pool.admin)
    missing = type(pool)(pool.id, pool.client_id, None, pool.endpoint, pool.admin)
    superfluous = type(pool)(public.id, public.client_id, "none", public.endpoint, public.admin)
    for case in (wrong, missing, superfluous):
        assert reason(mode.session(case.config()).login("ada", PASSWORD)) == "wrong-client-secret"


def test_an_unknown_client_has_its_own_reason(server: Server, mode: Mode) -> None:
    """A client id that the region does not know is `client-not-found`."""
    pool = server.pool()
    unknown = type(pool)(pool.id, "1234567890abcdefghijklmnop", None, pool.endpoint, pool.admin)
    assert reason(mode.session(unknown.config()).login("ada", PASSWORD)) == "client-not-found"


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_wrong_local_clock_does_not_matter(pool: Pool, mode: Mode, hours: int) -> None:
    """With a clock hours off, the proof is signed with the server's time and tokens are judged by it."""
    session = signed_in(mode, pool, clock=lambda: time.time() + hours * 3600)
    held = session.id_token().value
    assert session.id_token().value is held
