"""A session's state, sync and async, from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cognito_raw import AsyncSession, Challenge, Err, IdToken, Ok, Session, State
from tests.support.conversation import (
    Answering,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    refused,
    signed_in,
    tokens,
)
from tests.support.plays import Act, play
from tests.support.sessions import END, FIRST, REFRESHED, REVOKED, SECOND
from tests.support.sign_ins import srp_sign_in

Told = list[IdToken | None]


def test_a_session_knows_nothing_at_first() -> None:
    """A new session has an empty state and no challenge, and needs no network to say so."""
    for session in (Session(configured()), AsyncSession(configured())):
        assert (session.state, session.challenge) == (State(), None)


def test_a_session_shows_its_state_and_its_challenge() -> None:
    """The challenge that waits is part of the state, which can be given to another session."""
    body = {"ChallengeName": "SMS_MFA", "Session": "s"}
    session = Session(configured(), transport=Script(srp_sign_in(answered(body))))
    assert isinstance(session.login("jane", "Passw0rd!"), Err)
    shown = session.challenge
    assert shown == Challenge("SMS_MFA", "5u8-of-jane", "s")
    assert Session(configured(), state=session.state).challenge == shown
    assert AsyncSession(configured(), state=session.state).challenge == shown


def test_a_whole_life_is_the_same_sync_and_async() -> None:
    """A sign-in, a refresh, a changed password and a sign-out give equal results, states and news."""
    outcome = play(
        Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(authentication_result()))),
        Act("id_token"),
        Act("access_token", (), (REFRESHED,), END),
        Act("change_password", ("a", "b"), (Exchange("ChangePassword", None, answered({})),), END),
        Act("logout", (), (REVOKED,), END),
        Act("id_token"),
    )
    assert outcome.told == [FIRST, SECOND, None]
    assert outcome.last == Err("no-session")


def test_a_representation_keeps_what_is_secret() -> None:
    """Neither the tokens nor the handle of a challenge stands in the `repr` of a session."""
    state = State("jane", Challenge("SMS_MFA", "jane", "hidden-session"), tokens(refresh="hidden-refresh"))
    for session in (Session(configured(), state=state), AsyncSession(configured(), state=state)):
        assert repr(session).startswith(f"{type(session).__name__}(State(username='jane'")
        assert "hidden" not in repr(session)
        assert tokens().access_token not in repr(session)


def test_within_is_the_same_session() -> None:
    """What `within` gives shares the state and the subscribers, and has a deadline of its own.

    The refresh is everybody's, and has the deadline of the configuration.
    """
    told: Told = []
    script = Script([REFRESHED, REVOKED])
    session = Session(configured(clock=Clock(END)), state=signed_in(), transport=script)
    hurried = session.within(2.5)
    hurried.subscribe(told.append)
    assert hurried.id_token() == Ok(SECOND)
    session.close()
    assert session.state == hurried.state
    assert hurried.logout() == Ok(None)
    assert session.state.tokens is None
    assert told == [SECOND, None]
    assert [request.timeout for request in script.requests] == [10.0, 2.5]


def test_a_session_shows_what_it_knows() -> None:
    """Its state, the challenge in it, and neither of them in full in its `repr`."""
    state = State("jane", Challenge("SMS_MFA", "jane", "hidden"))
    session = Session(configured(), state=state)
    assert (session.state, session.challenge) == (state, state.challenge)
    assert repr(session).startswith("Session(State(username='jane'")
    assert "hidden" not in repr(session)


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.register("jane", "secret"),
        lambda session: session.login("jane", "secret"),
        lambda session: session.request_password_reset("jane"),
    ],
    ids=["register", "login", "request_password_reset"],
)
def test_the_user_of_an_interrupted_call_is_remembered(call: Callable[[Session], Any]) -> None:
    """The service may have acted: the user can be confirmed, or get a code, all the same."""

    def interrupted(_: object) -> Any:
        raise KeyboardInterrupt

    session = Session(configured(), transport=Answering(interrupted))
    with pytest.raises(KeyboardInterrupt):
        call(session)
    assert session.state.username == "jane"


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("NotAuthorizedException", "Invalid Refresh Token", "refresh-token-invalid"),
        ("NotAuthorizedException", "User is disabled.", "disabled-user"),
        ("UnsupportedTokenTypeException", "", "token-type-not-supported"),
        ("UnsupportedOperationException", "", "operation-not-supported"),
    ],
)
def test_a_log_out_that_is_refused_forgets_the_tokens_all_the_same(code: str, message: str, reason: str) -> None:
    """What the service said of the token is told, and the session is over here."""
    refusal = refused(code, message)
    session = Session(configured(), state=signed_in(), transport=Answering(lambda _: refusal))
    result = session.logout()
    assert isinstance(result, Err)
    assert result.reason == reason
    assert session.state == State("jane")
