"""Session methods outside the situation that they are for."""

from __future__ import annotations

import pytest

from cognito_raw import Challenge, Err, State
from tests.support.plays import Act, play

STATES = {
    "no challenge": State("jane"),
    "a code": State("jane", Challenge("SMS_MFA", "5u8", "s")),
    "a new password": State("jane", Challenge("NEW_PASSWORD_REQUIRED", "5u8", "s")),
    "the code of an app that is set up": State("jane", Challenge("SOFTWARE_TOKEN_MFA", "5u8", "s")),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_an_authenticator_app_is_set_up_only_where_mfa_setup_waits(state: State) -> None:
    """`begin_totp_setup` is `no-session` without `mfa-setup-challenge`; it sends nothing and keeps the state."""
    outcome = play(Act("begin_totp_setup"), state=state)
    assert outcome.last == Err("no-session")
    assert outcome.state == state


@pytest.mark.parametrize("name", ["SMS_MFA", "MFA_SETUP"])
def test_a_new_password_is_set_only_where_it_is_asked_for(name: str) -> None:
    """`new_password_challenge` is `no-session` for every other challenge; it sends nothing and keeps the state."""
    state = State("jane", Challenge(name, "5u8", "s"))
    outcome = play(Act("new_password_challenge", ("N3w-Passw0rd",)), state=state)
    assert outcome.last == Err("no-session")
    assert outcome.state == state
