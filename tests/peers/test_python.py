"""Agreement with two clients that nobody here wrote, warrant_lite and pycognito, value by value.

Their arithmetic is called directly: no network, no locale, no clock. They keep the salt as text, and so would hash
zeros at its front that ours drops; the service prints a plain integer, without such zeros, and so do these tests.
"""

from __future__ import annotations

import base64
import builtins
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import FrameType
from typing import Any

import pycognito.aws_srp
import pytest
import warrant_lite

from cognito_raw import Call, Challenge, NewDevice, Ok, RememberedDevice, ServiceReply, advance
from cognito_raw.config import Config
from cognito_raw.flows.auth_calls import AuthContext, confirm_new_device, prove_device
from cognito_raw.srp import exchange as srp
from cognito_raw.srp import openssl
from tests.support.srp_server import Exchange

pytestmark = pytest.mark.once

POOL_ID = "eu-west-1_AbCdEf123"
ALPHABET = "abcXYZ019 .:;-_%/\\\"'\u00e4\u00df\u0416\u4e2d\u0301\U0001f511"

# Typed loosely: neither peer has annotations.
PEERS: dict[str, Any] = {"warrant_lite": warrant_lite, "pycognito": pycognito.aws_srp}
CLIENTS: dict[str, Any] = {
    "warrant_lite": warrant_lite.WarrantLite("user", "password", POOL_ID, "client", client=object()),
    "pycognito": pycognito.aws_srp.AWSSRP("user", "password", POOL_ID, "client", client=object()),
}

each_peer = pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS.keys())
each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())


def _numbers(seed: int, bits: int, amount: int) -> Iterator[int]:
    """Numbers of every length up to so many bits, so that short ones and odd ones are as common as full ones."""
    rng = random.Random(seed)
    return (rng.getrandbits(rng.randrange(1, bits + 1)) for _ in range(amount))


def _text(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=rng.randrange(1, 30)))


def _exchange(rng: random.Random, exponent_bits: int) -> Exchange:
    """A random sign-in to the pool that the peers know."""
    return Exchange(
        a=rng.getrandbits(exponent_bits) + 1,
        b=rng.getrandbits(exponent_bits) + 1,
        salt=rng.getrandbits(128),
        user_id=_text(rng),
        password=_text(rng),
    )


def _our_key(exchange: Exchange, B: int) -> bytes:
    pair = srp.Ephemeral.of(exchange.a)
    u = srp.scramble(pair.A, B)
    x = srp.private_key(exchange.salt, exchange.pool_name, exchange.user_id, exchange.password)
    return srp.session_key(srp.premaster(pair, B, u, x), u)


def _their_key(client: Any, exchange: Exchange, B: int) -> bytes:
    client.small_a_value = exchange.a
    client.large_a_value = client.calculate_a()
    key = client.get_password_authentication_key(exchange.user_id, exchange.password, B, f"{exchange.salt:x}")
    return bytes(key)


@each_peer
def test_the_constants_are_the_peers(peer: Any) -> None:
    """N, g and k are what the peer has."""
    client = CLIENTS["warrant_lite" if peer is warrant_lite else "pycognito"]
    theirs = (client.g, client.k) if peer is warrant_lite else (client.val_g, client.val_k)
    assert (srp.N, srp.g, srp.k) == (client.big_n, *theirs)


@each_peer
def test_numbers_are_padded_as_the_peer_pads_them(peer: Any) -> None:
    """PAD of a number is the peer's, whether the peer is given the number or its digits."""
    for n in _numbers(1, 3072, 4000):
        assert srp.pad(n).hex() == peer.pad_hex(n) == peer.pad_hex(f"{n:x}")


@each_peer
def test_the_scrambling_parameter_is_the_peers(peer: Any) -> None:
    """u of any two public values is the peer's, long or short."""
    numbers = _numbers(2, 3072, 4000)
    for A, B in zip(numbers, numbers, strict=True):
        assert srp.scramble(A, B + 1) == peer.calculate_u(A, B + 1)


