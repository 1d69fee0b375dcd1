"""A thousand callers at the end of a token: one refresh, whatever becomes of the callers and whoever they are."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, Config, Err, IdToken, Ok, Reply, Request, Result, Session
from tests.support.conversation import NOW, Answering, Clock, configured
from tests.support.rotation import Service

MANY = 1000
END = NOW + 3600


def config_at(clock: Callable[[], float]) -> Config:
    return configured(clock=clock, monotonic=Clock(0.0), deadline=60.0)


class Gate:
    """A blocking transport to a service, whose answers wait until the gate is opened."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.asked, self.opened = threading.Event(), threading.Event()

    def send(self, request: Request) -> Result[Reply]:
        self.asked.set()
        assert self.opened.wait(30)
        return self._service.answer(request)[0]


class AsyncGate:
    """The same for tasks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.asked, self.opened = asyncio.Event(), asyncio.Event()

    async def send(self, request: Request) -> Result[Reply]:
        self.asked.set()
        await self.opened.wait()
        return self._service.answer(request)[0]


def all_at_once(calls: list[Callable[[], Any]]) -> list[threading.Thread]:
    """A thread for each call, all of which begin when the last of them runs."""
    barrier = threading.Barrier(len(calls))

    def begin(call: Callable[[], Any]) -> None:
        barrier.wait(30)
        call()

    threads = [threading.Thread(target=begin, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("opened", [False, True], ids=["the answer is late", "the answer is quick"])
@pytest.mark.parametrize("method", ["id_token", "access_token"])
def test_a_thousand_threads_make_one_refresh(method: str, *, opened: bool) -> None:
    """All get its result: those that waited for it, and those that come when it is over."""
    service, state = _signed_in_before_the_end()
    gate = Gate(service)
    session = Session(config_at(Clock(END)), state=state, transport=gate)
    results: list[Any] = []
    if opened:
        gate.opened.set()
    threads = all_at_once([lambda: results.append(getattr(session, method)())] * MANY)
    assert gate.asked.wait(30)
    gate.opened.set()
    for thread in threads:
        thread.join(30)
    assert service.requests == 1
    held = session.state.tokens
    assert held is not None
    assert Counter(result.unwrap() for result in results) == {
        held.id_token if method == "id_token" else held.access_token: MANY
    }


def _signed_in_before_the_end(**choices: Any) -> tuple[Service, Any]:
    """A service at the end of a token, and the state of the session that holds it."""
    clock = Clock(NOW)
    service = Service(clock, **choices)
    _, state = service.sign_in()
    clock.now = END
    return service, state


def test_a_thousand_threads_hear_of_one_failure() -> None:
    """A refresh that fails is not repeated by who looked before it did."""
    service, state = _signed_in_before_the_end(fault=lambda: "busy")
    session = Session(config_at(Clock(END)), state=state, transport=Answering(lambda r: service.answer(r)[0]))
    results: list[Any] = []
    for thread in all_at_once([lambda: results.append(session.id_token())] * MANY):
        thread.join(30)
    assert Counter(result.reason for result in results) == {"daily-operations-limit-exceeded": MANY}
    assert service.requests == 1


def test_who_looked_before_a_refresh_ended_makes_no_other() -> None:
    """A thread may see a token's end, be held up, and go on only when the refresh is long over."""
    service, state = _signed_in_before_the_end()
    looked, go_on = threading.Event(), threading.Event()
    readings: list[str] = []

    def held_up() -> float:
        readings.append(threading.current_thread().name)
        if readings.count("slow") == 2 and not looked.is_set():  # the token is not fresh; is it valid?
            looked.set()
            assert go_on.wait(10)
        return END

    session = Session(config_at(held_up), state=state, transport=Answering(lambda r: service.answer(r)[0]))
    results: list[Any] = []
    slow = threading.Thread(target=lambda: results.append(session.id_token()), name="slow")
    slow.start()
    assert looked.wait(10)
    renewed = session.id_token()
    go_on.set()
    slow.join(10)
    assert results == [renewed]
    assert service.requests == 1


