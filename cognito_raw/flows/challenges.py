"""Answers to challenges, and the setup of an authenticator app during a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ..call import ServiceReply
from ..config import Config
from ..flow import Flow, ask, parse
from ..models.account import TotpSetup
from ..models.challenge import EXPONENT, Challenge, ChallengeAnswer
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import InputRefused, optional_string, require_optional_string, require_text, string
from ..models.frozen import replace
from ..models.tokens import RememberedDevice, Tokens
from ..reasons import ENDS_CHALLENGE
from ..result import Err, Ok, Result
from ..srp import exchange as srp
from .auth_calls import (
    AuthContext,
    Signing,
    auth_context,
    finish,
    is_forgotten,
    prove_device,
    prove_password,
    respond,
    with_device,
    with_exponent,
)
from .responses import Responses, responses_to

T = TypeVar("T")


def answer_challenge(
    config: Config,
    challenge: Challenge,
    answer: ChallengeAnswer,
    *,
    password: str | None = None,
    attributes: Mapping[str, str] | None = None,
    friendly_device_name: str | None = None,
    device: RememberedDevice | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Tokens | Challenge]:
    """Answer a challenge. Its class documents the answer that it takes.

    answer: the code, choice, new password, password, passkey assertion, custom answer, or `RememberedDevice`. Any
        challenge, also of a future kind, takes a mapping of responses in the service's names. MFA_SETUP takes an
        empty mapping once its code is verified.
    password: with the choice of PASSWORD or PASSWORD_SRP in answer to SELECT_CHALLENGE.
    attributes: with a new password, the attributes that the challenge requires. Named as in `sign_up`.
    friendly_device_name: with the first code of an authenticator app, the user's name for it.
    device, client_metadata, user_context_data: as in `sign_in`.

    Returns the tokens, or the next challenge. After a failure, `err.challenge` may be answered again. If it is None,
    only a new sign-in helps. Reasons: `input-refused`, `code-mismatch`, `code-expired` (of an authenticator app: used
    already, wait for the next), `software-token-mfa-refused`, `invalid-password`, `invalid-parameter`,
    `password-used-before`, `challenge-session-invalid`, `incorrect-username-or-password`, `lambda-refused`.
    """
    context = auth_context(config, device, client_metadata, user_context_data, analytics_metadata)
    result, _ = yield from run_answer(
        context, challenge, answer, password=password, attributes=attributes, friendly_device_name=friendly_device_name
    )
    return result


def respond_to_new_password_required(
    config: Config, challenge: Challenge, new_password: str, attributes: Mapping[str, str] | None = None
) -> Flow[Tokens | Challenge]:
    """Answer NEW_PASSWORD_REQUIRED, with the attributes that the challenge requires.

    Reasons: `invalid-password`, `invalid-parameter` (an attribute is missing), `password-used-before`,
    `challenge-session-invalid`.
    """
    require_text(new_password=new_password)
    return (yield from answer_challenge(config, challenge, new_password, attributes=attributes))


def begin_totp_setup(config: Config, challenge: Challenge) -> Flow[TotpSetup]:
    """Begin to set up an authenticator app for MFA_SETUP. Return its secret, and the challenge for its first code.

    Reasons: `challenge-session-invalid`, `software-token-mfa-not-found`, `concurrent-modification`.
    """
    _require_challenge(challenge)
    if challenge.name != "MFA_SETUP":
        raise ValueError(f"an authenticator app is set up in answer to MFA_SETUP, not to {challenge.name}")
    answer = yield from ask("AssociateSoftwareToken", _within_session(challenge, {}))

    def read(body: Mapping[str, object]) -> TotpSetup:
        return TotpSetup(string(body, "SecretCode"), _with_session_of(challenge, body))

    return keep_challenge(parse(answer, read), challenge)


def run_answer(
    context: AuthContext,
    challenge: Challenge,
    answer: ChallengeAnswer,
    *,
    password: str | None = None,
    attributes: Mapping[str, str] | None = None,
    friendly_device_name: str | None = None,
) -> Signing:
    """Answer a challenge. If the service has forgotten the device, answer without it."""
    _require_challenge(challenge)
    if challenge.name == "DEVICE_SRP_AUTH" and isinstance(answer, RememberedDevice):
        result = yield from prove_device(replace(context, device=None), answer, challenge)
        forgotten = answer == context.device and is_forgotten(context, result)
        return keep_challenge(result, challenge), None if forgotten else context.device
    try:
        responses = responses_to(challenge, answer, password=password, attributes=attributes)
        require_optional_string(friendly_device_name=friendly_device_name)
    except InputRefused as refused:
        return keep_challenge(Err("input-refused", refused.sentence), challenge), context.device
    if friendly_device_name is not None and challenge.name != "MFA_SETUP":
        raise ValueError("friendly_device_name= goes with the first code of an authenticator app, for MFA_SETUP")
    if responses.code is not None:
        verified = yield from _verify(challenge, responses.code, friendly_device_name)
        if isinstance(verified, Err):
            return verified, context.device
        challenge = verified.value
    return (yield from _answer(context, challenge, responses))


def _require_challenge(challenge: object) -> None:
    if not isinstance(challenge, Challenge):
        raise ValueError(f"challenge must be a Challenge, such as result.value, not {type(challenge).__name__}")


def _answer(context: AuthContext, challenge: Challenge, responses: Responses) -> Signing:
    """Send the responses, and any proof that follows. A failure of that proof has no challenge to answer again."""
    if challenge.name == "PASSWORD_VERIFIER" and responses.srp_password is not None:
        return (yield from _prove(context, challenge, responses.srp_password))
    members, username = dict(responses.members), responses.members["USERNAME"]
    pair = None if responses.srp_password is None else srp.Ephemeral.draw(context.config.randomness)
    if pair is not None:
        members["SRP_A"] = f"{pair.A:x}"
    answer = yield from respond(context, challenge.name, members, challenge.session)
    if is_forgotten(context, answer):
        context = replace(context, device=None)
        answer = yield from respond(context, challenge.name, members, challenge.session)
    if isinstance(answer, Err):
        return keep_challenge(answer, challenge), context.device
    if pair is None or responses.srp_password is None:
        result = with_exponent((yield from finish(context, answer, username)), challenge.parameters.get(EXPONENT))
    else:
        result = yield from prove_password(context, pair, answer, responses.srp_password, username)
    return with_device(context, result)


def _prove(context: AuthContext, challenge: Challenge, password: str) -> Signing:
    """Prove the password with the exponent of the SRP_A that began this sign-in."""
    pair = srp.Ephemeral.of(srp.number(challenge.parameters[EXPONENT]))
    body = {"ChallengeName": challenge.name, "ChallengeParameters": challenge.parameters, "Session": challenge.session}
    asked = Ok(ServiceReply("RespondToAuthChallenge", body))
    result = yield from prove_password(context, pair, asked, password, challenge.username)
    return with_device(context, keep_challenge(result, challenge))


def _verify(challenge: Challenge, code: str, friendly_device_name: str | None) -> Flow[Challenge]:
    """Verify the first code of an authenticator app. Return the challenge, which then takes an empty answer."""
    named = {} if friendly_device_name is None else {"FriendlyDeviceName": friendly_device_name}
    answer = yield from ask("VerifySoftwareToken", _within_session(challenge, {"UserCode": code, **named}))

    def read(body: Mapping[str, object]) -> tuple[bool, Challenge]:
        return string(body, "Status") == "SUCCESS", _with_session_of(challenge, body)

    result = parse(answer, read)
    if isinstance(result, Err):
        return keep_challenge(result, challenge)
    accepted, renewed = result.value
    return Ok(renewed) if accepted else Err("software-token-mfa-refused", challenge=renewed, sent="yes")


def _within_session(challenge: Challenge, request: dict[str, object]) -> dict[str, object]:
    return request if challenge.session is None else {**request, "Session": challenge.session}


def _with_session_of(challenge: Challenge, body: Mapping[str, object]) -> Challenge:
    return replace(challenge, session=optional_string(body, "Session") or challenge.session)


def keep_challenge(result: Result[T], challenge: Challenge) -> Result[T]:
    """Return the result. Add the challenge to a failure if it may be answered again."""
    if isinstance(result, Ok):
        return result
    # An authenticator app shows a new code by itself. Other codes must be sent again.
    again = result.reason == "code-expired" and challenge.name == "SOFTWARE_TOKEN_MFA"
    return replace(result, challenge=challenge) if again or result.reason not in ENDS_CHALLENGE else result
