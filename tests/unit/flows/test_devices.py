"""Remembered devices: what goes on the wire, and what comes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cognito_raw import DeviceConfirmation, DeviceSecretVerifier, Err, Ok, advance, flows
from tests.support.conversation import Exchange, answered, configured, converse, refused
from tests.support.documented import POOL, TOKEN, documented

KEY = "us-west-2_a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
VERIFIER = DeviceSecretVerifier("TXlWZXJpZmllclN0cmluZw", "TXlTUlBTYWx0")


@pytest.mark.parametrize(
    ("operation", "asked", "options", "value"),
    [
        (
            "ConfirmDevice",
            ("confirm_device", TOKEN, KEY),
            {"device_secret_verifier_config": VERIFIER, "device_name": "MyMobileDevice"},
            DeviceConfirmation(False),
        ),
        ("UpdateDeviceStatus", ("update_device_status", TOKEN, KEY, "not_remembered"), {}, None),
        ("ForgetDevice", ("forget_device", TOKEN, KEY), {}, None),
    ],
)
def test_the_documented_exchange_is_held(
    operation: str, asked: tuple[Any, ...], options: dict[str, Any], value: object
) -> None:
    """Each operation sends what its documentation shows, and gives what is answered there."""
    assert converse(POOL, *asked, exchanges=[documented(operation)], **options) == Ok(value)


def test_the_documented_device_is_read() -> None:
    """Its times are aware, and its attributes by name."""
    device = converse(POOL, "get_device", TOKEN, KEY, exchanges=[documented("GetDevice")]).unwrap()
    assert (device.key, device.name, device.remembered) == (KEY, "MyDevice", True)
    assert device.create_date == datetime(2024, 5, 7, 16, 52, 22, 22000, tzinfo=UTC)


def test_the_documented_page_of_devices_is_read() -> None:
    """A page holds the devices, and no other page follows."""
    page = converse(POOL, "list_devices", TOKEN, exchanges=[documented("ListDevices")], limit=10).unwrap()
    assert [device.name for device in page.items] == ["Dart-device", None]
    assert page.next is None


def test_a_page_is_asked_for_as_the_one_before_says() -> None:
    """The token of a page asks for the next one."""
    first = Exchange("ListDevices", {"AccessToken": "t"}, answered({"Devices": [], "PaginationToken": "p"}))
    page = converse(configured(), "list_devices", "t", exchanges=[first]).unwrap()
    parameters = {"AccessToken": "t", "PaginationToken": "p"}
    second = Exchange("ListDevices", parameters, answered({"Devices": [{"DeviceKey": "k"}]}))
    result = converse(configured(), "list_devices", "t", exchanges=[second], pagination_token=page.next)
    assert [device.key for device in result.unwrap().items] == ["k"]


def test_a_device_may_be_confirmed_with_its_key_alone() -> None:
    """A name and a verifier are sent only where they are given."""
    exchange = Exchange("ConfirmDevice", {"AccessToken": "t", "DeviceKey": "k"}, answered({}))
    assert converse(configured(), "confirm_device", "t", "k", exchanges=[exchange]) == Ok(DeviceConfirmation(False))


CALLS: list[tuple[str, str, list[Any]]] = [
    ("ConfirmDevice", "confirm_device", ["access_token", "device_key"]),
    ("GetDevice", "get_device", ["access_token", "device_key"]),
    ("ListDevices", "list_devices", ["access_token"]),
    ("UpdateDeviceStatus", "update_device_status", ["access_token", "device_key", "device_remembered_status"]),
    ("ForgetDevice", "forget_device", ["access_token", "device_key"]),
]


@pytest.mark.parametrize(("operation", "flow", "names"), CALLS)
def test_a_refusal_is_the_result(operation: str, flow: str, names: list[str]) -> None:
    """A device that the service forgot is told as such."""
    exchanges = [Exchange(operation, None, refused("ResourceNotFoundException", "Device does not exist."))]
    result = converse(configured(), flow, *names, exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "device-not-found"


@pytest.mark.parametrize("value", [None, b"hidden", "hidden\ud800"], ids=["none", "bytes", "surrogate"])
@pytest.mark.parametrize(("flow", "names"), [call[1:] for call in CALLS])
def test_what_is_no_text_raises(flow: str, names: list[str], value: Any) -> None:
    """An argument that is not text is the caller's mistake, named in the error without its value."""
    for wrong in names:
        given = {name: value if name == wrong else "fine" for name in names}
        with pytest.raises(ValueError, match=f"^{wrong} ") as caught:
            advance(getattr(flows, flow)(configured(), **given))
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "flow", "body"),
    [
        ("GetDevice", "get_device", {}),
        ("GetDevice", "get_device", {"Device": []}),
        ("GetDevice", "get_device", {"Device": {"DeviceKey": 5}}),
        ("ListDevices", "list_devices", {"Devices": [{}]}),
        ("ConfirmDevice", "confirm_device", {"UserConfirmationNecessary": "no"}),
    ],
)
def test_an_answer_that_makes_no_sense_is_reported(operation: str, flow: str, body: object) -> None:
    """A reply with missing or misshapen members is `malformed-reply`."""
    names = next(names for called, _, names in CALLS if called == operation)
    result = converse(configured(), flow, *names, exchanges=[Exchange(operation, None, answered(body))])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


def test_a_verifier_of_another_kind_raises() -> None:
    """The caller's mistake is named without its value."""
    wrong: Any = {"device_secret_verifier_config": {"Salt": "hidden"}}
    with pytest.raises(ValueError, match=r"^device_secret_verifier_config must be DeviceSecretVerifier\(\.\.\.\), not"):
        advance(flows.confirm_device(configured(), "t", "k", **wrong))
