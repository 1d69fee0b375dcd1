"""Agreement with amazon-cognito-identity-js, AWS's own client for browsers, run under Node.

`make test` installs it into .venv where npm is at hand; without it these tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cognito_raw.srp import exchange as srp
from tests.support.paths import NODE_MODULES
from tests.support.srp_server import Exchange

SCRIPT = Path(__file__).parent / "identity_js.js"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_MODULES / "amazon-cognito-identity-js").is_dir(),
    reason="needs Node and amazon-cognito-identity-js, which `make test` installs where npm is at hand",
)


def answers(cases: list[dict[str, str]]) -> list[Any]:
    """What the peer makes of each case."""
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(cases),
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def exchanges() -> list[Exchange]:
    """Users and devices, with exponents and salts of every length."""
    rng = random.Random(11)
    made = []
    for number in range(12):
        device = number % 2 == 1
        made.append(
            Exchange(
                a=rng.getrandbits(rng.choice((16, 256))) + 1,
                b=rng.getrandbits(64) + 1,
                salt=rng.getrandbits(rng.choice((7, 8, 12, 120, 128))) + 1,
                pool_name="-AbCdEfGh" if device else "AbCdEf123",
                user_id=f"eu-west-1_1111-{number}" if device else f"jäne-{number}",
                password=f"Corr3ct-hörse-{number}",
            )
        )
    return made


def test_the_keys_of_users_and_devices_are_the_peers() -> None:
    """A and the key that signs, from the same exponent and the same challenge."""
    cases = [
        {
            "group": each.pool_name,
            "name": each.user_id,
            "password": each.password,
            "a": f"{each.a:x}",
            "B": f"{each.B:x}",
            "salt": f"{each.salt:x}",
        }
        for each in exchanges()
    ]
    for each, theirs in zip(exchanges(), answers(cases), strict=True):
        pair = srp.Ephemeral.of(each.a)
        u = srp.scramble(pair.A, each.B)
        x = srp.private_key(each.salt, each.pool_name, each.user_id, each.password)
        ours = srp.session_key(srp.premaster(pair, each.B, u, x), u)
        assert theirs == {"A": f"{pair.A:x}", "key": ours.hex()}


def test_the_verifiers_of_devices_are_the_peers() -> None:
    """From the password and the salt that the peer drew, ours makes the verifier that it sends."""
    cases = [{"group": "-AbCdEfGh", "name": f"eu-west-1_1111-{number}"} for number in range(8)]
    for case, theirs in zip(cases, answers(cases), strict=True):
        x = srp.private_key(int(theirs["salt"], 16), case["group"], case["name"], theirs["password"])
        assert srp.pad(srp.verifier(x)).hex() == theirs["verifier"]
        assert srp.pad(int(theirs["salt"], 16)).hex() == theirs["salt"]
