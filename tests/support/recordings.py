"""The sessions that are recorded from the local server and replayed without it.

A recording is what an administrator prepares, and a script that uses one session and gives the result of each step. The
script is the same when it is recorded and when it is replayed, sync or async.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cognito_raw import Err, Result
from examples.local_pool import RESET_CODE, SIGN_UP_CODE, Pool, Server

PASSWORD, OTHER = "An-Engine-1843", "Analytical-1844"
Script = Callable[[Any], list[Result[Any]]]


@dataclass(frozen=True)
class Recording:
    """`pool` makes the pool and the users; `script` takes a session through its steps, which come to the `outcomes`."""

    pool: Callable[[Server], Pool]
    script: Script
    outcomes: str


def outcome(result: Result[Any]) -> str:
    """One step's result in one word."""
    return result.reason if isinstance(result, Err) else "Ok"


def _with_user(server: Server, **options: Any) -> Pool:
    pool = server.pool(**options)
    pool.add_user("ada", PASSWORD, email="ada@example.com", email_verified="true")
    return pool


def _with_newcomer(server: Server) -> Pool:
    pool = server.pool()
    pool.add_user("charles", PASSWORD, temporary=True)
    return pool


def _with_disabled(server: Server) -> Pool:
    pool = _with_user(server)
    pool.admin.admin_disable_user(UserPoolId=pool.id, Username="ada")
    return pool


def _with_reset(server: Server) -> Pool:
    pool = _with_user(server)
    pool.admin.admin_reset_user_password(UserPoolId=pool.id, Username="ada")
    return pool


def _with_wrong_secret(server: Server) -> Pool:
    return replace(_with_user(server, secret=True), client_secret="wrong")


def _log_in_as_ada(session: Any) -> list[Result[Any]]:
    return [session.login("ada", PASSWORD)]


def _log_in_after_reset(session: Any) -> list[Result[Any]]:
    return [
        session.login("ada", PASSWORD),
        session.request_password_reset("ada"),
        session.reset_password_confirmation(OTHER, RESET_CODE),
        session.login("ada", OTHER),
    ]


def _register(session: Any) -> list[Result[Any]]:
    return [
        session.confirm_registration(SIGN_UP_CODE),
        session.register("ada", "weak"),
        session.register("ada", PASSWORD, {"email": "ada@example.com", "team": "engines"}),
        session.register("ada", PASSWORD),
        session.login("ada", PASSWORD),
        session.resend_verification_code(),
        session.confirm_registration("000000"),
        session.confirm_registration(SIGN_UP_CODE),
        session.confirm_registration(SIGN_UP_CODE),
        session.login("ada", PASSWORD),
    ]


def _log_in(session: Any) -> list[Result[Any]]:
    return [
        session.id_token(),
        session.login("nobody", PASSWORD),
        session.login("ada", OTHER),
        session.login("ada", PASSWORD),
        session.id_token(),
        session.access_token(),
        session.logout(),
        session.logout(),
    ]


def _refresh(session: Any) -> list[Result[Any]]:
    return [session.login("ada", PASSWORD), session.refresh(), session.refresh(), session.logout(everywhere=True)]


def _answer(session: Any) -> list[Result[Any]]:
    return [
        session.new_password_challenge(OTHER),
        session.login("charles", PASSWORD),
        session.new_password_challenge(OTHER, {"name": "Charles"}),
        session.login("charles", OTHER),
    ]


def _reset(session: Any) -> list[Result[Any]]:
    return [
        session.change_password(PASSWORD, OTHER),
        session.request_password_reset("nobody"),
        session.request_password_reset("ada"),
        session.reset_password_confirmation(OTHER, "000000"),
        session.reset_password_confirmation("weak", RESET_CODE),
        session.reset_password_confirmation(OTHER, RESET_CODE),
        session.reset_password_confirmation(OTHER, RESET_CODE),
        session.login("ada", OTHER),
        session.change_password("Wrong-1843", PASSWORD),
        session.change_password(OTHER, "weak"),
        session.change_password(OTHER, PASSWORD),
    ]


def _log_in_by_address(session: Any) -> list[Result[Any]]:
    return [session.login("ada@example.com", PASSWORD), session.refresh(), session.logout()]


RECORDINGS: dict[str, Recording] = {
    "register": Recording(
        lambda server: server.pool(),
        _register,
        "no-session invalid-password Ok username-exists account-unverified Ok code-mismatch Ok "
        "user-already-confirmed Ok",
    ),
    "log-in": Recording(
        _with_user, _log_in, "no-session user-not-found incorrect-username-or-password Ok Ok Ok Ok no-session"
    ),
    "refresh": Recording(_with_user, _refresh, "Ok Ok Ok Ok"),
    "new-password": Recording(_with_newcomer, _answer, "no-session new-password-challenge Ok Ok"),
    "passwords": Recording(
        _with_user,
        _reset,
        "no-session user-not-found Ok code-mismatch invalid-password Ok code-expired Ok "
        "incorrect-username-or-password invalid-password Ok",
    ),
    "disabled": Recording(_with_disabled, _log_in_as_ada, "disabled-user"),
    "reset-required": Recording(_with_reset, _log_in_after_reset, "password-reset-required Ok Ok Ok"),
    "wrong-client-secret": Recording(_with_wrong_secret, _log_in_as_ada, "wrong-client-secret"),
    "alias-and-client-secret": Recording(
        lambda server: _with_user(server, secret=True, AliasAttributes=["email"]),
        _log_in_by_address,
        "Ok Ok Ok",
    ),
}
