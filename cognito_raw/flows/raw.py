"""The two operations of every sign-in as the service has them, for what `sign_in` does not do.

Nothing is proven or worked out here but the client secret: the caller says which flow, and brings each answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from ..call import ServiceReply
from ..config import Config
from ..flow import Flow, ask, parse
from ..models.challenge import Challenge, read_challenge
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_string
from ..models.tokens import Tokens
from ..result import Err, Ok, Result
from .parameters import context, optional, texts, within_responses

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
    """Begin a sign-in or refresh tokens, by one of the service's flows; `sign_in` does the arithmetic of SRP by itself.

    auth_parameters: in the service's words, such as `{"USERNAME": ..., "PASSWORD": ...}`. SECRET_HASH is added over
    USERNAME, unless it is there; a refresh with a client secret needs `config.secret_hash(...)` over the user's id.
    session: of `confirm_sign_up`, which signs the user in by `USER_AUTH`.

    Gives the tokens, or the challenge that must be answered first. Reasons: those of `sign_in`, and for a refresh those
    of `get_tokens_from_refresh_token`.
    """
    require_string(auth_flow=auth_flow)
    given = texts("auth_parameters", auth_parameters or {})
    parameters = {
        "AuthFlow": auth_flow,
        "ClientId": config.client_id,
        "AuthParameters": _proven(config, given),
        **optional(session=("Session", session)),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("InitiateAuth", parameters)
    return _outcome(answer, given.get("USERNAME", ""), given.get("REFRESH_TOKEN"))


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
    """Answer a challenge, of whatever name.

    challenge_responses: in the service's words: USERNAME, which is `challenge.username`, and what the challenge asks
    for. SECRET_HASH is added over USERNAME, unless it is there. session: `challenge.session`.

    Gives the tokens, or the next challenge. Reasons: `code-mismatch`, `code-expired`, `challenge-session-invalid`,
    `invalid-password`, `invalid-parameter`, `lambda-refused`, and those of `sign_in`.
    """
    require_string(challenge_name=challenge_name)
    given = texts("challenge_responses", challenge_responses)
    parameters = {
        "ChallengeName": challenge_name,
        "ClientId": config.client_id,
        "ChallengeResponses": _proven(config, given),
        **optional(session=("Session", session)),
        **context(client_metadata, user_context_data, analytics_metadata),
    }
    answer = yield from ask("RespondToAuthChallenge", parameters)
    return _outcome(answer, given.get("USERNAME", ""), None)


def _proven(config: Config, given: dict[str, str]) -> dict[str, str]:
    return within_responses(config, given) if "USERNAME" in given and _PROOF not in given else given


def _outcome(answer: Result[ServiceReply], username: str, refresh_token: str | None) -> Result[Tokens | Challenge]:
    """The tokens, or the challenge that stands before them."""

    def read(body: Mapping[str, object]) -> Tokens | Challenge:
        if body.get("ChallengeName") is not None:
            return read_challenge(body, username=username)
        return Tokens.read(body, kept=refresh_token)

    return parse(answer, read)


def call(config: Config, operation: str, parameters: Mapping[str, object]) -> Flow[Mapping[str, Any]]:
    """Call an operation with parameters as the service's documentation spells them; gives the reply's JSON object.

    Nothing is added to the parameters: put in ClientId and SecretHash where the operation wants them.
    """
    answer = yield from ask(operation, parameters)
    return answer if isinstance(answer, Err) else Ok(answer.value.body)
