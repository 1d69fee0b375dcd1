"""The largest drift between two clocks that a saved session may hold."""

from __future__ import annotations

import math

import pytest

from cognito_raw import State


def saved(drift: object) -> dict[str, object]:
    return {**State("jane").to_dict(), "drift": drift}


@pytest.mark.parametrize("drift", [2**53 - 1, float(2**53 - 1)], ids=repr)
def test_the_largest_drift_is_kept(drift: float) -> None:
    """A drift below 2**53 seconds is read as it was saved; one in the other direction becomes 0."""
    state = State.from_dict(saved(drift))
    assert state.drift == 2**53 - 1
    assert isinstance(state.drift, float)
    assert State.from_dict(saved(-drift)).drift == 0


@pytest.mark.parametrize("sign", [1, -1], ids=["behind", "ahead"])
@pytest.mark.parametrize("drift", [2**53, 2.0**53, 10**400, math.inf, math.nan], ids=lambda drift: repr(drift)[:20])
def test_a_larger_drift_is_refused(drift: float, sign: int) -> None:
    """A drift of 2**53 seconds or more, in either direction, and what is no number are a damaged saved session."""
    with pytest.raises(ValueError, match="a damaged saved session: drift is not a number"):
        State.from_dict(saved(sign * drift))


def test_a_state_shows_four_of_its_fields() -> None:
    """The representation has the user, the challenge, the tokens and the device, and nothing else."""
    state = State("jane", drift=1.5, refresh_flow="REFRESH_TOKEN_AUTH", unanswered=True, sign_up_session="hunter2")
    assert repr(state) == "State(username='jane', challenge=None, tokens=None, device=None)"
