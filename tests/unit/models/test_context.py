"""What is told beside a call: who the end user is, and where to count the call."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import AnalyticsMetadata, UserContext


@pytest.mark.parametrize(
    ("context", "members"),
    [
        (UserContext(), {}),
        (UserContext("192.0.2.1"), {"IpAddress": "192.0.2.1"}),
        (UserContext(encoded_data="e30="), {"EncodedData": "e30="}),
        (UserContext("::1", "e30="), {"IpAddress": "::1", "EncodedData": "e30="}),
        (AnalyticsMetadata("endpoint-1"), {"AnalyticsEndpointId": "endpoint-1"}),
    ],
    ids=repr,
)
def test_what_is_known_is_sent(context: UserContext | AnalyticsMetadata, members: dict[str, str]) -> None:
    """Members that are not known are left out."""
    assert context.to_wire() == members


@pytest.mark.parametrize("value", [0, b"hidden", "hidden\ud800"], ids=["number", "bytes", "surrogate"])
def test_what_is_no_text_raises(value: Any) -> None:
    """A member of another type is the caller's mistake, named without its value."""
    for make, name in ((UserContext, "ip_address"), (UserContext, "encoded_data"), (AnalyticsMetadata, "endpoint_id")):
        with pytest.raises(ValueError, match=f"^{name} ") as caught:
            make(**{name: value})
        assert "hidden" not in str(caught.value)


def test_the_data_of_a_device_is_not_shown() -> None:
    """It tells much of a person."""
    assert repr(UserContext("192.0.2.1", "hunter2")) == "UserContext(ip_address='192.0.2.1')"