@each_peer
def test_the_private_key_is_the_peers(peer: Any) -> None:
    """x of any salt, user and password is what the peer's hash functions make of them."""
    rng = random.Random(3)
    for salt in _numbers(4, 128, 3000):
        user_id, password = _text(rng), _text(rng)
        inner = peer.hash_sha256(f"AbCdEf123{user_id}:{password}".encode())
        theirs = peer.hex_to_long(peer.hex_hash(peer.pad_hex(f"{salt:x}") + inner))
        assert srp.private_key(salt, "AbCdEf123", user_id, password) == theirs


@each_peer
def test_the_session_key_is_the_peers(peer: Any) -> None:
    """The key that signs is the peer's for any premaster secret and any u."""
    for S, u in zip(_numbers(5, 3072, 3000), _numbers(6, 256, 3000), strict=True):
        ikm, salt = (bytearray.fromhex(peer.pad_hex(n)) for n in (S, u))
        assert srp.session_key(S, u) == peer.compute_hkdf(ikm, salt)


@each_client
def test_the_secret_hash_is_the_peers(client: Any) -> None:
    """The proof of the client secret is the peer's for any user name."""
    rng = random.Random(7)
    for _ in range(1000):
        secret = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=52))
        config = Config(f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL_ID}", "o2ubh2gb4qbt", secret)
        username = _text(rng)
        assert config.secret_hash(username) == client.get_secret_hash(username, "o2ubh2gb4qbt", secret)


@pytest.mark.parametrize(("exponent_bits", "amount"), [(12, 60), (256, 8)], ids=["short-exponents", "full-exponents"])
def test_the_whole_way_to_the_key_is_the_peers(exponent_bits: int, amount: int) -> None:
    """From the challenge to the key that signs, ours, the service's and both peers' are one."""
    rng = random.Random(exponent_bits)
    for _ in range(amount):
        exchange = _exchange(rng, exponent_bits)
        ours = _our_key(exchange, exchange.B)
        assert ours == srp.session_key(exchange.S, exchange.u)
        for client in CLIENTS.values():
            assert ours == _their_key(client, exchange, exchange.B)


SHAPES: dict[str, Callable[[int, int], bool]] = {
    "shorter-by-a-byte": lambda n, bits: n.bit_length() <= bits - 8,
    "odd-number-of-digits": lambda n, _: len(f"{n:x}") % 2 == 1,
    "top-bit-set": lambda n, _: n.bit_length() % 8 == 0,
}
BITS = {"A": 3072, "B": 3072, "S": 3072, "u": 256, "x": 256, "salt": 128}


def _candidates(letter: str) -> Iterator[Exchange]:
    """Exchanges that differ where it makes the value of this letter differ; small exponents keep the search quick."""
    rng = random.Random(letter)
    first = _exchange(rng, 16)
    # 2^a is no more than a bit in a row of zeros before 3100. The first short S is far behind, and each costs a power.
    for n in count(3360 if letter == "S" else 3100):
        yield replace(first, salt=rng.getrandbits(128)) if letter in ("x", "salt") else replace(first, a=n, b=2 * n)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("letter", BITS)
def test_a_value_of_an_awkward_length_changes_nothing(letter: str, shape: str) -> None:
    """Where a value is short, has an odd number of digits or its top bit set, ours, the service and peers agree."""
    fits = SHAPES[shape]
    exchange = next(e for e in _candidates(letter) if fits(getattr(e, letter), BITS[letter]))
    pair = srp.Ephemeral.of(exchange.a)
    u = srp.scramble(pair.A, exchange.B)
    x = srp.private_key(exchange.salt, exchange.pool_name, exchange.user_id, exchange.password)
    S = srp.premaster(pair, exchange.B, u, x)
    assert (pair.A, u, x, S) == (exchange.A, exchange.u, exchange.x, exchange.S)
    for client in CLIENTS.values():
        assert srp.session_key(S, u) == _their_key(client, exchange, exchange.B)


@each_client
@pytest.mark.parametrize("a", [1, 3, 7, 8, 15, 16, 3071], ids=lambda a: f"A=2^{a}")
def test_a_tiny_public_value_of_ours_changes_nothing(client: Any, a: int) -> None:
    """A of a few bits is hashed as the few bytes that it has."""
    exchange = Exchange(a=a, b=99, salt=1)
    assert _our_key(exchange, exchange.B) == _their_key(client, exchange, exchange.B)
    assert _our_key(exchange, exchange.B) == srp.session_key(exchange.S, exchange.u)


