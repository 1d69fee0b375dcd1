"""A fast user pool over TLS, which checks SRP proofs, issues signed tokens, and counts its requests.

A sign-in takes a millisecond of one core, so that mainly the client is measured. The secret b is short, since nobody
attacks it, and gmpy2 computes the powers, if it is there. Any user name signs in, with the one password. The tokens of
the users `brief` and `soon` live for two and for five seconds.

    python -m benchmarks.server FOLDER

writes its certificate into the folder, alone and with certifi's, and prints its settings as a line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import shutil
import ssl
import subprocess
import sys
import time
from collections import Counter
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Any, Final

import certifi
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from cognito_raw.srp.exchange import N
from tests.support.certificates import alone, der, self_signed
from tests.support.srp_server import K, hashed, padded

try:
    from gmpy2 import powmod
except ImportError:
    powmod = pow

REGION: Final = "eu-west-1"
POOL: Final = f"{REGION}_AbCdEf123"
CLIENT: Final = "1h57kf5cpq17m0eml12EXAMPLE"
PASSWORD: Final = "Corr3ct-horse!"
LIFE: Final = 3600
LIVES: Final = {"brief": 2, "soon": 5}
# Seconds for which the slow endpoint keeps a reply back.
LATENCY: Final = 0.25
SALT: Final = secrets.randbits(128) | 1
SECRET: Final = secrets.randbits(32) | 1 << 31
KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_ID: Final = "benchmark"


def raised(base: Any, exponent: Any) -> Any:
    """Compute a power modulo N."""
    return powmod(base, exponent, N)


@cache
def verifier(user: str) -> Any:
    """Compute v = g^x mod N, which the service stores instead of the password."""
    identity = hashlib.sha256(f"{POOL.partition('_')[2]}{user}:{PASSWORD}".encode()).digest()
    return raised(2, hashed(padded(SALT), identity))


@cache
def public_value(user: str) -> int:
    """Compute B = k * v + g^b mod N."""
    return int((K * verifier(user) + raised(2, SECRET)) % N)


class Pool:
    """The operations of the pool."""

    def __init__(self) -> None:
        self.issuer = ""
        self.asked: Counter[str] = Counter()
        self._begun: dict[str, tuple[str, int]] = {}

    def answer(self, operation: str, body: Any) -> tuple[int, object]:
        """Return the status and the body of a reply."""
        self.asked[operation] += 1
        if operation == "InitiateAuth":
            flow = body["AuthFlow"]
            self.asked[flow] += 1
            parameters = body["AuthParameters"]
            return self._begin(parameters) if flow == "USER_SRP_AUTH" else self._refresh(parameters["REFRESH_TOKEN"])
        if operation == "RespondToAuthChallenge":
            return self._prove(body["ChallengeResponses"])
        if operation == "GetTokensFromRefreshToken":
            return self._refresh(body["RefreshToken"])
        return 400, {"__type": "InvalidParameterException", "message": "not an operation of this pool"}

    def key_set(self) -> object:
        """Return the public keys as a key set."""
        numbers = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        about = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID}
        return {"keys": [{**about, "n": numbers["n"], "e": numbers["e"]}]}

    def _begin(self, parameters: Any) -> tuple[int, object]:
        user, block = parameters["USERNAME"], base64.b64encode(secrets.token_bytes(1024)).decode()
        self._begun[block] = user, int(parameters["SRP_A"], 16)
        return 200, {
            "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeParameters": {
                "SALT": f"{SALT:x}",
                "SRP_B": f"{public_value(user):x}",
                "SECRET_BLOCK": block,
                "USER_ID_FOR_SRP": user,
                "USERNAME": user,
            },
        }

    def _prove(self, responses: Any) -> tuple[int, object]:
        block = responses["PASSWORD_CLAIM_SECRET_BLOCK"]
        user, A = self._begun.pop(block)
        u = hashed(padded(A), padded(public_value(user)))
        S = int(raised(A * raised(verifier(user), u), SECRET))
        key = hmac.digest(hmac.digest(padded(u), padded(S), "sha256"), b"Caldera Derived Key\x01", "sha256")[:16]
        message = f"{POOL.partition('_')[2]}{user}".encode() + base64.b64decode(block) + responses["TIMESTAMP"].encode()
        proof = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
        if not hmac.compare_digest(proof, responses["PASSWORD_CLAIM_SIGNATURE"]):
            return 400, {"__type": "NotAuthorizedException", "message": "Incorrect username or password."}
        return self._tokens(user)

    def _refresh(self, token: str) -> tuple[int, object]:
        return self._tokens(token.partition(".")[0], life=LIFE)

    def _tokens(self, user: str, life: int = 0) -> tuple[int, object]:
        """Return the reply of a sign-in, or of a refresh if a life is given."""
        first = {} if life else {"RefreshToken": f"{user}." + "x" * 1400}
        life = life or LIVES.get(user, LIFE)
        made = tokens(self.issuer, user, int(time.time()), life)
        return 200, {
            "ChallengeParameters": {},
            "AuthenticationResult": {"ExpiresIn": life, "TokenType": "Bearer", **first, **made},
        }


@cache
def tokens(issuer: str, user: str, now: int, life: int) -> dict[str, str]:
    """Return signed tokens. The cache signs once a second, since signing is not the client's work."""
    common = {"sub": user, "iss": issuer, "iat": now, "auth_time": now, "exp": now + life, "jti": "y" * 36}
    claims = {
        "IdToken": {"token_use": "id", "aud": CLIENT, "cognito:username": user, "email": "bob@example.com"},
        "AccessToken": {"token_use": "access", "client_id": CLIENT, "username": user, "scope": "openid"},
    }
    return {
        name: jwt.encode({**common, **own}, KEY, algorithm="RS256", headers={"kid": KEY_ID})
        for name, own in claims.items()
    }


