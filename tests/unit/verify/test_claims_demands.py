"""Demands on a token: its use, its client, groups, scopes, and a check of the caller's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import Claims
from cognito_raw.verify import ANY_CLIENT, AnyClient
from tests.support.cases import each_case
from tests.support.judging import judged, reason
from tests.support.samples import CLIENT, ISS
from tests.support.tokens import ACCESS, ID


def _raise(_: Claims) -> bool:
    raise KeyError("mine")


@pytest.mark.parametrize(
    ("use", "claims", "expected"),
    [
        ("id", ID, "Ok"),
        ("id", ACCESS, "token-use-refused"),
        ("access", ACCESS, "Ok"),
        ("access", ID, "token-use-refused"),
        (["access"], ID, "token-use-refused"),
        ({"id", "access"}, ID, "Ok"),
        ({"id", "access"}, ACCESS, "Ok"),
        # The client of one kind of token in the place of the other's.
        ("id", {**ACCESS, "token_use": "id"}, "token-client-refused"),
        ("access", {**ID, "token_use": "access"}, "token-client-refused"),
        ("access", {**ACCESS, "aud": "another"}, "Ok"),  # the resource that it is for
        ("id", {**ID, "client_id": "another"}, "Ok"),
    ],
)
def test_just_the_use_that_is_demanded_is_accepted(use: Any, claims: dict[str, Any], expected: str) -> None:
    """An access token is no ID token, and the other way round."""
    assert reason(judged(claims, use=use)) == expected


OTHER_CLIENT: Final = {**ID, "aud": "other1client"}


@pytest.mark.parametrize(
    ("client_ids", "own", "other"),
    [
        (None, "Ok", "token-client-refused"),
        (CLIENT, "Ok", "token-client-refused"),
        ("other1client", "token-client-refused", "Ok"),
        ([CLIENT, "other1client"], "Ok", "Ok"),
        (("other1clien", "ther1client"), "token-client-refused", "token-client-refused"),
        (ANY_CLIENT, "Ok", "Ok"),
        (AnyClient(), "Ok", "Ok"),
    ],
)
def test_the_client_is_one_of_those_allowed(client_ids: Any, own: str, other: str) -> None:
    """The configuration's own where nothing is said, and any only where that is said."""
    assert [reason(judged(claims, client_ids=client_ids)) for claims in (ID, OTHER_CLIENT)] == [own, other]
    assert repr(ANY_CLIENT) == "ANY_CLIENT"


def test_no_client_at_all_is_none_of_any() -> None:
    """A token that was issued to nobody is refused even where every client is allowed."""
    for claims in ({**ID, "aud": ""}, {name: value for name, value in ID.items() if name != "aud"}):
        assert reason(judged(claims, client_ids=ANY_CLIENT)) == "token-client-refused"


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [("https://id.example.com", "Ok"), ("https://id.example.co", "token-issuer-refused"), (ISS, "Ok")],
)
def test_issuers_may_be_added(issuer: str, expected: str) -> None:
    """Beside the pool's two, and compared whole."""
    added = ["https://id.example.com", "https://other.example"]
    assert reason(judged({**ID, "iss": issuer}, additional_issuers=added)) == expected


@pytest.mark.parametrize(
    ("demanded", "expected"),
    [
        ("admins", "Ok"),
        (["admins", "users"], "Ok"),
        (["admins", "auditors"], "token-group-missing"),
        ("admin", "token-group-missing"),
        ("Admins", "token-group-missing"),
        ("admins users", "token-group-missing"),
    ],
)
def test_all_groups_are_there(demanded: Any, expected: str) -> None:
    """Every group that is demanded, compared whole."""
    assert reason(judged(ID, groups=demanded)) == expected


@pytest.mark.parametrize(
    ("scope", "demanded", "expected"),
    [
        ("openid email", "email", "Ok"),
        ("openid email", ["email", "openid"], "Ok"),
        ("openid email", ["email", "phone"], "token-scope-missing"),
        ("openid emails", "email", "token-scope-missing"),
        ("open email-id", "email", "token-scope-missing"),
        ("OpenID", "openid", "token-scope-missing"),
        ("openid,email", "email", "token-scope-missing"),
        ("openid\temail", "email", "token-scope-missing"),
        ("", "email", "token-scope-missing"),
    ],
)
def test_all_scopes_are_there(scope: str, demanded: Any, expected: str) -> None:
    """Every scope that is demanded, compared whole; they are parted by spaces."""
    assert reason(judged({**ACCESS, "scope": scope}, scopes=demanded)) == expected


async def _later(_: Claims) -> bool:
    return True


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda claims: claims.payload["email"] == "ada@e", "Ok"),
        (lambda claims: claims.payload["email"] == "bob@e", "token-check-failed"),
        (lambda _: None, "token-check-failed"),
        (lambda _: 1, "token-check-failed"),
        (lambda _: "yes", "token-check-failed"),
    ],
    ids=["true", "false", "none", "one", "text"],
)
def test_a_check_of_ones_own_returns_true(check: Any, expected: str) -> None:
    """Nothing else that counts as true will do."""
    assert reason(judged(ID, check=check)) == expected


def test_a_check_that_raises_is_failed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The token is refused, and the log has the check's own error."""
    assert reason(judged(ID, check=_raise)) == "token-check-failed"
    assert "KeyError: 'mine'" in caplog.text


def _texts() -> Iterator[str]:
    yield CLIENT


MISTAKES: Final[list[tuple[dict[str, Any], str]]] = [
    ({"use": "ID"}, "token_use"),
    ({"use": ""}, "token_use"),
    ({"use": None}, "token_use"),
    ({"use": ()}, "token_use"),
    ({"use": ("id", "refresh")}, "token_use"),
    ({"use": b"id"}, "token_use"),
    ({"use": 5}, "token_use"),
    ({"use": [["id"]]}, "token_use"),
    ({"client_ids": []}, "client_ids is empty: say ANY_CLIENT"),
    ({"client_ids": ""}, "client_ids must be"),
    ({"client_ids": [""]}, "client_ids must be"),
    ({"client_ids": [None]}, "client_ids must be"),
    ({"client_ids": b"abc"}, "client_ids must be"),
    ({"client_ids": 5}, "client_ids must be"),
    ({"client_ids": _texts()}, "client_ids must be"),
    ({"client_ids": AnyClient}, "client_ids must be"),
    ({"additional_issuers": [""]}, "additional_issuers must be"),
    ({"additional_issuers": [5]}, "additional_issuers must be"),
    ({"groups": []}, "groups is empty: leave it out"),
    ({"groups": [5]}, "groups must be"),
    ({"scopes": ()}, "scopes is empty: leave it out"),
    ({"scopes": "openid email"}, "give several as a list"),
    ({"scopes": [" "]}, "give several as a list"),
    ({"scopes": {"a": 1}.values()}, "scopes must be"),
    ({"check": True}, "check must be a function"),
    ({"check": _later}, "check is a coroutine function"),
    ({"leeway": -1}, "leeway"),
    ({"leeway": 301}, "leeway"),
    ({"leeway": True}, "leeway"),
    ({"leeway": "5"}, "leeway"),
    ({"leeway": float("nan")}, "leeway"),
]


@each_case(("demands", "words"), MISTAKES)
def test_demands_that_make_no_sense_are_refused(demands: dict[str, Any], words: str) -> None:
    """A slip in the demands is a ValueError, and never a check less."""
    with pytest.raises(ValueError, match=words):
        judged(ID, **demands)
