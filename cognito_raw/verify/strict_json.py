"""JSON that has one meaning only: what two readers could take differently is refused (RFC 8725, section 2.4).

UTF-8 without half surrogates, no member twice at any depth, no NaN and no infinity, whole numbers that every reader
keeps exactly (RFC 8259, section 6), and no deeper nesting than a token has any use for.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ..members import Misfit

# The claims of a pre-token-generation trigger may nest; nobody's nest so deep.
DEEPEST: Final = 32
_LARGEST: Final = 2**53 - 1
_LONGEST_NUMBER: Final = 17
# Also one that does not end: each character is looked at once, whatever the text.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object that the bytes are; `Misfit` for anything else, with no word of what it holds."""
    value = _parsed(raw)
    if not isinstance(value, dict):
        # Out here, since an error of the JSON reader carries the whole text.
        raise Misfit("not a strict JSON object")
    return value


def _parsed(raw: bytes) -> object:
    try:
        text = str(raw, "utf-8")
        if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(text):
            return None
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # raises for half a surrogate pair
    except ValueError:
        return None
    return value


def _is_too_deep(text: str) -> bool:
    """Whether brackets outside of texts nest too deep; told before the reader goes down there."""
    depth = 0
    for character in _QUOTED.sub("", text):
        if character in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif character in "]}":
            depth -= 1
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER or abs(number := int(digits)) > _LARGEST:
        raise ValueError
    return number


def _fraction(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _no_number(_: str) -> None:
    raise ValueError


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)
