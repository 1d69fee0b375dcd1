"""A small program as a user would write it: it signs somebody in and says hello."""

from __future__ import annotations

from cognito_raw import AsyncSession, Err, Ok, Session


def greet(session: Session, username: str, password: str) -> str:
    """Words for the user, whatever comes of the sign-in."""
    match session.login(username, password):
        case Ok(token):
            return f"Hello {token.payload['cognito:username']}!"
        case Err("user-not-found") | Err(kind="input"):
            return "Who are you? Try again."
        case Err(kind="temporary"):
            return "We cannot reach the sign-in right now."
        case Err(reason):
            return f"Sorry: {reason}."


async def greet_later(session: AsyncSession, username: str, password: str) -> str:
    """The same in an asynchronous program."""
    match await session.login(username, password):
        case Ok(token):
            return f"Hello {token.payload['cognito:username']}!"
        case Err(reason):
            return f"Sorry: {reason}."
