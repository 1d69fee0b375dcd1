"""The sign-in operations as the service has them, for cases that `sign_in` does not cover, and any other operation.

Only the secret hash is computed here. The caller names the flow and gives each response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from ..config import Config
from ..flow import Flow, ask
from ..models.challenge import Challenge
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_string
from ..models.tokens import Tokens
from ..result import Err, Ok
from .auth_calls import outcome
from .parameters import context, optional, strings, within_responses

AuthFlow: TypeAlias = Literal[
    "USER_SRP_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "CUSTOM_AUTH",
    "ADMIN_NO_SRP_AUTH",
    "USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
    "USER_AUTH",
]
_PROOF: Final = "SECRET_HASH"


def initiate_auth(
    config: Config,
    auth_flow: AuthFlow,
    auth_parameters: Mapping[str, str] | None = None,
    *,
    session: str | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Tokens | Challenge]:
    """Begin a sign-in or refresh tokens, by one of the service's flows. For SRP, `sign_in` is simpler.

    auth_parameters: in the service's names, such as `{"USERNAME": ..., "PASSWORD": ...}`. SECRET_HASH over USERNAME
    is added if it is missing. A refresh with a client secret needs `config.secret_hash(...)` over the user's id.
    session: of `confirm_sign_up`, to sign the user in by `USER_AUTH`.

    Returns the tokens, or the challenge that must be answered first. Reasons: those of `sign_in`; for a refresh, those
    of `get_tokens_from_refresh_token`.
    """
    require_string(auth_flow=auth_flow)
    given = strings("auth_parameters", auth_parameters or {})
    parameters = {
        "AuthFlow": auth_flow,
        "ClientId": config.client_id,
        "AuthParameters": _proven(config, given),
        **optional(session=session),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("InitiateAuth", parameters)
    return outcome(answer, given.get("USERNAME", ""), given.get("REFRESH_TOKEN"))


def respond_to_auth_challenge(
    config: Config,
    challenge_name: str,
    challenge_responses: Mapping[str, str],
    *,
    session: str | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Tokens | Challenge]:
    """Answer a challenge of any name.

    challenge_responses: in the service's names: USERNAME (`challenge.username`), and the responses to this challenge.
    SECRET_HASH over USERNAME is added if it is missing. session: `challenge.session`.

    Returns the tokens, or the next challenge. Reasons: `code-mismatch`, `code-expired`, `challenge-session-invalid`,
    `invalid-password`, `invalid-parameter`, `lambda-refused`, and those of `sign_in`.
    """
    require_string(challenge_name=challenge_name)
    given = strings("challenge_responses", challenge_responses)
    parameters = {
        "ChallengeName": challenge_name,
        "ClientId": config.client_id,
        "ChallengeResponses": _proven(config, given),
        **optional(session=session),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("RespondToAuthChallenge", parameters)
    return outcome(answer, given.get("USERNAME", ""))


def _proven(config: Config, given: dict[str, str]) -> dict[str, str]:
    return within_responses(config, given) if "USERNAME" in given and _PROOF not in given else given


def call(config: Config, operation: str, parameters: Mapping[str, object]) -> Flow[Mapping[str, Any]]:
    """Call any operation, and return the JSON object of its reply.

    parameters: as the service's documentation spells them. Nothing is added: include ClientId and SecretHash if needed.
    """
    answer = yield from ask(operation, parameters)
    return answer if isinstance(answer, Err) else Ok(answer.value.body)
