"""What a token must claim, and what it then says."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any, Final

import pytest

from cognito_raw import Claims, Err, Ok
from cognito_raw.verify import ANY_CLIENT
from tests.support.cases import each_case
from tests.support.judging import judged, reason
from tests.support.samples import CLIENT, ISS
from tests.support.tokens import ACCESS, ID, NOW, OTHER_ISS


def _raise(_: Claims) -> bool:
    raise KeyError("mine")


def test_an_id_token_says_who_the_user_is() -> None:
    """Its claims come as one value, with those that every program needs by name."""
    claims = judged(ID).unwrap()
    assert claims == Claims(
        sub="5b1c-of-ada",
        token_use="id",
        client_id=CLIENT,
        exp=NOW + 3600,
        iat=NOW - 60,
        auth_time=NOW - 60,
        groups=("admins", "users"),
        scopes=(),
        username="ada",
    )
    assert claims.payload == ID


def test_an_access_token_says_what_may_be_done() -> None:
    """Its client is in another claim than an ID token's, and so is its user name; it has scopes."""
    claims = judged(ACCESS).unwrap()
    assert (claims.token_use, claims.client_id, claims.username) == ("access", CLIENT, "ada")
    assert claims.scopes == ("aws.cognito.signin.user.admin", "openid")


def test_a_client_of_its_own_has_no_name() -> None:
    """What a token need not have is None or empty."""
    times = {"exp": NOW + 1, "iat": NOW}
    claims = {"iss": ISS, "token_use": "access", "client_id": CLIENT, "sub": CLIENT, "scope": " a  b ", **times}
    assert judged(claims) == Ok(Claims(CLIENT, "access", CLIENT, NOW + 1, NOW, scopes=("a", "b")))


def test_claims_are_frozen_and_show_neither_name_nor_payload() -> None:
    """They can be kept and sent elsewhere; their repr has no e-mail address in it."""
    claims = judged({**ID, "cognito:username": "ada@e"}).unwrap()
    with pytest.raises(dataclasses.FrozenInstanceError):
        claims.sub = "another"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(claims)) == claims
    assert "ada@e" not in f"{claims} {Ok(claims)}"


ABSENT: Final = object()


