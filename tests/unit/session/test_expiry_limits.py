"""The instants at which a token falls due and ends."""

from __future__ import annotations

import pytest

from cognito_raw import Tokens
from cognito_raw.models.tokens import TokenUse
from cognito_raw.session.expiry import HeldTokens
from tests.support.conversation import NOW, Clock, configured, tokens, unsigned_token


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
