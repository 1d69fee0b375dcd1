"""Headers of a program's own. Their values may be secrets, so no message shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Those of the protocol, and those by which HTTP frames a message.
_RESERVED: Final = frozenset(
    """
    accept accept-encoding cache-control connection content-encoding content-length content-type expect host keep-alive
    proxy-authorization proxy-connection te trailer transfer-encoding upgrade user-agent x-amz-target
    """.split()
)
# The characters of a token beside letters and digits (RFC 9110, section 5.6.2).
_MARKS: Final = "!#$%&'*+-.^_`|~"


def checked_headers(given: object) -> dict[str, str]:
    """Return a copy of the headers. `ValueError` for one that cannot be sent, is given twice or is not theirs."""
    if not isinstance(given, Mapping):
        raise ValueError(f"headers must be a mapping of strings, not {type(given).__name__}")
    for name, value in given.items():
        if not _is_token(name):
            raise ValueError(f"headers: {name!r} is no name of a header")
        if name.lower() in _RESERVED:
            instead = ": use Config(user_agent=...)" if name.lower() == "user-agent" else ""
            raise ValueError(f"headers: {name} is set by the protocol{instead}")
        require_sendable(f"headers[{name!r}]", value)
    if len({name.lower() for name in given}) < len(given):
        raise ValueError("headers: one is given twice, in capital and in small letters")
    return dict(given)


def require_sendable(name: str, value: object) -> None:
    """Raise `ValueError` unless it is the value of a header, in visible ASCII."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {type(value).__name__}")
    if not value or value != value.strip() or not (value.isascii() and value.isprintable()):
        raise ValueError(f"{name} is empty, begins or ends with a blank, or holds more than visible ASCII")


def merged(old: Mapping[str, str], new: object) -> dict[str, str]:
    """Return the old headers with the new ones, which replace those of the same name."""
    added = checked_headers(new)
    replaced = {name.lower() for name in added}
    return {**{name: value for name, value in old.items() if name.lower() not in replaced}, **added}


def _is_token(name: object) -> bool:
    if not isinstance(name, str) or not name.isascii():
        return False
    return bool(name) and all(letter.isalnum() or letter in _MARKS for letter in name)