class Connection(asyncio.Protocol):
    """A minimal HTTP/1.1 connection."""

    def __init__(self, pool: Pool, latency: float) -> None:
        self._pool = pool
        self._latency = latency
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._pool.asked["connections"] += 1

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                if headers.get("expect"):  # botocore asks before it sends a body
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._data = rest[length:]
            reply = self._reply(line.split()[1], headers, rest[:length])
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)
            else:
                self._transport.write(reply)

    def _reply(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        if path.endswith("/jwks.json"):
            self._pool.asked["jwks"] += 1
            status, answer = 200, self._pool.key_set()
        elif path == "/asked":
            status, answer = 200, dict(self._pool.asked)
            self._pool.asked.clear()
        else:
            status, answer = self._pool.answer(headers["x-amz-target"].rpartition(".")[2], json.loads(body))
        text = json.dumps(answer).encode()
        own = (f"Date: {formatdate(usegmt=True)}", "Content-Type: application/x-amz-json-1.1")
        return "\r\n".join((f"HTTP/1.1 {status} X", *own, f"Content-Length: {len(text)}", "", "")).encode() + text


def certified(folder: Path, authority: str) -> ssl.SSLContext:
    """Return TLS settings with a self-signed certificate of 127.0.0.1, and add it to the clients' certificates."""
    own = self_signed(folder / f"{authority}.pem", authority)
    with open(folder / "own.pem", "ab") as file:
        file.write(alone(own))
    _link_certificate(folder / "certificates", own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context


def _link_certificates(folder: Path) -> None:
    """Link to the certificates of the system's folder, if it has one."""
    folder.mkdir()
    system = Path(ssl.get_default_verify_paths().openssl_capath)
    for certificate in system.iterdir() if system.is_dir() else ():
        (folder / certificate.name).symlink_to(certificate.resolve())


def _link_certificate(folder: Path, own: Path) -> None:
    """Link to our certificate, if openssl is there to compute its name."""
    if shutil.which("openssl"):
        asked = ["openssl", "x509", "-noout", "-hash", "-in", str(own)]
        name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        (folder / f"{name}.0").symlink_to(own)


def _bundle(folder: Path) -> None:
    """Write certifi's certificates and ours to one file."""
    own = (folder / "own.pem").read_bytes()
    (folder / "bundle.pem").write_bytes(Path(certifi.where()).read_bytes() + b"\n" + own)


async def listening(pool: Pool, tls: ssl.SSLContext, latency: float = 0.0) -> str:
    """Start a server for the pool, and return its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pool, latency), "127.0.0.1", 0, ssl=tls, backlog=1024)
    return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def serve(folder: Path) -> None:
    """Serve until the standard input ends."""
    pool = Pool()
    _link_certificates(folder / "certificates")
    tls = certified(folder, "Amazon")
    endpoint, slow = await listening(pool, tls), await listening(pool, tls, LATENCY)
    private = await listening(pool, certified(folder, "Nobody"))
    _bundle(folder)
    pool.issuer = f"{endpoint}/{POOL}"
    usual = f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}"
    settings = {
        "endpoint": endpoint,
        "private": private,
        "slow": slow,
        "root": hashlib.sha256(der(folder / "Amazon.pem")).hexdigest(),
        "certificates": str(folder / "certificates"),
        "own": str(folder / "own.pem"),
        "iss": pool.issuer,
        "pool": POOL,
        "N": f"{N:x}",
        "region": REGION,
        "client": CLIENT,
        "password": PASSWORD,
        # A token of the pool's usual issuer, for verifiers that accept no other.
        "access": tokens(usual, "bob", int(time.time()), LIFE)["AccessToken"],
        "keys": pool.key_set(),
    }
    sys.stdout.write(json.dumps(settings) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
