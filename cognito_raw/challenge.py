"""A challenge: what the service wants to know before it hands over tokens. Its kinds are in `challenges`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .device import RememberedDevice
from .value import field, frozen

NaturalAnswer: TypeAlias = str | Mapping[str, object] | RememberedDevice
"""What answers a challenge: a text or a remembered device, or a mapping, such as a passkey's assertion."""


@frozen
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
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        # Its kind follows from its name, and says nothing more.
        return self._data() == other._data() if isinstance(other, Challenge) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.username, self.session))

    def _data(self) -> tuple[object, ...]:
        return self.name, self.username, self.session, self.parameters
