"""The outer form of a token: what it must be before any of its claims is looked at.

A JWS in compact form (RFC 7515) under the rules of RFC 8725. The header says which key to look for and nothing else:
the algorithm is ours to choose, and a key or an address that a token brings along is never used.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ..members import Misfit
from ..result import Err
from .base64url import octets
from .strict_json import read_object

LARGEST_TOKEN: Final = 64 * 1024
"""In characters. A token travels in a header, and few servers take headers that are larger."""

# What changes how a token is to be read, and which this reader does not follow (RFC 7515, 7516 and 7797).
_UNREADABLE: Final = ("crit", "b64", "zip", "enc", "cty")
_TYPES: Final = ("jwt", "at+jwt")

_NO_TEXT: Final = Err("token-malformed", "a token is a text")
_TOO_LARGE: Final = Err("token-malformed", "a token has 64 kB at most")
_NO_PARTS: Final = Err("token-malformed", "a token is three canonical base64url parts")
_NO_HEADER: Final = Err("token-malformed", "the header of a token is a strict JSON object")
_NO_ALGORITHM: Final = Err("token-algorithm-refused", "the algorithm of a token is RS256")
_NO_EXTENSION: Final = Err("token-malformed", "the header of a token has no crit, b64, zip, enc or cty")
_NO_TYPE: Final = Err("token-malformed", "the type of a token, if its header says one, is JWT")
_NO_KEY_ID: Final = Err("token-malformed", "the header of a token names its key, by a text")


class Jws(NamedTuple):
    """A token whose outer form is right: the id of its key, what was signed, the signature, the undecoded claims."""

    kid: str
    signed: bytes
    signature: bytes
    payload: bytes

    def __repr__(self) -> str:
        return "Jws(<hidden>)"


def read(token: object) -> Jws | Err:
    """The parts of a token; `token-malformed` or `token-algorithm-refused` where it is none of ours."""
    if not isinstance(token, str):
        return _NO_TEXT
    text = str.__str__(token)  # of a subclass, the text itself
    if len(text) > LARGEST_TOKEN:
        return _TOO_LARGE
    parts = text.encode().split(b".", 3) if text.isascii() else ()
    if len(parts) != 3:
        return _NO_PARTS
    header, payload, signature = map(octets, parts)
    if header is None or payload is None or signature is None:
        return _NO_PARTS
    kid = _key_id(header)
    return kid if isinstance(kid, Err) else Jws(kid, b".".join(parts[:2]), signature, payload)


def _key_id(raw: bytes) -> str | Err:
    try:
        header = read_object(raw)
    except Misfit:
        return _NO_HEADER
    if header.get("alg") != "RS256":
        return _NO_ALGORITHM
    if any(name in header for name in _UNREADABLE):
        return _NO_EXTENSION
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        return _NO_TYPE
    kid = header.get("kid")
    return kid if isinstance(kid, str) and kid else _NO_KEY_ID
