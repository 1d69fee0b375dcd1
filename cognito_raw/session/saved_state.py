"""A session's state as plain JSON: written by this version of the library, and read from this one or an earlier one.

What is read is not trusted. No error shows any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_args

from ..models.challenge import EXPONENT, Challenge, challenge_of
from ..models.fields import UnexpectedJson, boolean, optional_integer, optional_string, string, string_map
from ..models.tokens import IdToken, RefreshFlow, RememberedDevice, Tokens

T = TypeVar("T")

_FLOWS: Final[tuple[RefreshFlow, ...]] = get_args(RefreshFlow)
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_VERSION: Final = 2
# Members that version 1 lacks.
_SINCE_1: Final = {"device": None, "refresh_flow": _FLOWS[0], "unanswered": False}
_DEVICE: Final = ("key", "group_key", "password", "username")
_NAMES: Final = (
    *("username", "challenge_username", "sign_up_username", "reset_username", "sign_up_session"),
    *("tried_username", "pool_id", "client_id"),
)
# Far more than any clock is wrong, and small enough to compute with: JSON sets no limit.
_LARGEST_DRIFT: Final = 2**53


def plain(state: Mapping[str, Any]) -> dict[str, object]:
    """Return the JSON for the members of a state."""
    return {"version": _VERSION, **{name: _plain(value) for name, value in state.items()}}


def members(saved: Mapping[str, object]) -> dict[str, Any]:
    """Return the members of a saved state. `ValueError` for anything else."""
    if not isinstance(saved, Mapping):
        raise ValueError(f"a saved session must be the dict of State.to_dict(), not {type(saved).__name__}")
    version = saved.get("version")
    if type(version) is not int or not 1 <= version <= _VERSION:
        known = f"this library reads versions 1 to {_VERSION}"
        raise ValueError(f"not a saved session, or one of a version that is not known ({known})")
    try:
        return _members({**_SINCE_1, **saved})
    except UnexpectedJson as error:
        raise ValueError(f"a damaged saved session: {error}") from None


def _members(saved: Mapping[str, object]) -> dict[str, Any]:
    return {
        **{name: optional_string(saved, name) for name in _NAMES},
        "challenge": _part(saved, "challenge", _challenge),
        "tokens": _part(saved, "tokens", _tokens),
        # Perhaps measured on another machine. A clock that was behind may still be, but one that was ahead must not
        # make old tokens look fresh.
        "drift": max(0.0, _drift(saved.get("drift", 0.0))),
        "device": _part(saved, "device", _device),
        "refresh_flow": _refresh_flow(saved.get("refresh_flow")),
        "unanswered": boolean(saved, "unanswered"),
        "client_metadata": _metadata(saved, "client_metadata"),
        "challenge_metadata": _metadata(saved, "challenge_metadata"),
    }


def _plain(value: Any) -> object:
    """Return the JSON of a member of the state."""
    if isinstance(value, IdToken):
        return value.jwt
    if isinstance(value, (Challenge, Tokens, RememberedDevice)):
        return {name: _plain(getattr(value, name)) for name in type(value).__match_args__ if name != "new_device"}
    return dict(value) if isinstance(value, Mapping) else value


def _challenge(saved: Mapping[str, object]) -> Challenge:
    session, parameters = optional_string(saved, "session"), string_map(saved, "parameters")
    exponent = parameters.get(EXPONENT, "1")  # of 256 bits
    if len(exponent) > 64 or not _HEXADECIMAL.issuperset(exponent) or not exponent.strip("0"):
        raise UnexpectedJson("the exponent is not one of a sign-in")
    return challenge_of(string(saved, "name"), string(saved, "username"), session, parameters)


def _tokens(saved: Mapping[str, object]) -> Tokens:
    return Tokens(
        IdToken.read(string(saved, "id_token")),
        string(saved, "access_token"),
        optional_string(saved, "refresh_token"),
        optional_integer(saved, "expires_in"),
    )


def _device(saved: Mapping[str, object]) -> RememberedDevice:
    return RememberedDevice(**{name: string(saved, name) for name in _DEVICE}, alias=optional_string(saved, "alias"))


def _refresh_flow(value: object) -> RefreshFlow:
    for known in _FLOWS:
        if value == known:
            return known
    raise UnexpectedJson("refresh_flow is unknown")


def _part(saved: Mapping[str, object], name: str, read: Callable[[Mapping[str, object]], T]) -> T | None:
    """Return what `read` makes of a JSON object; None if it is absent or null."""
    value = saved.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise UnexpectedJson(f"{name} is not an object")
    return None if value is None else read(value)


def _metadata(saved: Mapping[str, object], name: str) -> Mapping[str, str] | None:
    return None if saved.get(name) is None else string_map(saved, name)


def _drift(value: object) -> float:
    # This comparison also refuses infinity and NaN.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST_DRIFT:
        raise UnexpectedJson("drift is not a number")
    return float(value)
