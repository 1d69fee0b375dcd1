"""Optional context of a call: the end user, and the Amazon Pinpoint endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from .fields import require_optional_string, require_string
from .frozen import Frozen, ToWire, field

RefreshMetadata: TypeAlias = Mapping[str, str] | Callable[[], Mapping[str, str] | None]
"""The ClientMetadata of refreshes, or a function that returns it each time."""


class UserContext(Frozen, ToWire):
    """The end user's address and device, for threat protection, if a server makes the call for the user.

    ip_address: the end user's address, as the server saw it.
    encoded_data: the device's data, collected by the service's browser or mobile library.
    """

    ip_address: str | None = field(default=None, wire="IpAddress")
    encoded_data: str | None = field(default=None, repr=False, wire="EncodedData")

    def __post_init__(self) -> None:
        require_optional_string(ip_address=self.ip_address, encoded_data=self.encoded_data)


class AnalyticsMetadata(Frozen, ToWire):
    """The id of an Amazon Pinpoint endpoint, under which the service counts the call."""

    endpoint_id: str = field(wire="AnalyticsEndpointId")

    def __post_init__(self) -> None:
        require_string(endpoint_id=self.endpoint_id)
