"""Typed reading of JSON that others wrote: each function gives one member in the one type it may have.

`Misfit` says which member does not fit, and never shows its value: it may be a secret.
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


def optional_flag(body: Mapping[str, object], name: str) -> bool | None:
    """A boolean, or None where it is absent or null."""
    return None if body.get(name) is None else flag(body, name)


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


def words(body: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The texts of a JSON list; none where it is absent or null."""
    value = _listed(body, name)
    members = tuple(member for member in value if _is_text(member))
    if len(members) < len(value):
        raise Misfit(f"{name} does not hold texts alone")
    return members


def objects(body: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    """The objects of a JSON list; none where it is absent or null."""
    value = _listed(body, name)
    members = tuple(member for member in value if isinstance(member, dict))
    if len(members) < len(value):
        raise Misfit(f"{name} does not hold objects alone")
    return members


def attributes(body: Mapping[str, object], name: str) -> dict[str, str]:
    """The service's list of names and values, by name; the value of one that has none is empty."""
    return {text(member, "Name"): optional_text(member, "Value") or "" for member in objects(body, name)}


def optional_time(body: Mapping[str, object], name: str) -> datetime | None:
    """A moment in UTC, which the service gives as seconds since the epoch with a fraction; None where it is absent."""
    value = body.get(name)
    if value is None:
        return None
    # Compared so that neither infinity nor what is not a number passes.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _END_OF_TIME:
        raise Misfit(f"{name} is not a time")
    from datetime import UTC, datetime, timedelta  # here, because no sign-in asks for a time

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value * 1_000_000))


def _listed(body: Mapping[str, object], name: str) -> Sequence[object]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Misfit(f"{name} is not a list")
    return value


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def require_text(**values: object) -> None:
    """Raise `ValueError` naming the first value that is not text, or text that UTF-8 cannot carry."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text, not {type(value).__name__}")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise ValueError(f"{name} holds half of a surrogate pair, which UTF-8 cannot carry")


def require_optional_text(**values: object) -> None:
    """The same, but None is fine."""
    require_text(**{name: value for name, value in values.items() if value is not None})
