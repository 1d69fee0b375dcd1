"""Typed reading of untrusted JSON: each function returns one member in its only possible type.

`UnexpectedJson` names the member that does not fit, and never shows its value, which may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeGuard, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")

# The largest integer that every JSON reader keeps exactly (RFC 8259, section 6).
_LARGEST: Final = 2**53 - 1
_LONGEST: Final = len(str(_LARGEST))
# Of input that UTF-8 cannot carry: for a programmer, and for the user.
HALF_A_PAIR: Final = "holds half of a surrogate pair, which UTF-8 cannot carry"
CANNOT_BE_SENT: Final = "The input has a character that cannot be sent. Please type it again."
# The last second of the year 9999, the last of `datetime`.
END_OF_TIME: Final = 253_402_300_799


class UnexpectedJson(ValueError):
    """A member is missing or has another type than it must."""


class InputRefused(ValueError):
    """A user's input cannot be sent. Methods return `input-refused` instead. `sentence` can be shown to the user."""

    def __init__(self, words: str, sentence: str | None = None) -> None:
        super().__init__(words)
        self.sentence = sentence or words


def string(body: Mapping[str, object], name: str) -> str:
    """Return a required string that can be sent back."""
    value = body.get(name)
    if not is_string(value):
        raise UnexpectedJson(f"{name} is not a string")
    return value


def boolean(body: Mapping[str, object], name: str) -> bool:
    """Return a required boolean."""
    value = body.get(name)
    if not isinstance(value, bool):
        raise UnexpectedJson(f"{name} is not a boolean")
    return value


def integer(body: Mapping[str, object], name: str) -> int:
    """Return a required integer of at most 53 bits, since JSON itself sets no limit."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise UnexpectedJson(f"{name} is not a whole number")
    return value


def seconds(body: Mapping[str, object], name: str) -> int:
    """Return a required number of whole seconds. Some servers send a fraction, or digits as a string."""
    value = body.get(name)
    if isinstance(value, float) and abs(value) <= _LARGEST:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST:
        return integer({name: int(value)}, name)
    return integer(body, name)


def mapping(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a JSON object; an empty one if it is absent or null."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnexpectedJson(f"{name} is not an object")
    return value


def string_map(body: Mapping[str, object], name: str) -> dict[str, str]:
    """Return a JSON object of strings, without its nulls; an empty one if it is absent or null."""
    there = {key: value for key, value in mapping(body, name).items() if value is not None}
    members = {key: value for key, value in there.items() if is_string(key) and is_string(value)}
    if len(members) < len(there):
        raise UnexpectedJson(f"{name} does not hold strings alone")
    return members


def listed(body: Mapping[str, object], name: str, fits: Callable[[object], TypeGuard[T]], kind: str) -> tuple[T, ...]:
    """Return a list whose members all fit; an empty one if it is absent or null. kind: what they are called."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnexpectedJson(f"{name} is not a list")
    members = tuple(member for member in value if fits(member))
    if len(members) < len(value):
        raise UnexpectedJson(f"{name} does not hold {kind} alone")
    return members


def strings(body: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return a list of strings; an empty one if it is absent or null."""
    return listed(body, name, is_string, "strings")


def objects(body: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    """Return a list of JSON objects; an empty one if it is absent or null."""
    return listed(body, name, _is_object, "objects")


def time(body: Mapping[str, object], name: str) -> datetime:
    """Return a required time, in UTC. The service sends seconds since the epoch with a fraction."""
    value = body.get(name)
    if not is_time(value):
        raise UnexpectedJson(f"{name} is not a time")
    from datetime import UTC, datetime, timedelta  # here: a sign-in does not need it

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value * 1_000_000))


def optional(read: Callable[[Mapping[str, object], str], T]) -> Callable[[Mapping[str, object], str], T | None]:
    """Return a reader of the same that returns None if the member is absent or null."""
    return lambda body, name: None if body.get(name) is None else read(body, name)


optional_string: Final = optional(string)
optional_boolean: Final = optional(boolean)
optional_integer: Final = optional(integer)
optional_seconds: Final = optional(seconds)
optional_time: Final = optional(time)


def attribute_map(body: Mapping[str, object], name: str) -> dict[str, str]:
    """Return the service's list of names and values as a dict. A missing value is empty."""
    return {string(member, "Name"): optional_string(member, "Value") or "" for member in objects(body, name)}


def is_time(value: object) -> TypeGuard[float]:
    """Tell if it is a number of seconds since the epoch that can be written as a date."""
    # The comparison also refuses infinity and NaN.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < END_OF_TIME


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def is_string(value: object) -> TypeGuard[str]:
    """Tell if it is a string that can be sent back: JSON can hold halves of surrogate pairs, UTF-8 cannot."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def require_text(**values: object) -> None:
    """Raise `ValueError` with the name of the first value that is not a string."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a string, not {type(value).__name__}")


def require_string(**values: object) -> None:
    """Check the same. Raise `InputRefused` for a string that UTF-8 cannot carry."""
    for name, value in values.items():
        require_text(**{name: value})
        if not is_string(value):
            raise InputRefused(f"{name} {HALF_A_PAIR}", CANNOT_BE_SENT)


def require_username(username: object) -> None:
    """Check the same of a user's name, which must not be empty either."""
    require_string(username=username)
    if not username:
        raise InputRefused("username is empty", "The user name is empty. Please type it.")


def require_optional_string(**values: object) -> None:
    """Check the same, but accept None."""
    require_string(**{name: value for name, value in values.items() if value is not None})
