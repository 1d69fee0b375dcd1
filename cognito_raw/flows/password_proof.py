"""The SRP proof of the password of a user or of a device."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from ..call import ServiceReply
from ..config import Config
from ..flow import malformed, parse
from ..models.fields import UnexpectedJson, mapping, optional_string, string
from ..models.frozen import Frozen, replace
from ..result import Err, Ok, Result
from ..srp import exchange as srp
from .parameters import Hidden


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
