"""A challenge: a question of the service, as a plain value."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict

from cognito_raw import Challenge, CodeChallenge


def test_a_challenge_is_plain_enough_for_json() -> None:
    """Its parts make a JSON object, and the object makes an equal challenge."""
    challenge = Challenge("SMS_MFA", "bob", "s" * 20, {"CODE_DELIVERY_DESTINATION": "+*******00"})
    assert Challenge(**json.loads(json.dumps(asdict(challenge)))) == challenge
    assert pickle.loads(pickle.dumps(challenge)) == challenge
    assert hash(challenge) == hash(Challenge("SMS_MFA", "bob", "s" * 20))


def test_challenges_are_equal_by_what_they_say() -> None:
    """The kind follows from the name, so that it makes no difference; each part does."""
    plain, kind = Challenge("SMS_MFA", "bob", "s", {"a": "b"}), CodeChallenge("SMS_MFA", "bob", "s", {"a": "b"})
    assert (plain, hash(plain)) == (kind, hash(kind))
    for other in (
        Challenge("SMS_OTP", "bob", "s", {"a": "b"}),
        Challenge("SMS_MFA", "ann", "s", {"a": "b"}),
        Challenge("SMS_MFA", "bob", None, {"a": "b"}),
        Challenge("SMS_MFA", "bob", "s"),
        "SMS_MFA",
    ):
        assert plain != other


def test_the_repr_shows_the_question_and_hides_its_handle() -> None:
    """Name and user are shown; the session is a key to the account, and the parameters may be anything."""
    shown = repr(Challenge("SMS_MFA", "bob", "hunter2", {"a": "hunter2"}))
    assert shown == "Challenge(name='SMS_MFA', username='bob')"
