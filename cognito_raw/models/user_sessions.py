"""The open sessions of a user, in a pool that tracks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .fields import mapping, optional_boolean, optional_string, optional_time, string
from .frozen import Frozen

if TYPE_CHECKING:
    from datetime import datetime


class Location(Frozen):
    """The location of an address, as far as the service knows it."""

    city: str | None = None
    country: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Location:
        """Read a SessionLocationType."""
        return cls(optional_string(body, "City"), optional_string(body, "Country"))


class UserSession(Frozen):
    """A session of a user; all times are in UTC.

    id: for `revoke_user_session`.
    type: `TOKEN` for a sign-in to an app client, `SSO` for one in the browser.
    device_type: derived from the user agent by the service.
    origin_session_id: the session that this one came from, if any.
    is_current_session: whether it is the session of the access token in the request.
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
        """Read a SessionDescriptionType."""
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
