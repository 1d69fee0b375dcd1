"""Session methods outside the situation that they are for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cognito_raw import AsyncSession, Challenge, Err, Session, State
from tests.support.conversation import Answering, configured
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


def interrupted(state: State, method: str) -> tuple[State, State]:
    """The states of a blocking and of an asynchronous session after Ctrl-C during a call."""

    def broken(_: object) -> Any:
        raise KeyboardInterrupt

    async def broken_too(_: object) -> Any:
        raise InterruptedError

    session = Session(configured(), state=state, transport=Answering(broken))
    with pytest.raises(KeyboardInterrupt):
        getattr(session, method)("ann", "Passw0rd!")
    async_session = AsyncSession(configured(), state=state, transport=Answering(broken_too))
    with pytest.raises(InterruptedError):
        asyncio.run(getattr(async_session, method)("ann", "Passw0rd!"))
    return session.state, async_session.state


def test_an_interrupted_registration_is_of_the_new_user() -> None:
    """The user may exist by now and can be confirmed; the handle of an earlier sign-up stays its user's."""
    before = State("jane", sign_up_session="of jane")
    after = State("ann", sign_up_session="of jane", sign_up_username="jane")
    assert interrupted(before, "register") == (after, after)


def test_an_interrupted_login_leaves_no_earlier_challenge() -> None:
    """The challenge is gone once another login has begun, and so is this user's own handle."""
    before = State("jane", Challenge("SMS_MFA", "5u8", "s"), sign_up_session="of ann", sign_up_username="ann")
    assert interrupted(before, "login") == (State("ann"), State("ann"))
