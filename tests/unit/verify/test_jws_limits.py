"""The depth limit of strict JSON and the size of a token, exactly at their boundaries."""

from __future__ import annotations

import json

import pytest

from cognito_raw import Err
from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.verify.jws import read, read_object

# More brackets than the limit, side by side: counting them alone does not settle the depth.
SIDE_BY_SIDE = '"b":[' + ",".join(["[]"] * 40) + "],"
OPENINGS = {"lists": ("[", "]"), "objects": ('{"a":', "}"), "both": ('[{"a":', "}]")}


def nested(depth: int, kind: str, before: str = "") -> bytes:
    """An object of this depth; what it holds first is not so deep."""
    opening, closing = OPENINGS[kind]
    times, rest = divmod(depth - 1, 2 if kind == "both" else 1)
    value = "[" * rest + opening * times + "1" + closing * times + "]" * rest
    return f'{{{before}"a":{value}}}'.encode()


@pytest.mark.parametrize("before", ["", SIDE_BY_SIDE], ids=["alone", "beside many brackets"])
@pytest.mark.parametrize("kind", OPENINGS)
def test_an_object_may_nest_32_levels_deep(kind: str, before: str) -> None:
    """The object itself is the first level; 32 levels are read, and 33 are refused."""
    raw = nested(32, kind, before)
    assert read_object(raw) == json.loads(raw)
    with pytest.raises(UnexpectedJson):
        read_object(nested(33, kind, before))


def test_a_level_that_has_ended_does_not_count() -> None:
    """Each closing bracket, of a list or of an object, ends one level."""
    for inner in ("[]", "{}"):
        for outer in ("[%s]", '{"a":%s}'):
            raw = b'{"a":[' + b",".join([(outer % inner).encode()] * 33) + b"]}"
            assert read_object(raw) == json.loads(raw)


def test_brackets_inside_of_strings_are_no_levels() -> None:
    """A string counts as one value, whatever brackets and escaped quotation marks it holds."""
    for text in ("[" * 40, "]" * 40 + "{", '"' + "[" * 40, "\\" + "{" * 40):
        raw = json.dumps({"a": text, "b": [text]}).encode()
        assert read_object(raw) == json.loads(raw)
    closed = json.dumps("]" * 40)
    with pytest.raises(UnexpectedJson):
        read_object(nested(33, "lists", f'"b":{closed},').replace(b"1]", closed.encode() + b"]"))


def test_a_token_has_65536_characters_at_most() -> None:
    """A longer one is refused before anything in it is looked at."""
    allowed, refused = read("a" * 65_536), read("a" * 65_537)
    assert isinstance(allowed, Err)
    assert isinstance(refused, Err)
    assert allowed.message == "the token does not have three parts with dots between them"
    assert refused.message == "the token is larger than 64 kB"
