"""Known answers: every step of every vector in fixtures/srp_vectors.json, so that a failure says which step is wrong.

Each vector's kind says which values follow from its inputs. A vector of a kind that is not known here fails, and so
does an expected value of a name that its kind does not have: nothing in the file goes unchecked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

import pytest

from cognito_raw.config import Config
from cognito_raw.srp import exchange as srp
from tests.support.cases import each_case
from tests.support.paths import FIXTURES
from tests.support.srp_server import padded

Inputs: TypeAlias = Any
Values: TypeAlias = Mapping[str, object]

VECTORS: dict[str, dict[str, Any]] = {
    vector["id"]: vector for vector in json.loads((FIXTURES / "srp_vectors.json").read_text("utf-8"))["vectors"]
}


def _constants(inputs: Inputs) -> Values:
    assert (int(inputs["N_hex"], 16), inputs["g"]) == (srp.N, srp.g)
    assert bytes.fromhex(inputs["info_hex"]) == inputs["info"].encode() + b"\x01"
    return {"k": srp.k, "k_input": srp.pad(srp.N) + srp.pad(srp.g)}


def _pad(inputs: Inputs) -> Values:
    return {digits: srp.pad(srp.number(digits)) for digits in inputs}


def _hash(inputs: Inputs) -> Values:
    """The hash of any bytes, as that of two numbers whose bytes they are."""
    data = bytes.fromhex(inputs["hex"])
    halves = [(int.from_bytes(data[:i], "big"), int.from_bytes(data[i:], "big")) for i in range(1, len(data))]
    A, B = next((A, B) for A, B in halves if srp.pad(A) + srp.pad(B) == data)
    return {"sha256": srp.scramble(A, B)}


def _hkdf(inputs: Inputs) -> Values:
    S, u = srp.number(inputs["ikm_hex"]), srp.number(inputs["salt_hex"])
    assert (srp.pad(S), srp.pad(u)) == (bytes.fromhex(inputs["ikm_hex"]), bytes.fromhex(inputs["salt_hex"]))
    return {"key": srp.session_key(S, u)}


def _u(inputs: Inputs) -> Values:
    return {"u": srp.scramble(srp.number(inputs["A"]), srp.number(inputs["B"]))}


def _proof(inputs: Inputs, pool_name: str, user_id: str, password: str) -> dict[str, object]:
    pair, B = srp.Ephemeral.of(srp.number(inputs["a_hex"])), srp.number(inputs["SRP_B"])
    u = srp.scramble(pair.A, B)
    x = srp.private_key(_salt(inputs), pool_name, user_id, password)
    S = srp.premaster(pair, B, u, x)
    key = srp.session_key(S, u)
    block = base64.b64decode(inputs["SECRET_BLOCK"], validate=True)
    proof = srp.signature(key, pool_name, user_id, block, inputs["TIMESTAMP"])
    return {"A": pair.A, "u": u, "x": x, "S": S, "hkdf_key": key, "signature": base64.b64encode(proof).decode()}


def _salt(inputs: Inputs) -> int:
    """One source passes text that is not hexadecimal, and its vector says which number its parser made of it."""
    return srp.number(inputs["SALT_effective_hex"] if "SALT_effective_hex" in inputs else inputs["SALT"])


def _user(inputs: Inputs) -> Values:
    region, secret = inputs["user_pool_id"].partition("_")[0], inputs.get("client_secret")
    iss = f"https://cognito-idp.{region}.amazonaws.com/{inputs['user_pool_id']}"
    config = Config(iss, inputs.get("client_id", "client"), secret)
    assert config.pool_name == inputs["pool_name"]
    values = _proof(inputs, config.pool_name, inputs["USER_ID_FOR_SRP"], inputs["password"])
    return values if secret is None else {**values, "SECRET_HASH": config.secret_hash(inputs["USERNAME"])}


def _device(inputs: Inputs) -> Values:
    values = _proof(inputs, inputs["DeviceGroupKey"], inputs["DeviceKey"], inputs["device_password"])
    if "salt_hex" not in inputs:
        return values
    salt = srp.number(inputs["salt_hex"])
    x = srp.private_key(salt, inputs["DeviceGroupKey"], inputs["DeviceKey"], inputs["device_password"])
    written = {"PasswordVerifier": srp.pad(srp.verifier(x)), "Salt": srp.pad(salt)}
    config = {name: base64.b64encode(value).decode() for name, value in written.items()}
    return {**values, "DeviceSecretVerifierConfig": config}


def _moments(inputs: Inputs) -> Values:
    return {row["utc"]: srp.timestamp(datetime.fromisoformat(row["utc"]).timestamp()) for row in inputs}


def _refused(inputs: Inputs) -> Values:
    return {row["text"]: _is_written_on_some_day(row["text"]) for row in inputs}


def _is_written_on_some_day(text: str) -> bool:
    """Whether any day of the text's year is written so at the text's hour: its month may be in any language."""
    clock, year = text.split()[3], int(text.split()[5])
    hours, minutes, seconds = map(int, clock.split(":"))
    first = datetime(year, 1, 1, tzinfo=UTC).timestamp() + 3600 * hours + 60 * minutes + seconds
    return any(srp.timestamp(first + 86400 * day) == text for day in range(366))


KINDS: dict[str, Callable[[Inputs], Values]] = {
    "constants": _constants,
    "pad": _pad,
    "hash": _hash,
    "hkdf": _hkdf,
    "u": _u,
    "full-user-srp": _user,
    "derived-edge-case": _user,
    "full-device-srp": _device,
    "derived-device-edge-case": _device,
    "timestamp": _moments,
    "timestamp-negative": _refused,
}


@cache
def _values(name: str) -> Values:
    vector = VECTORS[name]
    return KINDS[vector["kind"]](vector["inputs"])


def _steps(vector: Mapping[str, Any]) -> dict[str, Any]:
    """What the vector expects, by name; the source's word stands beside the one that was computed for the file."""
    steps = {
        f"{member}-{step}": given
        for member in ("expected_by_source", "computed_here")
        for step, given in (vector.get(member) or {}).items()
    }
    if vector["kind"] == "timestamp":
        steps |= {f"inputs-{row['utc']}": row["text"] for row in vector["inputs"]}
    if vector["kind"] == "timestamp-negative":
        steps |= {f"inputs-{row['text']}": False for row in vector["inputs"]}
    return steps


