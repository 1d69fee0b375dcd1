"""InitiateAuth and RespondToAuthChallenge, the two calls of a sign-in, and the members that both carry."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import MappingProxyType

from ..call import Call, ServiceReply
from ..config import Config
from ..flow import ask, parse
from ..models.challenge import Challenge, read_challenge
from ..models.context import AnalyticsMetadata, UserContext
from ..models.frozen import Frozen
from ..models.tokens import RememberedDevice, Tokens
from ..result import Result
from .parameters import Hidden, context, within_responses


class AuthContext(Hidden, Frozen):
    """The device and the members that all calls of one sign-in carry."""

    config: Config
    device: RememberedDevice | None = None
    members: Mapping[str, object] = MappingProxyType({})


def auth_context(
    config: Config,
    device: RememberedDevice | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> AuthContext:
    """Return the context of a sign-in. An argument that is None adds nothing to its calls."""
    if not (device is None or isinstance(device, RememberedDevice)):
        raise ValueError(f"device must be a RememberedDevice, not {type(device).__name__}")
    return AuthContext(config, device, context(client_metadata, user_context_data, analytics_metadata))


def initiate(
    context: AuthContext, flow: str, parameters: dict[str, str], session: str | None = None
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """Send InitiateAuth."""
    request: dict[str, object] = {
        "AuthFlow": flow,
        "ClientId": context.config.client_id,
        "AuthParameters": within_responses(context.config, parameters),
    }
    return (yield from ask("InitiateAuth", _complete(context, request, session)))


def respond(
    context: AuthContext, name: str, responses: dict[str, str], session: str | None
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """Send RespondToAuthChallenge, with the device key if the device belongs to this user."""
    device = context.device
    if device is not None and device.username == responses["USERNAME"]:
        responses = {"DEVICE_KEY": device.key, **responses}
    request: dict[str, object] = {
        "ChallengeName": name,
        "ClientId": context.config.client_id,
        "ChallengeResponses": within_responses(context.config, responses),
    }
    return (yield from ask("RespondToAuthChallenge", _complete(context, request, session)))


def _complete(context: AuthContext, request: dict[str, object], session: str | None) -> dict[str, object]:
    return {**request, **context.members, **({} if session is None else {"Session": session})}


def outcome(
    answer: Result[ServiceReply], username: str, refresh_token: str | None = None
) -> Result[Tokens | Challenge]:
    """Return the tokens, or the challenge that comes before them."""

    def read(body: Mapping[str, object]) -> Tokens | Challenge:
        if body.get("ChallengeName") is not None:
            return read_challenge(body, username=username)
        return Tokens.read(body, kept=refresh_token)

    return parse(answer, read)
