"""The subscribers of a session: each gets every new token once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, TypeAlias

from ..concurrency.background import log_error
from ..concurrency.signals import is_from_signal
from ..models.tokens import IdToken

Subscriber: TypeAlias = Callable[[IdToken | None], object]
"""Called with the new ID token, or with None when the session ends."""


class Subscribers:
    """The callbacks of one session.

    pending: for each change, the oldest first, an iterator that makes the calls and yields their values. One caller
    takes from it at a time: a callback that uses the session causes further changes, which must not overtake those. An
    exception leaves the rest of the calls to the next caller.
    """

    __slots__ = ("_callbacks", "pending")

    def __init__(self) -> None:
        self._callbacks: dict[object, Subscriber] = {}
        self.pending: list[Iterator[object]] = []  # an empty deque takes ten times the memory

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
        if self._callbacks:
            self.pending.append(map(self._call, list(self._callbacks), repeat(token)))

    def calls(self) -> Iterator[object]:
        """Make the pending calls, and yield their values."""
        while self.pending:
            yield from self.pending[0]
            self.pending.pop(0)

    def _call(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber that is still one, and log its exception."""
        callback = self._callbacks.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            if is_from_signal(error):
                raise
            log_error("a subscriber of a session failed", error)
            return None
