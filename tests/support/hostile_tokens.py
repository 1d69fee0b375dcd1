"""Tokens and key sets that must not be trusted, each with the rule that it breaks and the reason that says so.

All of them are made here, most of them signed by a key of the pool, so that nothing but the broken rule stands in their
way. They are what is known to have fooled verifiers: the attacks of RFC 8725, of published advisories against JWT
libraries, and of this library's own rules.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from cognito_raw import Reason
from tests.support.samples import CLIENT, ISS, POOL
from tests.support.tokens import ACCESS, ID, NOW, encoded, jwk, number, private_key, raw_token, token

Case = tuple[str, Any, Reason]
"""The rule, the token that breaks it, and the reason."""

HEADER: Final = b'{"kid":"one","alg":"RS256"}'
GOOD: Final = token()
PARTS: Final = GOOD.split(".")
MALFORMED: Final = "token-malformed"
ALGORITHM: Final = "token-algorithm-refused"
SIGNATURE: Final = "token-signature-invalid"
INVALID: Final = "token-claim-invalid"


def signed_otherwise(header: dict[str, Any], signature: bytes | None = None) -> str:
    """A token with this header and any signature."""
    start = f"{encoded(json.dumps(header).encode())}.{PARTS[1]}"
    return f"{start}.{encoded(b'x' * 256 if signature is None else signature)}"


def _hmac(key: bytes, alg: str = "HS256") -> str:
    start = f"{encoded(json.dumps({'kid': 'one', 'alg': alg}).encode())}.{PARTS[1]}"
    return f"{start}.{encoded(hmac.digest(key, start.encode(), hashlib.sha256))}"


def _public(form: serialization.PublicFormat, encoding: serialization.Encoding) -> bytes:
    return private_key("one").public_key().public_bytes(encoding, form)


def _with_padding(scheme: Any, digest: hashes.HashAlgorithm) -> str:
    start = ".".join(PARTS[:2])
    return f"{start}.{encoded(private_key('one').sign(start.encode(), scheme, digest))}"


def _elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    start = f"{encoded(json.dumps({'kid': 'one', 'alg': 'ES256'}).encode())}.{PARTS[1]}"
    r, s = utils.decode_dss_signature(key.sign(start.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{start}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"


def forms() -> Iterator[Case]:
    """What is no token in compact form."""
    yield "a token is a text", None, MALFORMED
    yield "a token is a text, not bytes", GOOD.encode(), MALFORMED
    yield "a token is a text, not a list", PARTS, MALFORMED
    yield "a token is a text, not an object", {"token": GOOD}, MALFORMED
    yield "a token is not empty", "", MALFORMED
    yield "a token has three parts, not one", PARTS[0], MALFORMED
    yield "a token has three parts, not two", ".".join(PARTS[:2]), MALFORMED
    yield "a token has three parts, not four", GOOD + ".AA", MALFORMED
    yield "a token is signed and not encrypted", ".".join([*PARTS, "AA", "AA"]), MALFORMED
    yield "a token has no empty parts", "..", MALFORMED
    yield "a token has a header", "." + ".".join(PARTS[1:]), MALFORMED
    yield "a token has claims", f"{PARTS[0]}..{PARTS[2]}", MALFORMED
    yield "a token has a signature", ".".join(PARTS[:2]) + ".", MALFORMED
    yield "a token has 64 kB at most: dots", "." * 1_000_000, MALFORMED
    yield "a token has 64 kB at most: letters", "A" * 1_000_000, MALFORMED
    yield "a token has 64 kB at most, well signed", token(pad="x" * 70_000), MALFORMED
    yield "a token has no white space before", " " + GOOD, MALFORMED
    yield "a token has no line end behind", GOOD + "\n", MALFORMED
    yield "a token has no line end within", GOOD[:50] + "\r\n" + GOOD[50:], MALFORMED
    yield "a token has no null byte", GOOD + "\0", MALFORMED
    yield "a token has no scheme before it", "Bearer " + GOOD, MALFORMED
    yield "a token has no quotation marks", f'"{GOOD}"', MALFORMED
    yield "a token has no commas between two", f"{GOOD},{GOOD}", MALFORMED
    yield "a token has no percent encoding", GOOD.replace(".", "%2E"), MALFORMED
    yield "a token has ASCII dots", GOOD.replace(".", "\u2024"), MALFORMED
    yield "a token has ASCII letters", GOOD.replace("A", "\uff21"), MALFORMED
    yield "a token has no half surrogates", GOOD + "\udc80", MALFORMED
    unsigned = encoded(b'{"alg":"none"}')
    for odd in (f"{unsigned}.{PARTS[1]}.", f"{unsigned}.{PARTS[1]}", f"{unsigned}..", f"{unsigned}=.{PARTS[1]}.AA"):
        yield f"alg is RS256, not none, in whatever form: {odd[-8:]}", odd, ALGORITHM
    yield "a part has no padding", GOOD + "==", MALFORMED
    yield "the header has no padding", f"{PARTS[0]}=.{PARTS[1]}.{PARTS[2]}", MALFORMED
    yield "a part is base64url, not base64", ".".join([*PARTS[:2], "+/" + PARTS[2][2:]]), MALFORMED
    yield "a part has no single last character", GOOD + "AAA", MALFORMED
    yield "a signature has one form", GOOD[:-1] + _next(GOOD[-1]), MALFORMED
    yield "it is compact, not JSON", json.dumps({"payload": PARTS[1], "signatures": [{}]}), MALFORMED
    yield (
        "it is compact, not flattened JSON",
        json.dumps(dict(zip(("protected", "payload", "signature"), PARTS, strict=True))),
        MALFORMED,
    )


def _flattened() -> str:
    return json.dumps(dict(zip(("protected", "payload", "signature"), PARTS, strict=True)))


def _next(last: str) -> str:
    """The same last bits with others that are left over."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(last) + 1]


