"""The statuses with which a key set's endpoint may answer, at the boundaries between their reasons."""

from __future__ import annotations

import pytest

from cognito_raw import Err, Ok, Reply
from cognito_raw.verify.key_cache import keys_of
from tests.support.tokens import key_set


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (199, "service-unavailable"),
        (201, "service-unavailable"),
        (299, "service-unavailable"),
        (300, "redirect-refused"),
        (399, "redirect-refused"),
        (400, "service-unavailable"),
        (500, "service-unavailable"),
        (599, "service-unavailable"),
    ],
)
def test_a_redirect_is_distinguished_from_other_failures(status: int, reason: str) -> None:
    """Statuses 300 to 399 are `redirect-refused`, which no waiting mends; all others but 200 are temporary."""
    found = keys_of(Ok(Reply(status, {}, key_set())))
    assert isinstance(found, Err)
    assert found.reason == reason
