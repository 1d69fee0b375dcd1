"""The clients against the service's own model: complete today, and red as soon as the service adds something."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Final

import pytest

from cognito_raw import AsyncClient, Client, NewDevice, Result
from tests.support.cases import each_case
from tests.support.service_model import ARGUMENTS, FIELDS, LATE, TYPES, Model, gaps, installed, snake, unsigned
from tests.unit.test_fixtures import UNSIGNED

MODEL: Final = installed()
PICKLED: Final = pickle.dumps(MODEL)
CLIENTS: Final = (Client, AsyncClient)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_has_all_that_the_model_has(client: type[object]) -> None:
    """Every unsigned operation, member, exception and challenge of the installed model has its place."""
    assert list(gaps(MODEL, client)) == []


def test_the_model_holds_what_is_known_of_it() -> None:
    """The operations are the 34 that the fixtures name, of which an older model may lack two."""
    assert set(UNSIGNED) - set(LATE) <= set(unsigned(MODEL))
    assert [name for name in UNSIGNED if not hasattr(Client, snake(name))] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GetUser", "get_user"),
        ("SetUserMFAPreference", "set_user_mfa_preference"),
        ("UserMFASettingList", "user_mfa_setting_list"),
        ("SMSMfaSettings", "sms_mfa_settings"),
        ("MFAOptions", "mfa_options"),
        ("WebAuthnMfaSettings", "web_authn_mfa_settings"),
        ("StartWebAuthnRegistration", "start_web_authn_registration"),
        ("LastIPAddress", "last_ip_address"),
    ],
)
def test_names_are_put_in_snake_case(name: str, expected: str) -> None:
    """Abbreviations are one word."""
    assert snake(name) == expected


def test_no_exception_to_the_rule_is_left_over() -> None:
    """Each row of the tables is needed by some member of the model, and says why it is there."""
    members = {
        f"{operation}.{member}"
        for operation in unsigned(MODEL)
        for member in MODEL["shapes"][MODEL["operations"][operation]["input"]["shape"]]["members"]
    }
    bare = {member.partition(".")[2] for member in members}
    assert set(ARGUMENTS) - members - bare == set()
    late = {"RespondToAuthChallengeResponse.AvailableChallenges"}
    held = {f"{name}.{member}" for name, shape in MODEL["shapes"].items() for member in shape.get("members", {})}
    assert set(TYPES) - members - held - late == set()
    assert set(FIELDS) - held - {name.partition(".")[2] for name in held} - late == set()
    rows: list[tuple[object, str]] = [*ARGUMENTS.values(), *TYPES.values(), *FIELDS.values()]
    assert all(why for _, why in rows)


# --- what the service may add tomorrow


def doctored(change: Callable[[Model, Model], object]) -> Model:
    """A copy of the model, changed by a function that gets its operations and its shapes."""
    model: Model = pickle.loads(PICKLED)  # a copy, in a tenth of the time of deepcopy's
    change(model["operations"], model["shapes"])
    return model


def new_operation(operations: Model, _: Model) -> None:
    operations["FlyToTheMoon"] = {**operations["GetUser"], "name": "FlyToTheMoon"}


def new_type(name: str, kind: str) -> Callable[[Model, Model], None]:
    def change(_: Model, shapes: Model) -> None:
        shapes[name] = {**shapes[name], "type": kind}
        shapes[name].pop("enum", None)

    return change


def new_member(shape: str) -> Callable[[Model, Model], None]:
    def change(_: Model, shapes: Model) -> None:
        shapes[shape]["members"]["MoonPhase"] = {"shape": "StringType"}

    return change


def new_value(shape: str) -> Callable[[Model, Model], None]:
    def change(_: Model, shapes: Model) -> None:
        shapes[shape]["enum"] = [*shapes[shape]["enum"], "FULL_MOON"]

    return change


def new_exception(operations: Model, _: Model) -> None:
    operations["GetUser"]["errors"].append({"shape": "MoonException"})


def shape_of(operation: str, side: str) -> str:
    name: str = MODEL["operations"][operation][side]["shape"]
    return name


ADDITIONS: Final[dict[str, tuple[Callable[[Model, Model], None], str]]] = {
    "an operation": (new_operation, "FlyToTheMoon: no method fly_to_the_moon"),
    "an exception": (new_exception, "GetUser: no reason for MoonException"),
    "a challenge": (new_value("ChallengeNameType"), "challenge FULL_MOON: no reason"),
    "a value of an input": (new_value("DeviceRememberedStatusType"), "argument device_remembered_status is"),
    "a flow of signing in": (new_value("AuthFlowType"), "argument auth_flow is"),
    "a value of an output": (new_value("VerifySoftwareTokenResponseType"), "does not name FULL_MOON"),
    "a value of a list": (new_value("AuthFactorType"), "does not name FULL_MOON"),
    "a member that is a text made a number": (new_type("DeviceNameType", "integer"), "device_name is str | None, not"),
    "a time made a text": (new_type("DateType", "string"), "not string DateType"),
    **{
        f"a member of the input of {operation}": (
            new_member(shape_of(operation, "input")),
            f"{operation}.MoonPhase: no argument moon_phase",
        )
        for operation in unsigned(MODEL)
    },
    **{
        f"a member of the output of {operation}": (new_member(shape_of(operation, "output")), ".MoonPhase: no field")
        for operation in unsigned(MODEL)
        if "output" in MODEL["operations"][operation]
    },
    **{
        f"a member of {shape}": (new_member(shape), "")
        for shape in (
            "AnalyticsMetadataType",
            "AuthenticationResultType",
            "CodeDeliveryDetailsType",
            "DeviceSecretVerifierConfigType",
            "DeviceType",
            "EmailMfaSettingsType",
            "MFAOptionType",
            "NewDeviceMetadataType",
            "UserContextDataType",
            "WebAuthnCredentialDescription",
            "WebAuthnMfaSettingsType",
        )
    },
}


@each_case(("change", "complaint"), ADDITIONS.values(), ids=ADDITIONS.keys())
def test_an_addition_to_the_model_is_noticed(change: Callable[[Model, Model], None], complaint: str) -> None:
    """Whatever the service adds, the first test here turns red and says what is missing in each client."""
    model = doctored(change)
    for client in CLIENTS:
        found = list(gaps(model, client))
        assert found
        assert any(complaint in gap for gap in found), found


class Lacking:
    """A client with one method, which is not as it must be."""

    def get_device(self, access_token: int) -> Result[NewDevice]:
        raise NotImplementedError


def test_what_a_client_lacks_is_noticed() -> None:
    """A method, an argument, its type and a field of its value."""
    told = list(gaps(MODEL, Lacking))
    assert "GetUser: no method get_user" in told
    assert "GetDevice.DeviceKey: no argument device_key" in told
    assert "GetDevice.AccessToken: argument access_token is <class 'int'>, not string TokenModelType" in told
    assert "GetDeviceResponse.Device: no field device in NewDevice" in told