# A change of the claims, and what comes of it for both kinds of token.
CHANGES: Final[list[tuple[str, Any, str]]] = [
    ("iss", OTHER_ISS, "Ok"),
    ("iss", ABSENT, "token-issuer-refused"),
    ("iss", None, "token-issuer-refused"),
    ("iss", [ISS], "token-issuer-refused"),
    ("iss", {ISS: 1}, "token-issuer-refused"),
    ("iss", ISS + "/", "token-issuer-refused"),
    ("iss", ISS.upper(), "token-issuer-refused"),
    ("iss", ISS[:-1], "token-issuer-refused"),
    ("iss", ISS.replace("https", "http"), "token-issuer-refused"),
    ("iss", ISS.replace("eu-west-1_", "eu-west-1_x"), "token-issuer-refused"),
    ("token_use", ABSENT, "token-use-refused"),
    ("token_use", None, "token-use-refused"),
    ("token_use", "refresh", "token-use-refused"),
    ("token_use", "ID", "token-use-refused"),
    ("token_use", ["id", "access"], "token-use-refused"),
    ("token_use", {}, "token-use-refused"),
    ("sub", ABSENT, "token-claim-invalid"),
    ("sub", None, "token-claim-invalid"),
    ("sub", "", "token-claim-invalid"),
    ("sub", 5, "token-claim-invalid"),
    ("sub", ["5b1c"], "token-claim-invalid"),
    ("exp", NOW + 1, "Ok"),
    ("exp", NOW, "token-expired"),
    ("exp", NOW - 1, "token-expired"),
    ("exp", 0, "token-expired"),
    ("exp", -1, "token-expired"),
    ("exp", ABSENT, "token-claim-invalid"),
    ("exp", None, "token-claim-invalid"),
    ("exp", NOW + 3600.0, "token-claim-invalid"),
    ("exp", str(NOW + 3600), "token-claim-invalid"),
    ("exp", True, "token-claim-invalid"),
    ("exp", [NOW + 3600], "token-claim-invalid"),
    ("exp", 253_402_300_799, "Ok"),
    ("exp", 253_402_300_800, "token-claim-invalid"),
    ("exp", 10**99, "token-claim-invalid"),
    ("exp", 1 - 10**99, "token-expired"),
    ("nbf", NOW, "Ok"),
    ("nbf", 10**99, "token-not-yet-valid"),
    ("nbf", NOW + 1, "token-not-yet-valid"),
    ("nbf", 2**53 - 1, "token-not-yet-valid"),
    ("nbf", None, "token-claim-invalid"),
    ("nbf", True, "token-claim-invalid"),
    ("nbf", 1.0, "token-claim-invalid"),
    ("nbf", "0", "token-claim-invalid"),
    ("iat", ABSENT, "token-claim-invalid"),
    ("iat", NOW + 60, "Ok"),
    ("iat", NOW + 61, "token-not-yet-valid"),
    ("iat", None, "token-claim-invalid"),
    ("iat", False, "token-claim-invalid"),
    ("iat", 1.5, "token-claim-invalid"),
    ("iat", "now", "token-claim-invalid"),
    ("auth_time", ABSENT, "Ok"),
    ("auth_time", None, "token-claim-invalid"),
    ("auth_time", True, "token-claim-invalid"),
    ("auth_time", "now", "token-claim-invalid"),
    ("jti", ABSENT, "Ok"),
    ("jti", None, "token-claim-invalid"),
    ("jti", 5, "token-claim-invalid"),
    ("jti", ["6f0e"], "token-claim-invalid"),
    ("cognito:groups", ABSENT, "Ok"),
    ("cognito:groups", [], "Ok"),
    ("cognito:groups", None, "token-claim-invalid"),
    ("cognito:groups", "admins", "token-claim-invalid"),
    ("cognito:groups", ["admins", 5], "token-claim-invalid"),
    ("cognito:groups", {"admins": 1}, "token-claim-invalid"),
    ("scope", None, "token-claim-invalid"),
    ("scope", ["openid"], "token-claim-invalid"),
    ("custom:anything", {"a": [1.5, None]}, "Ok"),
    ("custom:anything", 10**99, "Ok"),
]


@each_case("claims", [ID, ACCESS], ids=["id", "access"])
@each_case(("name", "value", "expected"), CHANGES)
def test_each_claim_has_its_rule(claims: dict[str, Any], name: str, value: Any, expected: str) -> None:
    """One claim that is missing, of another type or of another value decides."""
    changed = {key: content for key, content in {**claims, name: value}.items() if content is not ABSENT}
    assert reason(judged(changed)) == expected


@each_case(("claims", "name"), [(ID, "aud"), (ACCESS, "client_id"), (ID, "cognito:username"), (ACCESS, "username")])
@each_case("value", [None, 5, [CLIENT], {CLIENT: 1}, True])
def test_client_and_user_name_are_texts(claims: dict[str, Any], name: str, value: Any) -> None:
    """Also where every client is allowed; a list with the right client in it is not that client."""
    demands: list[dict[str, Any]] = [{}, {"client_ids": ANY_CLIENT}]
    expected = "token-claim-invalid" if name.endswith("username") else "token-client-refused"
    assert [reason(judged({**claims, name: value}, **demand)) for demand in demands] == [expected] * 2


@pytest.mark.parametrize(
    ("leeway", "claims", "expected"),
    [
        (30, {"exp": NOW - 29}, "Ok"),
        (30, {"exp": NOW - 30}, "token-expired"),
        (30, {"nbf": NOW + 30}, "Ok"),
        (30, {"nbf": NOW + 31}, "token-not-yet-valid"),
        (0.5, {"iat": NOW + 60}, "Ok"),
        (0.5, {"iat": NOW + 61}, "token-not-yet-valid"),
    ],
)
def test_clocks_may_differ_by_the_leeway(leeway: float, claims: dict[str, Any], expected: str) -> None:
    """In both directions."""
    assert reason(judged({**ID, **claims}, leeway=leeway)) == expected


@pytest.mark.parametrize("now", [float("nan"), float("inf")])
def test_a_clock_that_gives_no_time_lets_nothing_in(now: float) -> None:
    """Such a clock makes every token look expired."""
    assert reason(judged(ID, now=now)) == "token-expired"


LONG: Final = "x" * 1000


