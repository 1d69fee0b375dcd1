"""Optional context of a call: the end user, and the Amazon Pinpoint endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from .fields import require_optional_string, require_string
from .frozen import Frozen, field

RefreshMetadata: TypeAlias = Mapping[str, str] | Callable[[], Mapping[str, str] | None]
"""The ClientMetadata of refreshes, or a function that returns it each time."""


class UserContext(Frozen):
    """The end user's address and device, for threat protection, if a server makes the call for the user.

    ip_address: the end user's address, as the server saw it.
    encoded_data: the device's data, collected by the service's browser or mobile library.
    """

    ip_address: str | None = None
    encoded_data: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_optional_string(ip_address=self.ip_address, encoded_data=self.encoded_data)

    def to_wire(self) -> dict[str, str]:
        """Return UserContextData with the known members."""
        members = {"IpAddress": self.ip_address, "EncodedData": self.encoded_data}
        return {name: value for name, value in members.items() if value is not None}


class AnalyticsMetadata(Frozen):
    """The id of an Amazon Pinpoint endpoint, under which the service counts the call."""

    endpoint_id: str

    def __post_init__(self) -> None:
        require_string(endpoint_id=self.endpoint_id)

    def to_wire(self) -> dict[str, str]:
        return {"AnalyticsEndpointId": self.endpoint_id}
