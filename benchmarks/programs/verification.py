"""An access token of the pool, verified by each peer as its manual shows."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from benchmarks.programs.tools import Pool, count, report, timed

_TIMES = 2000


def issuer(pool: Pool) -> str:
    """Return the issuer of the token, which is the pool's usual one."""
    return f"https://cognito-idp.{pool['region']}.amazonaws.com/{pool['pool']}"


def cognito_raw(pool: Pool) -> None:
    """Verify with the library."""
    from cognito_raw import Config, TokenVerifier

    verifier = TokenVerifier(
        Config(issuer(pool), pool["client"]),
        "access",
        keys=pool["keys"],
    )
    timed(pool, lambda: verifier.verify(pool["access"]).unwrap(), _TIMES)


def floor(pool: Pool) -> None:
    """Do only what no verifier can leave out: one RSA signature, base64 and JSON."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from jwt import PyJWK

    key: Any = PyJWK(pool["keys"]["keys"][0]).key
    token, padding, algorithm = pool["access"], PKCS1v15(), SHA256()

    def act() -> None:
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        key.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding, algorithm)
        for part in (header, payload):
            json.loads(base64.urlsafe_b64decode(part + "=="))

    timed(pool, act, _TIMES)


def pyjwt(pool: Pool, *, look_up: bool) -> None:
    """Verify with PyJWT, with one key at hand or with the key that its client looks up."""
    import jwt

    keys = jwt.PyJWKClient(f"{pool['endpoint']}/{pool['pool']}/.well-known/jwks.json", cache_keys=True)
    token, at_hand = pool["access"], jwt.PyJWK(pool["keys"]["keys"][0])
    options: Any = {"require": ["exp", "iat", "sub"]}

    def act() -> object:
        key = keys.get_signing_key_from_jwt(token) if look_up else at_hand
        return jwt.decode(token, key, algorithms=["RS256"], issuer=issuer(pool), options=options)

    timed(pool, act, _TIMES)


def authlib(pool: Pool) -> None:
    """Verify with authlib."""
    import warnings

    warnings.simplefilter("ignore")  # it recommends joserfc, which has a row of its own
    from authlib.jose import JsonWebKey, JsonWebToken

    keys, decoder = JsonWebKey.import_key_set(pool["keys"]), JsonWebToken(["RS256"])
    options = {"iss": {"essential": True, "value": issuer(pool)}, "exp": {"essential": True}}
    timed(pool, lambda: decoder.decode(pool["access"], keys, claims_options=options).validate(), _TIMES)


def joserfc(pool: Pool) -> None:
    """Verify with joserfc."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys: Any = KeySet.import_key_set(pool["keys"])
    registry = jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer(pool)}, exp={"essential": True})
    timed(pool, lambda: registry.validate(jwt.decode(pool["access"], keys, algorithms=["RS256"]).claims), _TIMES)


def python_jose(pool: Pool) -> None:
    """Verify with python-jose."""
    from jose import jwt

    asked: Any = {"algorithms": ["RS256"], "issuer": issuer(pool), "options": {"verify_aud": False}}
    timed(pool, lambda: jwt.decode(pool["access"], pool["keys"], **asked), _TIMES)


def fastapi_cognito(pool: Pool) -> None:
    """Verify with fastapi-cognito."""
    import asyncio
    import tempfile
    from types import SimpleNamespace

    from fastapi_cognito import CognitoAuth
    from starlette.requests import HTTPConnection

    request = HTTPConnection({"type": "http", "headers": [(b"authorization", f"Bearer {pool['access']}".encode())]})
    times = count(pool, 1000)

    async def many(auth: Any, times: int) -> float:
        before = time.process_time()
        for _ in range(times):
            await auth.auth_required(request)
        return (time.process_time() - before) * 1000 / times

    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, asyncio.Runner() as runner:
        json.dump(pool["keys"], file)
        file.flush()
        one = {"region": pool["region"], "userpool_id": pool["pool"], "app_client_id": pool["client"]}
        settings = SimpleNamespace(
            userpools={"one": {**one, "jwks_url": file.name}},
            jwt_header_name="Authorization",
            jwt_header_prefix="Bearer",
            check_expiration=True,
        )
        auth = CognitoAuth(settings)
        runner.run(many(auth, max(1, times // 10)))
        report(ms=runner.run(many(auth, times)))
