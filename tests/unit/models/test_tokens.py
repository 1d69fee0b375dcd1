"""The values that calls give: read from the service's JSON, or refused where it does not fit."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Confirmation, Delivery, IdToken, NewDevice, Registration, ServiceReply, Tokens
from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.models.sign_up import read_delivery
from cognito_raw.models.tokens import claims
from tests.support.samples import jwt

JWT: Final = jwt({"exp": 1783418703, "iat": 1783415103, "email": "bob@example.com"})
RESULT: Final = {"IdToken": JWT, "AccessToken": "access", "RefreshToken": "refresh", "ExpiresIn": 3600}


def tokens(**changes: object) -> dict[str, object]:
    """A reply with tokens, some members of which are others, or gone where they are `...`."""
    result = {**RESULT, **changes}
    return {"AuthenticationResult": {key: value for key, value in result.items() if value is not ...}}


def test_an_id_token_is_read_into_its_claims() -> None:
    """The token as it is sent, its end, and what it claims."""
    token = IdToken.read(JWT)
    assert (token.jwt, token.exp, token.payload["email"]) == (JWT, 1783418703, "bob@example.com")


def test_claims_are_whatever_the_payload_says() -> None:
    """Claims are read as they are, in any script, and with any length of padding."""
    for name in ("Zo\u00eb", "\U0001f511", "a", "ab", "abc", ""):
        assert claims(jwt({"name": name})) == {"name": name}


def test_tokens_name_the_new_device() -> None:
    """A sign-in from a device that the pool does not know yet gives its keys."""
    device = {"DeviceKey": "eu-west-1_d", "DeviceGroupKey": "-g"}
    assert Tokens.read(tokens(NewDeviceMetadata=device)).new_device == NewDevice("eu-west-1_d", "-g")
    nothing: list[Any] = [..., None, {}, {"DeviceKey": "eu-west-1_d"}, {**device, "DeviceGroupKey": 5}, ["d"], 5]
    for metadata in nothing:  # the tokens beside them are worth more
        assert Tokens.read(tokens(NewDeviceMetadata=metadata)).new_device is None


def test_sign_up_and_its_confirmation_give_the_session() -> None:
    """What signs a new user in without a second code is there, and hidden."""
    registered = Registration.read({"UserSub": "id-1", "UserConfirmed": False, "Session": "hunter2"})
    confirmed = Confirmation.read({"Session": "hunter2"})
    assert (registered.session, confirmed.session, Confirmation.read({}).session) == ("hunter2", "hunter2", None)
    assert "hunter2" not in f"{registered!r} {confirmed!r}"


NO_TOKENS: Final[dict[str, str]] = {
    "nothing": "",
    "a word": "token",
    "two parts": "a.e30",
    "four parts": "a.e30.c.d",
    "five parts, which are encrypted": "a.e30.c.d.e",
    "an empty payload": "a..c",
    "one letter too many": "a.e30aa.c",
    "no base64": "a.\u00e9.c",
    "no JSON": jwt(None, raw=b"hunter2"),
    "no UTF-8": jwt(None, raw=b'{"exp":"\xff"}'),
    "a list": jwt([{"exp": 1}]),
    "a number": jwt(1),
    "null": jwt(None),
    "brackets without end": jwt(None, raw=b"[" * 100_000),
    "an integer of 10,000 digits": jwt(None, raw=b'{"exp":' + b"9" * 10_000 + b"}"),
    "points without end": "." * 100_000,
}


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS.keys())
def test_what_is_no_json_web_token_is_refused(text: str) -> None:
    """A text of another form, or whose payload is no JSON object, is refused and not repeated."""
    for read in (claims, IdToken.read):
        with pytest.raises(UnexpectedJson, match=r"^not a JSON Web Token$") as caught:
            read(text)
        assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "exp", [..., None, True, "soon", "-1", "\u0661", "1" * 17, float("nan"), 1e300, 2**53, -(10**400), [], {}], ids=repr
)
def test_a_token_without_a_whole_number_as_its_end_is_refused(exp: object) -> None:
    """`exp` must be there, and be a whole number that one can compute with."""
    with pytest.raises(UnexpectedJson, match="exp is not a whole number"):
        IdToken.read(jwt({"iat": 1} if exp is ... else {"exp": exp}))


@pytest.mark.parametrize("iat", [True, "now", float("inf"), 2**53, [], {}], ids=repr)
def test_a_token_with_a_wrong_beginning_is_refused(iat: object) -> None:
    """`iat` may be left out; if it is there, it is a whole number."""
    with pytest.raises(UnexpectedJson, match="iat is not a whole number"):
        IdToken.read(jwt({"exp": 1, "iat": iat}))
    with pytest.raises(UnexpectedJson, match="iat is before the epoch"):
        IdToken.read(jwt({"exp": 1, "iat": -1}))
    assert [IdToken.read(jwt({"exp": 1, **more})).exp for more in ({}, {"iat": None}, {"iat": 0})] == [1, 1, 1]


def test_tokens_are_read_from_the_result_of_a_sign_in() -> None:
    """ID, access and refresh token, and the seconds for which they are good."""
    assert Tokens.read(tokens()) == Tokens(IdToken.read(JWT), "access", "refresh", 3600)


def test_a_refresh_token_stays_where_no_new_one_comes() -> None:
    """A refresh without rotation sends none, and the one that was used is kept; a new one takes its place."""
    assert Tokens.read(tokens(RefreshToken=...), kept="old").refresh_token == "old"
    assert Tokens.read(tokens(RefreshToken=None), kept="old").refresh_token == "old"
    assert Tokens.read(tokens(RefreshToken=""), kept="old").refresh_token == "old"
    assert Tokens.read(tokens(), kept="old").refresh_token == "refresh"
    assert Tokens.read(tokens(RefreshToken=...)).refresh_token is None


@pytest.mark.parametrize("name", ["IdToken", "AccessToken"])
@pytest.mark.parametrize("value", [..., None, 5, [], {}], ids=repr)
def test_tokens_without_one_that_must_be_there_are_refused(name: str, value: object) -> None:
    """A sign-in without ID or access token makes no sense."""
    with pytest.raises(UnexpectedJson, match=f"{name} is not a string"):
        Tokens.read(tokens(**{name: value}))


@pytest.mark.parametrize(
    "changes", [{"RefreshToken": 5}, {"ExpiresIn": "soon"}, {"ExpiresIn": 10**20}, {"IdToken": "a.b.c"}], ids=repr
)
def test_tokens_of_another_type_are_refused(changes: dict[str, object]) -> None:
    """What may be left out must fit where it is not."""
    with pytest.raises(UnexpectedJson):
        Tokens.read(tokens(**changes))


@pytest.mark.parametrize("value", [3600, 3600.0, 3600.9, "3600"], ids=repr)
def test_seconds_may_be_a_fraction_or_a_text(value: object) -> None:
    """Some servers write them so, in the reply as in the tokens."""
    read = Tokens.read(tokens(ExpiresIn=value, IdToken=jwt({"exp": value, "iat": value})))
    assert (read.expires_in, read.id_token.exp) == (3600, 3600)


METADATA: Final = {"DeviceKey": "eu-west-1_d3v", "DeviceGroupKey": "-gr0up"}


def test_tokens_name_the_device_that_the_pool_began_to_track() -> None:
    """A pool that tracks devices gives each new one a key, among the tokens."""
    read = Tokens.read(tokens(NewDeviceMetadata=METADATA))
    assert read.new_device == NewDevice("eu-west-1_d3v", "-gr0up")


@pytest.mark.parametrize(
    "metadata",
    [None, [], "d3v", {}, {"DeviceKey": "d3v"}, {**METADATA, "DeviceGroupKey": 5}, {**METADATA, "DeviceKey": None}],
    ids=repr,
)
def test_a_device_that_makes_no_sense_costs_no_tokens(metadata: object) -> None:
    """The tokens are worth more than the device."""
    assert Tokens.read(tokens(NewDeviceMetadata=metadata)) == Tokens.read(tokens())


@pytest.mark.parametrize("body", [{}, {"AuthenticationResult": None}, {"AuthenticationResult": []}], ids=repr)
def test_a_reply_without_tokens_is_refused(body: dict[str, object]) -> None:
    """Neither tokens nor a challenge: such a reply makes no sense."""
    with pytest.raises(UnexpectedJson):
        Tokens.read(body)


DETAILS: Final = {"Destination": "b***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}


def test_a_delivery_says_where_a_code_went() -> None:
    """The masked address, how it went, and the attribute of the address."""
    assert read_delivery({"CodeDeliveryDetails": DETAILS}) == Delivery("b***@e***", "EMAIL", "email")


@pytest.mark.parametrize("body", [{}, {"CodeDeliveryDetails": None}, {"CodeDeliveryDetails": {}}], ids=repr)
def test_a_delivery_of_which_nothing_is_said_is_still_one(body: dict[str, object]) -> None:
    """Any part, and all of them, may be left out."""
    assert read_delivery(body) == Delivery()


@pytest.mark.parametrize("details", [[], "EMAIL", {"Destination": 5}, {"DeliveryMedium": []}], ids=repr)
def test_a_delivery_of_another_type_is_refused(details: object) -> None:
    """What is said of a delivery must be texts in an object."""
    with pytest.raises(UnexpectedJson):
        read_delivery({"CodeDeliveryDetails": details})


def test_a_registration_says_who_was_registered() -> None:
    """The user's id, whether a code is needed, and where it went if one was sent."""
    waiting = {"UserSub": "id-1", "UserConfirmed": False, "CodeDeliveryDetails": DETAILS}
    assert Registration.read(waiting) == Registration("id-1", False, Delivery("b***@e***", "EMAIL", "email"))
    for body in ({"UserSub": "id-1", "UserConfirmed": True}, {**waiting, "CodeDeliveryDetails": None}):
        assert Registration.read(body).delivery is None


