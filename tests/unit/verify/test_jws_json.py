"""JSON with one meaning only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.verify.jws import DEEPEST, read_object
from tests.support.cases import each_case

# Without halves of surrogate pairs, which are no characters.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(1 - 2**53, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=3), st.booleans())
def test_an_object_is_read_as_it_is(value: dict[str, Any], escaped: bool) -> None:
    """Whatever JSON says in one way is read, escaped or not."""
    assert read_object(json.dumps(value, ensure_ascii=escaped).encode()) == value


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    """An object that nests so deep."""
    return b'{"a":' + (opening * (depth - 1) + closing * (depth - 1)).encode() + b"}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', id="brackets in a text"),
        pytest.param(b'{"a": "\\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\\\\"}', id="braces behind a quotation mark"),
        pytest.param(b'{"a": [' + b"[]," * 99 + b"[]]}", id="many lists side by side"),
        pytest.param(nested(DEEPEST), id="as deep as may be"),
        pytest.param(b' \r\n\t{"a": 1} \n', id="white space around"),
        pytest.param(b'{"a": 9007199254740992, "b": -9007199254740993}', id="numbers of more than 53 bits"),
        pytest.param(b'{"a": ' + b"9" * 100 + b', "b": -' + b"9" * 99 + b"}", id="the largest numbers"),
        pytest.param(b'{"a": {"b": 1}, "b": 1}', id="a name at two depths"),
        pytest.param(b'{"a": "\\ud83d\\udd11"}', id="an escaped pair"),
        pytest.param(b'{"a": 1.5e300}', id="a large fraction"),
    ],
)
def test_what_is_odd_but_clear_is_read(raw: bytes) -> None:
    """Strict is not narrow: all that has one meaning is accepted."""
    assert read_object(raw) == json.loads(raw)


REFUSED = {
    "nothing": b"",
    "white space": b"  ",
    "no object": b'["a"]',
    "a text": b'"a"',
    "null": b"null",
    "two objects": b"{}{}",
    "something behind": b"{} x",
    "an open end": b'{"a": 1',
    "a trailing comma": b'{"a": 1,}',
    "a comment": b'{"a": 1 /* b */}',
    "single quotes": b"{'a': 1}",
    "a member twice": b'{"a": 1, "a": 1}',
    "a member twice, escaped": b'{"a": 1, "\\u0061": 1}',
    "a member twice in a member": b'{"a": {"b": 1, "b": 2}}',
    "a member twice in a list": b'{"a": [[{"b": 1, "b": 2}]]}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "negative infinity": b'{"a": [-Infinity]}',
    "infinity in digits": b'{"a": 1e999}',
    "negative infinity in digits": b'{"a": -1e999}',
    "a number of 101 digits": b'{"a": ' + b"9" * 101 + b"}",
    "a number of 100 digits and a sign": b'{"a": -' + b"9" * 100 + b"}",
    "a number of thousands of digits": b'{"a": ' + b"9" * 9999 + b"}",
    "a leading zero": b'{"a": 01}',
    "a plus sign": b'{"a": +1}',
    "hexadecimal": b'{"a": 0x1}',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "an overlong encoding": b'{"a": "\xc0\x80"}',
    "half a surrogate pair in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "half a surrogate pair": b'{"a": "\\ud83d"}',
    "the other half": b'{"a": {"b": "\\udd11"}}',
    "half a surrogate pair as a name": b'{"\\ud83d": 1}',
    "a control character": b'{"a": "\n"}',
    "a null byte": b'{"a": "\x00"}',
    "a null byte behind": b"{}\x00",
    "an unknown escape": b'{"a": "\\x41"}',
    "too deep": nested(DEEPEST + 1),
    "too deep in objects": nested(DEEPEST + 1, '{"a":', "}"),
    "20,000 brackets": b'{"a":' + b"[" * 20_000,
    "20,000 pairs of brackets": nested(20_000),
    "20,000 braces": b'{"a":' * 20_000,
    "20,000 quotation marks": b'{"a":' + b'["' * 20_001,
    "20,000 escapes": b'{"a":"' + b'\\"[' * 20_000,
}


@each_case("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_two_readers_could_take_differently_is_refused(raw: bytes) -> None:
    """What is no strict object is refused, and its error says nothing of it."""
    with pytest.raises(UnexpectedJson, match=r"^not a strict JSON object$") as caught:
        read_object(raw)
    # Nor is there one behind it, with the text that was read.
    assert caught.value.__context__ is None
