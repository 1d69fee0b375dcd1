"""The sign-in operations as the service has them, for cases that `sign_in` does not cover, and any other operation.

Only the secret hash is computed here. The caller names the flow and gives each response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ..config import Config
from ..flow import Flow, ask_for
from ..models.challenge import Challenge
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_optional_string, require_string
from ..models.tokens import Tokens
from .auth_calls import auth_context, initiate, outcome, respond
from .parameters import strings

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
    require_optional_string(session=session)
    given = strings("auth_parameters", auth_parameters or {})
    context = auth_context(config, None, client_metadata, user_context_data, analytics_metadata)
    answer = yield from initiate(context, auth_flow, given, session)
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
    require_optional_string(session=session)
    given = strings("challenge_responses", challenge_responses)
    context = auth_context(config, None, client_metadata, user_context_data, analytics_metadata)
    answer = yield from respond(context, challenge_name, given, session)
    return outcome(answer, given.get("USERNAME", ""))


def call(config: Config, operation: str, parameters: Mapping[str, object]) -> Flow[Mapping[str, Any]]:
    """Call any operation, and return the JSON object of its reply.

    parameters: as the service's documentation spells them. Nothing is added: include ClientId and SecretHash if needed.
    """
    return (yield from ask_for(operation, parameters, lambda body: body))