EDGES = {
    "one": 1,
    "below-the-top-bit": 0x7F,
    "at-the-top-bit": 0x80,
    "an-odd-digit-more": 0x100,
    "below-N": srp.N - 1,
    "above-N": srp.N + 1,
    "below-2N": 2 * srp.N - 1,
    "longer-than-N": 2**4096 + 1,
}


@each_client
@pytest.mark.parametrize("B", EDGES.values(), ids=EDGES.keys())
def test_a_public_value_that_no_honest_service_sends_gives_the_same_numbers(client: Any, B: int) -> None:
    """Any B that is not refused gives the peer's key: ours differs in what it refuses only."""
    exchange = Exchange(a=12345, b=1, salt=0x80)
    assert _our_key(exchange, B) == _their_key(client, exchange, B)


@each_client
@pytest.mark.parametrize("S", [0, 1], ids=["S=0", "S=1"])
def test_a_premaster_secret_that_nearly_vanishes_is_hashed_as_one_byte(client: Any, S: int) -> None:
    """S = 0 and S = 1 are padded to one byte, as the peer does."""
    exchange = Exchange(a=12345, b=1, salt=0x1234)
    B = (srp.k * pow(2, exchange.x, srp.N) + S) % srp.N
    pair = srp.Ephemeral.of(exchange.a)
    assert srp.premaster(pair, B, srp.scramble(pair.A, B), exchange.x) == S
    assert _our_key(exchange, B) == _their_key(client, exchange, B)


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("seed", range(5))
def test_the_proof_is_the_peers(seed: int) -> None:
    """The signature over user, secret block and time is pycognito's. (warrant_lite's needs the locale en_US.)"""
    exchange, block = _exchange(random.Random(seed), 16), random.Random(seed).randbytes(64 + seed)
    client = pycognito.aws_srp.AWSSRP("typed", exchange.password, POOL_ID, "client", client=object())
    client.small_a_value = exchange.a
    client.large_a_value = client.calculate_a()
    challenge = {
        "USER_ID_FOR_SRP": exchange.user_id,
        "SALT": f"{exchange.salt:x}",
        "SRP_B": f"{exchange.B:x}",
        "SECRET_BLOCK": base64.b64encode(block).decode(),
    }
    answer = client.process_challenge(challenge, {"USERNAME": "typed"})
    ours = srp.signature(
        _our_key(exchange, exchange.B), exchange.pool_name, exchange.user_id, block, answer["TIMESTAMP"]
    )
    assert base64.b64encode(ours).decode() == answer["PASSWORD_CLAIM_SIGNATURE"]


@pytest.mark.parametrize("seed", range(10))
def test_the_key_of_a_remembered_device_is_the_peers(seed: int) -> None:
    """With the group key for the pool, the device's for the user and its own password, the way is the same."""
    exchange = replace(_exchange(random.Random(seed), 16), pool_name="-AbCdEfGh", user_id="eu-west-1_1111-2222")
    client = CLIENTS["pycognito"]
    client.small_a_value = exchange.a
    client.large_a_value = client.calculate_a()
    theirs = client.get_device_authentication_key(
        exchange.pool_name, exchange.user_id, exchange.password, exchange.B, f"{exchange.salt:x}"
    )
    assert _our_key(exchange, exchange.B) == theirs


DEVICE = NewDevice("eu-west-1_1111-2222", "-AbCdEfGh")


def _call(step: object) -> Any:
    assert isinstance(step, Call)
    return step.parameters


