"""A whole session, from registration to sign-out, sync and async, on each server that nobody here wrote.

Where a server differs from the service, the table of the documentation says how: it holds what the test expects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest

from cognito_raw import Err, MfaSettings, Result, State
from examples.local_pool import RESET_CODE, SIGN_UP_CODE, Pool, serve
from tests.service.test_operations import totp
from tests.support import servers
from tests.support.modes import Mode
from tests.support.paths import ROOT

pytestmark = pytest.mark.once

PASSWORD, OTHER, THIRD, WRONG = "An-Engine-1843", "Analytical-1844", "Difference-1822", "Wrong-1843"
SETTINGS: Final[dict[str, Any]] = {
    "AutoVerifiedAttributes": ["email"],
    "MfaConfiguration": "OPTIONAL",
    "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
}
# Which password flow each has, and its codes for a sign-up and a reset.
SERVERS: Final[dict[str, tuple[Any, dict[str, Any], str, str]]] = {
    "ministack": (serve, {}, SIGN_UP_CODE, RESET_CODE),
    "moto": (servers.moto, {}, "123456", "123456"),
    "cognito-local": (servers.cognito_local, {"flow": "USER_PASSWORD_AUTH"}, servers.CODE, servers.CODE),
}
_numbers = count()


@dataclass(frozen=True)
class Place:
    """A running server, and the outcomes that the documentation has for it."""

    name: str
    pools: Any
    told: dict[str, str]

    @property
    def options(self) -> dict[str, Any]:
        return SERVERS[self.name][1]

    def outcome(self, row: str) -> str:
        """The reason in the row of the table; Ok where it has none."""
        reason = re.search(r"`([a-z-]+)`", self.told[row])
        return reason[1] if reason else "Ok"


def rows(name: str) -> dict[str, str]:
    """The column of a server in the table, by the names of its rows."""
    page = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")
    lines = page.partition("### Emulators")[2].partition("\n## ")[0].splitlines()
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    [column] = [number for number, title in enumerate(head) if title.startswith(name)]
    return {cells[0]: cells[column] for cells in body}


@pytest.fixture(scope="module", params=SERVERS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each server, started once."""
    name = request.param
    if name == "cognito-local" and (why := servers.missing()):
        pytest.skip(why)
    with SERVERS[name][0]() as pools:
        yield Place(name, pools, rows(name))


@pytest.fixture(params=[False, True], ids=["public client", "client with a secret"])
def pool(place: Place, request: pytest.FixtureRequest) -> Pool:
    """A pool of that server."""
    made: Pool = place.pools.pool(secret=request.param, **SETTINGS)
    return made


def new_name() -> str:
    """A user name that no other test has; cognito-local wants an address."""
    return f"ada{next(_numbers)}@example.com"


def said(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "Ok"


def test_a_user_registers_signs_in_and_out(place: Place, pool: Pool, mode: Mode) -> None:
    """From the registration to the end of all sessions."""
    name, (_, options, sign_up_code, reset_code) = new_name(), SERVERS[place.name]
    session = mode.session(pool.config())
    assert said(session.register(name, PASSWORD, {"email": name})) == "Ok"
    assert said(session.register(name, PASSWORD, {"email": name})) == "username-exists"
    assert said(session.login(name, PASSWORD, **options)) == "account-unverified"
    assert said(session.resend_verification_code()) == place.outcome("`resend_verification_code()`")
    assert said(session.confirm_registration("000000")) == place.outcome("a wrong code")
    assert said(session.confirm_registration(f" {sign_up_code[:3]}-{sign_up_code[3:]}\n")) == "Ok"

    assert said(session.login(name, PASSWORD)) == place.outcome("`login(name, password)`, over SRP")
    assert said(session.login(name, WRONG, **options)) == place.outcome("a wrong password")
    assert said(session.login("nobody@example.com", WRONG, **options)) == place.outcome("an unknown user")
    token = session.login(name, PASSWORD, **options).unwrap()
    assert (session.id_token().unwrap(), session.state.username) == (token, name)
    renewed = session.refresh().unwrap()
    assert renewed.payload["sub"] == token.payload["sub"]
    assert session.state.refresh_flow in place.told["`refresh()`"]
    assert said(session.change_password(PASSWORD, OTHER)) == "Ok"

    carried = mode.session(pool.config(), state=State.from_dict(session.state.to_dict()))
    assert carried.id_token().unwrap() == renewed
    tokens = session.state.tokens
    from_cookie = mode.made(mode.kind.from_refresh_token(pool.config(), tokens.refresh_token, username=name))
    assert from_cookie.id_token().unwrap().payload["sub"] == token.payload["sub"]
    assert said(mode.made(mode.kind.from_tokens(pool.config(), tokens)).refresh()) == "Ok"

    assert said(session.logout(everywhere=True)) == place.outcome("`logout(everywhere=True)`")
    session.login(name, OTHER, **options).unwrap()
    assert said(session.logout()) == place.outcome("`logout()`")
    assert said(session.id_token()) == "no-session"
    assert said(session.request_password_reset(name)) == "Ok"
    assert said(session.reset_password_confirmation(THIRD, "000000")) == place.outcome("a wrong code")
    assert said(session.reset_password_confirmation(THIRD, reset_code)) == "Ok"
    assert said(session.login(name, THIRD, **options)) == "Ok"


def test_a_temporary_password_is_replaced(place: Place, pool: Pool, mode: Mode) -> None:
    """The administrator's user answers the challenge, and signs in with the new password."""
    name, session = new_name(), mode.session(pool.config())
    pool.admin.admin_create_user(
        UserPoolId=pool.id, Username=name, TemporaryPassword=PASSWORD, DesiredDeliveryMediums=["EMAIL"],
        UserAttributes=[{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}],
    )  # fmt: skip
    assert said(session.login(name, PASSWORD, **place.options)) == "new-password-challenge"
    assert said(session.new_password_challenge(OTHER)) == "Ok"
    assert said(session.login(name, OTHER, **place.options)) == "Ok"


def test_a_second_factor_is_asked_for(place: Place, pool: Pool, mode: Mode) -> None:
    """An authenticator app's code finishes the sign-in, as a user types it."""
    name, session, client = new_name(), mode.session(pool.config()), mode.client(pool.config())
    session.register(name, PASSWORD, {"email": name}).unwrap()
    session.confirm_registration(SERVERS[place.name][2]).unwrap()
    session.login(name, PASSWORD, **place.options).unwrap()
    access = session.access_token().unwrap()
    secret = client.associate_software_token(access_token=access).unwrap().secret
    # moto takes any code, and its secret is no base32.
    code = "123456" if place.name == "moto" else totp(secret)
    client.verify_software_token(code, access_token=access).unwrap()
    settings = MfaSettings(enabled=True, preferred_mfa=True)
    client.set_user_mfa_preference(access, software_token_mfa_settings=settings).unwrap()
    assert said(session.login(name, PASSWORD, **place.options)) == "software-token-mfa-challenge"
    wrong = session.answer_challenge("000000")
    assert said(wrong) == place.outcome("a wrong code")
    assert (session.challenge is None) == (said(wrong) == "Ok")
    if session.challenge is not None:
        code = totp(secret)
        assert said(session.answer_challenge(f"{code[:3]} {code[3:]}")) == "Ok"
