"""Which keys of a key set are used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.verify.jws import read_object
from cognito_raw.verify.keys import Key, rs256, usable
from tests.support.cases import each_case
from tests.support.programs import run
from tests.support.tokens import encoded, jwk, number, private_key

N: Final = private_key("one").public_key().public_numbers().n
OTHER: Final = {"kid": "other", **jwk("two", kid="other")}


def ids(*entries: Any) -> list[str]:
    """The ids of the usable keys of a set with these entries, and one more that is good."""
    return sorted(usable({"keys": [*entries, OTHER]}))


USED: Final[dict[str, dict[str, Any]]] = {
    "as the service has them": jwk(),
    "without alg and use": jwk(alg=None, use=None),
    "for verifying": jwk(key_ops=["verify"]),
    "for verifying and more": jwk(key_ops=["sign", "verify"]),
    "with a certificate": jwk(x5c=["MIIB"], x5t="AA", x5u="https://a.example"),
    "of 4096 bits": jwk(n=number(2**4096 - 1)),
    "with an id of odd characters": jwk(kid="a/b+c= é"),
}


@pytest.mark.parametrize("entry", USED.values(), ids=USED.keys())
def test_a_public_rsa_key_for_rs256_is_used(entry: dict[str, Any]) -> None:
    """A key of a sound size that is meant for RS256 signatures, or does not say otherwise."""
    assert ids(entry) == sorted([entry["kid"], "other"])


UNUSED: Final[dict[str, Any]] = {
    "null": None,
    "a text": "key",
    "a list": [jwk()],
    "nothing": {},
    "no kid": jwk(kid=None),
    "an empty kid": jwk(kid=""),
    "a kid that is a number": jwk(kid=1),
    "a kid that is a list": jwk(kid=["one"]),
    "no kty": jwk(kty=None),
    "rsa in small letters": jwk(kty="rsa"),
    "an elliptic curve": {"kid": "one", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "a secret": {"kid": "one", "kty": "oct", "k": "AAAA", "alg": "HS256"},
    "for encryption": jwk(use="enc"),
    "a use that is null": {**jwk(), "use": None},
    "a use that is a list": jwk(use=["sig"]),
    "for RS384": jwk(alg="RS384"),
    "for PS256": jwk(alg="PS256"),
    "for RSA-OAEP": jwk(alg="RSA-OAEP"),
    "for HS256": jwk(alg="HS256"),
    "an alg that is null": {**jwk(), "alg": None},
    "for signing": jwk(key_ops=["sign"]),
    "for nothing": jwk(key_ops=[]),
    "for verifying twice": jwk(key_ops=["verify", "verify"]),
    "operations that are a text": jwk(key_ops="verify"),
    "operations that are null": {**jwk(), "key_ops": None},
    "a private exponent": jwk(d="AQAB"),
    "a prime": jwk(p="AQAB"),
    "other primes": jwk(oth=[]),
    "a private member that is null": {**jwk(), "q": None},
    "no modulus": jwk(n=None),
    "a modulus that is a number": jwk(n=N),
    "an empty modulus": jwk(n=""),
    "a modulus of 0": jwk(n="AA"),
    "an even modulus": jwk(n=number(N - 1)),
    "1024 bits": jwk(n=number(2**1024 - 1)),
    "2047 bits": jwk(n=number(2**2047 - 1)),
    "8193 bits": jwk(n=number(2**8193 - 1)),
    "a modulus with a leading zero": jwk(n=encoded(b"\0" + N.to_bytes(256))),
    "a modulus with padding": jwk(n=jwk()["n"] + "=="),
    "a modulus in the other alphabet": jwk(n="+/+/" + number(N)),
    "a modulus with bits left over": jwk(n=number(N)[:-1] + "B"),
    "a modulus with letters beyond ASCII": jwk(n="é" * 300),
    "a modulus with half a surrogate pair": jwk(n="\ud800" * 300),
    "no exponent": jwk(e=None),
    "an exponent of 1": jwk(e="AQ"),
    "an exponent of 3": jwk(e="Aw"),
    "an exponent of 65535": jwk(e=number(65535)),
    "an even exponent": jwk(e=number(65538)),
    "an exponent with a leading zero": jwk(e="AAEAAQ"),
    "an exponent that is a number": jwk(e=65537),
    "an exponent of 65 bits": jwk(e=number(2**64 + 1)),
    "an exponent as large as the modulus": jwk(e=number(N)),
}


@each_case("entry", UNUSED.values(), ids=UNUSED.keys())
def test_any_other_key_is_skipped(entry: Any) -> None:
    """A key that is private, weak, meant for something else or not in its one form is as if it were not there."""
    assert ids(entry) == ["other"]
    with pytest.raises(UnexpectedJson, match="no usable key"):
        usable({"keys": [entry]})


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([jwk(), jwk("two", kid="one")], id="two keys"),
        pytest.param([jwk(), jwk("two", kid="one", use="enc")], id="the second unusable"),
        pytest.param([{"kid": "one", "kty": "EC"}, jwk()], id="the first unusable"),
        pytest.param([jwk(), jwk("two", kid="one"), jwk()], id="three"),
    ],
)
def test_an_id_that_names_two_keys_names_none(entries: list[Any]) -> None:
    """Nobody can tell which one was meant, so neither is used."""
    assert ids(*entries) == ["other"]


@pytest.mark.parametrize("other", [jwk(), jwk(alg=None, key_ops=["verify"])], ids=["equal", "with other members"])
def test_a_key_that_is_listed_twice_counts_once(other: dict[str, Any]) -> None:
    """Nobody need tell which one was meant."""
    assert ids(jwk(), other) == ["one", "other"]
    assert ids(jwk(), other, jwk("two", kid="one")) == ["other"]


@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_key_checks_signatures(bits: int) -> None:
    """What it signed, and nothing else, whatever the bytes."""
    private = private_key("one", bits)
    signature = private.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    key = usable({"keys": [jwk("one", bits)]})["one"]
    assert key.has_signed(b"message", signature)
    others = [private.sign(b"message", padding.PKCS1v15(), hashes.SHA512()), bytes(len(signature)), b"", b"x" * 9999]
    others += [signature[:-1], b"\0" + signature, signature + b"\0", b"\xff" * len(signature)]
    assert not any(key.has_signed(b"message", other) for other in others)
    assert not key.has_signed(b"another", signature)


def test_whatever_the_backend_raises_is_no_signature() -> None:
    """A public key that is none verifies nothing, and raises nothing."""
    assert Key({}, object()).has_signed(b"", b"") is False


def test_a_key_does_not_show_what_pyjwt_made_of_it() -> None:
    """Its repr and its comparison are those of the public members."""
    one, again = usable({"keys": [jwk()]}), usable({"keys": [jwk()]})
    assert one == again
    assert repr(one["one"]) == f"Key(jwk={one['one'].jwk!r})"


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>", b"[]", b"{}", b'{"keys":null}', b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[],"keys":[]}', b"\xff"],
)
def test_what_is_no_key_set_is_refused(raw: bytes) -> None:
    """Strict JSON with a list of keys, one of them usable; anything else is none."""
    with pytest.raises(UnexpectedJson):
        usable(read_object(raw))


def test_a_key_that_the_backend_refuses_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of pyjwt that is stricter than we are takes away that key, and no other."""
    prepare = RSAAlgorithm.from_jwk

    def refuse(jwk: dict[str, Any]) -> Any:
        if jwk["kid"] == "one":
            raise InvalidKeyError("no")
        return prepare(jwk)

    monkeypatch.setattr(RSAAlgorithm, "from_jwk", staticmethod(refuse))
    assert ids(jwk()) == ["other"]


