"""The session's current state, shared by the copies that `within` makes, and its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ..concurrency.background import log_error
from ..concurrency.clock import Instant
from ..concurrency.locks import is_from_signal
from ..config import Config
from ..flow import Action, Driven, advance
from ..flows.parameters import strings
from ..models.context import RefreshMetadata
from ..models.frozen import replace
from ..models.tokens import IdToken, Tokens
from ..result import Err, Result
from .expiry import HeldTokens
from .state import Exclusive, SessionFlow, State

T = TypeVar("T")
Subscriber: TypeAlias = Callable[[IdToken | None], object]
"""Called with the new ID token, or with None when the session ends."""


class SessionHolder:
    """The state of a session, its tokens with their lifetimes, and its subscribers."""

    # A server may hold tens of thousands.
    __slots__ = ("_asked", "_config", "_forgotten", "held", "refresh_metadata", "state", "subscribers")

    def __init__(self, config: Config, state: State, refresh_metadata: RefreshMetadata | None = None) -> None:
        is_fixed = refresh_metadata is not None and not callable(refresh_metadata)
        self.refresh_metadata = strings("refresh_metadata", refresh_metadata) if is_fixed else refresh_metadata
        if not isinstance(state, State):
            raise ValueError(f"state must be a State, as of State.from_dict(), not {type(state).__name__}")
        self.state = state = state.bound_to(config.pool_id, config.client_id)
        self._config = config
        self.held = None if state.tokens is None else self._hold(state.tokens, state.drift)
        self.subscribers = Subscribers()
        self._asked: Instant | None = None
        self._forgotten = 0

    @property
    def is_current(self) -> bool:
        """Tell if the state needs no look at a store."""
        return True

    def serves_without(self, failure: Err) -> bool:
        """Tell if tokens may be returned in spite of this failure of the store: until they end."""
        return failure.reason == "store-unavailable" and self.held is not None

    def waking(self, wake: Callable[[], object]) -> AbstractContextManager[None]:  # noqa: ARG002  # there is no store
        """Call the function at each notification of a store, until the block ends."""
        return nullcontext()

    if TYPE_CHECKING:  # called only if a store needs to be asked

        def sync(self) -> Generator[Action, Any, Err | None]:
            """Bring the state and the store together, and return the failure."""
            ...

    def keep(self, state: State) -> None:
        """Keep a new state, and announce the tokens if they changed with it."""
        before = self.state
        tokens = state.tokens
        if tokens is before.tokens:
            self.state = replace(state, drift=before.drift)  # the drift belongs to the tokens
            return
        held: HeldTokens | None = None
        if tokens is not None:
            state = self._aged(state)
            held = self._hold(tokens, state.drift)
        # Nothing can fail from here on, so the two stay consistent.
        self.state, self.held = state, held
        self.subscribers.announce(None if tokens is None else tokens.id_token)

    def _aged(self, state: State) -> State:
        """Return the state with tokens as old as the request: the reply may have come to a suspended process."""
        age = 0.0 if self._asked is None else self._asked.age(self._config)
        return replace(state, drift=state.drift + age)

    def _hold(self, tokens: Tokens, drift: float) -> HeldTokens:
        return HeldTokens(self._config, tokens, drift)

    def forget(self) -> None:
        """Forget the tokens and the challenge. A call under way does not bring them back."""
        self._forgotten += 1
        self.keep(replace(self.state, tokens=None, challenge=None))

    def _keep_unless_forgotten(self, state: State, forgotten: int) -> None:
        self.keep(state if forgotten == self._forgotten else replace(state, tokens=None, challenge=None))

    def calls_of(
        self,
        start: Callable[[State], SessionFlow[T]],
        seconds: float,  # noqa: ARG002  # a session with a store also waits for others
    ) -> Driven[Result[T]]:
        """Start the flow, yield its calls alone, keep its states at once, and return its result.

        seconds: the time that all of it may take.
        """
        forgotten = self._forgotten
        with closing(start(self.state)) as flow:
            step = advance(flow)
            while not isinstance(step, tuple):
                if isinstance(step, (State, Exclusive)):
                    self._keep_unless_forgotten(step if isinstance(step, State) else step.state, forgotten)
                    step = advance(flow)
                else:
                    self._asked = Instant.now(self._config)
                    step = advance(flow, (yield step))
        state, result = step
        self._keep_unless_forgotten(state, forgotten)
        return result


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
