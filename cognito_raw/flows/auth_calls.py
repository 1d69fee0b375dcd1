"""The calls of a sign-in, InitiateAuth and RespondToAuthChallenge, and the SRP proofs of a password and a device."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from ..call import Call, ServiceReply
from ..config import Config
from ..flow import Flow, ask, malformed, parse
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import UnexpectedJson, mapping, optional_string, require_optional_string, require_string, string
from ..models.frozen import Frozen, replace
from ..models.tokens import ConfirmedDevice, NewDevice, RememberedDevice, Tokens
from ..result import Err, Ok, Result
from ..srp import exchange as srp
from .parameters import Hidden, context, optional, within_responses

if TYPE_CHECKING:
    from ..models.challenge import Challenge

T = TypeVar("T")

Signing: TypeAlias = "Generator[Call, Result[ServiceReply], tuple[Result[Tokens | Challenge], RememberedDevice | None]]"
"""Returns the result and the device, which is None if the service has forgotten it."""

# As AWS's own clients draw them.
_PASSWORD_BYTES: Final = 40
_SALT_BYTES: Final = 16


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
            from ..models.challenge import read_challenge  # here: a sign-in may meet none

            return read_challenge(body, username=username)
        return Tokens.read(body, kept=refresh_token)

    return parse(answer, read)


def confirm_new_device(
    config: Config, access_token: str, new_device: NewDevice, username: str, *, name: str | None = None
) -> Flow[ConfirmedDevice]:
    """Confirm a new device with a generated password, which proves the device at the next sign-in.

    new_device: from the tokens of the sign-in.
    username: the service's own user name, which the access token has.
    name: the device's name in the user's list of devices.

    The service accepts any verifier, and refuses a wrong one only at the next sign-in. Reasons: `device-key-exists`,
    `device-not-found`, and those of access tokens.
    """
    device, request = confirmation(config, access_token, new_device, username, name)
    answer = yield from ask("ConfirmDevice", request)
    if isinstance(answer, Err):
        return answer
    return Ok(ConfirmedDevice(device, answer.value.body.get("UserConfirmationNecessary") is True))


def confirmation(
    config: Config, access_token: str, new_device: NewDevice, username: str, name: str | None = None
) -> tuple[RememberedDevice, dict[str, object]]:
    """Return a new device with a generated password, and the parameters of ConfirmDevice for it."""
    require_string(access_token=access_token, username=username)
    require_optional_string(name=name)
    password = base64.b64encode(config.randomness(_PASSWORD_BYTES)).decode()
    salt = int.from_bytes(config.randomness(_SALT_BYTES), "big")
    x = srp.private_key(salt, new_device.group_key, new_device.key, password)
    verifier = {"PasswordVerifier": _base64(srp.verifier(x)), "Salt": _base64(salt)}
    request: dict[str, object] = {
        "AccessToken": access_token,
        "DeviceKey": new_device.key,
        "DeviceSecretVerifierConfig": verifier,
    }
    device = RememberedDevice(new_device.key, new_device.group_key, password, username)
    return device, request | optional(device_name=name)


def _base64(n: int) -> str:
    return base64.b64encode(srp.pad(n)).decode()


def finish(context: AuthContext, answer: Result[ServiceReply], username: str) -> Flow[Tokens | Challenge]:
    """Return the result of a call. If it asks for the device, prove the device first."""
    result = outcome(answer, username)
    if isinstance(result, Err) or isinstance(result.value, Tokens) or context.device is None:
        return result
    named = result.value.parameters.get("USERNAME", context.device.username)
    if result.value.name != "DEVICE_SRP_AUTH" or named != context.device.username:
        return result
    return (yield from prove_device(context, context.device, result.value))


def prove_device(context: AuthContext, device: RememberedDevice, challenge: Challenge) -> Flow[Tokens | Challenge]:
    """Answer DEVICE_SRP_AUTH and send the proof. A refused proof is `device-not-found`."""
    pair = srp.Ephemeral.draw(context.config.randomness)
    # The service may leave out USERNAME. The name that the user typed may be an alias.
    username = challenge.parameters.get("USERNAME") or device.username
    responses = {"USERNAME": username, "DEVICE_KEY": device.key, "SRP_A": f"{pair.A:x}"}
    asked = yield from respond(context, challenge.name, responses, challenge.session)
    if isinstance(asked, Err) or asked.value.body.get("ChallengeName") != "DEVICE_PASSWORD_VERIFIER":
        return _of_device(outcome(asked, username))
    identity = SrpIdentity(device.group_key, device.key, device.password)
    named = {"USERNAME": username, "DEVICE_KEY": device.key}
    answer = yield from _respond_with_proof(context, pair, asked.value, identity, named)
    return _of_device(outcome(answer, username))


def _of_device(result: Result[Tokens | Challenge]) -> Result[Tokens | Challenge]:
    # The service's error is the same for a wrong device password and a wrong user password.
    if isinstance(result, Err) and result.reason == "incorrect-username-or-password":
        return replace(result, reason="device-not-found")
    return result


def _respond_with_proof(
    context: AuthContext, pair: srp.Ephemeral, asked: ServiceReply, identity: SrpIdentity, named: dict[str, str]
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """Answer the challenge of this reply with the proof that it asks for, and the names of user and device."""
    proof = prove(context.config, pair, asked, identity)
    if isinstance(proof, Err):
        return proof
    responses = {**named, **proof.value.responses}
    return (yield from respond(context, asked.body["ChallengeName"], responses, proof.value.session))


def with_device(context: AuthContext, result: Result[T]) -> tuple[Result[T], RememberedDevice | None]:
    """Return the result, and the device of this sign-in unless the service has forgotten it."""
    return result, None if is_forgotten(context, result) else context.device


def is_forgotten(context: AuthContext, result: Result[object]) -> bool:
    """Tell if the service has forgotten the device of this sign-in."""
    return context.device is not None and isinstance(result, Err) and result.reason == "device-not-found"


def prove_password(
    context: AuthContext, pair: srp.Ephemeral, answer: Result[ServiceReply], password: str, username: str
) -> Flow[Tokens | Challenge]:
    """Prove the password if the answer asks for it. Otherwise return the answer's result."""
    if isinstance(answer, Err) or answer.value.body.get("ChallengeName") != "PASSWORD_VERIFIER":
        return (yield from finish(context, answer, username))
    named = parse(answer, _names)
    if isinstance(named, Err):
        return named
    user_id, username = named.value
    identity = SrpIdentity(context.config.pool_name, user_id, password)
    proven = yield from _respond_with_proof(context, pair, answer.value, identity, {"USERNAME": username})
    return (yield from finish(context, proven, username))


