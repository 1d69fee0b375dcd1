"""A challenge: what the service wants to know before it hands over tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_ATTRIBUTE: Final = "userAttributes."


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question that must be answered to finish signing in, plain enough to be kept as JSON.

    name: the service's name for it, such as NEW_PASSWORD_REQUIRED.
    username: the user as the answer must name it, which after a sign-in by alias is not what was typed.
    session: the service's handle; good for one answer, within three minutes unless the app client says otherwise.
    parameters: what else the service said, as it said it.
    """

    name: str
    username: str
    session: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def required_attributes(self) -> tuple[str, ...]:
        """The attributes that NEW_PASSWORD_REQUIRED wants beside the password, without their prefix."""
        try:
            names = json.loads(self.parameters.get("requiredAttributes", "[]"))
        except (ValueError, RecursionError):
            return ()
        if not isinstance(names, list):
            return ()
        # No attribute's name has unprintable characters, and half of a surrogate pair could not be sent back.
        return tuple(name.removeprefix(_ATTRIBUTE) for name in names if isinstance(name, str) and name.isprintable())
