"""Malformed and unsafe replies to a sign-in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_raw import Call, Err, Ok, advance, flows
from cognito_raw.reply import read
from cognito_raw.srp.exchange import N
from tests.support.cases import each_case
from tests.support.conversation import (
    SECRET,
    answered,
    authentication_result,
    configured,
)
from tests.support.sign_ins import initiate
from tests.support.srp_sign_in import SERVER, sign_in

NOT_HEXADECIMAL: dict[str, object] = {
    "empty": "",
    "signed": "-2",
    "prefixed": "0xff",
    "grouped": "f_f",
    "spaced": " ff ",
    "not hexadecimal": "xyz",
    "digits of another script": "\u0661\u0662",
    "half a surrogate pair": "\ud800",
    "megabytes": "f" * 3_000_000,
    "missing": None,
    "a number": 7,
    "a list": ["ff"],
    "an object": {},
    "true": True,
}


MALFORMED = [
    *[pytest.param({"SRP_B": value}, id=f"SRP_B {name}") for name, value in NOT_HEXADECIMAL.items()],
    # A salt may be negative.
    *[pytest.param({"SALT": value}, id=f"SALT {name}") for name, value in NOT_HEXADECIMAL.items() if name != "signed"],
    pytest.param({"SECRET_BLOCK": None}, id="SECRET_BLOCK missing"),
    pytest.param({"SECRET_BLOCK": 7}, id="SECRET_BLOCK a number"),
    pytest.param({"SECRET_BLOCK": "\ud800"}, id="SECRET_BLOCK half a surrogate pair"),
    pytest.param({"USER_ID_FOR_SRP": None}, id="USER_ID_FOR_SRP missing"),
    pytest.param({"USER_ID_FOR_SRP": {}}, id="USER_ID_FOR_SRP an object"),
    pytest.param({"USER_ID_FOR_SRP": "jane\udc00"}, id="USER_ID_FOR_SRP half a surrogate pair"),
    pytest.param({"USERNAME": 7}, id="USERNAME a number"),
    pytest.param({"USERNAME": "\udc00"}, id="USERNAME half a surrogate pair"),
]


def ends_early(body: object) -> Err:
    """The failure of a sign-in whose first answer was enough to end it."""
    result = sign_in(initiate(answered(body)))
    assert isinstance(result, Err)
    assert (result.operation, result.status, result.sent, result.retryable) == ("InitiateAuth", 200, "maybe", False)
    return result


@each_case("change", MALFORMED)
def test_a_misshapen_verifier_ends_the_sign_in(change: dict[str, object]) -> None:
    """Whatever is wrong with the challenge, nothing is proven: `malformed-reply`."""
    assert ends_early(SERVER.asks(**change)).reason == "malformed-reply"


@pytest.mark.parametrize("value", [f"{n:x}" for n in (0, N, 2 * N)] + ["000"], ids=["0", "N", "2N", "zeros"])
def test_an_unsafe_public_value_ends_the_sign_in(value: str) -> None:
    """With a B that is a multiple of N anybody could pass for the service: `unsafe-srp-value`, and no proof."""
    assert ends_early(SERVER.asks(SRP_B=value)).reason == "unsafe-srp-value"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ChallengeName": None},
        {"ChallengeName": 7},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": []},
        {"ChallengeName": "SMS_MFA", "ChallengeParameters": {"a": {}}},
        {"ChallengeName": "SMS_MFA", "Session": 7},
        {"ChallengeName": "PASSWORD_VERIFIER"},
        {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": []},
        {**SERVER.asks(), "Session": {}},
        {**SERVER.asks(), "Session": "\ud800"},
        {"AuthenticationResult": "yes"},
    ],
    ids=repr,
)
def test_a_misshapen_answer_ends_the_sign_in(body: object) -> None:
    """An answer that is neither tokens nor a challenge is `malformed-reply`."""
    assert ends_early(body).reason == "malformed-reply"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


HEX = st.text("0123456789abcdefABCDEF", min_size=1, max_size=800) | JSON


BODIES = st.fixed_dictionaries(
    {},
    optional={
        "ChallengeName": st.sampled_from(["PASSWORD_VERIFIER", "SMS_MFA"]) | JSON,
        "Session": JSON,
        "AuthenticationResult": st.just(authentication_result()["AuthenticationResult"]) | JSON,
        "ChallengeParameters": JSON
        | st.fixed_dictionaries(
            {"SRP_B": HEX, "SALT": HEX, "USER_ID_FOR_SRP": st.text(max_size=4) | JSON},
            optional={"SECRET_BLOCK": st.sampled_from(["c2VjcmV0", ""]) | JSON, "USERNAME": JSON},
        ),
    },
)


@settings(deadline=None, max_examples=150)
@given(first=BODIES, second=BODIES | JSON)
def test_no_answer_makes_a_sign_in_raise(first: object, second: object) -> None:
    """Whatever JSON the two answers are, the sign-in gives a result."""
    flow = flows.sign_in(configured(client_secret=SECRET), "jane", "Passw0rd!")
    step = advance(flow)
    for body in (first, second):
        if isinstance(step, Call):
            reply = answered(body).unwrap()
            step = advance(flow, read(step, reply))
    assert isinstance(step, (Ok, Err))
