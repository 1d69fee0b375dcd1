"""What goes on the wire: the request that a call becomes, and what cannot become one."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Call, Reply, Request
from cognito_raw.call import render, render_get
from cognito_raw.models.fields import require_optional_string, require_string

ENDPOINT: Final = "https://cognito-idp.eu-west-1.amazonaws.com"
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_call_becomes_an_unsigned_post_of_json() -> None:
    """The target names the operation, the content type the protocol, and nothing is signed."""
    request = render(Call("GetUser", {"AccessToken": "abc"}), ENDPOINT, 2.5)
    assert request.url == "https://cognito-idp.eu-west-1.amazonaws.com/"
    assert request.body == b'{"AccessToken":"abc"}'
    assert request.timeout == 2.5
    assert request.headers == {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-store",
        "User-Agent": "cognito_raw",
    }


def test_a_call_is_posted_and_a_document_is_got() -> None:
    """A call is a POST; what is fetched is a GET without a body, uncompressed and not out of a cache."""
    assert render(Call("GetUser", {}), ENDPOINT, 1).method == "POST"
    assert render_get("https://a.example/jwks.json", 2.5) == Request(
        "https://a.example/jwks.json",
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            "User-Agent": "cognito_raw",
        },
        b"",
        2.5,
        "GET",
    )


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "https://proxy.example/cognito"])
def test_a_call_goes_to_the_endpoint(endpoint: str) -> None:
    """The endpoint, with its path if it has one, is where the request goes."""
    assert render(Call("GetUser", {}), endpoint, 1).url == f"{endpoint}/"


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_any_json_object_arrives_as_it_is(parameters: dict[str, Any]) -> None:
    """Whatever JSON can say is read back unchanged."""
    assert json.loads(render(Call("SignUp", parameters), ENDPOINT, 1).body) == parameters


def test_letters_beyond_ascii_go_as_utf8() -> None:
    """A name is sent in UTF-8, not in escapes."""
    assert render(Call("SignUp", {"Username": "Zo\u00eb \U0001f511"}), ENDPOINT, 1).body == (
        '{"Username":"Zo\u00eb \U0001f511"}'.encode()
    )


def test_a_read_only_mapping_is_as_good_as_a_dict() -> None:
    """The parameters may be any mapping."""
    assert render(Call("GetUser", MappingProxyType({"a": 1})), ENDPOINT, 1).body == b'{"a":1}'


def _loop() -> dict[str, object]:
    loop: dict[str, object] = {}
    loop["again"] = loop
    return loop


def _deep() -> dict[str, object]:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    return deep


NOT_JSON: Final[dict[str, Any]] = {
    "bytes": {"Password": "hunter2", "Code": b"hunter2"},
    "a set": {"Password": "hunter2", "Code": {"hunter2"}},
    "not a number": {"Password": "hunter2", "Code": float("nan")},
    "infinity": {"Password": "hunter2", "Code": float("inf")},
    "half a surrogate pair": {"Password": "hunter2\ud800"},
    "half a surrogate pair in a name": {"Password": "hunter2", "\udfff": 1},
    "a tuple as name": {"Password": "hunter2", ("hunter2",): 1},
    "an integer of 10,000 digits": {"Password": "hunter2", "Code": 10**10_000},
    "a list instead": ["hunter2"],
    "a text instead": "hunter2",
    "nothing instead": None,
}


def _chain(error: BaseException | None) -> str:
    """All that an exception and those behind it can show, and the values that they keep."""
    shown = ""
    while error is not None:
        shown += f"{error!r} {error} {error.args} {vars(error)} {getattr(error, 'object', '')}"
        error = error.__cause__ or error.__context__
    return shown


@pytest.mark.parametrize("parameters", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_json_cannot_say_is_refused_and_not_repeated(parameters: Any) -> None:
    """Parameters that cannot be sent raise ValueError; neither it nor an error behind it holds one of them."""
    with pytest.raises(ValueError, match=r"^SignUp: ") as caught:
        render(Call("SignUp", parameters), ENDPOINT, 1)
    assert "hunter2" not in _chain(caught.value)


@pytest.mark.parametrize("make", [_loop, _deep], ids=["in a circle", "too deep"])
def test_parameters_without_end_are_refused(make: Callable[[], dict[str, object]]) -> None:
    """A structure that contains itself, or is nested too deeply, raises ValueError."""
    with pytest.raises(ValueError, match="SignUp: the parameters are not JSON"):
        render(Call("SignUp", make()), ENDPOINT, 1)


@pytest.mark.parametrize(
    "operation", ["", "Get User", "GetUser\r\nX-Evil: 1", "A.B", "Gr\u00fc\u00df", "\u0661", "a-b"]
)
def test_the_name_of_an_operation_is_letters_and_digits(operation: str) -> None:
    """Nothing else may stand in a name, which goes into a header."""
    with pytest.raises(ValueError, match=r"^operation .*must be a name such as InitiateAuth"):
        Call(operation, {})


@pytest.mark.parametrize("value", ["", "abc", "\U0001f511", "\0"])
def test_any_text_that_utf8_can_carry_is_accepted(value: str) -> None:
    """An empty text and one with odd letters are for the service to judge."""
    require_string(username=value)


def test_a_call_of_no_texts_is_accepted() -> None:
    """Nothing asked is nothing refused."""
    require_string()


@pytest.mark.parametrize("value", [None, 5, b"hunter2", ["hunter2"], "hunter2\ud800", "\udfffhunter2"], ids=repr)
def test_what_is_no_text_is_named_and_not_repeated(value: Any) -> None:
    """The first bad argument is named in a ValueError that does not hold it."""
    with pytest.raises(
        ValueError, match=r"^password (must be a string, not |holds half of a surrogate pair)"
    ) as caught:
        require_string(username="bob", password=value)
    assert "hunter2" not in _chain(caught.value)


def test_the_reprs_hide_bodies() -> None:
    """What is sent and what came back is full of secrets, and shown by none of the three."""
    secret = {"Password": "hunter2"}
    call = Call("SignUp", secret)
    values: list[Call | Request | Reply] = [call, render(call, ENDPOINT, 1), Reply(200, secret, b"hunter2")]
    assert "hunter2" not in repr(values)
    assert "SignUp" in repr(call)


def test_none_is_fine_where_a_text_may_be_left_out() -> None:
    """What is given must be a string all the same."""
    require_optional_string(device_name=None, session="s")
    with pytest.raises(ValueError, match=r"^session must be a string, not int$"):
        require_optional_string(device_name=None, session=0)
