"""Turns of the tasks of an event loop: no two compute in one iteration of it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

from cognito_raw import Call, Ok, Reply, Request, Result
from cognito_raw.client import AsyncClient
from cognito_raw.concurrency.event_loops import turns_of
from tests.support.conversation import configured


class Iterations:
    """Counts the iterations of the running loop."""

    def __init__(self) -> None:
        self.count = 0
        self.over = False
        self._next()

    def _next(self) -> None:
        self.count += 1
        if not self.over:
            asyncio.get_running_loop().call_soon(self._next)


class Prompt:
    """A transport whose replies are all there at once."""

    async def send(self, request: Request) -> Result[Reply]:
        assert request.method == "POST"
        return Ok(Reply(200, {}, b"{}"))


def test_each_step_of_many_flows_has_an_iteration_of_its_own() -> None:
    """So a thousand proofs that are ready at once hold the loop for the time of one."""
    computed: list[tuple[int, int]] = []

    async def main() -> None:
        iterations = Iterations()

        def flow(number: int) -> Generator[Call, Any, Result[None]]:
            for _ in range(3):
                computed.append((iterations.count, number))
                yield Call("GetUser", {})
            return Ok(None)

        async with AsyncClient(configured(), transport=Prompt()) as client:
            await asyncio.gather(*[client.run(flow(number)) for number in range(20)])
        iterations.over = True

    asyncio.run(main())
    counts = [count for count, _ in computed]
    assert len(counts) == 60
    assert len(set(counts)) == 60


def test_a_task_that_is_cancelled_gives_its_turn_away() -> None:
    """Those behind it are not held up."""

    async def main() -> list[str]:
        turns, taken = turns_of(asyncio.get_running_loop()), []

        async def take(name: str) -> None:
            await turns.take(asyncio.get_running_loop())
            taken.append(name)

        tasks = [asyncio.create_task(take(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await take("d")
        return taken

    assert asyncio.run(main()) == ["a", "c", "d"]


def test_each_loop_has_turns_of_its_own() -> None:
    """A turn that ended with its loop is in nobody's way."""

    async def take() -> None:
        loop = asyncio.get_running_loop()
        await turns_of(loop).take(loop)

    for _ in range(2):
        asyncio.run(take())


def test_a_second_run_of_a_loop_goes_on() -> None:
    """As in programs that call `run_until_complete` for each thing that they do."""
    loop = asyncio.new_event_loop()

    async def take() -> None:
        await turns_of(loop).take(loop)

    loop.run_until_complete(take())
    loop.run_until_complete(take())
    loop.close()
