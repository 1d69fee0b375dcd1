"""The sessions that a user has open, in a pool that tracks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .fields import mapping, optional_boolean, optional_string, optional_time, string
from .frozen import frozen

if TYPE_CHECKING:
    from datetime import datetime


@frozen
class Location:
    """Where an address is, as far as the service knows."""

    city: str | None = None
    country: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Location:
        """From SessionLocationType."""
        return cls(optional_string(body, "City"), optional_string(body, "Country"))


@frozen
class UserSession:
    """A session of a user; all times are in UTC.

    id: what names it in `revoke_user_session`.
    type: `TOKEN`, opened by signing in to an app client, or `SSO`, in the browser.
    device_type: what the service makes of the user agent.
    origin_session_id: the session that this one came from, if any.
    is_current_session: whether it is that of the access token which asked.
    """

    id: str
    type: str | None = None
    client_id: str | None = None
    create_date: datetime | None = None
    last_active_date: datetime | None = None
    device_type: str | None = None
    last_ip_address: str | None = None
    last_location: Location | None = None
    origin_session_id: str | None = None
    is_current_session: bool | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> UserSession:
        """From SessionDescriptionType."""
        known = body.get("LastLocation") is not None
        return cls(
            id=string(body, "SessionId"),
            type=optional_string(body, "SessionType"),
            client_id=optional_string(body, "ClientId"),
            create_date=optional_time(body, "CreateDate"),
            last_active_date=optional_time(body, "LastActiveDate"),
            device_type=optional_string(body, "DeviceType"),
            last_ip_address=optional_string(body, "LastIPAddress"),
            last_location=Location.read(mapping(body, "LastLocation")) if known else None,
            origin_session_id=optional_string(body, "OriginSessionId"),
            is_current_session=optional_boolean(body, "IsCurrentSession"),
        )
