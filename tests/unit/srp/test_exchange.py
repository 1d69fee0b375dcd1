"""The arithmetic of one sign-in, and the values of the other side that it refuses to compute with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import random
import sys
from pathlib import Path

import pytest

import cognito_raw
from cognito_raw.config import Config
from cognito_raw.srp import exchange as srp
from cognito_raw.srp.openssl import find_power
from tests.support import srp_server
from tests.support.cases import each_case
from tests.support.programs import run
from tests.support.srp_server import Exchange

HOSTILE = {
    "nothing": "",
    "prefix": "0x1f",
    "upper-case-prefix": "0X1F",
    "plus": "+1f",
    "minus": "-1f",
    "underscore": "1_f",
    "leading-space": " 1f",
    "trailing-space": "1f ",
    "inner-space": "1 f",
    "trailing-newline": "1f\n",
    "carriage-return": "1f\r",
    "leading-tab": "\t1f",
    "no-break-space": "1f\u00a0",
    "zero-width-space": "\u200b1f",
    "byte-order-mark": "\ufeff1f",
    "nul": "1f\x00",
    "letter-beyond-f": "1g",
    "fullwidth-digits": "\uff11\uff12",
    "fullwidth-letters": "\uff21\uff22",
    "arabic-indic-digits": "\u0661\u0662",
    "superscript": "1\u00b2",
    "mathematical-digits": "\U0001d7ce\U0001d7cf",
    "surrogate": "1\ud800",
    "fraction": "1.5",
    "base64": "AOuW",
    "html": "<html>",
}


def _pi(bits: int) -> int:
    """floor(2^bits * pi), by Machin's formula with 64 bits to spare."""
    one = 1 << (bits + 64)

    def arctan_of_one_by(n: int) -> int:
        power, total, sign, odd = one // n, 0, 1, 1
        while power:
            total += sign * (power // odd)
            power, sign, odd = power // (n * n), -sign, odd + 2
        return total

    return (16 * arctan_of_one_by(5) - 4 * arctan_of_one_by(239)) >> 64


def test_the_group_is_the_3072_bit_prime_of_rfc_3526() -> None:
    """N is 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 * pi) + 1690314), and g is 2."""
    assert 2**3072 - 2**3008 - 1 + 2**64 * (_pi(2942) + 1690314) == srp.N
    assert srp.g == 2


def test_k_is_the_hash_of_n_and_g() -> None:
    """k is SHA-256 of N with a zero byte before it and g as one byte."""
    assert int(hashlib.sha256(b"\x00" + srp.N.to_bytes(384, "big") + b"\x02").hexdigest(), 16) == srp.k


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "00"),
        (0x01, "01"),
        (0x7F, "7f"),
        (0x80, "0080"),
        (0xFF, "00ff"),
        (0x100, "0100"),
        (0x7FFF, "7fff"),
        (0x8000, "008000"),
        (0xFFFFF, "0fffff"),
        (2**256 - 1, "00" + "ff" * 32),
        (-0x80, "80"),
        (-0x81, "ff7f"),
        (-0x1F2E3D4C5B6A7988, "e0d1c2b3a4958678"),
    ],
)
def test_a_number_is_padded_to_whole_bytes_below_the_sign(n: int, expected: str) -> None:
    """PAD gives whole bytes, with a zero byte first exactly when the top bit is set."""
    assert srp.pad(n).hex() == expected


def test_padding_is_the_shortest_twos_complement() -> None:
    """PAD reads back as the same signed number, and no shorter bytes could hold it."""
    rng = random.Random(1)
    for n in [rng.getrandbits(rng.randrange(1, 3100)) * rng.choice((1, -1)) for _ in range(2000)] + [srp.N, srp.N - 1]:
        padded = srp.pad(n)
        assert int.from_bytes(padded, "big", signed=True) == n
        if n:
            with pytest.raises(OverflowError):
                n.to_bytes(len(padded) - 1, "big", signed=True)


