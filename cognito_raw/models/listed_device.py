"""Devices as the operations on them have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .fields import attributes, mapping, optional_boolean, optional_time, require_string, string
from .frozen import Frozen, field

if TYPE_CHECKING:
    from datetime import datetime


class Device(Frozen):
    """A device that the service remembers for a user; all times are in UTC.

    attributes: by the service's names, such as `device_status`, `device_name`, `last_ip_used` and
        `dev:device_remembered_status`.
    """

    key: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    create_date: datetime | None = None
    last_modified_date: datetime | None = None
    last_authenticated_date: datetime | None = None

    @property
    def name(self) -> str | None:
        """The user's name for the device, if it was confirmed with one."""
        return self.attributes.get("device_name")

    @property
    def remembered(self) -> bool | None:
        """True if it replaces a second factor; None if the service sends no status."""
        status = self.attributes.get("dev:device_remembered_status")
        return None if status is None else status == "remembered"

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Device:
        """Read a DeviceType."""
        return cls(
            key=string(body, "DeviceKey"),
            attributes=attributes(body, "DeviceAttributes"),
            create_date=optional_time(body, "DeviceCreateDate"),
            last_modified_date=optional_time(body, "DeviceLastModifiedDate"),
            last_authenticated_date=optional_time(body, "DeviceLastAuthenticatedDate"),
        )

    @classmethod
    def read_one(cls, body: Mapping[str, object]) -> Device:
        """Read the reply of GetDevice."""
        return cls.read(mapping(body, "Device"))


class DeviceSecretVerifier(Frozen):
    """The verifier of a device's password, and its salt, as base64 strings. The service checks proofs with them."""

    password_verifier: str = field(repr=False)
    salt: str = field(repr=False)

    def __post_init__(self) -> None:
        require_string(password_verifier=self.password_verifier, salt=self.salt)

    def to_wire(self) -> dict[str, str]:
        """Return a DeviceSecretVerifierConfigType."""
        return {"PasswordVerifier": self.password_verifier, "Salt": self.salt}


class DeviceConfirmation(Frozen):
    """A confirmed device. If `user_confirmation_necessary`, only `update_device_status` has it remembered."""

    user_confirmation_necessary: bool

    @classmethod
    def read(cls, body: Mapping[str, object]) -> DeviceConfirmation:
        """Read the reply of ConfirmDevice."""
        return cls(optional_boolean(body, "UserConfirmationNecessary") or False)
