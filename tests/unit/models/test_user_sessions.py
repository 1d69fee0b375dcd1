"""Sessions of a user: read from the service's JSON, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cognito_raw import Location, UserSession
from cognito_raw.models.fields import UnexpectedJson

FULL: dict[str, object] = {
    "SessionId": "tkn0",
    "SessionType": "TOKEN",
    "ClientId": "abc",
    "CreateDate": 1765000000.123,
    "LastActiveDate": 1765000100.5,
    "DeviceType": "Engine",
    "LastIPAddress": "192.0.2.1",
    "LastLocation": {"City": "London", "Country": "United Kingdom"},
    "OriginSessionId": "sso0",
    "IsCurrentSession": True,
}


def test_a_session_is_read_with_everything() -> None:
    """Times are aware, and the location is a value of its own."""
    assert UserSession.read(FULL) == UserSession(
        id="tkn0",
        type="TOKEN",
        client_id="abc",
        create_date=datetime(2025, 12, 6, 5, 46, 40, 123000, tzinfo=UTC),
        last_active_date=datetime(2025, 12, 6, 5, 48, 20, 500000, tzinfo=UTC),
        device_type="Engine",
        last_ip_address="192.0.2.1",
        last_location=Location("London", "United Kingdom"),
        origin_session_id="sso0",
        is_current_session=True,
    )


def test_a_session_of_which_little_is_known_is_read() -> None:
    """Only its id must be there; an empty location is known to be somewhere."""
    assert UserSession.read({"SessionId": "tkn0", "OriginSessionId": None}) == UserSession("tkn0")
    assert UserSession.read({"SessionId": "tkn0", "LastLocation": {}}).last_location == Location()


@pytest.mark.parametrize(("name", "value"), [("SessionId", None), ("CreateDate", "now"), ("LastLocation", "London")])
def test_a_session_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    """The member that does not fit is named."""
    with pytest.raises(UnexpectedJson, match=f"^{name} "):
        UserSession.read({**FULL, name: value})
