"""Many sign-ins at once, many callers at once, and many sessions in memory."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

from benchmarks.programs.processes import PYCOGNITO
from benchmarks.programs.tools import Pool, asked, config, count, report
from benchmarks.programs.warm import signed_in
from cognito_raw import AsyncClient, Client, Err, Result, Session, State

_TICK: Final = 0.001


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Callable[[], float]]:
    """Watch the event loop, and yield a function that returns the longest time for which it was held, in ms."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - before - _TICK)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield lambda: longest * 1000
    finally:
        watching.cancel()


def _report(seconds: float, took: list[float], **numbers: float) -> None:
    took.sort()
    p50, p99 = (took[int(share * (len(took) - 1))] * 1000 for share in (0.5, 0.99))
    report(rate=len(took) / seconds, p50=p50, p99=p99, **numbers)


def _threads(pool: Pool, number: int, each: int, act: Callable[[], object], start: Any = None) -> None:
    """Let so many threads act once to warm up, and then so many times each. Report the rate."""
    number, each = count(pool, number), count(pool, each)
    together = threading.Barrier(number)

    def first(_: int) -> None:
        together.wait()
        act()

    def measured(_: int) -> float:
        before = time.perf_counter()
        act()
        return time.perf_counter() - before

    asked(pool)
    with ThreadPoolExecutor(number, initializer=start) as threads:
        list(threads.map(first, range(number)))
        before = time.perf_counter()
        took = list(threads.map(measured, range(number * each)))
        seconds = time.perf_counter() - before
    _report(seconds, took, connections=asked(pool)["connections"])


def threads(pool: Pool, number: int, each: int, transport: Any = None) -> None:
    """Sign in with so many threads."""
    client = Client(config(pool), transport=transport)
    _threads(pool, number, each, lambda: client.sign_in("bob", pool["password"]).unwrap())


def threads_pycognito(pool: Pool, number: int, each: int) -> None:
    """Sign in with pycognito, whose users belong to one thread each."""
    made, one, module = threading.local(), threading.Lock(), signed_in(PYCOGNITO, pool)
    endpoint = {"endpoint_url": pool["endpoint"]}

    def start() -> None:  # not counted
        with one:
            made.user = module["Cognito"](pool["pool"], pool["client"], username="bob", boto3_client_kwargs=endpoint)

    _threads(pool, number, each, lambda: made.user.authenticate(pool["password"]), start)


def tasks(pool: Pool, number: int, each: int) -> None:
    """Sign in with so many tasks. Report the rate, and how long the event loop was held."""
    asyncio.run(_tasks(pool, count(pool, number), count(pool, each)))


async def _tasks(pool: Pool, number: int, each: int) -> None:
    took: list[float] = []

    async def sign_in(client: AsyncClient, times: int) -> None:
        for _ in range(times):
            before = time.perf_counter()
            (await client.sign_in("bob", pool["password"])).unwrap()
            took.append(time.perf_counter() - before)

    asked(pool)
    async with AsyncClient(config(pool)) as client:
        await asyncio.gather(*(sign_in(client, 1) for _ in range(min(number, 32))))
        took.clear()
        async with watched_loop() as held:
            before = time.perf_counter()
            await asyncio.gather(*(sign_in(client, each) for _ in range(number)))
            seconds, held_ms = time.perf_counter() - before, held()
    _report(seconds, took, held=held_ms, connections=asked(pool)["connections"])


def slow_threads(pool: Pool, number: int, transport: Any = None) -> None:
    """Sign in once with so many threads, against a server whose replies take their time."""
    client = Client(config(pool, "slow"), transport=transport)
    number = count(pool, number)
    with ThreadPoolExecutor(number) as threads:
        before = time.perf_counter()
        results = list(threads.map(lambda _: client.sign_in("bob", pool["password"]), range(number)))
        _report_slow(results, time.perf_counter() - before)


def slow_tasks(pool: Pool, number: int) -> None:
    """Sign in once with so many tasks, against the same server."""

    async def main() -> None:
        async with AsyncClient(config(pool, "slow")) as client:
            before = time.perf_counter()
            asking = (client.sign_in("bob", pool["password"]) for _ in range(count(pool, number)))
            _report_slow(await asyncio.gather(*asking), time.perf_counter() - before)

    asyncio.run(main())


def _report_slow(results: list[Result[Any]], seconds: float) -> None:
    """Report the number of time-outs. Any other failure ends the program."""
    failures = [result for result in results if isinstance(result, Err)]
    for failure in failures:
        if failure.reason != "timed-out":
            sys.exit(f"{failure.reason}: {failure.message}")
    report(timeouts=len(failures), seconds=seconds)


# --- a thousand callers at the moment when the tokens expire


def _thousand(pool: Pool, act: Callable[[], object]) -> None:
    number = count(pool, 1000)
    start = threading.Barrier(number + 1)

    def wait() -> None:
        start.wait()
        act()

    threading.stack_size(256 * 1024)
    threads = [threading.Thread(target=wait) for _ in range(number)]
    for thread in threads:
        thread.start()
    asked(pool)
    start.wait()
    before = time.perf_counter()
    for thread in threads:
        thread.join()
    took, counted = (time.perf_counter() - before) * 1000, asked(pool)
    report(requests=sum(counted.get(name, 0) for name in ("GetTokensFromRefreshToken", "InitiateAuth")), ms=took)


def callers(pool: Pool) -> None:
    """Ask one session for its token, which has ended."""
    session = Session(config(pool))
    session.login("brief", pool["password"]).unwrap()
    time.sleep(2.5)
    _thousand(pool, lambda: session.id_token().unwrap())


def callers_pycognito(pool: Pool) -> None:
    """Do the same with pycognito."""
    user = signed_in(PYCOGNITO.replace('"bob"', '"brief"'), pool)["user"]
    time.sleep(2.5)
    _thousand(pool, user.check_token)


# --- memory: kilobytes for each further signed-in session


def _resident() -> float:
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def _grown(make: Callable[[], object], number: int) -> None:
    kept = [make() for _ in range(max(1, number // 100))]
    before = _resident()
    kept += [make() for _ in range(number)]
    report(kb=(_resident() - before) / number)


def memory(pool: Pool) -> None:
    """Make sessions of a saved state."""
    made = config(pool)
    session = Session(made)
    session.login("bob", pool["password"]).unwrap()
    saved = json.dumps(session.state.to_dict())
    _grown(lambda: Session(made, state=State.from_dict(json.loads(saved))), count(pool, 10_000))


def memory_pycognito(pool: Pool) -> None:
    """Make users of pycognito of saved tokens, with copies of their own."""
    module = signed_in(PYCOGNITO, pool)
    user, endpoint = module["user"], {"endpoint_url": pool["endpoint"]}

    def make() -> object:
        tokens = {name: str(getattr(user, name) + " ")[:-1] for name in ("id_token", "access_token", "refresh_token")}
        return module["Cognito"](pool["pool"], pool["client"], username="bob", boto3_client_kwargs=endpoint, **tokens)

    _grown(make, count(pool, 50))
