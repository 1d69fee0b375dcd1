"""Remembered devices: read from the service's JSON, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cognito_raw import Device, DeviceConfirmation, DeviceSecretVerifier
from cognito_raw.models.fields import UnexpectedJson

FULL: dict[str, object] = {
    "DeviceKey": "eu-west-1_d",
    "DeviceAttributes": [
        {"Name": "device_name", "Value": "Ada's engine"},
        {"Name": "dev:device_remembered_status", "Value": "remembered"},
    ],
    "DeviceCreateDate": 1715100742.022,
    "DeviceLastModifiedDate": 1723233651.167,
    "DeviceLastAuthenticatedDate": 1715100742.0,
}


def test_a_device_is_read_with_everything() -> None:
    """Times are aware, and attributes by name."""
    device = Device.read(FULL)
    assert device == Device(
        key="eu-west-1_d",
        attributes={"device_name": "Ada's engine", "dev:device_remembered_status": "remembered"},
        create_date=datetime(2024, 5, 7, 16, 52, 22, 22000, tzinfo=UTC),
        last_modified_date=datetime(2024, 8, 9, 20, 0, 51, 167000, tzinfo=UTC),
        last_authenticated_date=datetime(2024, 5, 7, 16, 52, 22, tzinfo=UTC),
    )
    assert (device.name, device.remembered) == ("Ada's engine", True)
    assert hash(device)


@pytest.mark.parametrize(("status", "remembered"), [("remembered", True), ("not_remembered", False)])
def test_a_device_says_whether_it_is_remembered(status: str, remembered: bool) -> None:
    """As the service says it."""
    assert Device("k", {"dev:device_remembered_status": status}).remembered is remembered


def test_a_device_of_which_little_is_known_is_read() -> None:
    """Only its key must be there."""
    device = Device.read({"DeviceKey": "k"})
    assert device == Device("k")
    assert (device.name, device.remembered) == (None, None)


@pytest.mark.parametrize("body", [{}, {"DeviceKey": None}, {"DeviceKey": 5}], ids=repr)
def test_a_device_without_a_key_is_refused(body: dict[str, object]) -> None:
    """Its key must be a string."""
    with pytest.raises(UnexpectedJson, match=r"^DeviceKey is not a string$"):
        Device.read(body)


@pytest.mark.parametrize(("said", "necessary"), [(True, True), (False, False), (None, False)])
def test_a_confirmation_says_whether_the_user_must_agree(said: object, necessary: bool) -> None:
    """Where it is not said, nothing more is needed."""
    assert DeviceConfirmation.read({"UserConfirmationNecessary": said}) == DeviceConfirmation(necessary)


def test_a_verifier_is_sent_and_not_shown() -> None:
    """Both parts are texts; anything else is the caller's mistake."""
    verifier = DeviceSecretVerifier("dmVyaWZpZXI=", "c2FsdA==")
    assert verifier.to_wire() == {"PasswordVerifier": "dmVyaWZpZXI=", "Salt": "c2FsdA=="}
    assert repr(verifier) == "DeviceSecretVerifier()"
    wrong: Any = b"hidden"
    with pytest.raises(ValueError, match=r"^password_verifier must be a string, not bytes"):
        DeviceSecretVerifier(wrong, "c2FsdA==")
    with pytest.raises(ValueError, match=r"^salt must be a string, not bytes"):
        DeviceSecretVerifier("dmVyaWZpZXI=", wrong)
