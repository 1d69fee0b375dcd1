"""The service's side of a sign-in, and the exchanges of one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cognito_raw import (
    Reply,
    Result,
)
from cognito_raw.srp.exchange import N, g
from tests.support.conversation import (
    CLIENT_ID,
    Exchange,
    answered,
    fixed_randomness,
)
from tests.support.srp_server import hashed, padded, power


@dataclass(frozen=True)
class SrpServer:
    """The service's side of one sign-in: it knows the verifier of a password, and b, never the password's proof."""

    user_id: str = "5u8-of-jane"
    password: str = "Passw0rd!"
    salt: int = 0x9A3F
    b: int = 0xB0B5_1D3 << 200
    block: bytes = b"secret block"
    group: str = "AbCdEf123"  # the pool's name; of a device, its group key

    @property
    def verifier(self) -> int:
        identity = hashlib.sha256(f"{self.group}{self.user_id}:{self.password}".encode()).digest()
        return power(g, hashed(padded(self.salt), identity))

    @property
    def B(self) -> int:
        return (hashed(padded(N), b"\2") * self.verifier + power(g, self.b)) % N

    def asks(self, **changes: object) -> dict[str, object]:
        """The body of its PASSWORD_VERIFIER; a change of None leaves that parameter out."""
        parameters: dict[str, object] = {
            "SALT": f"{self.salt:x}",
            "SECRET_BLOCK": base64.b64encode(self.block).decode(),
            "SRP_B": f"{self.B:x}",
            "USERNAME": self.user_id,
            "USER_ID_FOR_SRP": self.user_id,
            **changes,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": kept}

    def expects(self, timestamp: str) -> dict[str, str]:
        """The responses that prove the password, from what the service knows: S = (A v^u)^b."""
        A = int(SRP_A, 16)
        u = hashed(padded(A), padded(self.B))
        S = power(A * power(self.verifier, u) % N, self.b)
        prk = hmac.digest(padded(u), padded(S), hashlib.sha256)
        key = hmac.digest(prk, b"Caldera Derived Key\x01", hashlib.sha256)[:16]
        claim = self.group.encode() + self.user_id.encode() + self.block + timestamp.encode()
        return {
            "USERNAME": self.user_id,
            "PASSWORD_CLAIM_SECRET_BLOCK": base64.b64encode(self.block).decode(),
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, claim, hashlib.sha256)).decode(),
            "TIMESTAMP": timestamp,
        }


# What a client with the fixed randomness sends first.
SRP_A: Final = f"{power(g, int.from_bytes(fixed_randomness(32), 'big')):x}"


def initiate(reply: Result[Reply], username: str = "jane", **more: str) -> Exchange:
    """The first call of a sign-in."""
    parameters = {"USERNAME": username, "SRP_A": SRP_A, **more}
    return Exchange(
        "InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}, reply
    )


def respond(reply: Result[Reply], responses: Mapping[str, str], name: str, **more: str) -> Exchange:
    """The answer to a challenge."""
    return Exchange(
        "RespondToAuthChallenge",
        {"ChallengeName": name, "ClientId": CLIENT_ID, "ChallengeResponses": responses, **more},
        reply,
    )


def srp_sign_in(reply: Result[Reply], username: str = "jane") -> tuple[Exchange, Exchange]:
    """A sign-in whose proof is right, ending in this reply."""
    server = SrpServer()
    proof = server.expects("Tue Jul 7 09:05:03 UTC 2026")
    return (
        initiate(answered(server.asks(), date="Tue, 07 Jul 2026 09:05:03 GMT"), username),
        respond(reply, proof, "PASSWORD_VERIFIER"),
    )
