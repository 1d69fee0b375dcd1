"""Feedback on a sign-in: what goes on the wire, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Err, Ok, advance, flows
from tests.support.conversation import Exchange, configured, converse, refused
from tests.support.documented import POOL, documented

FEEDBACK = {"username": "u", "event_id": "e", "feedback_token": "f", "feedback_value": "Invalid"}


def test_the_documented_feedback_is_given() -> None:
    """The pool is the configuration's."""
    asked = ("update_auth_event_feedback", "diego@example.com", "<event id>", "<token>", "Valid")
    assert converse(POOL, *asked, exchanges=[documented("UpdateAuthEventFeedback")]) == Ok(None)


def test_a_refusal_is_the_result() -> None:
    """A pool without threat protection refuses."""
    exchanges = [Exchange("UpdateAuthEventFeedback", None, refused("UserPoolAddOnNotEnabledException"))]
    result = converse(configured(), "update_auth_event_feedback", *FEEDBACK.values(), exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "user-pool-add-on-not-enabled"


@pytest.mark.parametrize("name", FEEDBACK)
def test_what_is_no_text_raises(name: str) -> None:
    """An argument that is not text is the caller's mistake, named in the error without its value."""
    given: dict[str, Any] = {**FEEDBACK, name: b"hidden"}
    with pytest.raises(ValueError, match=f"^{name} must be a string, not bytes$"):
        advance(flows.update_auth_event_feedback(configured(), **given))
