"""What a session remembers, whom it tells, and its one refresh at a time: what both colours of the shell share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from ..call import Answer, Call
from ..concurrency.locks import ProcessLock
from ..config import Config
from ..flow import advance
from ..models.challenge import Challenge
from ..models.frozen import frozen, replace
from ..models.tokens import IdToken, Tokens
from ..result import Err, Ok, Result
from .expiry import MARGIN, Holding, Kind, Moment
from .methods import Journeys
from .state import Journey, State

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

T = TypeVar("T")

Subscriber: TypeAlias = Callable[[IdToken | None], object]

NO_SESSION: Final = Err("no-session")
_LATE: Final = Err("timed-out", "the tokens were not renewed in time, and may be yet", sent="maybe", retryable=True)
_ENDED: Final = Err("malformed-reply", "the new tokens had ended already when they came", sent="yes")

# Seconds that a caller waits for a refresh while the token that it could have is good for longer than the margin.
PATIENCE: Final = 0.5
# Seconds after failed refreshes before the next one: after the first, the second, and so on.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# Deadlines that a refresh may take, with its repetition, before it is given up for one that will never land.
_LONGEST_FLIGHT: Final = 3
# Seconds after which whoever keeps a session fresh looks at the clocks again: they may have jumped.
_LONGEST_NAP: Final = 30.0
# And at least, so that tokens which end as they come do not keep a processor busy.
SHORTEST_NAP: Final = 0.05


class Flight:
    """One refresh under way. Its result is the same for all who wait, and none of them can end it."""

    def __init__(self, config: Config, seen: Tokens, failures: int, *, over: bool) -> None:
        from concurrent.futures import Future  # here, because a cold start's sign-in does without

        self.seen = seen
        self.failures = failures
        self.over = over
        self.landed: Future[Result[Tokens]] = Future()
        self.landed.set_running_or_notify_cancel()  # from here on nobody can cancel it
        self.asking = True
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: object = None  # held, since an event loop lets its tasks go
        self._config = config
        self._began = Moment.now(config)
        self._process = os.getpid()

    def journey(self, journeys: Journeys) -> Journey[Tokens]:
        return journeys.renew(self.seen, over=self.over)

    def report(self) -> None:
        """Log what it raised, for which whoever keeps a session fresh has no caller."""
        error = self.landed.exception() if self.landed.done() else None
        if error is not None:
            log("a refresh of a session failed", error)

    def is_under_way(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether it will land: no fork has left it behind, no event loop that no longer runs, and no interruption."""
        if not self.asking or self._process != os.getpid():
            return False
        if self.loop is not None and self.loop is not loop and not self.loop.is_running():
            return False
        return self._began.since(self._config) < self._config.deadline * _LONGEST_FLIGHT


@frozen
class _Trouble:
    """Refreshes that failed one after the other: the last failure if none raised it, how many, and when."""

    failure: Err | None
    failures: int
    when: Moment

    def left(self, config: Config) -> float:
        """Seconds until the next one may be tried."""
        return _PAUSES[min(self.failures, len(_PAUSES)) - 1] - self.when.since(config)


class Known:
    """What both colours of a session show of their memory."""

    config: Config
    _memory: Memory
    _remember_device: bool

    def _journeys(self) -> Journeys:
        return Journeys(self.config, self._memory.state, self._remember_device)

    @property
    def state(self) -> State:
        """What the session knows, to carry elsewhere: `Session(config, state=State.from_dict(saved))`."""
        return self._memory.state

    @property
    def challenge(self) -> Challenge | None:
        """The challenge that must be answered to finish signing in, if one waits."""
        return self._memory.state.challenge

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._memory.state!r})"


