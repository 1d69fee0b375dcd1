"""The instants at which a token falls due and ends."""

from __future__ import annotations

import pytest

from cognito_raw import Err, Ok, Tokens
from cognito_raw.models.tokens import TokenUse
from cognito_raw.session.expiry import HeldTokens
from tests.support.conversation import NOW, Clock, answered, configured, signed_in, tokens, unsigned_token
from tests.support.plays import Act, play
from tests.support.sign_ins import srp_sign_in


@pytest.mark.parametrize("use", ["id", "access"])
def test_a_token_is_due_from_its_instant_on(use: TokenUse) -> None:
    """It is fresh until then; from then on it is to be renewed, and valid all the same."""
    running = Clock(0.0)
    # Without the time of its issue, a token is due exactly 61 seconds before the end that it gives.
    body = {"AuthenticationResult": {"IdToken": unsigned_token(exp=NOW + 3600), "AccessToken": "opaque"}}
    held = HeldTokens(configured(monotonic=running), Tokens.read(body), 0.0)
    for at, fresh in ((3538.5, True), (3539, False), (3539.5, False)):
        running.now = at
        assert (held.fresh(use) is not None) is fresh
        assert held.valid(use) is not None
        assert held.due_in() == 3539 - at


@pytest.mark.parametrize(("at", "valid"), [(3598.5, True), (3599, True), (3599.5, False)])
def test_a_token_ends_a_second_before_it_says(at: float, valid: bool) -> None:
    """It counts whole seconds, and may have been issued at the end of one."""
    running = Clock(0.0)
    held = HeldTokens(configured(monotonic=running), tokens(lasts=3600), 0.0)
    running.now = at
    assert (held.valid("id") is not None) is valid
    assert held.ends_in() == 3599 - at


@pytest.mark.parametrize("choices", [{"lasts": 3600, "access_lasts": 300}, {"lasts": 300, "access_lasts": 3600}])
@pytest.mark.parametrize("method", ["id_token", "access_token"])
def test_without_a_refresh_token_the_first_end_is_the_end(choices: dict[str, int], method: str) -> None:
    """The session ends with the shorter-lived of its tokens, at the instant that all methods know."""
    state = signed_in(refresh=None, **choices)
    before, after = play(Act(method, at=NOW + 299), Act(method, at=NOW + 299.5), state=state).results
    assert isinstance(before, Ok)
    assert after == Err("no-session")


@pytest.mark.parametrize("issued", [0, NOW - 10 * 86_400])
def test_an_absurd_time_of_issue_makes_no_token_fresh_for_ever(issued: int) -> None:
    """No token of the service lives for more than a day, so the drift of such a token is not believed."""
    token = unsigned_token(sub="5u8", iat=issued, exp=NOW + 3600)
    result = {"AuthenticationResult": {"IdToken": token, "AccessToken": "opaque"}}
    login = Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(result)))
    outcome = play(login, Act("id_token", at=NOW + 3598), Act("id_token", at=NOW + 3600))
    assert [type(result) for result in outcome.results] == [Ok, Ok, Err]
