"""A small program that signs a user in and greets the user."""

from __future__ import annotations

from cognito_raw import AsyncSession, Err, Ok, Session


def greet(session: Session, username: str, password: str) -> str:
    """Sign the user in. Return a message for the user, also after a failure."""
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
    """Do the same in an async program."""
    match await session.login(username, password):
        case Ok(token):
            return f"Hello {token.payload['cognito:username']}!"
        case Err(reason):
            return f"Sorry: {reason}."
