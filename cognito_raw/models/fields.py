"""Typed reading of JSON that others wrote: each function gives one member in the one type it may have.

`UnexpectedJson` says which member does not fit, and never shows its value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard

if TYPE_CHECKING:
    from datetime import datetime

# The largest that every JSON reader keeps exactly (RFC 8259, section 6).
_LARGEST: Final = 2**53 - 1
# The last second of the year 9999, where calendars end.
_END_OF_TIME: Final = 253_402_300_799


class UnexpectedJson(ValueError):
    """A member is missing or has another type than it must."""


def string(body: Mapping[str, object], name: str) -> str:
    """A text that must be there, and that can be sent back: JSON can hold halves of surrogate pairs, UTF-8 cannot."""
    value = body.get(name)
    if not _is_string(value):
        raise UnexpectedJson(f"{name} is not a string")
    return value


def optional_string(body: Mapping[str, object], name: str) -> str | None:
    """A text, or None where it is absent or null."""
    return None if body.get(name) is None else string(body, name)


def boolean(body: Mapping[str, object], name: str) -> bool:
    """A boolean that must be there."""
    value = body.get(name)
    if not isinstance(value, bool):
        raise UnexpectedJson(f"{name} is not a boolean")
    return value


def optional_boolean(body: Mapping[str, object], name: str) -> bool | None:
    """A boolean, or None where it is absent or null."""
    return None if body.get(name) is None else boolean(body, name)


def integer(body: Mapping[str, object], name: str) -> int:
    """A whole number that must be there, small enough to compute with: JSON sets no limit."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise UnexpectedJson(f"{name} is not a whole number")
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
        raise UnexpectedJson(f"{name} is not an object")
    return value


def string_map(body: Mapping[str, object], name: str) -> dict[str, str]:
    """The members of a JSON object, all of them texts, without those that are null; none where it is absent."""
    there = {key: value for key, value in mapping(body, name).items() if value is not None}
    members = {key: value for key, value in there.items() if _is_string(key) and _is_string(value)}
    if len(members) < len(there):
        raise UnexpectedJson(f"{name} does not hold strings alone")
    return members


def strings(body: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The texts of a JSON list; none where it is absent or null."""
    value = _listed(body, name)
    members = tuple(member for member in value if _is_string(member))
    if len(members) < len(value):
        raise UnexpectedJson(f"{name} does not hold strings alone")
    return members


def objects(body: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    """The objects of a JSON list; none where it is absent or null."""
    value = _listed(body, name)
    members = tuple(member for member in value if isinstance(member, dict))
    if len(members) < len(value):
        raise UnexpectedJson(f"{name} does not hold objects alone")
    return members


def attributes(body: Mapping[str, object], name: str) -> dict[str, str]:
    """The service's list of names and values, by name; the value of one that has none is empty."""
    return {string(member, "Name"): optional_string(member, "Value") or "" for member in objects(body, name)}


def optional_time(body: Mapping[str, object], name: str) -> datetime | None:
    """A moment in UTC, which the service gives as seconds since the epoch with a fraction; None where it is absent."""
    value = body.get(name)
    if value is None:
        return None
    # Compared so that neither infinity nor what is not a number passes.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _END_OF_TIME:
        raise UnexpectedJson(f"{name} is not a time")
    from datetime import UTC, datetime, timedelta  # here, because no sign-in asks for a time

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value * 1_000_000))


def _listed(body: Mapping[str, object], name: str) -> Sequence[object]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnexpectedJson(f"{name} is not a list")
    return value


def _is_string(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def require_string(**values: object) -> None:
    """Raise `ValueError` naming the first value that is not text, or text that UTF-8 cannot carry."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a string, not {type(value).__name__}")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise ValueError(f"{name} holds half of a surrogate pair, which UTF-8 cannot carry")


def require_optional_string(**values: object) -> None:
    """The same, but None is fine."""
    require_string(**{name: value for name, value in values.items() if value is not None})
