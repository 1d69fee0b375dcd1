"""What the operations share: refusals, challenges that wait, and the user of an access token."""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services import cognito as _cognito

cognito: Any = _cognito  # its internal functions, which are not typed strictly

# ministack's own code for sign-ups serves all the other addresses too.
CODE = "123456"
CHALLENGE_LIFE = float(os.environ.get("CHALLENGE_SECONDS", "180"))

Body = dict[str, Any]
User = dict[str, Any]


class Refusal(Exception):
    """One of the service's exceptions: its name and its message."""


@dataclass
class Ticket:
    """A challenge that waits: the user and app client, and the data to judge its answer."""

    name: str
    pool: Body
    client_id: str
    user: User
    known: Body = field(default_factory=dict)
    until: float = field(default_factory=lambda: time.time() + CHALLENGE_LIFE)


tickets: dict[str, Ticket] = {}


def taken(session: str) -> Ticket:
    """Return the ticket of a handle, which is good for one answer."""
    ticket = tickets.pop(session, None)
    if ticket is None or ticket.until < time.time():
        raise Refusal("NotAuthorizedException", "Invalid session for the user, session is expired.")
    return ticket


def renewed(ticket: Ticket) -> str:
    """Return a new handle of the ticket."""
    session = secrets.token_urlsafe(32)
    tickets[session] = ticket
    return session


def claims_of(body: Body) -> Body:
    """Return the claims of the access token."""
    found: Body = cognito._token_claims(body["AccessToken"])
    return found


def user_of(body: Body) -> User:
    """Return the user of the access token, which ministack has checked."""
    found: User = cognito._user_pool_for_access_token(body["AccessToken"])[0]
    return found


def pool_of(body: Body) -> Body:
    """Return the pool of the access token."""
    found: Body = cognito._user_pool_for_access_token(body["AccessToken"])[1]
    return found


def attributes_of(user: User) -> dict[str, str]:
    """Return the user's attributes by their names."""
    found: dict[str, str] = cognito._attr_list_to_dict(user["Attributes"])
    return found


def set_attributes(user: User, given: Mapping[str, str]) -> None:
    """Change attributes of the user."""
    user["Attributes"] = cognito._dict_to_attr_list(attributes_of(user) | dict(given))


def masked(address: str) -> str:
    """Return an address as the service shows it."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain[:1]}***" if domain else f"+*******{address[-4:]}"


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def first_factors(user: User) -> list[str]:
    """Return the ways in which the user can sign in."""
    found = ["PASSWORD_SRP", "PASSWORD"] if user.get("_password") else []
    found += ["EMAIL_OTP"] if attributes_of(user).get("email_verified") == "true" else []
    return found + (["WEB_AUTHN"] if user.get("_passkeys") else [])
