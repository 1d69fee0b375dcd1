"""The outer form of a token, which is checked before its claims.

A token is a JWS in compact form (RFC 7515), under the rules of RFC 8725. Its header only names the key. The algorithm
is ours to choose, and a key or an address in the token is never used.
"""

from __future__ import annotations

import json
import re
from binascii import Error, a2b_base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ..models.fields import UnexpectedJson
from ..result import Err

# The longest header, in base64url, that is kept: others need no memory for long.
_LONGEST_KNOWN: Final = 1024
LARGEST_TOKEN: Final = 64 * 1024
"""In characters. A token travels in a header, and few servers accept larger headers."""

# Members that change how a token is read, none of which is supported here (RFC 7515, 7516 and 7797).
_UNREADABLE: Final = ("crit", "b64", "zip", "enc", "cty")
_TYPES: Final = ("jwt", "at+jwt")

_NO_TEXT: Final = Err("token-malformed", "the token is not a string")
_TOO_LARGE: Final = Err("token-malformed", "the token is larger than 64 kB")
_SCHEME: Final = Err("token-malformed", "the token begins with 'Bearer ': give what follows it")
_NO_PARTS: Final = Err("token-malformed", "the token does not have three parts with dots between them")
_NO_BASE64: Final = Err("token-malformed", "a part of the token is empty, or not canonical base64url")
_NO_HEADER: Final = Err("token-malformed", "the header of the token is not a strict JSON object")
_NO_ALGORITHM: Final = Err("token-algorithm-refused", "alg in the header of the token is not RS256")
_NO_TYPE: Final = Err("token-malformed", "typ in the header of the token is not JWT")
_NO_KEY_ID: Final = Err("token-malformed", "kid in the header of the token is missing, or not a string")


class Jws(NamedTuple):
    """A well-formed token: the id of its key, the signed bytes, the signature, and the undecoded claims."""

    kid: str
    signed: bytes
    signature: bytes
    payload: bytes

    def __repr__(self) -> str:
        return "Jws(<hidden>)"


def read(token: object) -> Jws | Err:
    """Return the parts of a token. Reasons: `token-malformed`, `token-algorithm-refused`."""
    if not isinstance(token, str):
        return _NO_TEXT
    text = str.__str__(token)  # not the methods of a subclass
    if len(text) > LARGEST_TOKEN:
        return _TOO_LARGE
    parts = text.encode().split(b".", 3) if text.isascii() else []
    if len(parts) != 3:
        return _ill_formed(text, parts, _NO_PARTS)
    kid = _key_id_of(parts[0]) if len(parts[0]) <= _LONGEST_KNOWN else _key_id_of.__wrapped__(parts[0])
    payload, signature = octets(parts[1]), octets(parts[2])
    if kid is None or payload is None or signature is None:
        return _ill_formed(text, parts, _NO_BASE64)
    return kid if isinstance(kid, Err) else Jws(kid, b".".join(parts[:2]), signature, payload)


@lru_cache(maxsize=16)  # the tokens of a pool have few headers
def _key_id_of(part: bytes) -> str | Err | None:
    """Return the key id in the header of a token. None if it is no base64url."""
    header = octets(part)
    return None if header is None else _key_id(header)


def _ill_formed(text: str, parts: Sequence[bytes], failure: Err) -> Err:
    """Return the failure of a token in another form, unless it says itself that it has no signature."""
    if _has_scheme(text):
        return _SCHEME
    return _NO_ALGORITHM if len(parts) > 1 and _is_unsigned(parts[0]) else failure


def _is_unsigned(part: bytes) -> bool:
    try:
        header = read_object(octets(part.rstrip(b"=")) or b"")
    except UnexpectedJson:
        return False
    return str(header.get("alg")).lower() == "none"


def _has_scheme(text: str) -> bool:
    """Tell if this is a whole Authorization header, not only its token."""
    return text.lstrip()[:7].lower() == "bearer "


def _key_id(raw: bytes) -> str | Err:
    try:
        header = read_object(raw)
    except UnexpectedJson:
        return _NO_HEADER
    if header.get("alg") != "RS256":
        return _NO_ALGORITHM
    unreadable = [name for name in _UNREADABLE if name in header]
    if unreadable:
        return Err("token-malformed", f"the header of the token has {unreadable[0]}, which is not supported")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        return _NO_TYPE
    kid = header.get("kid")
    return kid if isinstance(kid, str) and kid else _NO_KEY_ID


# Characters of the other alphabet, and padding, become one that is in neither alphabet.
_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
# By the length of the last group: its padding, and the last characters that leave no bits over.
_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


def octets(text: bytes) -> bytes | None:
    """Decode canonical base64url. Return None for anything else, and for an empty string."""
    rest = len(text) & 3
    if not text or rest == 1 or (rest and text[-1] not in _LAST[rest]):
        return None
    try:
        return a2b_base64(text.translate(_STANDARD) + _PADDING[rest], strict_mode=True)
    except Error:
        return None


# A pre-token-generation trigger may nest its claims, but not so deep.
DEEPEST: Final = 32
# In digits and a sign. The pool's triggers may write numbers of any size, and those of more digits cost time.
_LONGEST_NUMBER: Final = 100
# Also matches a string that does not end, so that each character is looked at once.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def read_object(raw: bytes) -> dict[str, Any]:
    """Parse a strict JSON object. Raise `UnexpectedJson` for anything else, without its content."""
    value = _parsed(raw)
    if not isinstance(value, dict):
        # Not raised in the handler: an error of the JSON reader contains the whole string.
        raise UnexpectedJson("not a strict JSON object")
    return value


def _parsed(raw: bytes) -> object:
    try:
        text = str(raw, "utf-8").strip(" \t\r\n")
        if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(text):
            return None
        value, end = _DECODER.raw_decode(text)
        if end < len(text):
            return None
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # raises for half a surrogate pair
    except ValueError:
        return None
    return value


def _is_too_deep(text: str) -> bool:
    """Tell if brackets outside of strings nest too deep for the JSON reader."""
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
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError
    return int(digits)


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