MESSAGES: Final[list[tuple[dict[str, Any], dict[str, Any], str]]] = [
    ({"exp": NOW - 42}, {}, "exp is 42 s in the past"),
    ({"exp": NOW - 42}, {"leeway": 30}, "exp is 42 s in the past"),
    ({"nbf": NOW + 7}, {}, "nbf is 7 s in the future"),
    ({"iat": NOW + 61}, {}, "iat is 61 s in the future"),
    ({"exp": "soon"}, {}, "exp is not an integer"),
    ({"exp": ABSENT}, {}, "exp is missing"),
    ({"auth_time": "now"}, {}, "auth_time is not an integer"),
    ({"sub": ""}, {}, "sub is not a string, or empty"),
    ({"cognito:username": 5}, {}, "cognito:username is not a string"),
    ({"cognito:groups": [5]}, {}, "cognito:groups is not a list of strings"),
    ({"scope": ["a"]}, {}, "scope is not a string"),
    ({}, {"groups": ["auditors", "admins", "owners"]}, "cognito:groups lacks 'auditors', 'owners'"),
    ({}, {"scopes": "orders/read"}, "scope lacks 'orders/read'"),
    ({}, {"scopes": LONG}, f"scope lacks '{LONG[:199]}..."),
    ({"aud": "other"}, {}, "aud is 'other', an app client that is not allowed"),
    ({"aud": LONG}, {}, f"aud is '{LONG[:99]}..., an app client that is not allowed"),
    ({"aud": "a\n\x1b"}, {}, "aud is 'a\\n\\x1b', an app client that is not allowed"),
    ({"aud": ABSENT}, {}, "aud is missing"),
    ({"aud": [CLIENT]}, {}, "aud is not a string, or empty"),
    ({"iss": "https://x"}, {}, "iss is 'https://x', an issuer that is not accepted"),
    ({"iss": None}, {}, "iss is not a string, or empty"),
    ({}, {"use": "access"}, "token_use is 'id', and 'access' is demanded"),
    ({"token_use": "refresh"}, {}, "token_use is neither 'id' nor 'access'"),
    ({"token_use": ABSENT}, {}, "token_use is missing"),
    ({}, {"check": lambda _: None}, "the verifier's own check did not return True"),
    ({}, {"check": _raise}, "the verifier's own check raised an exception, which is in the log"),
]


@each_case(("changes", "demands", "message"), MESSAGES, ids=[message[:50] for _, _, message in MESSAGES])
def test_a_refusal_says_what_happened(changes: dict[str, Any], demands: dict[str, Any], message: str) -> None:
    """Which claim it is, and by how much or with what; never more of the token than a few words."""
    claims = {name: value for name, value in {**ID, **changes}.items() if value is not ABSENT}
    result = judged(claims, **demands)
    assert isinstance(result, Err)
    assert result.message == message


def test_the_first_broken_rule_is_told_in_a_fixed_order() -> None:
    """Whose token it is comes first, then the time, then what may be done, and the caller's own check is last."""
    asked: list[Claims] = []
    claims: dict[str, Any] = {
        **ID,
        "iss": "x",
        "token_use": "access",
        "aud": "x",
        "sub": "",
        "exp": NOW,
        "nbf": NOW + 1,
        "cognito:groups": [],
    }

    def check(claims: Claims) -> bool:
        asked.append(claims)
        return False

    demands: dict[str, Any] = {"groups": "admins", "scopes": "a", "check": check}
    steps: list[tuple[dict[str, Any], str]] = [
        ({}, "token-issuer-refused"),
        ({"iss": ISS}, "token-use-refused"),
        ({"token_use": "id"}, "token-client-refused"),
        ({"aud": CLIENT}, "token-claim-invalid"),
        ({"sub": "ada"}, "token-expired"),
        ({"exp": NOW + 1}, "token-not-yet-valid"),
        ({"nbf": 0}, "token-group-missing"),
        ({"cognito:groups": ["admins"]}, "token-scope-missing"),
    ]
    for change, expected in steps:
        claims |= change
        assert reason(judged(claims, use="id", **demands)) == expected
    assert asked == []
    assert reason(judged({**claims, "scope": "a"}, use="id", **demands)) == "token-check-failed"
    assert [claims.sub for claims in asked] == ["ada"]