def test_a_thousand_tasks_make_one_refresh() -> None:
    """The same among tasks, a third of which are cancelled and a third of which lose patience on their way."""

    async def scene() -> None:
        service, state = _signed_in_before_the_end()
        gate, dice = AsyncGate(service), random.Random(5)
        session = AsyncSession(config_at(Clock(END)), state=state, transport=gate)
        callers = [session.within(0.01) if number % 3 == 0 else session for number in range(MANY)]
        tasks = [asyncio.create_task(caller.id_token()) for caller in callers]
        await gate.asked.wait()
        cancelled = [task for number, task in enumerate(tasks) if number % 3 == 1]
        for task in dice.sample(cancelled, len(cancelled)):
            task.cancel()
        late = await asyncio.gather(*tasks[::3])
        assert Counter(result.reason for result in late if isinstance(result, Err)) == {"timed-out": len(late)}
        gate.opened.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        held = session.state.tokens
        assert held is not None
        assert results[2::3] == [Ok(held.id_token)] * len(results[2::3])
        assert all(isinstance(result, asyncio.CancelledError) for result in results[1::3])
        assert service.requests == 1
        assert await session.id_token() == Ok(held.id_token)

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_impatient_threads_neither_end_nor_repeat_a_refresh() -> None:
    """Those whose time is over hear that it may happen yet; the refresh goes on, and the next caller has it."""
    service, state = _signed_in_before_the_end()
    gate = Gate(service)
    session = Session(config_at(Clock(END)), state=state, transport=gate)
    hurried = session.within(0.02)
    with ThreadPoolExecutor(32) as threads:
        late = list(threads.map(lambda _: hurried.id_token(), range(64)))
        assert Counter((result.reason, result.sent) for result in late if isinstance(result, Err)) == {
            ("timed-out", "maybe"): 64
        }
        last = threads.submit(session.id_token)
        gate.opened.set()
        assert isinstance(last.result(30), Ok)
    assert service.requests == 1


def test_explicit_refreshes_that_meet_are_one() -> None:
    """Who asks for new tokens while a refresh is under way gets its tokens, also where the old ones are good yet."""
    clock = Clock(NOW)
    service = Service(clock)
    _, state = service.sign_in()
    gate = Gate(service)
    session = Session(config_at(clock), state=state, transport=gate)
    begun = threading.Semaphore(0)
    results: list[Any] = []

    def refresh() -> None:
        begun.release()
        results.append(session.refresh())

    threads = all_at_once([refresh] * MANY)
    for _ in range(MANY):
        assert begun.acquire(timeout=30)
    assert gate.asked.wait(30)
    gate.opened.set()
    for thread in threads:
        thread.join(30)
    # A thread that was held up for long may come after the first refresh; never does one caller make one each.
    assert service.requests < MANY / 50
    assert len({result.unwrap() for result in results}) == service.requests


def test_tasks_that_refresh_explicitly_share_one() -> None:
    """In one event loop none can come too late."""

    async def scene() -> None:
        clock = Clock(NOW)
        service = Service(clock)
        _, state = service.sign_in()
        gate = AsyncGate(service)
        session = AsyncSession(config_at(clock), state=state, transport=gate)
        tasks = [asyncio.create_task(session.refresh()) for _ in range(MANY)]
        await gate.asked.wait()
        gate.opened.set()
        assert len(set(await asyncio.gather(*tasks))) == 1
        assert service.requests == 1

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_sessions_share_no_refresh() -> None:
    """Each of many sessions of one service makes its own, and gets its own user's tokens."""
    clock = Clock(NOW)
    service = Service(clock)
    states = {user: service.sign_in(user)[1] for user in (f"user-{number}" for number in range(50))}
    clock.now = END
    transport = Answering(lambda request: service.answer(request)[0])
    sessions = {user: Session(config_at(clock), state=state, transport=transport) for user, state in states.items()}
    results: list[tuple[str, Any]] = []

    def ask(user: str) -> None:
        results.append((user, sessions[user].id_token()))

    for thread in all_at_once([lambda user=user: ask(user) for user in sessions for _ in range(8)]):  # type: ignore[misc]
        thread.join(30)
    assert service.requests == len(sessions)
    assert len(results) == 8 * len(sessions)
    assert all(result.unwrap().payload["sub"] == user for user, result in results)


