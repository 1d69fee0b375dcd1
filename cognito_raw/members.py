"""Typed reading of JSON that others wrote: each function gives one member in the one type it may have.

`Misfit` says which member does not fit, and never shows its value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeGuard

# The largest that every JSON reader keeps exactly (RFC 8259, section 6).
_LARGEST: Final = 2**53 - 1


class Misfit(ValueError):
    """A member is missing or has another type than it must."""


def text(body: Mapping[str, object], name: str) -> str:
    """A text that must be there, and that can be sent back: JSON can hold halves of surrogate pairs, UTF-8 cannot."""
    value = body.get(name)
    if not _is_text(value):
        raise Misfit(f"{name} is not a text")
    return value


def optional_text(body: Mapping[str, object], name: str) -> str | None:
    """A text, or None where it is absent or null."""
    return None if body.get(name) is None else text(body, name)


def flag(body: Mapping[str, object], name: str) -> bool:
    """A boolean that must be there."""
    value = body.get(name)
    if not isinstance(value, bool):
        raise Misfit(f"{name} is not a boolean")
    return value


def integer(body: Mapping[str, object], name: str) -> int:
    """A whole number that must be there, small enough to reckon with: JSON sets no limit."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise Misfit(f"{name} is not a whole number")
    return value


def optional_integer(body: Mapping[str, object], name: str) -> int | None:
    """A whole number, or None where it is absent or null."""
    return None if body.get(name) is None else integer(body, name)


def mapping(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A JSON object; an empty one where it is absent or null."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Misfit(f"{name} is not an object")
    return value


def texts(body: Mapping[str, object], name: str) -> dict[str, str]:
    """The members of a JSON object, all of them texts, without those that are null; none where it is absent."""
    there = {key: value for key, value in mapping(body, name).items() if value is not None}
    members = {key: value for key, value in there.items() if _is_text(key) and _is_text(value)}
    if len(members) < len(there):
        raise Misfit(f"{name} does not hold texts alone")
    return members


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))
