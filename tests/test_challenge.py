"""A challenge: a question of the service, as a plain value."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Challenge

REQUIRED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "with prefix": ('["userAttributes.email","userAttributes.custom:team"]', ("email", "custom:team")),
    "without prefix": ('["email"]', ("email",)),
    "with the prefix in the name": ('["userAttributes.userAttributes.a"]', ("userAttributes.a",)),
    "none": ("[]", ()),
    "texts among others": ('["a", 5, null, ["b"]]', ("a",)),
    "what cannot be sent back": ('["a","\\ud800","b\\n"]', ("a",)),
    "an object": ('{"a":"b"}', ()),
    "a text": ('"email"', ()),
    "no JSON": ("email", ()),
    "nothing": ("", ()),
    "brackets without end": ("[" * 100_000, ()),
    "an integer of 10,000 digits": ("[" + "9" * 10_000 + "]", ()),
}


@pytest.mark.parametrize(("said", "names"), REQUIRED.values(), ids=REQUIRED.keys())
def test_the_required_attributes_are_read_from_their_json(said: str, names: tuple[str, ...]) -> None:
    """The service writes them as JSON within a text; what is no such list requires nothing."""
    assert Challenge("NEW_PASSWORD_REQUIRED", "bob", None, {"requiredAttributes": said}).required_attributes == names


def test_a_challenge_without_parameters_requires_no_attributes() -> None:
    """Most challenges ask for an answer only."""
    assert Challenge("SMS_MFA", "bob").required_attributes == ()


@given(st.text())
def test_no_text_in_place_of_the_list_raises(said: str) -> None:
    """Whatever the service writes there, names of texts come out."""
    names = Challenge("NEW_PASSWORD_REQUIRED", "bob", None, {"requiredAttributes": said}).required_attributes
    assert all(isinstance(name, str) for name in names)


def test_a_challenge_is_plain_enough_for_json() -> None:
    """Its parts make a JSON object, and the object makes an equal challenge."""
    challenge = Challenge("SMS_MFA", "bob", "s" * 20, {"CODE_DELIVERY_DESTINATION": "+*******00"})
    assert Challenge(**json.loads(json.dumps(asdict(challenge)))) == challenge
    assert pickle.loads(pickle.dumps(challenge)) == challenge
    assert hash(challenge) == hash(Challenge("SMS_MFA", "bob", "s" * 20))


def test_the_repr_shows_the_question_and_hides_its_handle() -> None:
    """Name and user are shown; the session is a key to the account, and the parameters may be anything."""
    shown = repr(Challenge("SMS_MFA", "bob", "hunter2", {"a": "hunter2"}))
    assert shown == "Challenge(name='SMS_MFA', username='bob')"