@pytest.mark.parametrize(
    "body", [{}, {"UserSub": "a"}, {"UserConfirmed": True}, {"UserSub": 5, "UserConfirmed": True}], ids=repr
)
def test_a_registration_without_its_parts_is_refused(body: dict[str, object]) -> None:
    """Id and state must be there."""
    with pytest.raises(UnexpectedJson):
        Registration.read(body)


MEMBERS: Final = st.sampled_from(
    [
        *RESULT,
        *DETAILS,
        "AuthenticationResult",
        "UserSub",
        "UserConfirmed",
        "CodeDeliveryDetails",
    ]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(JWT),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBERS | st.text(), inner, max_size=6),
    max_leaves=12,
)
READERS: Final[list[Callable[[Mapping[str, object]], object]]] = [
    Tokens.read,
    read_delivery,
    Registration.read,
    Confirmation.read,
]


@given(st.sampled_from(READERS), st.dictionaries(MEMBERS, JSON, max_size=6))
def test_any_json_is_a_value_or_is_refused(
    read: Callable[[Mapping[str, object]], object], body: dict[str, Any]
) -> None:
    """No JSON object makes a reader raise anything but `UnexpectedJson`; what is read can go out again."""
    try:
        value = read(body)
    except UnexpectedJson:
        return
    assert repr(value).isprintable()


