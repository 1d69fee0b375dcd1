"""The leeway between clocks, at its limits and at the instants that it moves."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Config, Err
from cognito_raw.verify.claims import Rules
from tests.support.samples import CLIENT, ISS
from tests.support.tokens import ID, NOW

CONFIG = Config(ISS, CLIENT)


def judged(leeway: float, **changes: Any) -> str:
    """The reason for a token with these claims, or "Ok"."""
    result = Rules(CONFIG, "id", leeway=leeway).validate({**ID, **changes}, NOW)
    return result.reason if isinstance(result, Err) else "Ok"


@pytest.mark.parametrize("leeway", [300, 300.0, 0, 0.5], ids=repr)
def test_a_leeway_is_five_minutes_at_most(leeway: float) -> None:
    """A token that ended within the leeway is accepted; one that ended a second before that is not."""
    assert judged(leeway, exp=NOW - int(leeway) + 1) == "Ok"
    assert judged(leeway, exp=NOW - int(leeway) - 1) == "token-expired"


@pytest.mark.parametrize("leeway", [300.5, 301, -0.5, -1, True, "5", None, float("nan"), float("inf")], ids=repr)
def test_any_other_leeway_is_a_mistake(leeway: Any) -> None:
    """A verifier with it cannot be made."""
    with pytest.raises(ValueError, match="must be a number of seconds from 0 to 300"):
        Rules(CONFIG, "id", leeway=leeway)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": NOW - 9}, "Ok"),
        ({"exp": NOW - 10}, "token-expired"),
        ({"nbf": NOW + 10}, "Ok"),
        ({"nbf": NOW + 11}, "token-not-yet-valid"),
        ({"iat": NOW + 70}, "Ok"),
        ({"iat": NOW + 71}, "token-not-yet-valid"),
    ],
    ids=repr,
)
def test_a_leeway_moves_each_time_by_its_seconds(changes: dict[str, int], expected: str) -> None:
    """The end of a token, its beginning and its issue, which may be a minute ahead without any leeway."""
    assert judged(10, **changes) == expected