@each_case("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_but_hexadecimal_digits_is_refused(text: str) -> None:
    """A number from the wire is digits and nothing else, whatever else Python would read as a number."""
    with pytest.raises(srp.UnsafeValue) as caught:
        srp.number(text)
    assert str(caught.value) == "not a hexadecimal number"
    assert caught.value.__context__ is None


def test_only_a_salt_may_have_a_sign() -> None:
    """One minus in front of the digits makes the number negative."""
    assert (srp.signed_number("-80"), srp.signed_number("80")) == (-0x80, 0x80)
    for text in ("-", "--80", "+80", "- 80", "-0x80"):
        with pytest.raises(srp.UnsafeValue):
            srp.signed_number(text)


@pytest.mark.parametrize("text", ["0", "00", "f", "F", "0b1", "1e5", "DeadBeef", "0000000000ff", "f" * 768])
def test_hexadecimal_digits_are_read_in_either_case(text: str) -> None:
    """A number from the wire may have any case, an odd number of digits, and zeros in front."""
    assert srp.number(text) == sum(int(digit, 16) << 4 * place for place, digit in enumerate(reversed(text)))


def test_text_longer_than_any_value_of_the_protocol_is_refused() -> None:
    """Twice the digits of N are read, one more is refused, and so are megabytes of them."""
    assert srp.number("f" * 1536) == 2**6144 - 1
    for digits in (1537, 50_000_000):
        with pytest.raises(srp.UnsafeValue):
            srp.number("0" * digits)


@pytest.mark.parametrize("multiple", [0, 1, 2, 2**64, -1])
def test_a_public_value_that_n_divides_is_refused(multiple: int) -> None:
    """B mod N = 0 would make S independent of the other side's secret: `UnsafeValue`."""
    with pytest.raises(srp.UnsafeValue, match="multiple of N"):
        srp.scramble(5, multiple * srp.N)


@pytest.mark.parametrize("B", [1, srp.N - 1, srp.N + 1, 2 * srp.N - 1, 2 * srp.N + 1])
def test_a_neighbour_of_a_multiple_of_n_is_accepted(B: int) -> None:
    """Only B mod N = 0 is refused; a B above N is hashed as it came."""
    a_bytes, b_bytes = b"\x05", B.to_bytes(B.bit_length() // 8 + 1, "big")
    assert srp.scramble(5, B) == int(hashlib.sha256(a_bytes + b_bytes).hexdigest(), 16)


def test_a_scrambling_parameter_of_zero_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """u = 0 would take the password out of S: `UnsafeValue`."""

    class Zero:
        def digest(self) -> bytes:
            return bytes(32)

    # Nobody knows an input that SHA-256 takes to zero, so the standard library gets another hash for a moment.
    monkeypatch.setattr(hashlib, "sha256", lambda _: Zero())
    with pytest.raises(srp.UnsafeValue, match="u is zero"):
        srp.scramble(5, 7)


@pytest.mark.parametrize("a", [0, -1])
def test_an_exponent_that_is_no_secret_is_refused(a: int) -> None:
    """A private exponent is above 0; anything else is the caller's mistake, a `ValueError` but not `UnsafeValue`."""
    with pytest.raises(ValueError, match="above 0") as caught:
        srp.Ephemeral.of(a)
    assert not isinstance(caught.value, srp.UnsafeValue)


def test_a_random_source_that_gives_only_zeros_is_refused() -> None:
    """A source of randomness that is broken is noticed when it gives nothing but zeros."""
    with pytest.raises(ValueError, match="above 0"):
        srp.Ephemeral.draw(bytes)


def test_the_exponent_is_32_random_bytes() -> None:
    """The source of randomness is asked once, for exactly 32 bytes, and every bit of them counts."""
    asked = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes(range(0xE0, 0xE0 + count))

    pair = srp.Ephemeral.draw(source)
    assert asked == [32]
    assert pair.a == int("".join(f"{byte:02x}" for byte in range(0xE0, 0x100)), 16)
    assert pow(2, pair.a, srp.N) == pair.A


def test_randomness_comes_from_the_operating_system_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another source, a configuration draws from it, as the module `secrets` does."""
    config = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123", "client")
    assert srp.Ephemeral.draw(config.randomness) != srp.Ephemeral.draw(config.randomness)
    monkeypatch.setattr(os, "urandom", lambda count: b"\x05" * count)
    assert srp.Ephemeral.draw(config.randomness).a == int("05" * 32, 16)


def test_a_pair_keeps_its_secret() -> None:
    """Neither a nor A appears in the text of a pair, in any base, and a pair does not change."""
    pair = srp.Ephemeral.of(0xC0FFEE_1234_5678_9ABC)
    for text in (repr(pair), str(pair), f"{pair}", repr([pair])):
        assert text.strip("[]") == "Ephemeral()"
    with pytest.raises(AttributeError):
        pair.a = 1  # type: ignore[misc]  # what is tested


def test_the_client_and_the_service_meet_in_one_premaster_secret() -> None:
    """S = (B - k * g^x)^(a + u * x) is what the service computes from the verifier: (A * v^u)^b."""
    rng = random.Random(2)
    for _ in range(500):
        a, b, u, x = (rng.getrandbits(rng.randrange(1, 20)) + 1 for _ in range(4))
        v = pow(2, x, srp.N)
        B = (srp.k * v + pow(2, b, srp.N)) % srp.N
        pair = srp.Ephemeral.of(a)
        assert srp.premaster(pair, B, u, x) == pow(pair.A * pow(v, u, srp.N), b, srp.N)


@pytest.mark.parametrize("turns", [1, 2, -1])
def test_the_premaster_secret_does_not_depend_on_how_b_is_written(turns: int) -> None:
    """B and B plus a multiple of N have one premaster secret, which is below N."""
    pair = srp.Ephemeral.of(0xABC)
    assert srp.premaster(pair, 12345, 67, 89) == srp.premaster(pair, 12345 + turns * srp.N, 67, 89) < srp.N


@pytest.mark.parametrize("password", ["Corr3ct-horse!", "", " ", ":", "p\u00e4ss\u0416\u4e2d\U0001f511", "x" * 256])
def test_a_sign_in_is_proven_to_a_service_that_knows_only_the_verifier(password: str) -> None:
    """The proof is the HMAC that the service computes itself, without ever having seen the password."""
    rng = random.Random(password)
    exchange = Exchange(a=rng.getrandbits(256), b=rng.getrandbits(256), salt=rng.getrandbits(128), password=password)
    pair, when = srp.Ephemeral.of(exchange.a), srp.timestamp(1783415103)
    u = srp.scramble(pair.A, exchange.B)
    x = srp.private_key(exchange.salt, exchange.pool_name, exchange.user_id, password)
    key = srp.session_key(srp.premaster(pair, exchange.B, u, x), u)
    prk = hmac.new(srp.pad(exchange.u), srp.pad(exchange.S), hashlib.sha256).digest()
    own_key = hmac.new(prk, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
    message = f"{exchange.pool_name}{exchange.user_id}".encode() + b"\x00\xffblock" + b"Tue Jul 7 09:05:03 UTC 2026"
    proof = srp.signature(key, exchange.pool_name, exchange.user_id, b"\x00\xffblock", when)
    assert base64.b64encode(proof) == base64.b64encode(hmac.new(own_key, message, hashlib.sha256).digest())


def test_each_text_of_the_identity_counts() -> None:
    """Another salt, pool, user or password gives another private key; their bytes are UTF-8."""
    keys = {
        srp.private_key(1, "pool", "user", "password"),
        srp.private_key(2, "pool", "user", "password"),
        srp.private_key(1, "Pool", "user", "password"),
        srp.private_key(1, "pool", "User", "password"),
        srp.private_key(1, "pool", "user", "Password"),
        srp.private_key(1, "pool", "us\u00e9r", "password"),
        srp.private_key(1, "pool", "use\u0301r", "password"),
    }
    assert len(keys) == 7
    inner = hashlib.sha256("pool\u00fc:\u4e2d".encode()).digest()
    assert srp.private_key(0x80, "pool", "\u00fc", "\u4e2d") == int(hashlib.sha256(b"\x00\x80" + inner).hexdigest(), 16)


def test_the_module_imports_nothing_but_its_power_and_its_form(tmp_path: Path) -> None:
    """The arithmetic stands alone: with the modules of its power and of its pair's form, it runs without the rest."""
    package = Path(cognito_raw.__file__).parent
    for file in ("srp/__init__.py", "srp/exchange.py", "srp/openssl.py", "models/frozen.py"):
        copy = tmp_path / file
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((package / file).read_bytes())
    (tmp_path / "__init__.py").touch()
    (tmp_path / "models" / "__init__.py").touch()
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path.parent)!r})
from {tmp_path.name}.srp.exchange import Ephemeral
assert Ephemeral.of(5).A == 32
print(sorted(m for m in sys.modules if {tmp_path.name!r} in m or "cognito" in m))
"""
    names = ("", ".models", ".models.frozen", ".srp", ".srp.exchange", ".srp.openssl")
    loaded = [tmp_path.name + name for name in names]
    assert run(program, options=["-I"]) == str(loaded)


@pytest.mark.parametrize("x", [0, 1, 0x1234, 2**256 - 1])
def test_the_verifier_is_what_the_other_side_keeps(x: int) -> None:
    """v = g^x mod N, from which the service makes its side of every exchange."""
    assert srp.verifier(x) == srp_server.verifier(x)


@pytest.mark.skipif(find_power() is pow, reason="there is no OpenSSL to compute powers")
def test_the_powers_of_secrets_are_openssl_s() -> None:
    """Python's own would take ten times as long, and show the exponent in its time."""
    called: list[object] = []
    pair = srp.Ephemeral.of(5)  # looks for OpenSSL, and compares it with `pow`
    sys.setprofile(lambda _, event, function: called.append(function) if event == "c_call" else None)
    try:
        srp.verifier(0x1234)
        srp.premaster(pair, 12345, 67, 89)
    finally:
        sys.setprofile(None)
    assert called
    assert pow not in called
