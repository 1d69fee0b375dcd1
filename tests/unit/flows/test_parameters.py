"""What may be said in a call beside what must be, as members of the call."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import AnalyticsMetadata, UserContext
from cognito_raw.flows.parameters import context, limited, optional, strings, wire


def test_only_what_is_given_is_said() -> None:
    """Members that are None are left out; empty ones are not."""
    assert context() == {}
    assert optional(session=None, device_name="") == {"DeviceName": ""}
    assert limited(limit=None) == {}
    assert limited(max_results=0) == {"MaxResults": 0}
    assert context({}, UserContext(), AnalyticsMetadata("e")) == {
        "ClientMetadata": {},
        "UserContextData": {},
        "AnalyticsMetadata": {"AnalyticsEndpointId": "e"},
    }


@pytest.mark.parametrize("count", [True, 1.0, "1", b"1"], ids=repr)
def test_a_count_is_a_whole_number(count: Any) -> None:
    """Anything else is the caller's mistake."""
    with pytest.raises(ValueError, match=r"^limit must be an integer, not "):
        limited(limit=count)


def test_a_text_that_cannot_be_sent_is_named_as_the_caller_knows_it() -> None:
    """Its value is not."""
    wrong: Any = b"hidden"
    with pytest.raises(ValueError, match=r"^device_name must be a string, not bytes$"):
        optional(device_name=wrong)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([("a", "b")], r"^client_metadata must be a mapping of strings, not list$"),
        ("hidden", r"^client_metadata must be a mapping of strings, not str$"),
        ({"a": b"hidden"}, r"^client_metadata\['a'\] must be a string, not bytes$"),
        ({"a": "hidden\ud800"}, r"^client_metadata\['a'\] holds half of a surrogate pair"),
        ({5: "hidden"}, r"^a key of client_metadata must be a string, not int$"),
    ],
)
def test_metadata_is_a_mapping_of_texts(given: Any, complaint: str) -> None:
    """Anything else is the caller's mistake, named without its value."""
    with pytest.raises(ValueError, match=complaint) as caught:
        strings("client_metadata", given)
    assert "hidden" not in str(caught.value)


def test_a_mapping_of_texts_is_copied() -> None:
    """Changing it later changes no call."""
    given = {"a": "b"}
    taken = strings("client_metadata", given)
    given["a"] = "c"
    assert taken == {"a": "b"}


def test_a_value_of_another_kind_raises() -> None:
    """A mapping in the words of an AWS SDK is the caller's mistake, and the error says what is wanted."""
    wrong: Any = {"IpAddress": "hidden"}
    with pytest.raises(ValueError, match=r"^user_context_data must be UserContext\(\.\.\.\), not dict$"):
        context(user_context_data=wrong)
    with pytest.raises(ValueError, match=r"^analytics_metadata must be AnalyticsMetadata\(\.\.\.\), not str$"):
        context(analytics_metadata="hidden")  # type: ignore[arg-type]  # the mistake itself
    assert wire(UserContext, user_context_data=UserContext("192.0.2.1")) == {"IpAddress": "192.0.2.1"}