@given(st.text(st.characters()) | st.binary().map(lambda raw: jwt(None, raw=raw)) | JSON.map(jwt))
def test_any_text_is_a_token_or_is_refused(text: str) -> None:
    """No text makes the reader of tokens raise anything but `UnexpectedJson`."""
    try:
        token = IdToken.read(text)
    except UnexpectedJson:
        return
    part = text.split(".")[1]
    assert token.payload == json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_equal_tokens_are_equal_whatever_was_read_of_them() -> None:
    """Two tokens are the same if they are the same text; a token can be a key."""
    assert IdToken.read(JWT) == IdToken(JWT, 1783418703, {})
    assert len({IdToken.read(JWT), IdToken.read(JWT)}) == 1


def test_the_reprs_hide_what_is_secret() -> None:
    """Tokens, claims and bodies are shown by no value; ends, states and masked addresses are."""
    read = Tokens.read(tokens(AccessToken="hunter2-a", RefreshToken="hunter2-r"))
    shown = repr([read, ServiceReply("InitiateAuth", {"Session": "hunter2"}, 200, "id-1", 5.0)])
    assert not any(secret in shown for secret in ("hunter2", JWT, JWT.split(".")[1], "bob@example.com"))
    assert all(part in shown for part in ("1783418703", "3600", "InitiateAuth", "id-1"))
