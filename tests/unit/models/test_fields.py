"""Reading members of JSON that others wrote, in the one type that each may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw.models.fields import (
    UnexpectedJson,
    attribute_map,
    boolean,
    integer,
    mapping,
    objects,
    optional_boolean,
    optional_integer,
    optional_string,
    optional_time,
    string,
    string_map,
    strings,
)
from tests.support.cases import each_case

Reader = Callable[[Mapping[str, object], str], object]
ABSENT: Final = object()
LARGEST: Final = 2**53 - 1

# What each reader makes of a member.
FITS: Final[list[tuple[Reader, object, object]]] = [
    (string, "abc", "abc"),
    (string, "", ""),
    (string, "Zo\u00eb \U0001f511", "Zo\u00eb \U0001f511"),
    (optional_string, "abc", "abc"),
    (optional_string, ABSENT, None),
    (optional_string, None, None),
    (boolean, True, True),
    (boolean, False, False),
    (integer, 0, 0),
    (integer, LARGEST, LARGEST),
    (integer, -LARGEST, -LARGEST),
    (optional_integer, 3600, 3600),
    (optional_integer, ABSENT, None),
    (optional_integer, None, None),
    (mapping, {"a": [1]}, {"a": [1]}),
    (mapping, {}, {}),
    (mapping, ABSENT, {}),
    (mapping, None, {}),
    (string_map, {"a": "b"}, {"a": "b"}),
    (string_map, ABSENT, {}),
    (string_map, None, {}),
    (optional_boolean, True, True),
    (optional_boolean, False, False),
    (optional_boolean, ABSENT, None),
    (optional_boolean, None, None),
    (strings, ["a", "", "Zo\u00eb"], ("a", "", "Zo\u00eb")),
    (strings, [], ()),
    (strings, ABSENT, ()),
    (strings, None, ()),
    (objects, [{"a": 1}, {}], ({"a": 1}, {})),
    (objects, ABSENT, ()),
    (objects, None, ()),
    (attribute_map, [{"Name": "a", "Value": "b"}, {"Name": "c", "Value": ""}], {"a": "b", "c": ""}),
    (attribute_map, [{"Name": "a"}, {"Name": "b", "Value": None}], {"a": "", "b": ""}),
    (attribute_map, ABSENT, {}),
    (attribute_map, None, {}),
    (optional_time, 1715100742.022, datetime(2024, 5, 7, 16, 52, 22, 22000, tzinfo=UTC)),
    (optional_time, 1715100742, datetime(2024, 5, 7, 16, 52, 22, tzinfo=UTC)),
    (optional_time, 0, datetime(1970, 1, 1, tzinfo=UTC)),
    (optional_time, 253402300798.9, datetime(9999, 12, 31, 23, 59, 58, 900000, tzinfo=UTC)),
    (optional_time, ABSENT, None),
    (optional_time, None, None),
]

# What each reader refuses, and the words of the refusal.
REFUSED: Final[list[tuple[Reader, str, list[object]]]] = [
    (string, "x is not a string", [ABSENT, None, 5, True, [], {}, "hunter2\ud800", "\udfff"]),
    (optional_string, "x is not a string", [5, False, [], {}, "hunter2\udc00"]),
    (boolean, "x is not a boolean", [ABSENT, None, 1, 0, "true", []]),
    (
        integer,
        "x is not a whole number",
        [ABSENT, None, True, 1.0, float("nan"), "1", LARGEST + 1, -LARGEST - 1, 10**400],
    ),
    (optional_integer, "x is not a whole number", [False, 1.5, "1", 10**400, []]),
    (mapping, "x is not an object", [[], "", 0, False, "hunter2"]),
    (string_map, "x is not an object", [[], "", 0, ["hunter2"]]),
    (
        string_map,
        "x does not hold strings alone",
        [{"a": 5}, {"a": "b", "c": {}}, {"a": "\ud800"}, {"\ud800": "a"}, {5: "a"}, {"hunter2": 1}],
    ),
    (optional_boolean, "x is not a boolean", [1, 0, "true", []]),
    (strings, "x is not a list", [{}, "", 0, "hunter2"]),
    (strings, "x does not hold strings alone", [[1], ["a", None], [["hunter2"]], ["hunter2\ud800"]]),
    (objects, "x is not a list", [{}, "", 0, "hunter2"]),
    (objects, "x does not hold objects alone", [[1], [{}, None], ["hunter2"]]),
    (attribute_map, "x is not a list", [{"Name": "a"}, "hunter2"]),
    (attribute_map, "Name is not a string", [[{}], [{"Value": "hunter2"}], [{"Name": 1}], [{"Name": "\ud800"}]]),
    (attribute_map, "Value is not a string", [[{"Name": "a", "Value": 5}], [{"Name": "a", "Value": ["hunter2"]}]]),
    (
        optional_time,
        "x is not a time",
        [True, -1, -0.1, 253402300799, 253402300799.9, float("nan"), float("inf"), "2024-05-07", 10**400, [], {}],
    ),
]
REFUSALS: Final = [(read, value, strings) for read, strings, values in REFUSED for value in values]


def body(value: object) -> dict[str, object]:
    return {} if value is ABSENT else {"x": value}


@each_case(("read", "value", "result"), FITS)
def test_a_member_that_fits_is_read(read: Reader, value: object, result: object) -> None:
    """A member of the right type is given as it is; what may be left out has its empty value then."""
    assert read(body(value), "x") == result


@each_case(("read", "value", "strings"), REFUSALS)
def test_a_member_that_does_not_fit_is_named_and_not_shown(read: Reader, value: object, strings: str) -> None:
    """`UnexpectedJson`, a ValueError, says which member has the wrong type, and never what it holds."""
    with pytest.raises(UnexpectedJson) as caught:
        read(body(value), "x")
    assert str(caught.value) == strings
    assert isinstance(caught.value, ValueError)


@given(
    st.sampled_from(
        [string, optional_string, boolean, optional_boolean, integer, optional_integer, mapping, string_map]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=4,
    ),
)
def test_no_json_raises_anything_else(read: Reader, value: Any) -> None:
    """Any JSON value is read or is a `UnexpectedJson`."""
    try:
        result = read({"x": value}, "x")
    except UnexpectedJson:
        return
    expected = {} if value is None and isinstance(result, dict) else value
    if read is string_map and isinstance(value, dict):
        expected = {name: member for name, member in value.items() if member is not None}
    assert result == expected


@given(
    st.sampled_from([strings, objects, attribute_map, optional_time]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["Name", "Value"]), inner),
        max_leaves=4,
    ),
)
def test_no_list_and_no_time_raises_anything_else(read: Reader, value: Any) -> None:
    """Any JSON value is read into what can be shown, or is a `UnexpectedJson`."""
    try:
        result = read({"x": value}, "x")
    except UnexpectedJson:
        return
    assert repr(result)
