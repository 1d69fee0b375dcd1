"""The devices that a pool remembers for a signed-in user."""

from __future__ import annotations

from typing import Literal

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import require_string
from ..models.listed_device import Device, DeviceConfirmation, DeviceSecretVerifier
from ..pages import Page
from .parameters import limited, optional, wire


def confirm_device(
    config: Config,
    access_token: str,
    device_key: str,
    *,
    device_secret_verifier_config: DeviceSecretVerifier | None = None,
    device_name: str | None = None,
) -> Flow[DeviceConfirmation]:
    """Confirm the device of a sign-in. Its key is `tokens.new_device.key`.

    A wrong verifier is accepted, and fails at the next sign-in. Reasons: `device-key-exists`,
    `device-not-found`, `invalid-password`, `username-exists`, and those of access tokens.
    """
    require_string(access_token=access_token, device_key=device_key)
    parameters: dict[str, object] = {"AccessToken": access_token, "DeviceKey": device_key}
    if device_secret_verifier_config is not None:
        parameters["DeviceSecretVerifierConfig"] = wire(
            DeviceSecretVerifier, device_secret_verifier_config=device_secret_verifier_config
        )
    answer = yield from ask("ConfirmDevice", {**parameters, **optional(device_name=("DeviceName", device_name))})
    return parse(answer, DeviceConfirmation.read)


def get_device(config: Config, access_token: str, device_key: str) -> Flow[Device]:
    """Return one remembered device of the user. Reasons: `device-not-found`, and those of access tokens."""
    require_string(access_token=access_token, device_key=device_key)
    answer = yield from ask("GetDevice", {"AccessToken": access_token, "DeviceKey": device_key})
    return parse(answer, Device.read_one)


def list_devices(
    config: Config, access_token: str, *, limit: int | None = None, pagination_token: str | None = None
) -> Flow[Page[Device]]:
    """List the user's remembered devices, page by page.

    limit: the most devices of a page, 0 to 60. pagination_token: the `next` of the page before.
    Reasons: those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, **limited("limit", "Limit", limit)}
    after = optional(pagination_token=("PaginationToken", pagination_token))
    answer = yield from ask("ListDevices", {**parameters, **after})
    return parse(answer, lambda body: Page.read(body, "Devices", "PaginationToken", Device.read))


def update_device_status(
    config: Config,
    access_token: str,
    device_key: str,
    device_remembered_status: Literal["remembered", "not_remembered"],
) -> Flow[None]:
    """Set whether a device replaces the second factor.

    Reasons: `device-not-found`, `invalid-parameter`, and those of access tokens.
    """
    status: str = device_remembered_status
    require_string(access_token=access_token, device_key=device_key, device_remembered_status=status)
    parameters = {"AccessToken": access_token, "DeviceKey": device_key, "DeviceRememberedStatus": status}
    answer = yield from ask("UpdateDeviceStatus", parameters)
    return done(answer)


def forget_device(config: Config, access_token: str, device_key: str) -> Flow[None]:
    """Make the service forget a device. Reasons: `device-not-found`, and those of access tokens."""
    require_string(access_token=access_token, device_key=device_key)
    answer = yield from ask("ForgetDevice", {"AccessToken": access_token, "DeviceKey": device_key})
    return done(answer)
