"""The subscribers of a session: who hears of new tokens, in which order, exactly once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TypeAlias

from ..concurrency.background import log_error
from ..concurrency.locks import ForkLock
from ..models.tokens import IdToken

Subscriber: TypeAlias = Callable[[IdToken | None], object]
"""Called with the new ID token, or with None when the session ends."""


class Subscribers:
    """The callbacks of one session, and the calls to them that are still to be made."""

    __slots__ = ("_callbacks", "_notifying", "_pending")

    def __init__(self) -> None:
        self._callbacks: dict[object, Subscriber] = {}
        self._pending: list[Callable[[], object]] = []  # an empty deque takes ten times the memory
        self._notifying = ForkLock()

    def add(self, callback: Subscriber) -> Callable[[], None]:
        """Add a callback, and return a function that removes it."""
        ticket = object()
        self._callbacks[ticket] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(ticket, None)

        return unsubscribe

    def announce(self, token: IdToken | None) -> None:
        """Note that each subscriber is to be called with this token."""
        self._pending.extend(partial(self._call, ticket, token) for ticket in list(self._callbacks))

    def pending(self) -> Generator[Callable[[], object], None, None]:
        """Yield the calls that are to be made, the oldest first; none while another caller makes them.

        A callback that uses the session causes further calls. They must not overtake those that are still to be made.
        """
        notifying = self._notifying.own()
        while self._pending and notifying.acquire(blocking=False):
            try:
                while self._pending:
                    yield self._pending.pop(0)
            finally:
                notifying.release()

    def _call(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber that is still one. What it raises is logged, and changes nothing."""
        callback = self._callbacks.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            log_error("a subscriber of a session failed", error)
            return None
