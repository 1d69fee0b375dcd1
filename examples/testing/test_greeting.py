"""Tests of the small program without a pool or a network, by cassettes beside this file, and by scripts."""

from __future__ import annotations

import asyncio

import pytest
from greeting import greet, greet_later

from cognito_raw import AsyncSession, Session
from cognito_raw.testing import Broken, Refusal, Scripted, Timeout, password_verifier

# A throwaway user of a throwaway pool. The cassettes keep the inputs of the proof, which the replay computes again.
PASSWORD = "An-Engine-1843"


@pytest.mark.cognito_replay("hello", proof=True)
def test_a_user_is_greeted_by_name(cognito_session: Session) -> None:
    assert greet(cognito_session, "ada", PASSWORD) == "Hello ada!"


@pytest.mark.cognito_replay("hello", proof=True)
def test_a_user_is_greeted_by_name_in_an_async_program(cognito_async_session: AsyncSession) -> None:
    assert asyncio.run(greet_later(cognito_async_session, "ada", PASSWORD)) == "Hello ada!"


@pytest.mark.parametrize(
    ("username", "password"), [("ada", "Wrong-1843"), ("nobody", PASSWORD)], ids=["wrong-password", "unknown-user"]
)
def test_a_stranger_is_asked_again(cognito_session: Session, username: str, password: str) -> None:
    assert greet(cognito_session, username, password) == "Who are you? Try again."


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Timeout(), "We cannot reach the sign-in right now."),
        (Broken(b"<html>Bad gateway</html>"), "Sorry: malformed-reply."),
        (Refusal("NotAuthorizedException", "User is disabled."), "Sorry: disabled-user."),
    ],
)
def test_other_failures_are_reported(step: Timeout | Broken | Refusal, message: str) -> None:
    with Scripted(("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", step)) as scripted:
        assert greet(scripted.session(), "ada", PASSWORD) == message