@pytest.mark.parametrize("seed", range(10))
def test_the_verifier_of_a_device_is_the_peers(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a device registers is what pycognito makes of the same random bytes, password and all."""
    monkeypatch.setattr("os.urandom", random.Random(seed).randbytes)
    password, theirs = pycognito.aws_srp.generate_hash_device(DEVICE.group_key, DEVICE.key)
    config = Config(
        f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL_ID}", "id", randomness=random.Random(seed).randbytes
    )
    flow = confirm_new_device(config, "token", DEVICE, "user")
    assert _call(advance(flow))["DeviceSecretVerifierConfig"] == theirs
    confirmed: Any = advance(flow, Ok(ServiceReply("ConfirmDevice", {})))
    assert confirmed.value.device.password == password


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("seed", range(5))
def test_the_proof_of_a_device_is_the_peers(seed: int) -> None:
    """All responses of DEVICE_PASSWORD_VERIFIER, from the same exponent and at the same time, are pycognito's."""
    drawn = random.Random(seed).randbytes(32)
    exchange = replace(
        _exchange(random.Random(seed), 16),
        pool_name=DEVICE.group_key,
        user_id=DEVICE.key,
        a=int.from_bytes(drawn, "big"),
    )
    challenge = {
        "USERNAME": "user",
        "DEVICE_KEY": DEVICE.key,
        "SALT": f"{exchange.salt:x}",
        "SRP_B": f"{exchange.B:x}",
        "SECRET_BLOCK": base64.b64encode(random.Random(seed).randbytes(64 + seed)).decode(),
    }
    device = RememberedDevice(DEVICE.key, DEVICE.group_key, exchange.password, "user")
    client: Any = pycognito.aws_srp.AWSSRP(
        "user", "", POOL_ID, "client", client=object(), client_secret="secret", device_key=DEVICE.key,
        device_group_key=DEVICE.group_key, device_password=exchange.password
    )  # fmt: skip
    client.small_a_value, client.large_a_value = exchange.a, exchange.A
    theirs = client.process_device_challenge(challenge)

    when = datetime.strptime(theirs["TIMESTAMP"], "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC).timestamp()
    iss = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL_ID}"
    config = Config(iss, "client", "secret", randomness=lambda _: drawn)
    flow = prove_device(AuthContext(config, device), device, Challenge("DEVICE_SRP_AUTH", "user", "s"))
    assert _call(advance(flow))["ChallengeResponses"]["SRP_A"] == f"{exchange.A:x}"
    body = {"ChallengeName": "DEVICE_PASSWORD_VERIFIER", "ChallengeParameters": challenge}
    answer = _call(advance(flow, Ok(ServiceReply("RespondToAuthChallenge", body, date=when))))
    assert answer["ChallengeResponses"] == theirs


def test_the_timestamp_is_the_peers() -> None:
    """Any moment of the years to come is written as pycognito writes it."""
    rng = random.Random(8)
    for _ in range(3000):
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(2_000_000_000))
        assert srp.timestamp(moment.timestamp()) == pycognito.aws_srp.AWSSRP.get_cognito_formatted_timestamp(moment)


def _their_exponents(sign_in: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exponents that a peer gives to `pow`."""
    power, exponents = builtins.pow, []

    def counted(base: int, exponent: int, modulus: int) -> int:
        exponents.append(exponent)
        return power(base, exponent, modulus)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "pow", counted)
        sign_in()
    return exponents


def _our_exponents(sign_in: Callable[[], object]) -> list[int]:
    """The exponents that we give to our own power, which does not go through `pow`."""
    exponents = []

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is openssl.power.__code__:
            exponents.append(frame.f_locals["exponent"])

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        sign_in()
    finally:
        sys.setprofile(before)
    return exponents


def _bits(exponents: list[int]) -> int:
    """The bits of all exponents of a sign-in: what its time grows with, the modulus being one."""
    assert len(exponents) == 3
    return sum(exponent.bit_length() for exponent in exponents)


def test_a_sign_in_costs_at_most_half_of_the_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exponents of one sign-in, A and all, have at most half the bits of warrant_lite's."""
    exchange = Exchange(a=2**256 - 1, b=2**200, salt=0x1234)  # the longest exponent that ours can draw
    B = exchange.B

    def theirs() -> object:
        client: Any = warrant_lite.WarrantLite("user", "password", POOL_ID, "client", client=object())
        return client.get_password_authentication_key("user", "password", B, "1234")

    ours = _our_exponents(lambda: _our_key(exchange, B))
    assert _bits(ours) <= 0.5 * _bits(_their_exponents(theirs, monkeypatch))