class Memory:
    """What a session knows, and whom it tells; shared by the copies of it that `within` makes."""

    # A server may hold tens of thousands.
    __slots__ = (
        "_asked",
        "_boarding",
        "_config",
        "_flight",
        "_telling",
        "_trouble",
        "_untold",
        "holding",
        "state",
        "subscribers",
    )

    def __init__(self, config: Config, state: State) -> None:
        self.state = state
        self.holding = None if state.tokens is None else Holding(config, state.tokens, state.drift)
        self.subscribers: dict[object, Subscriber] = {}
        self._config = config
        self._untold: list[Callable[[], object]] = []  # an empty deque takes ten times the room
        self._telling = ProcessLock()
        self._flight: Flight | None = None
        self._boarding = ProcessLock()
        self._trouble: _Trouble | None = None
        self._asked: Moment | None = None

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        ticket = object()
        self.subscribers[ticket] = callback

        def unsubscribe() -> None:
            self.subscribers.pop(ticket, None)

        return unsubscribe

    def keep(self, state: State) -> None:
        """Keep a new state, of which the subscribers must be told if the tokens changed with it."""
        before = self.state
        tokens = state.tokens
        if tokens is before.tokens:
            self.state = replace(state, drift=before.drift)  # which belongs to the tokens
            return
        holding: Holding | None = None
        if tokens is not None:
            # The answer may have lain there while the process was frozen: the tokens are as old as the question.
            aged = 0.0 if self._asked is None else self._asked.since(self._config)
            state = replace(state, drift=state.drift + aged)
            holding = Holding(self._config, tokens, state.drift)
        # From here on nothing can fail, so that an interruption does not part them.
        self.state, self.holding, self._trouble = state, holding, None
        token = None if tokens is None else tokens.id_token
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
                    self._asked = Moment.now(self._config)
                    step = advance(journey, (yield step))
            return step

    # --- one refresh at a time

    def need(self, kind: Kind, loop: asyncio.AbstractEventLoop | None = None) -> Result[Any] | float:
        """What to answer at once to who wants a token; or how many seconds to wait for a refresh at most."""
        holding, failure, flight = self.holding, self._resting(), self._flight
        if holding is None:
            return NO_SESSION
        valid = holding.valid(kind)
        if failure is not None:
            return failure if valid is None else valid
        if valid is None:
            return threading.TIMEOUT_MAX
        if holding.tokens.refresh_token is None or holding.fresh(kind):
            return valid
        if holding.left(kind) <= MARGIN:
            return threading.TIMEOUT_MAX
        return valid if flight is not None and flight.is_under_way(loop) else PATIENCE

    def board(
        self, loop: asyncio.AbstractEventLoop | None = None, kind: Kind | None = None, *, seen: Tokens | None = None
    ) -> tuple[Flight | None, bool]:
        """The refresh under way, or a new one, and whether it is new.

        None where there is nothing to renew, or no need any more: who wants a token of this kind may have looked
        before a refresh ended that it did not see. Who has seen tokens needs none either where others are held by now,
        or where a refresh failed just now.
        """
        with self._boarding.own():
            flight = self._flight
            if flight is not None and not flight.is_under_way(loop):
                flight = None
            holding, trouble = self.holding, self._trouble  # looked at last: a refresh that landed has changed them
            if holding is None or (seen is not None and (holding.tokens is not seen or self._resting() is not None)):
                return None, False
            if flight is not None:
                return flight, False
            if kind is not None and not isinstance(self.need(kind, loop), float):
                return None, False
            failures = 0 if trouble is None else trouble.failures
            self._flight = flight = Flight(self._config, holding.tokens, failures, over=holding.ends_in() < 0)
            flight.loop = loop
            return flight, True

    def touch_down(self, flight: Flight, result: Result[Tokens] | None) -> None:
        """A refresh was answered, or broken off: whoever boards from now on boards the next one."""
        holding = self.holding
        with self._boarding.own():
            if isinstance(result, Ok):
                # Tokens that had ended when they came are asked for again as after a failure.
                failed, result = holding is not None and holding.ends_in() < 0, _ENDED
            else:
                failed = holding is not None and holding.tokens is flight.seen
            if failed and flight.seen.refresh_token is not None:
                self._trouble = _Trouble(result, flight.failures + 1, Moment.now(self._config))
            flight.asking = False

    def leave(self, flight: Flight) -> None:
        """A refresh has landed, and nothing of it is needed any more."""
        with self._boarding.own():
            if self._flight is flight:
                self._flight = None

    def verdict(self, kind: Kind, flight: Flight | None) -> Result[Any]:
        """What to answer to who wanted a token and waited for the refresh."""
        result = None if flight is None or not flight.landed.done() else flight.landed.result()
        holding = self.holding
        valid = None if holding is None else holding.valid(kind)
        if valid is not None:
            return valid
        if isinstance(result, Err):
            return result
        if result is None:
            return NO_SESSION if holding is None else _LATE
        # Signed out meanwhile, or else the service gave tokens without any life.
        return _ENDED if holding else Ok(result.value.id_token if kind == "id" else result.value.access_token)

    def outcome(self, flight: Flight | None, seen: Tokens | None) -> Result[IdToken]:
        """What to answer to who wanted the tokens renewed, whatever is held."""
        if flight is None:
            holding, failure = self.holding, self._resting()
            if holding is None:
                return NO_SESSION
            return Ok(holding.tokens.id_token) if failure is None or holding.tokens is not seen else failure
        result = flight.landed.result() if flight.landed.done() else _LATE
        return result if isinstance(result, Err) else Ok(result.value.id_token)

    def _resting(self) -> Err | None:
        """The failure of a refresh so short a time ago that none is to follow unless somebody insists."""
        trouble = self._trouble
        return trouble.failure if trouble is not None and trouble.left(self._config) > 0 else None

    def nap(self) -> float:
        """Seconds until there is something to do for who keeps the session fresh."""
        holding, trouble = self.holding, self._trouble
        if holding is None:
            return _LONGEST_NAP
        seconds = holding.ends_in() if holding.tokens.refresh_token is None else holding.due_in()
        if trouble is not None:
            seconds = max(seconds, trouble.left(self._config))
        return max(0.0, min(seconds, _LONGEST_NAP))

    # --- telling

    def untold(self) -> Generator[Callable[[], object], None, None]:
        """The calls that tell the subscribers, oldest news first; none while somebody else is at it.

        A callback that uses the session makes news itself, which must not overtake what the others are still to hear.
        """
        telling = self._telling.own()
        while self._untold and telling.acquire(blocking=False):
            try:
                while self._untold:
                    yield self._untold.pop(0)
            finally:
                telling.release()

    def _tell(self, ticket: object, token: IdToken | None) -> object:
        """Call a subscriber, if it still is one; what it raises is logged: the session is none the worse for it."""
        callback = self.subscribers.get(ticket)
        try:
            return None if callback is None else callback(token)
        except Exception as error:
            log("a subscriber of a session failed", error)
            return None


def log(what: str, error: BaseException) -> None:
    """Log what was raised where nobody waits for it."""
    import logging  # here, because it is needed only when something went wrong

    logging.getLogger("cognito_raw").error(what, exc_info=error)
