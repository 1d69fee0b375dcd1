"""Sessions of a service that rotates refresh tokens, through thousands of refreshes and whatever can befall them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast, get_args

import pytest

from cognito_raw import AsyncSession, Config, Err, Ok, Result, Session
from tests.support.conversation import CLIENT_ID, ISS, NOW
from tests.support.rotation import SWALLOWED, AsyncWire, Family, Fault, Service, Wire, in_no_time

pytestmark = pytest.mark.once

FAULTS: Final = cast("tuple[Fault, ...]", get_args(Fault))
OVER: Final = {"refresh-answer-lost", "refresh-token-reused", "refresh-token-revoked"}


@dataclass
class Soak:
    """One long life of many sessions one after the other, each until the service ends it."""

    grace: float
    refreshes: int
    seed: int
    running: Callable[[], float]
    dice: random.Random = field(init=False)
    unheard_of: tuple[Fault, ...] = ()
    step: float = 0.0  # of the local clock, which is set now and then
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.service = Service(lambda: NOW + self.running(), grace=self.grace, fault=self.fault)
        self.config = Config(
            ISS,
            CLIENT_ID,
            clock=lambda: NOW + self.step + self.running(),
            monotonic=self.running,
            randomness=self.dice.randbytes,
        )

    def fault(self) -> Fault:
        known: list[Fault] = [fault for fault in FAULTS if fault not in self.unheard_of]
        fault: Fault = self.dice.choice(known) if self.dice.random() < 0.15 else "none"
        self.faults[fault] += 1
        return fault

    def check(self, result: Result[Any], session: Session | AsyncSession, family: Family) -> None:
        """No dead token is given, and no session is lost that the service did not end, for the reason that it had."""
        if isinstance(result, Ok):
            assert result.value.exp > self.service.clock() or not session.state.tokens
        elif result.reason in OVER:
            assert (result.reason, session.state.tokens) == (family.ended, None)
        else:
            assert session.state.tokens is not None or family.ended is not None or result.reason == "no-session", result
        if session.state.tokens is None:
            assert family.ended is not None

    async def ask(self, asked: Callable[[], Any], session: AsyncSession, family: Family) -> None:
        self.check(await asked(), session, family)

    def whim(self, session: Session | AsyncSession, family: Family) -> None:
        """What happens between the calls: clocks are set, users signed out, tokens stolen."""
        whim = self.dice.random()
        if whim < 0.02:
            self.step = self.dice.uniform(-9e4, 9e4)
        elif whim < 0.022:
            self.service.end(family)
        elif whim < 0.024 and not session.state.unanswered:
            self.service.steal(family)


async def lives_through(soak: Soak) -> None:
    """Sessions that many tasks use at once, some of which lose patience or are cancelled."""
    while soak.service.refreshes < soak.refreshes:
        family, state = soak.service.sign_in()
        session = AsyncSession(soak.config, state=replace(state, drift=-soak.step), transport=AsyncWire(soak.service))
        told: list[Any] = []
        session.subscribe(told.append)
        while session.state.tokens is not None:
            soak.whim(session, family)
            await asyncio.sleep(soak.dice.choice((2700, 2900, 3599, 4000, 9e4)) * soak.dice.random())
            method = session.refresh if soak.dice.random() < 0.2 else session.id_token
            hasty = session.within(soak.dice.choice((0.001, 0.5, 15.0))).id_token
            tasks = [
                asyncio.create_task(soak.ask(asked, session, family)) for asked in (method, hasty, session.id_token)
            ]
            if soak.dice.random() < 0.2:
                await asyncio.sleep(soak.dice.uniform(0, 0.02))
                tasks.pop().cancel()
            await asyncio.gather(*tasks)
        soak.ends[cast("str", family.ended)] += 1
        assert told.pop() is None
        assert None not in told
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("grace", [0.0, 30.0])
def test_no_session_is_lost_that_the_service_did_not_end(grace: float) -> None:
    """In thousands of refreshes, one in seven of which goes wrong, no other session ends, and the truth is told."""
    soaks: list[Soak] = []

    async def main(running: Callable[[], float]) -> None:
        soaks.append(Soak(grace, 3000, 7, running))
        await lives_through(soaks[0])

    in_no_time(main)
    soak = soaks[0]
    assert set(soak.faults) == set(FAULTS)
    assert soak.ends["refresh-token-revoked"]
    assert soak.ends["refresh-token-reused"]
    lost = sum(soak.faults[fault] for fault in SWALLOWED)
    # Without a grace period every lost answer is the end; within one, only where the repetition fails as well.
    ends = soak.ends["refresh-answer-lost"] / lost
    assert ends > 0.9 if grace == 0 else ends < 0.25
    assert soak.service.requests < 1.5 * soak.service.refreshes


class Passing:
    """A clock that moves only when it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("grace", [0.0, 30.0])
def test_no_blocking_session_is_lost_that_the_service_did_not_end(grace: float) -> None:
    """The same for a session that some threads use."""
    running = Passing()
    soak = Soak(grace, 700, 11, running)
    soak.unheard_of = ("unsent", "throttled")  # after which a blocking session really pauses
    with ThreadPoolExecutor(3) as threads:
        while soak.service.refreshes < soak.refreshes:
            family, state = soak.service.sign_in()
            wire = Wire(soak.service, running.passes)
            session = Session(soak.config, state=replace(state, drift=-soak.step), transport=wire)
            while session.state.tokens is not None:
                soak.whim(session, family)
                running.passes(soak.dice.choice((2900, 3599, 4000, 9e4)) * soak.dice.random())
                method = session.refresh if soak.dice.random() < 0.2 else session.id_token
                for waits in [threads.submit(method), threads.submit(session.id_token)]:
                    soak.check(waits.result(30), session, family)
            soak.ends[cast("str", family.ended)] += 1
    lost = sum(soak.faults[fault] for fault in SWALLOWED)
    ends = soak.ends["refresh-answer-lost"] / lost
    assert ends > 0.9 if grace == 0 else ends < 0.3


@pytest.mark.parametrize("fault", sorted(SWALLOWED))
@pytest.mark.parametrize(("grace", "expected"), [(0.0, "refresh-answer-lost"), (30.0, "Ok")])
def test_a_lost_answer_is_the_end_only_without_a_grace_period(fault: Fault, grace: float, expected: str) -> None:
    """A refresh whose answer was lost is repeated at once; where that comes too late, the reason says what happened."""
    running = Passing()
    faults: list[Fault] = ["none", "none", fault]
    service = Service(lambda: NOW + running.now, grace=grace, fault=faults.pop)
    family, state = service.sign_in()
    config = Config(ISS, CLIENT_ID, clock=service.clock, monotonic=running)
    session = Session(config, state=state, transport=Wire(service, running.passes))
    running.passes(3600)
    result = session.id_token()
    assert (result.reason if isinstance(result, Err) else "Ok") == expected
    assert service.requests == 2
    assert (session.state.tokens is None) is (family.ended is not None)
