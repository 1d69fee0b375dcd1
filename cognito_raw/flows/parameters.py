"""What may be said in a call beside what must be: each parameter as a member of the call, where it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..config import Config
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_optional_string, require_string


def context(
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> dict[str, object]:
    """ClientMetadata, UserContextData and AnalyticsMetadata, each only where it is given."""
    members: dict[str, object] = {}
    if client_metadata is not None:
        members["ClientMetadata"] = texts("client_metadata", client_metadata)
    if user_context_data is not None:
        members["UserContextData"] = wire(UserContext, user_context_data=user_context_data)
    if analytics_metadata is not None:
        members["AnalyticsMetadata"] = wire(AnalyticsMetadata, analytics_metadata=analytics_metadata)
    return members


class Wired(Protocol):
    """A value that has a form on the wire."""

    def to_wire(self) -> Mapping[str, object]: ...


def wire(kind: type[Wired], **given: object) -> Mapping[str, object]:
    """The form of the one value that is given; `ValueError` under its name where it is of another kind."""
    [(name, value)] = given.items()
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be {kind.__name__}(...), not {type(value).__name__}")
    return value.to_wire()


def optional(**given: tuple[str, str | None]) -> dict[str, object]:
    """The members of texts that are not None: `optional(device_name=("DeviceName", device_name))`."""
    require_optional_string(**{name: value for name, (_, value) in given.items()})
    return {member: value for member, value in given.values() if value is not None}


def limited(name: str, member: str, count: object) -> dict[str, object]:
    """The member of a whole number that is not None; `ValueError` under the caller's name for anything else."""
    if count is None:
        return {}
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"{name} must be a whole number, not {type(count).__name__}")
    return {member: count}


def texts(name: str, given: object) -> dict[str, str]:
    """A mapping of texts, as it is given; `ValueError` names the first that is none."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a mapping of strings, not {type(given).__name__}")
    for key, value in given.items():
        require_string(**{f"a key of {name}": key, f"{name}[{key!r}]": value})
    return dict(given)


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
