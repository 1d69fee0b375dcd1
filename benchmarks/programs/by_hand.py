"""A sign-in as a short script with nothing but the standard library, and OpenSSL for its three powers."""

from __future__ import annotations

import _ssl
import base64
import ctypes
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
import time
from typing import Any

_library = ctypes.CDLL(_ssl.__file__)
for _name in ("BN_new", "BN_CTX_new", "BN_bin2bn"):
    getattr(_library, _name).restype = ctypes.c_void_p
_context = ctypes.c_void_p(_library.BN_CTX_new())


def number(value: int) -> ctypes.c_void_p:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return ctypes.c_void_p(_library.BN_bin2bn(data, len(data), None))


def power(base: int, exponent: int, modulus: int) -> int:
    result, buffer = ctypes.c_void_p(_library.BN_new()), ctypes.create_string_buffer(384)
    _library.BN_mod_exp(result, number(base), number(exponent), number(modulus), _context)
    _library.BN_bn2binpad(result, buffer, 384)
    return int.from_bytes(buffer.raw, "big")


def padded(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def post(connection: http.client.HTTPSConnection, operation: str, body: object) -> Any:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    connection.request("POST", "/", json.dumps(body), headers)
    return json.loads(connection.getresponse().read())


def sign_in(pool: Any) -> Any:
    """Sign the user in, and return the claims of the ID token."""
    N, g, client = int(pool["N"], 16), 2, pool["client"]
    connection = http.client.HTTPSConnection(
        pool["endpoint"].removeprefix("https://"), context=ssl.create_default_context(cafile=pool["own"])
    )
    a = secrets.randbits(256)
    A = power(g, a, N)
    begin = {"USERNAME": "bob", "SRP_A": f"{A:x}"}
    asked = post(
        connection, "InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "ClientId": client, "AuthParameters": begin}
    )["ChallengeParameters"]
    B, salt, user = int(asked["SRP_B"], 16), int(asked["SALT"], 16), asked["USER_ID_FOR_SRP"]
    name = pool["pool"].partition("_")[2]
    u, k = hashed(padded(A), padded(B)), hashed(padded(N), b"\x02")
    x = hashed(padded(salt), hashlib.sha256(f"{name}{user}:{pool['password']}".encode()).digest())
    S = power((B - k * power(g, x, N)) % N, a + u * x, N)
    key = hmac.digest(hmac.digest(padded(u), padded(S), "sha256"), b"Caldera Derived Key\x01", "sha256")[:16]
    when = time.strftime("%a %b %-d %H:%M:%S UTC %Y", time.gmtime())
    message = f"{name}{user}".encode() + base64.b64decode(asked["SECRET_BLOCK"]) + when.encode()
    answers = {
        "USERNAME": user,
        "PASSWORD_CLAIM_SECRET_BLOCK": asked["SECRET_BLOCK"],
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
        "TIMESTAMP": when,
    }
    answer = {"ChallengeName": "PASSWORD_VERIFIER", "ClientId": client, "ChallengeResponses": answers}
    token = post(connection, "RespondToAuthChallenge", answer)["AuthenticationResult"]["IdToken"]
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