@pytest.mark.parametrize("package", ["cryptography", "jwt"])
def test_the_error_for_a_missing_backend_names_the_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """It is raised each time that it is needed, and not when something is imported."""
    rs256.cache_clear()
    monkeypatch.delitem(sys.modules, "jwt.algorithms")
    monkeypatch.setitem(sys.modules, package, None)
    for _ in range(2):
        with pytest.raises(ImportError, match=rf"needs the package {package}: pip install 'cognito-raw\[verify\]'$"):
            rs256()


def test_a_missing_backend_says_what_to_install() -> None:
    """Without the package cryptography a verifier is not made, and the error names the extra."""
    program = """
import sys
sys.modules["cryptography"] = None
from cognito_raw import *  # which is no trouble
try:
    TokenVerifier(Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "b"))
except ImportError as error:
    print(error)
"""
    assert run(program) == "verifying tokens needs the package cryptography: pip install 'cognito-raw[verify]'"


BROKEN: Final = {
    "an old system": ('raise ImportError("libc.so.6: version GLIBC_2.99 not found")', "GLIBC_2.99"),
    "another platform": ("from . import _rust", "_rust"),
    "a package of its own": ("import _cffi_backend_of_no_one", "No module named '_cffi_backend_of_no_one'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_backend_that_does_not_load_says_why(kind: str, tmp_path: Path) -> None:
    """It is installed, so that installing it would not help: the error has the true cause, and no more."""
    code, cause = BROKEN[kind]
    folder = tmp_path / "cryptography"
    folder.mkdir()
    (folder / "__init__.py").write_text(code, encoding="utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from cognito_raw import Config, TokenVerifier
try:
    TokenVerifier(Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "b"))
except ImportError as error:
    print(error)
"""
    said = run(program)
    assert said.startswith("verifying tokens needs cryptography and pyjwt, which do not load: ")
    assert cause in said
    assert "pip install" not in said
