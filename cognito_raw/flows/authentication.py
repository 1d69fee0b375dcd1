"""Signing in with a password over SRP, and the answers to what the service asks in return."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

from .. import srp
from ..call import Call, require_text
from ..challenge import Challenge
from ..config import Config
from ..flow import Flow, ask, malformed, shaped
from ..members import Misfit, mapping, optional_text, text
from ..result import Err, Ok, Result
from ..shapes import Answer, Tokens, read_challenge
from .client_secret import within_responses
from .registration import named_attributes


def sign_in(config: Config, username: str, password: str) -> Flow[Tokens | Challenge]:
    """Sign in with USER_SRP_AUTH. The password is proven, never sent.

    Gives the tokens, or the challenge that must be answered first. Reasons: `incorrect-username-or-password`,
    `user-not-found`, `account-unverified`, `disabled-user`, `password-reset-required`,
    `login-attempts-limit-exceeded`, `unsafe-srp-value`.
    """
    require_text(username=username, password=password)
    pair = srp.Ephemeral.draw(config.randomness)
    parameters = within_responses(config, {"USERNAME": username, "SRP_A": f"{pair.A:x}"})
    request = {"AuthFlow": "USER_SRP_AUTH", "ClientId": config.client_id, "AuthParameters": parameters}
    answer = yield from ask("InitiateAuth", request)
    if isinstance(answer, Err):
        return answer
    if answer.value.body.get("ChallengeName") != "PASSWORD_VERIFIER":
        return _outcome(answer, username)
    return (yield from _prove(config, pair, answer.value, password))


def respond_to_new_password_required(
    config: Config, challenge: Challenge, new_password: str, attributes: Mapping[str, str] | None = None
) -> Flow[Tokens | Challenge]:
    """Answer NEW_PASSWORD_REQUIRED, with the attributes that the challenge requires.

    Reasons: `invalid-password`, `invalid-parameter` (an attribute is missing), `password-used-before`,
    `challenge-session-invalid`.
    """
    require_text(new_password=new_password)
    responses = {"USERNAME": challenge.username, "NEW_PASSWORD": new_password}
    for name, value in named_attributes(attributes or {}).items():
        responses[f"userAttributes.{name}"] = value
    answer = yield from _respond(config, challenge.name, responses, challenge.session)
    return _outcome(answer, challenge.username)


@dataclass(frozen=True, slots=True)
class _Verifier:
    """What a PASSWORD_VERIFIER challenge says, with the numbers as numbers."""

    B: int = field(repr=False)
    salt: int = field(repr=False)
    secret_block: str = field(repr=False)
    user_id: str
    username: str
    session: str | None = field(repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> _Verifier:
        parameters = mapping(body, "ChallengeParameters")
        user_id = text(parameters, "USER_ID_FOR_SRP")
        return cls(
            B=_number(parameters, "SRP_B"),
            salt=_number(parameters, "SALT"),
            secret_block=text(parameters, "SECRET_BLOCK"),
            user_id=user_id,
            username=optional_text(parameters, "USERNAME") or user_id,
            session=optional_text(body, "Session"),
        )


def _number(parameters: Mapping[str, object], name: str) -> int:
    try:
        return srp.number(text(parameters, name))
    except srp.UnsafeValue as error:
        raise Misfit(f"{name} is {error}") from None


def _prove(config: Config, pair: srp.Ephemeral, asked: Answer, password: str) -> Flow[Tokens | Challenge]:
    verifier = shaped(Ok(asked), _Verifier.read)
    if isinstance(verifier, Err):
        return verifier
    responses = _claim(config, pair, asked, verifier.value, password)
    if isinstance(responses, Err):
        return responses
    answer = yield from _respond(config, "PASSWORD_VERIFIER", responses.value, verifier.value.session)
    return _outcome(answer, verifier.value.username)


def _claim(
    config: Config, pair: srp.Ephemeral, asked: Answer, verifier: _Verifier, password: str
) -> Result[dict[str, str]]:
    # The service's own clock, where it told it: a proof signed at a wrong time looks like a wrong password.
    when = srp.timestamp(config.clock() if asked.date is None else asked.date)
    try:
        block = base64.b64decode(verifier.secret_block, validate=True)
        u = srp.scramble(pair.A, verifier.B)
    except srp.UnsafeValue as error:
        return replace(malformed(asked, str(error)), reason="unsafe-srp-value")
    except ValueError:  # not only binascii.Error, which what is not ASCII does not even reach
        return malformed(asked, "SECRET_BLOCK is not base64")
    x = srp.private_key(verifier.salt, config.pool_name, verifier.user_id, password)
    key = srp.session_key(srp.premaster(pair, verifier.B, u, x), u)
    proof = srp.signature(key, config.pool_name, verifier.user_id, block, when)
    return Ok(
        {
            "USERNAME": verifier.username,
            "PASSWORD_CLAIM_SECRET_BLOCK": verifier.secret_block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(proof).decode(),
            "TIMESTAMP": when,
        }
    )


def _respond(
    config: Config, name: str, responses: dict[str, str], session: str | None
) -> Generator[Call, Result[Answer], Result[Answer]]:
    request: dict[str, object] = {
        "ChallengeName": name,
        "ClientId": config.client_id,
        "ChallengeResponses": within_responses(config, responses),
    }
    if session is not None:
        request["Session"] = session
    return (yield from ask("RespondToAuthChallenge", request))


def _outcome(answer: Result[Answer], username: str) -> Result[Tokens | Challenge]:
    """The tokens, or the challenge that stands before them."""

    def read(body: Mapping[str, object]) -> Tokens | Challenge:
        if body.get("ChallengeName") is not None:
            return read_challenge(body, username=username)
        return Tokens.read(body)

    return shaped(answer, read)
