"""Many callers at once: threads, tasks, event loops one after the other, forks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Final

import pytest

from cognito_raw import AsyncTokenVerifier, Reply, Request, Result, TokenVerifier
from tests.support.deadlines import wait_until
from tests.support.tokens import ID, NOW, Clock, token
from tests.support.transports import workers
from tests.support.verifiers import Service, Verifying, told

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fresh(clock: Clock) -> str:
    """A token that is good for an hour from now."""
    return token(ID, exp=int(clock.now + HOUR), iat=NOW)


def test_a_thousand_callers_at_a_cold_start_make_one_fetch(verifying: Verifying) -> None:
    """Threads or tasks, they all wait for the same one, and all get its result."""
    released = threading.Event()

    class Slow(Service):
        def send(self, request: Request) -> Any:
            answer = super().send(request)
            if isinstance(verifier, TokenVerifier):
                released.wait(10)
                return answer
            return self._later(answer)

        async def _later(self, answer: Any) -> Any:
            await asyncio.sleep(0.05)
            return answer

    service = Slow()
    verifier: Any = verifying.verifier(Clock().config(monotonic=lambda: 0.0), transport=service)
    threading.Timer(0.5, released.set).start()
    results = verifying.verify_all(verifier, [token()] * 1000)
    assert {told(result) for result in results} == {"Ok"}
    assert len(service.requests) == 1


def test_a_caller_that_is_cancelled_does_not_stop_the_fetch() -> None:
    """The others get its result."""

    async def main() -> None:
        asked, released = asyncio.Event(), asyncio.Event()

        class Slow(Service):
            async def send(self, request: Request) -> Result[Reply]:  # type: ignore[override]
                asked.set()
                await released.wait()
                return super().send(request)

        service = Slow()
        verifier = AsyncTokenVerifier(Clock().config(), transport=service)
        first, second = (asyncio.create_task(verifier.verify(token())) for _ in range(2))
        await asked.wait()
        first.cancel()
        await asyncio.sleep(0)
        released.set()
        assert told(await second) == "Ok"
        assert first.cancelled()
        assert len(service.requests) == 1

    asyncio.run(main())


def test_a_hundred_event_loops_may_use_one_verifier(clock: Clock) -> None:
    """One after the other; no refresh ends before its loop, and yet all go on."""
    service = Service()

    class Slow(Service):
        async def send(self, request: Request) -> Result[Reply]:  # type: ignore[override]
            if service.requests and threading.current_thread() is threading.main_thread():
                await asyncio.Event().wait()  # longer than the loop
            return service.send(request)

    verifier = AsyncTokenVerifier(clock.config(), transport=Slow())
    for _ in range(100):
        clock.go_on(HOUR)
        assert told(asyncio.run(verifier.verify(fresh(clock)))) == "Ok"
        assert wait_until(lambda: not workers())
    assert len(service.requests) == 50  # of two refreshes the first ends with its loop


def test_a_loop_that_stands_still_holds_no_other_up(clock: Clock) -> None:
    """A fetch of a loop that is not running cannot end while another one waits in its thread, so a new one is made."""
    service = Service()

    class Never(Service):
        async def send(self, request: Request) -> Result[Reply]:  # type: ignore[override]
            answer = service.send(request)
            if len(service.requests) == 1:
                await asyncio.Event().wait()
            return answer

    verifier = AsyncTokenVerifier(clock.config(), transport=Never())
    with asyncio.Runner() as one, asyncio.Runner() as other:
        with pytest.raises(TimeoutError):
            one.run(asyncio.wait_for(verifier.verify(token()), 0.01))
        assert told(other.run(verifier.verify(token()))) == "Ok"
    assert len(service.requests) == 2


def test_a_blocking_verifier_does_not_wait_for_the_loop_that_it_blocks(clock: Clock) -> None:
    """Both modes share their keys where they have one transport; and none waits for ever."""
    service = Service()

    class Both:
        def send(self, request: Request) -> Any:
            answer = service.send(request)
            return answer if threading.current_thread() is not threading.main_thread() else self._later(answer)

        async def _later(self, answer: Any) -> Any:
            await asyncio.sleep(0.01)
            return answer

    both: Any = Both()
    asynchronous = AsyncTokenVerifier(clock.config(), transport=both)
    config = asynchronous.config
    blocking = TokenVerifier(config, transport=both)

    async def main() -> None:
        waiting = asyncio.create_task(asynchronous.verify(token()))
        await asyncio.sleep(0)
        assert told(blocking.verify(token())) == "Ok"
        assert told(await waiting) == "Ok"

    asyncio.run(main())
    assert len(service.requests) == 2
