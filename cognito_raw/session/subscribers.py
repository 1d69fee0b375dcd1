"""The subscribers of a session: each gets every new token once, in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from ..concurrency.background import log_error
from ..models.tokens import IdToken

Subscriber: TypeAlias = Callable[[IdToken | None], object]
"""Called with the new ID token, or with None when the session ends."""


class Subscribers:
    """The callbacks of one session.

    pending: the calls that are still to be made, the oldest first. One caller makes them at a time: a callback that
    uses the session causes further calls, which must not overtake those.
    """

    __slots__ = ("_callbacks", "pending")

    def __init__(self) -> None:
        self._callbacks: dict[object, Subscriber] = {}
        self.pending: list[Callable[[], object]] = []  # an empty deque takes ten times the memory

    def add(self, callback: Callable[[Any], object], state: Callable[[], object] | None = None) -> Callable[[], None]:
        """Add a callback, and return a function that removes it.

        state: returns what the callback gets instead of the token.
        """
        if not callable(callback):
            raise ValueError(f"callback must be a function, not {type(callback).__name__}")
        ticket = object()
        self._callbacks[ticket] = callback if state is None else lambda _: callback(state())

        def unsubscribe() -> None:
            self._callbacks.pop(ticket, None)

        return unsubscribe

    def announce(self, token: IdToken | None) -> None:
        """Note that each subscriber is to be called with this token."""
        self.pending.extend(partial(self._call, ticket, token) for ticket in list(self._callbacks))

    def _call(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber that is still one, and log its exception."""
        callback = self._callbacks.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            log_error("a subscriber of a session failed", error)
            return None