def _bare(step: str) -> str:
    """The value's name without the member before it and the way of writing behind it."""
    name = step.partition("-")[2]
    return next((name.removesuffix(way) for way in ("_hex", "_dec", "_base64") if name.endswith(way)), name)


def _read(step: str, given: Any, like: object) -> object:
    """What the file gives, in the type of the value that it is compared with."""
    if isinstance(like, bytes):
        return base64.b64decode(given) if step.endswith("_base64") else bytes.fromhex(given)
    if isinstance(like, int) and not isinstance(like, bool):
        return int(given, 10 if step.endswith("_dec") else 16)
    return given


@pytest.mark.parametrize("name", VECTORS)
def test_every_vector_is_of_a_known_kind_and_has_something_to_check(name: str) -> None:
    """A new vector is either checked or refused, never passed over."""
    assert VECTORS[name]["kind"] in KINDS
    assert _steps(VECTORS[name])


@each_case(
    ("name", "step"),
    [pytest.param(name, step, id=f"{name}-{step}") for name in VECTORS for step in _steps(VECTORS[name])],
)
def test_every_step_has_the_known_answer(name: str, step: str) -> None:
    """Each value of the protocol is what other implementations, and the service itself, compute."""
    value = _values(name)[_bare(step)]
    assert value == _read(step, _steps(VECTORS[name])[step], value)


@pytest.mark.parametrize(
    "name", [name for name, vector in VECTORS.items() if "b_hex_server_secret" in vector["inputs"]]
)
def test_the_service_computes_the_same_secret_from_the_verifier(name: str) -> None:
    """With the service's own secret b, S is also (A * v^u)^b, and B is k * v + g^b."""
    inputs, values = VECTORS[name]["inputs"], _values(name)
    A, u, x, S = (value for value in (values["A"], values["u"], values["x"], values["S"]) if isinstance(value, int))
    v, b = pow(2, x, srp.N), int(inputs["b_hex_server_secret"], 16)
    assert srp.number(inputs["SRP_B"]) == (srp.k * v + pow(2, b, srp.N)) % srp.N
    assert pow(A * pow(v, u, srp.N), b, srp.N) == S
    assert u == int.from_bytes(hashlib.sha256(padded(A) + padded(srp.number(inputs["SRP_B"]))).digest(), "big")


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if "SALT_text" in vector["inputs"]])
def test_a_salt_that_is_not_hexadecimal_is_refused(name: str) -> None:
    """Where another parser makes some number of any text, ours refuses it."""
    with pytest.raises(srp.UnsafeValue):
        srp.number(VECTORS[name]["inputs"]["SALT_text"])
