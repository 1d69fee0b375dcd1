"""One attempt to sign in: the two calls that it is made of, what all of them carry, and what comes of each."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from ..call import Call, require_text
from ..challenge import Challenge
from ..challenges import read_challenge
from ..config import Config
from ..device import RememberedDevice
from ..flow import ask, shaped
from ..result import Result
from ..shapes import Answer, Tokens
from .client_secret import within_responses


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the calls of an attempt share: the device that speaks, and the members that each of them carries."""

    config: Config
    device: RememberedDevice | None = None
    members: Mapping[str, object] = field(default_factory=dict, repr=False)


def attempt_of(
    config: Config,
    device: RememberedDevice | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: Mapping[str, str] | None = None,
    analytics_endpoint_id: str | None = None,
) -> Attempt:
    """The attempt whose calls carry these; nothing of what is None."""
    endpoint = None if analytics_endpoint_id is None else {"AnalyticsEndpointId": analytics_endpoint_id}
    members = {
        "ClientMetadata": _texts("client_metadata", client_metadata),
        "UserContextData": _texts("user_context_data", user_context_data),
        "AnalyticsMetadata": _texts("analytics_endpoint_id", endpoint),
    }
    if not (device is None or isinstance(device, RememberedDevice)):
        raise ValueError(f"device must be a RememberedDevice, not {type(device).__name__}")
    return Attempt(config, device, {name: value for name, value in members.items() if value is not None})


def _texts(name: str, value: object) -> Mapping[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping of texts, not {type(value).__name__}")
    for key, text in value.items():
        require_text(**{f"a key of {name}": key, f"a value of {name}": text})
    return dict(value)


def initiate(
    attempt: Attempt, flow: str, parameters: dict[str, str], session: str | None = None
) -> Generator[Call, Result[Answer], Result[Answer]]:
    """The call that begins it."""
    request: dict[str, object] = {
        "AuthFlow": flow,
        "ClientId": attempt.config.client_id,
        "AuthParameters": within_responses(attempt.config, parameters),
    }
    return (yield from ask("InitiateAuth", _complete(attempt, request, session)))


def respond(
    attempt: Attempt, name: str, responses: dict[str, str], session: str | None
) -> Generator[Call, Result[Answer], Result[Answer]]:
    """The call that answers a challenge. It names the device, if that is of the user whom the responses name."""
    device = attempt.device
    if device is not None and device.username == responses["USERNAME"]:
        responses = {"DEVICE_KEY": device.key, **responses}
    request: dict[str, object] = {
        "ChallengeName": name,
        "ClientId": attempt.config.client_id,
        "ChallengeResponses": within_responses(attempt.config, responses),
    }
    return (yield from ask("RespondToAuthChallenge", _complete(attempt, request, session)))


def _complete(attempt: Attempt, request: dict[str, object], session: str | None) -> dict[str, object]:
    return {**request, **attempt.members, **({} if session is None else {"Session": session})}


def outcome(answer: Result[Answer], username: str) -> Result[Tokens | Challenge]:
    """The tokens, or the challenge that stands before them."""

    def read(body: Mapping[str, object]) -> Tokens | Challenge:
        if body.get("ChallengeName") is not None:
            return read_challenge(body, username=username)
        return Tokens.read(body)

    return shaped(answer, read)
