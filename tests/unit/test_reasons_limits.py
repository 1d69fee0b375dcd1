"""Reasons at the boundaries between statuses, and between a Lambda trigger's name and its words."""

from __future__ import annotations

import pytest

from cognito_raw.reasons import Reason, classify_status, split_trigger

REFUSED = "UserLambdaValidationException"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (299, "malformed-reply"),
        (300, "redirect-refused"),
        (399, "redirect-refused"),
        (400, "malformed-reply"),
        (402, "malformed-reply"),
        (403, "request-blocked"),
        (404, "malformed-reply"),
        (405, "request-blocked"),
        (406, "malformed-reply"),
        (407, "malformed-reply"),
        (408, "service-unavailable"),
        (409, "malformed-reply"),
        (428, "malformed-reply"),
        (429, "throttled"),
        (430, "malformed-reply"),
        (499, "malformed-reply"),
        (500, "service-unavailable"),
        (599, "service-unavailable"),
    ],
)
def test_a_status_without_an_exception_has_its_reason(status: int, reason: Reason) -> None:
    """Statuses 300 to 399 are redirects, those from 500 outages, and 403, 405, 408 and 429 have their own reasons."""
    assert classify_status(status, {}) == reason
    assert classify_status(status, {"x-amzn-waf-action": "captcha"}) == "captcha-required"
    assert classify_status(status, {"x-amzn-waf-action": "challenge"}) == "request-blocked"


@pytest.mark.parametrize(
    ("name", "is_trigger"),
    [("P", True), ("P" * 100, True), ("P" * 101, False), ("PreSignUp2", True), ("preSignUp", False), ("", False)],
    ids=lambda part: repr(part)[:15],
)
def test_a_triggers_name_has_up_to_100_letters_and_digits(name: str, is_trigger: bool) -> None:
    """It begins with a capital letter; what is no such name is part of the message."""
    message = f"{name} failed with error no."
    assert split_trigger(REFUSED, message) == ((name, "no") if is_trigger else (None, message))
