"""The first instants that a Date header can say."""

from __future__ import annotations

import pytest

from cognito_raw import Call, Ok, Reply
from cognito_raw.reply import read


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 1),
    ],
)
def test_the_services_clock_begins_with_the_epoch(header: str, seconds: float | None) -> None:
    """The epoch itself is a time; what is before it is none."""
    result = read(Call("InitiateAuth", {}), Reply(200, {"date": header}, b"{}"))
    assert isinstance(result, Ok)
    assert result.value.date == seconds
