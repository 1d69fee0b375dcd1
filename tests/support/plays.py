"""Plays: the methods of a session one after the other, on both kinds of sessions and stepped by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cognito_raw import (
    AsyncSession,
    Call,
    Config,
    Err,
    IdToken,
    Result,
    Session,
    State,
    advance,
)
from cognito_raw.session import refresh
from cognito_raw.session.login import LoginMethod
from cognito_raw.session.methods import SessionMethods
from cognito_raw.session.state import Exclusive, SessionFlow
from tests.support.conversation import (
    NOW,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    configured,
    step_through,
)


class AllMethods(LoginMethod, SessionMethods):
    """The methods of a session, which come from two modules."""

    __slots__ = ()


@dataclass(frozen=True)
class Act:
    """One method of a session with its arguments, what is said on the wire meanwhile, and when it happens."""

    method: str
    arguments: tuple[Any, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    at: float = NOW
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_flow(self) -> bool:
        """Whether all of it is one flow. A session renews tokens in background tasks."""
        renews = any(exchange.operation == "GetTokensFromRefreshToken" for exchange in self.exchanges)
        return hasattr(AllMethods, self.method) and not (self.method == "change_password" and renews)


@dataclass
class Outcome:
    """What came of a play: the result of each act, the state at the end, what a subscriber was told."""

    results: list[Result[Any]]
    state: State
    told: list[IdToken | None]

    @property
    def last(self) -> Result[Any]:
        return self.results[-1]


def play(*acts: Act, state: State | None = None, **changes: Any) -> Outcome:
    """Play the acts on a session and on an asynchronous session, which must come to the same end.

    An act that is one flow is also stepped by hand. Each waits for its refreshes, however busy the machine is.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refresh, "ADVISORY_WAIT", 60.0)
        return _played(acts, state, **changes)


def _played(acts: Sequence[Act], state: State | None, **changes: Any) -> Outcome:
    clock = Clock()
    config = configured(clock=clock, **changes)
    begin = state or State()
    told: list[IdToken | None] = []
    script, async_script = Script(), AsyncScript()
    session = Session(config, state=begin, transport=script)
    session.subscribe(told.append)
    results = []
    for act in acts:
        before = session.state
        results.append(_perform(act, clock, script, getattr(session, act.method)))
        session.close()  # waits for the subscriber
        if act.is_flow:
            assert _by_hand(config, before, act) == (session.state, results[-1])

    clock.now = NOW
    async_told: list[IdToken | None] = []
    async_session = AsyncSession(config, state=begin, transport=async_script)
    async_session.subscribe(async_told.append)

    def finished(method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: asyncio.run(getattr(async_session, method)(*args, **kwargs))

    async_results = [_perform(act, clock, async_script.script, finished(act.method)) for act in acts]
    assert (async_results, async_session.state, async_told) == (results, session.state, told)
    assert script.requests == async_script.script.requests
    return Outcome(results, session.state, told)


def _perform(act: Act, clock: Clock, script: Script, method: Callable[..., Any]) -> Any:
    clock.now = act.at
    script.waiting = list(act.exchanges)
    result = method(*act.arguments, **act.options)
    assert not script.waiting, f"{act.method} did not send {script.waiting[0].operation}"
    return _untold(result)


def calls_of(flow: SessionFlow[Any]) -> Generator[Call, Any, Any]:
    """The calls of a session's flow, without the states that it yields on its way."""
    step = advance(flow)
    while not isinstance(step, tuple):
        step = advance(flow) if isinstance(step, (State, Exclusive)) else advance(flow, (yield step))
    return step


def _by_hand(config: Config, before: State, act: Act) -> tuple[State, Result[Any]]:
    flow = calls_of(getattr(AllMethods(config, before), act.method)(*act.arguments, **act.options))
    state, result = step_through(flow, act.exchanges)
    return state, _untold(result)


def _untold(result: Any) -> Any:
    """Without what only the retry module says, which has its own tests."""
    return replace(result, operation=None, retryable=False) if isinstance(result, Err) else result