# --- subscribers in the thick of it


class Heard:
    """A subscriber that keeps what it hears, and does something the first few times."""

    def __init__(self, does: Callable[[], Any], times: int = 3) -> None:
        self.told: list[IdToken | None] = []
        self._does = does
        self._times = times

    def __call__(self, token: IdToken | None) -> Any:
        self.told.append(token)
        if token is not None and len(self.told) <= self._times:
            return self._does()
        return None


DOES = ["refresh", "id_token", "logout", "raises"]


def _failing() -> None:
    raise RuntimeError("broken subscriber")


@pytest.mark.parametrize("does", DOES)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_callbacks_that_use_the_session_hear_all_once_and_in_order(does: str) -> None:
    """While many threads refresh; nobody waits for anybody for ever."""
    clock = Clock(NOW)
    service = Service(clock)
    _, state = service.sign_in()
    transport = Answering(lambda request: service.answer(request)[0])
    session = Session(config_at(clock), state=state, transport=transport)
    first, last = Heard(getattr(session, does, _failing)), Heard(lambda: None)
    session.subscribe(first)
    session.subscribe(last)
    for thread in all_at_once([session.refresh] * 50):
        thread.join(30)
        assert not thread.is_alive()
    session.close()
    _check_news(first, last, service, session, does)


@pytest.mark.parametrize("does", DOES)
@pytest.mark.parametrize("awaited", [False, True], ids=["awaited", "as a task"])
def test_coroutine_callbacks_hear_all_once_and_in_order(does: str, *, awaited: bool) -> None:
    """The same among tasks."""

    async def scene() -> None:
        clock = Clock(NOW)
        service = Service(clock)
        _, state = service.sign_in()

        async def send(request: Request) -> Result[Reply]:
            await asyncio.sleep(0)
            return service.answer(request)[0]

        async def failing() -> None:
            _failing()

        session = AsyncSession(config_at(clock), state=state, transport=Answering(send))
        method = getattr(session, does, failing)
        tasks: list[asyncio.Task[Any]] = []

        def as_a_task() -> None:
            tasks.append(asyncio.create_task(method()))

        first, last = Heard(method if awaited else as_a_task), Heard(lambda: None)
        session.subscribe(first)
        session.subscribe(last)
        for _ in range(20):
            await asyncio.gather(*(session.refresh() for _ in range(5)))
        await session.aclose()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.aclose()
        _check_news(first, last, service, session, does)

    asyncio.run(asyncio.wait_for(scene(), 30))


def _check_news(first: Heard, last: Heard, service: Service, session: Session | AsyncSession, does: str) -> None:
    assert first.told == last.told
    assert len(set(first.told)) == len(first.told)
    if does == "logout":
        assert first.told[-1] is None
        assert session.state.tokens is None
    else:
        assert len(first.told) == service.refreshes
        assert session.state.tokens is not None
        assert first.told[-1] == session.state.tokens.id_token


def test_a_token_that_a_refresh_gave_is_kept_by_all_copies() -> None:
    """`within` makes no other session."""
    service, state = _signed_in_before_the_end()
    transport = Answering(lambda request: service.answer(request)[0])
    session = Session(config_at(Clock(END)), state=replace(state, username="jane"), transport=transport)
    assert session.within(5.0).id_token() == session.id_token() == session.within(1.0).id_token()
    assert service.requests == 1
