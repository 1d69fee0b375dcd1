"""A remembered device: what lets one program skip the second factor at its user's next sign-in."""

from __future__ import annotations

from .value import field, frozen


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