def with_exponent(result: Result[Tokens | Challenge], exponent: str | None) -> Result[Tokens | Challenge]:
    """Keep the exponent of SRP_A with a challenge that the proof may follow, or that asks for it."""
    if isinstance(result, Err) or isinstance(result.value, Tokens) or exponent is None:
        return result
    from ..models.challenge import EXPONENT  # here: a sign-in may meet no challenge

    challenge = result.value
    if challenge.name not in ("CUSTOM_CHALLENGE", "PASSWORD_VERIFIER"):
        return result
    return Ok(replace(challenge, parameters={**challenge.parameters, EXPONENT: exponent}))


def _names(body: Mapping[str, object]) -> tuple[str, str]:
    """Return the user id that the proof hashes, and the user name for the next request."""
    parameters = mapping(body, "ChallengeParameters")
    user_id = string(parameters, "USER_ID_FOR_SRP")
    return user_id, optional_string(parameters, "USERNAME") or user_id


class SrpIdentity(Hidden, Frozen):
    """The three strings that the private key hashes.

    group, name: the pool's name and the user's id, or a device's group key and key.
    """

    group: str
    name: str
    password: str


class Verifier(Hidden, Frozen):
    """The parameters of PASSWORD_VERIFIER and DEVICE_PASSWORD_VERIFIER."""

    B: int
    salt: int
    secret_block: str
    session: str | None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Verifier:
        parameters = mapping(body, "ChallengeParameters")
        return cls(
            B=_number(parameters, "SRP_B", srp.number),
            salt=_number(parameters, "SALT", srp.signed_number),
            secret_block=string(parameters, "SECRET_BLOCK"),
            session=optional_string(body, "Session"),
        )


class Proof(Hidden, Frozen):
    """The responses that prove the password, without the user name, and the session to send with them."""

    responses: Mapping[str, str]
    session: str | None


def _number(parameters: Mapping[str, object], name: str, read: Callable[[str], int]) -> int:
    try:
        return read(string(parameters, name))
    except srp.UnsafeValue as error:
        raise UnexpectedJson(f"{name} is {error}") from None


def prove(config: Config, pair: srp.Ephemeral, asked: ServiceReply, identity: SrpIdentity) -> Result[Proof]:
    """Return the proof that a reply asks for. Reasons: `malformed-reply`, `unsafe-srp-value`."""
    read = parse(Ok(asked), Verifier.read)
    if isinstance(read, Err):
        return read
    verifier = read.value
    # The service's time, if the reply has it: a proof with a wrong time looks like a wrong password.
    when = srp.timestamp(config.clock() if asked.date is None else asked.date)
    try:
        u = srp.scramble(pair.A, verifier.B)
    except srp.UnsafeValue as error:
        return replace(malformed(asked, str(error)), reason="unsafe-srp-value")
    x = srp.private_key(verifier.salt, identity.group, identity.name, identity.password)
    key = srp.session_key(srp.premaster(pair, verifier.B, u, x), u)
    block = srp.secret_bytes(verifier.secret_block)
    proof = srp.signature(key, identity.group, identity.name, block, when)
    responses = {
        "PASSWORD_CLAIM_SECRET_BLOCK": verifier.secret_block,
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(proof).decode(),
        "TIMESTAMP": when,
    }
    return Ok(Proof(responses, verifier.session))
