"""What a caller may tell the service beside a call: who the end user is, and where to count the call."""

from __future__ import annotations

from .fields import require_optional_string, require_string
from .frozen import field, frozen


@frozen
class UserContext:
    """The end user's own address and device, for threat protection, where a server makes the call for the user.

    ip_address: the end user's, as the server saw it.
    encoded_data: what the service's browser or mobile library collected about the device.
    """

    ip_address: str | None = None
    encoded_data: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_optional_string(ip_address=self.ip_address, encoded_data=self.encoded_data)

    def to_wire(self) -> dict[str, str]:
        """UserContextData with the members that are known."""
        members = {"IpAddress": self.ip_address, "EncodedData": self.encoded_data}
        return {name: value for name, value in members.items() if value is not None}


@frozen
class AnalyticsMetadata:
    """Where the service counts the call: the id of an Amazon Pinpoint endpoint."""

    endpoint_id: str

    def __post_init__(self) -> None:
        require_string(endpoint_id=self.endpoint_id)

    def to_wire(self) -> dict[str, str]:
        """AnalyticsMetadata with its member."""
        return {"AnalyticsEndpointId": self.endpoint_id}
