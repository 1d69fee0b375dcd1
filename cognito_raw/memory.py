"""What a session remembers, and whom it tells: the part of the shell that both colours share."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import TypeAlias, TypeVar

from .call import Call
from .flow import advance
from .flows.journey import Journey
from .result import Err, Result
from .shapes import Answer, IdToken
from .state import State

T = TypeVar("T")

Subscriber: TypeAlias = Callable[[IdToken | None], object]


class Memory:
    """What a session knows, and whom it tells; shared by the copies of it that `within` makes."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.subscribers: dict[object, Subscriber] = {}
        self._untold: deque[Callable[[], object]] = deque()
        self._telling = threading.Lock()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        ticket = object()
        self.subscribers[ticket] = callback

        def unsubscribe() -> None:
            self.subscribers.pop(ticket, None)

        return unsubscribe

    def keep(self, state: State) -> None:
        """Keep a new state, of which the subscribers must be told if the tokens changed with it."""
        before, self.state = self.state, state
        if state.tokens is not before.tokens:
            token = None if state.tokens is None else state.tokens.id_token
            self._untold.extend(partial(self._tell, ticket, token) for ticket in list(self.subscribers))

    def keeping(self, journey: Journey[T]) -> Generator[Call, Result[Answer], tuple[State, Result[T]]]:
        """The journey's calls alone; the states that it yields on its way are kept at once."""
        with closing(journey):
            step = advance(journey)
            while not isinstance(step, tuple):
                if isinstance(step, State):
                    self.keep(step)
                    step = advance(journey)
                else:
                    step = advance(journey, (yield step))
            return step

    def at_once(self, journey: Journey[T]) -> Result[T] | None:
        """The result of a journey that neither asks the service nor changes anything; None for any other."""
        with closing(journey):
            step = advance(journey)
        return step[1] if isinstance(step, tuple) and step[0] is self.state else None

    def unanswered(self, journey: Journey[T], failure: Err) -> Result[T]:
        """The result of a journey whose calls all fail so, and which changes nothing."""
        with closing(journey):
            step = advance(journey)
            while not isinstance(step, tuple):
                step = advance(journey, failure if isinstance(step, Call) else None)
        return step[1]

    def untold(self) -> Generator[Callable[[], object], None, None]:
        """The calls that tell the subscribers, oldest news first; none while somebody else is at it.

        A callback that uses the session makes news itself, which must not overtake what the others are still to hear.
        """
        while self._untold and self._telling.acquire(blocking=False):
            try:
                while self._untold:
                    yield self._untold.popleft()
            finally:
                self._telling.release()

    def _tell(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber, if it still is one; what it raises is logged: the session is none the worse for it."""
        callback = self.subscribers.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            log(error)
            return None


def log(error: Exception) -> None:
    """Log what a subscriber raised."""
    import logging  # here, because it is needed only when something went wrong

    logging.getLogger("cognito_raw").error("a subscriber of a session failed", exc_info=error)
