"""Members of requests: strings, models, counts, and the three forms of the client secret.

The service's name of an argument is ours in its spelling: `device_key` is DeviceKey.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..call import is_shallow
from ..config import Config
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import InputRefused, require_string
from ..models.frozen import ToWire

# Unicode categories: separators, formats and dashes.
_DROPPED: Final = ("Z", "Cf", "Pd")


def required(**given: str) -> dict[str, object]:
    """Return the members of strings, under the service's names."""
    require_string(**given)
    return {_spelt(name): value for name, value in given.items()}


def optional(**given: str | None) -> dict[str, object]:
    """Return the members of the strings that are not None."""
    return required(**{name: value for name, value in given.items() if value is not None})


def _spelt(name: str) -> str:
    return name.title().replace("_", "").replace("Sms", "SMS")


def context(
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> dict[str, object]:
    """Return ClientMetadata, UserContextData and AnalyticsMetadata, without those that are None."""
    return {
        **({} if client_metadata is None else {"ClientMetadata": strings("client_metadata", client_metadata)}),
        **models(UserContext, user_context_data=user_context_data),
        **models(AnalyticsMetadata, analytics_metadata=analytics_metadata),
    }


class Hidden:
    """A value whose `repr` hides its fields, since they have secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


def models(kind: type[ToWire], **given: ToWire | None) -> dict[str, object]:
    """Return the members of the models that are not None. Raise `ValueError` for any other type."""
    return {_spelt(name): wire(kind, **{name: value}) for name, value in given.items() if value is not None}


def wire(kind: type[ToWire], **given: object) -> Mapping[str, object]:
    """Return the JSON form of the one model that is given. Raise `ValueError` for any other type."""
    [(name, value)] = given.items()
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be {kind.__name__}(...), not {type(value).__name__}")
    return value.to_wire()


def typed_code(**given: object) -> str:
    """Return the one code that is given, as the service takes it.

    White space, invisible characters and dashes are dropped. If decimal digits alone are left, of any script, they
    become ASCII digits. Any other code stays as it was typed. Raises `InputRefused` if nothing is left.
    """
    require_string(**given)
    [(name, code)] = ((name, str(code)) for name, code in given.items())
    if code.isascii() and code.isdigit():
        return code
    from unicodedata import category, decimal  # here: a sign-in by password does not need it

    kept = [letter for letter in code if not letter.isspace() and not category(letter).startswith(_DROPPED)]
    if not kept:
        raise InputRefused(f"{name} is empty", "The code is empty. Please type it.")
    return "".join(str(decimal(digit)) for digit in kept) if all(map(str.isdecimal, kept)) else code


def passkey_json(given: object, wanted: str, *objects: str) -> dict[str, Any]:
    """Return the JSON object that is given as a mapping or a string, if it has these objects as members.

    Else the error has the words of `wanted`: `InputRefused` for a string or mapping, since a browser may post any.
    """
    try:
        text = given if isinstance(given, str) else json.dumps(dict(given) if isinstance(given, Mapping) else given)
        found = json.loads(text, parse_constant=int)  # raises for NaN and Infinity, which JSON does not have
    except (TypeError, ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and is_shallow(found) and all(isinstance(found.get(name), dict) for name in objects):
        return found
    # Raised outside the handler: inside, it would keep the first error, which holds the string.
    if isinstance(given, (str, Mapping)):
        raise InputRefused(wanted, "The passkey's answer cannot be read. Please try again.")
    raise ValueError(wanted)


def limited(**given: object) -> dict[str, object]:
    """Return the member of the one integer that is given, or no member for None. Other types raise `ValueError`."""
    [(name, count)] = given.items()
    if count is None:
        return {}
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"{name} must be an integer, not {type(count).__name__}")
    return {_spelt(name): count}


def strings(name: str, given: object) -> dict[str, str]:
    """Return a copy of a mapping of strings. A `ValueError` names the first value that is no string."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a mapping of strings, not {type(given).__name__}")
    for key, value in given.items():
        require_string(**{f"a key of {name}": key, f"{name}[{key!r}]": value})
    return dict(given)


def by_username(config: Config, username: str) -> dict[str, object]:
    """Return the app client and the user, with `SecretHash` over the user name."""
    named = {"ClientId": config.client_id, **required(username=username)}
    return named | optional(secret_hash=config.secret_hash(username))


def within_responses(config: Config, parameters: dict[str, str]) -> dict[str, str]:
    """Add `SECRET_HASH` over the `USERNAME` of these parameters, if it is missing, for the two calls of a sign-in.

    The first call has the name that the user typed. The next calls have the service's own user name.
    """
    if "USERNAME" not in parameters or "SECRET_HASH" in parameters:
        return parameters
    proof = config.secret_hash(parameters["USERNAME"])
    return parameters if proof is None else {**parameters, "SECRET_HASH": proof}


def in_clear(config: Config) -> dict[str, object]:
    """Return the app client with `ClientSecret` itself, for calls that have a refresh token and no user name."""
    return optional(client_id=config.client_id, client_secret=config.client_secret)
