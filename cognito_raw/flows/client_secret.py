"""How a call proves the app client's secret, for a client that has one. The service wants it in three ways."""

from __future__ import annotations

from ..config import Config


def beside_username(config: Config, parameters: dict[str, object], username: str) -> dict[str, object]:
    """With `SecretHash` over the user name, for the calls that name the user at the top."""
    proof = config.secret_hash(username)
    return parameters if proof is None else {**parameters, "SecretHash": proof}


def within_responses(config: Config, parameters: dict[str, str]) -> dict[str, str]:
    """With `SECRET_HASH` over the very `USERNAME` of these parameters, for the two calls of a sign-in.

    The first call has the name that was typed, the next ones the service's own name of the user.
    """
    proof = config.secret_hash(parameters["USERNAME"])
    return parameters if proof is None else {**parameters, "SECRET_HASH": proof}


def in_clear(config: Config, parameters: dict[str, object]) -> dict[str, object]:
    """With `ClientSecret` itself, for the calls that have a refresh token and no user name."""
    return parameters if config.client_secret is None else {**parameters, "ClientSecret": config.client_secret}