def algorithms() -> Iterator[Case]:
    """Another algorithm than the one."""
    for alg in ("none", "None", "nOnE", "NONE", "", "HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "PS384"):
        yield f"alg is RS256, not {alg!r}", signed_otherwise({"kid": "one", "alg": alg}), ALGORITHM
    for alg in ("ES256", "ES256K", "EdDSA", "rs256", "RS256 ", "RS256\0", "RSA1_5", "dir", "A128KW"):
        yield f"alg is RS256, not {alg!r}", signed_otherwise({"kid": "one", "alg": alg}), ALGORITHM
    for value in (None, 256, True, ["RS256"], {"RS256": 1}, 0.5):
        yield f"alg is the text RS256, not {value!r}", signed_otherwise({"kid": "one", "alg": value}), ALGORITHM
    yield "alg is said", signed_otherwise({"kid": "one"}), ALGORITHM
    yield "alg is said as alg", raw_token(b'{"kid":"one","Alg":"RS256"}', b"{}"), ALGORITHM
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    info, pkcs1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
    for name, key in (
        ("PEM key", _public(info, pem)),
        ("PEM key without its line end", _public(info, pem).rstrip()),
        ("PKCS#1 PEM key", _public(pkcs1, pem)),
        ("DER key", _public(info, der)),
        ("SSH key", _public(serialization.PublicFormat.OpenSSH, serialization.Encoding.OpenSSH)),
        ("modulus", base64.urlsafe_b64decode(jwk()["n"] + "==")),
        ("JWK", json.dumps(jwk()).encode()),
        ("empty text", b""),
    ):
        yield f"a public key is no secret: {name}", _hmac(key), ALGORITHM
    yield "an elliptic signature is none", _elliptic(), ALGORITHM


def headers() -> Iterator[Case]:
    """Headers that ask for another reading, or name no key; all of them well signed."""
    payload = json.dumps(ID).encode()
    for name, value in (
        ("crit", ["exp"]), ("crit", []), ("crit", ["b64"]), ("crit", None), ("b64", True), ("b64", False),
        ("zip", "DEF"), ("zip", None), ("enc", "A128CBC-HS256"), ("cty", "JWT"), ("cty", ""), ("cty", None),
    ):  # fmt: skip
        yield f"the header has no {name}: {value!r}", token(header={name: value}), MALFORMED
    yield "b64 is not false", token(header={"b64": False, "crit": ["b64"]}), MALFORMED
    for kind in ("dpop+jwt", "logout+jwt", "JOSE", "", "JWT+x", None, 5, ["JWT"]):
        yield f"typ is JWT, not {kind!r}", token(header={"typ": kind}), MALFORMED
    for kid in (None, "", 0, 1, True, ["one"], {"one": 1}):
        yield f"kid is a text, not {kid!r}", token(header={"kid": kid}), MALFORMED
    yield "kid is said", raw_token(b'{"alg":"RS256"}', payload), MALFORMED
    for kid in ("One", "one ", "../../one", "one\0", "' OR '1'='1", "https://evil.example/jwks.json", "x" * 9999):
        yield f"kid is a key of the set: {kid[:20]!r}", token(header={"kid": kid}), "token-key-unknown"
    for number_, raw in enumerate(
        (
            b"[]", b'"RS256"', b"null", b"RS256", b"{", b"{}x", b"\xff{}", b"", b" ",
            b'{"kid":"one","alg":"RS256","alg":"RS256"}',
            b'{"kid":"one","alg":"none","alg":"RS256"}',
            b'{"kid":"two","kid":"one","alg":"RS256"}',
            b'{"kid":"one","alg":"RS256","\\u0061lg":"none"}',
            b'{"kid":"one","alg":"RS256","x":{"y":1,"y":2}}',
            b'{"kid":"one","alg":"RS256","x":NaN}',
            b'{"kid":"one","alg":"RS256","x":1e999}',
            b'{"kid":"one","alg":"RS256","x":"\\ud800"}',
            b'{"kid":"one","alg":"RS256","x":' + b"[" * 33 + b"]" * 33 + b"}",
            b'{"kid":"one","alg":"RS256","x":' + b"[" * 20_000,
            b'\xef\xbb\xbf{"kid":"one","alg":"RS256"}',
            '{"kid":"one","alg":"RS256"}'.encode("utf-16"),
        )
    ):  # fmt: skip
        yield f"the header is strict JSON: {number_} {raw[:40]!r}", raw_token(raw, payload), MALFORMED


def signatures() -> Iterator[Case]:
    """Signatures of other keys, of other bytes, in other paddings."""
    stranger = token(key="three", header={"kid": "one"})
    yield "the key signs: a stranger", stranger, SIGNATURE
    yield "the named key signs: another of the set", token(key="two", header={"kid": "one"}), SIGNATURE
    for name, value in (
        ("jku", "https://evil.example/jwks.json"), ("x5u", "https://evil.example/cert.pem"),
        ("jwk", jwk("three")), ("jwk", jwk("three", kid="one")), ("x5c", ["MIIB"]), ("x5t", "AA"), ("x5t#S256", "AA"),
    ):  # fmt: skip
        yield (
            f"no key comes with the token: {name} {str(value)[:30]}",
            token(key="three", header={"kid": "one", name: value}),
            SIGNATURE,
        )
    start = ".".join(PARTS[:2])
    raw = base64.urlsafe_b64decode(PARTS[2] + "==")
    for name, signature in (
        ("nulls", bytes(256)), ("ones", b"\xff" * 256), ("a byte", b"\0"), ("too short", raw[:-1]),
        ("too long", raw + b"\0"),
        ("a leading null", b"\0" + raw), ("backwards", raw[::-1]), ("much too long", raw * 50),
        ("the hash alone", hashlib.sha256(start.encode()).digest()),
        ("the number 1", (1).to_bytes(256)),
        ("plus the modulus", (int.from_bytes(raw) + private_key("one").public_key().public_numbers().n).to_bytes(257)),
        ("negated", (private_key("one").public_key().public_numbers().n - int.from_bytes(raw)).to_bytes(256)),
        ("the padded hash", b"\0\1" + b"\xff" * 202 + b"\0" + hashlib.sha256(start.encode()).digest().rjust(51, b"\0")),
    ):  # fmt: skip
        yield f"the signature is the key's: {name}", f"{start}.{encoded(signature)}", SIGNATURE
    yield (
        "the padding is PKCS#1 v1.5",
        _with_padding(padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        SIGNATURE,
    )
    for digest in (hashes.SHA1(), hashes.SHA224(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256()):
        yield f"the hash is SHA-256, not {digest.name}", _with_padding(padding.PKCS1v15(), digest), SIGNATURE
    other = token(sub="somebody else").split(".")
    yield "the claims are signed", f"{PARTS[0]}.{other[1]}.{PARTS[2]}", SIGNATURE
    yield "the header is signed", f"{token(header={'x': 1}).split('.')[0]}.{PARTS[1]}.{PARTS[2]}", SIGNATURE
    yield "claims and header are not exchanged", f"{PARTS[1]}.{PARTS[0]}.{PARTS[2]}", ALGORITHM


def payloads() -> Iterator[Case]:
    """Claims that are no strict JSON object, well signed."""
    rest = json.dumps(ID)[1:].encode()
    for place, raw in enumerate((
        b"[]", b'"x"', b"null", b"true", b"5", b"{", b"{}{}", b"x", b"\xff", b" ", b"{'sub':'x'}",
        b'{"sub":"admin",' + rest,
        rest.join((b'{"\\u0073ub":"admin",', b"")),
        b'{"exp":9007199254740991,' + rest,
        b'{"x":{"y":1,"y":1},' + rest,
        b'{"x":[{"y":1,"y":1}],' + rest,
        b'{"x":NaN,' + rest,
        b'{"x":-Infinity,' + rest,
        b'{"x":1e400,' + rest,
        b'{"x":' + b"9" * 5000 + b"," + rest,
        b'{"x":"\\udc00",' + rest,
        b'{"x":"\xed\xb0\x80",' + rest,
        b'{"x":"\xc0\xaf",' + rest,
        b'{"x":"\n",' + rest,
        b'{"x":01,' + rest,
        b'{"x":' + b"[" * 33 + b"]" * 33 + b"," + rest,
        b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"," + rest,
        b"[" * 20_000,
        b'{"x":' * 8_000,
        b"\xef\xbb\xbf{" + rest,
        json.dumps(ID).encode("utf-16-le"),
        json.dumps(ID).encode("utf-32"),
        b"{" + rest + b"\0",
        b"{" + rest[:-1] + b",}",
    )):  # fmt: skip
        yield f"the claims are strict JSON: {place} {raw[:40]!r}", raw_token(HEADER, raw), MALFORMED


def claims() -> Iterator[Case]:
    """Claims of another pool, use or client; well signed."""
    issuers: tuple[Any, ...] = (
        None, 5, [ISS], {"iss": ISS}, "", ISS + "/", ISS + "#", ISS.replace("https", "http"), ISS.upper(), " " + ISS,
        ISS + "\0", ISS.replace("eu-west-1_AbCdEf123", "eu-west-1_AbCdEf124"), ISS.replace("west", "east"),
        ISS.replace(".com/", ".com.evil.example/"), ISS.replace("https://", "https://evil.example/"), POOL,
    )  # fmt: skip
    for value in issuers:
        yield f"iss is the pool's, not {value!r}", token(iss=value), "token-issuer-refused"
    for value in (None, 5, True, "", "ID", "id ", "refresh", ["id"], {"id": 1}):
        yield f"token_use is id, not {value!r}", token(token_use=value), "token-use-refused"
    yield "an access token is no ID token", token(ACCESS), "token-use-refused"
    clients: tuple[Any, ...] = (
        None, 5, "", [CLIENT], [CLIENT, "other"], {CLIENT: 1}, CLIENT.upper(), CLIENT + " ", CLIENT[:-1], "*", True,
    )  # fmt: skip
    for value in clients:
        yield f"aud is the client, not {value!r}", token(aud=value), "token-client-refused"
    yield "aud says it, not client_id", token(aud=None, client_id=CLIENT), "token-client-refused"


def times() -> Iterator[Case]:
    """Claims of another time or of another type; well signed."""
    value: Any
    for value in (None, "", 5, ["x"], {"x": 1}, True):
        yield f"sub is a text, not {value!r}", token(sub=value), INVALID
    for value in (None, str(NOW + 60), NOW + 60.5, float(NOW + 60), True, [NOW + 60], {"x": 1}):
        yield f"exp is a whole number, not {value!r}", token(exp=value), INVALID
    for value in (NOW, NOW - 1, 0, -1, -(2**53) + 1):
        yield f"exp is to come, not {value}", token(exp=value), "token-expired"
    for name in ("nbf", "iat", "auth_time"):
        for value in ("now", 0.5, True, [NOW], {"x": 1}):
            yield f"{name} is a whole number, not {value!r}", token(ID, **{name: value}), INVALID
    for name in ("nbf", "iat"):
        for value in (NOW + 61, NOW + 86_400, 2**53 - 1):
            yield f"{name} is past, not {value}", token(ID, **{name: value}), "token-not-yet-valid"
    for value in ("admins", 5, [5], ["admins", None], {"admins": 1}, [["admins"]]):
        yield f"groups are a list of texts, not {value!r}", token(ID, **{"cognito:groups": value}), INVALID
    for value in (5, ["openid"], True):
        yield f"scope is a text, not {value!r}", token(scope=value), INVALID
        yield f"the user name is a text, not {value!r}", token(ID, **{"cognito:username": value}), INVALID


def others() -> Iterator[Case]:
    """Claims that no token of the service has; well signed."""
    yield "exp is no time after the year 9999", token(exp=253_402_300_800), INVALID
    yield "exp is no number of 60 digits", token(exp=10**60), INVALID
    yield "iat is there", token(iat=None), INVALID
    value: Any
    for value in (5, ["x"], {"x": 1}, True):
        yield f"jti is a text, not {value!r}", token(jti=value), INVALID


TOKENS: Final[list[Case]] = [
    case for make in (forms, algorithms, headers, signatures, payloads, claims, times, others) for case in make()
]


def _set(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"keys": list(entries), **more}).encode()


_N: Final = private_key("one").public_key().public_numbers().n
KEY_SETS: Final[dict[str, bytes]] = {
    "a key set is not empty": b"",
    "a key set is JSON": b"<html><body>Sign in to the wireless network</body></html>",
    "a key set is an object": json.dumps([jwk()]).encode(),
    "a key set has keys": b"{}",
    "a key set has a list of keys": json.dumps({"keys": jwk()}).encode(),
    "a key set has keys in its list": _set("one", 5, None, [jwk()]),
    "a key set has its keys once": b'{"keys":[],' + _set(jwk())[1:],
    "a key set has a key's members once": _set(jwk()).replace(b'"kty"', b'"e": "AQAB", "kty"'),
    "a key set does not nest": b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"," + _set(jwk())[1:],
    "a key set is UTF-8": _set(jwk()).decode().encode("utf-16"),
    "a key set has no NaN": _set(jwk(), x=float("nan")),
    "a key set is whole": _set(jwk())[:-2],
    "a kid names one key": _set(jwk(), jwk("two", kid="one")),
    "a kid names one key, whatever it is for": _set(jwk("two", kid="one", use="enc"), jwk()),
    "a key has a kid": _set(jwk(kid=None)),
    "a key has this kid": _set(jwk(kid="two")),
    "a key's kid is a text": _set(jwk(kid=["one"])),
    "a key is RSA": _set(jwk(kty="EC")),
    "a key is not symmetric": _set({"kid": "one", "kty": "oct", "k": "AAAA"}),
    "a key is for signatures": _set(jwk(use="enc")),
    "a key is for RS256": _set(jwk(alg="PS256")),
    "a key is not for any algorithm": _set({**jwk(), "alg": None}),
    "a key verifies": _set(jwk(key_ops=["sign"])),
    "a key verifies among others": _set(jwk(key_ops=["encrypt", "decrypt"])),
    "a key is public": _set(jwk(d="AQAB")),
    "a key has no primes": _set(jwk(p="AQ", q="AQ")),
    "a key has no secret": _set(jwk(k="AQ")),
    "a modulus is there": _set(jwk(n=None)),
    "a modulus is a text": _set(jwk(n=5)),
    "a modulus is odd": _set(jwk(n=number(_N - 1))),
    "a modulus has 2048 bits": _set(jwk(n=number(_N >> 1 | 1))),
    "a modulus has 8192 bits at most": _set(jwk(n=number(_N << 6200 | 1))),
    "a modulus has no leading zero": _set(jwk(n=encoded(b"\0" + _N.to_bytes(256)))),
    "a modulus has no padding": _set(jwk(n=jwk()["n"] + "==")),
    "a modulus is base64url": _set(jwk(n="+" + jwk()["n"][1:])),
    "an exponent is there": _set(jwk(e=None)),
    "an exponent is odd": _set(jwk(e="AQAC")),
    "an exponent is not 1": _set(jwk(e="AQ")),
    "an exponent is not 3": _set(jwk(e="Aw")),
    "an exponent has no leading zero": _set(jwk(e="AAEAAQ")),
    "an exponent is no larger than 64 bits": _set(jwk(e=number(2**64 + 13))),
    "another key's modulus does not fit": _set(jwk("three", kid="one")),
}
"""Under the rule that it breaks, a set with which the good token of the key `one` must not be accepted."""
