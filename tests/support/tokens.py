"""Keys, and tokens that they signed: made here, with every part of them open to a test."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cognito_raw import Config
from tests.support.samples import CLIENT, ISS, POOL

NOW: Final = 1_783_415_103
OTHER_ISS: Final = f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/{POOL}"
COMMON: Final[dict[str, Any]] = {
    "sub": "5b1c-of-ada",
    "iss": ISS,
    "auth_time": NOW - 60,
    "iat": NOW - 60,
    "exp": NOW + 3600,
    "jti": "6f0e",
    "cognito:groups": ["admins", "users"],
}
ID: Final[dict[str, Any]] = {**COMMON, "token_use": "id", "aud": CLIENT, "cognito:username": "ada", "email": "ada@e"}
ACCESS: Final[dict[str, Any]] = {
    **COMMON,
    "token_use": "access",
    "client_id": CLIENT,
    "username": "ada",
    "scope": "aws.cognito.signin.user.admin openid",
}


class Clock:
    """Both clocks of a virtual machine, which go on when they are told to."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now
        self.up = 0.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.up

    def go_on(self, seconds: float, *, frozen: bool = False) -> None:
        """Time passes; in a frozen machine, only on the clock on the wall."""
        self.now += seconds
        self.up += 0 if frozen else seconds

    def config(self, **changes: Any) -> Config:
        return Config(
            **{"iss": ISS, "client_id": CLIENT, "clock": self.wall, "monotonic": self.monotonic, **changes},
        )


def private_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this name; the same all the time that the tests run."""
    return _made(name, bits)


@cache  # by both values, whether they were given or not
def _made(name: str, bits: int) -> rsa.RSAPrivateKey:
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def number(value: int) -> str:
    """A Base64urlUInt."""
    return encoded(value.to_bytes((value.bit_length() + 7) // 8))


def jwk(name: str = "one", bits: int = 2048, **changes: Any) -> dict[str, Any]:
    """The public key of this name, as a key set has it; a change to None leaves a member out."""
    public = private_key(name, bits).public_key().public_numbers()
    members = {"kid": name, "kty": "RSA", "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e)}
    return {key: value for key, value in {**members, **changes}.items() if value is not None}


def key_set(*names: str) -> bytes:
    """A key set as the service sends it."""
    return json.dumps({"keys": [jwk(name) for name in names or ("one", "two")]}).encode()


def raw_token(header: bytes, payload: bytes, key: str = "one", bits: int = 2048) -> str:
    """A token of these very bytes, signed."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    signature = private_key(key, bits).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{encoded(signature)}"


def token(
    claims: Mapping[str, Any] = ID, key: str = "one", *, header: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    """A token that this key signed; a change of the claims to None leaves one out."""
    payload = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    headed = {"kid": key, "alg": "RS256", **(header or {})}
    return raw_token(json.dumps(headed).encode(), json.dumps(payload).encode(), key)
