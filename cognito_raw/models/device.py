"""A remembered device: what lets one program skip the second factor at its user's next sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .fields import attributes, mapping, optional_boolean, optional_time, require_string, string
from .frozen import field, frozen

if TYPE_CHECKING:
    from datetime import datetime


@frozen
class RememberedDevice:
    """A device that the pool tracks, and the password that proves it. Of one user: another's sign-in leaves it alone.

    key: the service's id of the device. group_key: of the user's devices, which the proof of the password hashes.
    password: made by us when the device was confirmed; the service knows only its verifier.
    username: the service's own name of the user, which after a sign-in by alias is not what was typed.
    """

    key: str
    group_key: str
    password: str = field(repr=False)
    username: str


@frozen
class NewDevice:
    """A device that the pool began to track: the service's id of it, and of the user's devices."""

    key: str
    group_key: str


@frozen
class ConfirmedDevice:
    """A new device that the service took the verifier of, and the user's part in it.

    user_confirmation_necessary: whether the pool remembers devices only on request. Then the device skips no second
        factor until the user said yes, and UpdateDeviceStatus carried it.
    """

    device: RememberedDevice
    user_confirmation_necessary: bool


@frozen
class Device:
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
        """What the user calls it, if it was confirmed with a name."""
        return self.attributes.get("device_name")

    @property
    def remembered(self) -> bool | None:
        """Whether it takes the place of a second factor; None where the service does not say."""
        status = self.attributes.get("dev:device_remembered_status")
        return None if status is None else status == "remembered"

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Device:
        """From DeviceType."""
        return cls(
            key=string(body, "DeviceKey"),
            attributes=attributes(body, "DeviceAttributes"),
            create_date=optional_time(body, "DeviceCreateDate"),
            last_modified_date=optional_time(body, "DeviceLastModifiedDate"),
            last_authenticated_date=optional_time(body, "DeviceLastAuthenticatedDate"),
        )

    @classmethod
    def read_one(cls, body: Mapping[str, object]) -> Device:
        """From what GetDevice answers."""
        return cls.read(mapping(body, "Device"))


@frozen
class DeviceSecretVerifier:
    """What a device proves itself with later: the verifier of its password and the salt, both as base64 text."""

    password_verifier: str = field(repr=False)
    salt: str = field(repr=False)

    def __post_init__(self) -> None:
        require_string(password_verifier=self.password_verifier, salt=self.salt)

    def to_wire(self) -> dict[str, str]:
        """DeviceSecretVerifierConfigType."""
        return {"PasswordVerifier": self.password_verifier, "Salt": self.salt}


@frozen
class DeviceConfirmation:
    """A confirmed device: whether it is remembered only once the user says so, with `update_device_status`."""

    user_confirmation_necessary: bool

    @classmethod
    def read(cls, body: Mapping[str, object]) -> DeviceConfirmation:
        """From what ConfirmDevice answers."""
        return cls(optional_boolean(body, "UserConfirmationNecessary") or False)
