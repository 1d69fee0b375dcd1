"""Costs that grow with a number: of keys, devices, subscribers and sessions."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from base64 import urlsafe_b64encode
from contextlib import AsyncExitStack, ExitStack
from typing import Final

from benchmarks.programs.crowds import watched_loop
from benchmarks.programs.tools import Pool, asked, config, count, report
from benchmarks.programs.verification import issuer
from cognito_raw import (
    AsyncSession,
    Client,
    Config,
    Ok,
    Reply,
    Request,
    Result,
    Session,
    StandardTransport,
    State,
    TokenVerifier,
)

_PAGE: Final = 60


def keys(pool: Pool, number: int) -> None:
    """Load a key set of so many keys, and verify a token with the last of them."""
    draw = random.Random(1)  # noqa: S311  # no secrets: nobody knows the factors of such a number
    (key,) = pool["keys"]["keys"]

    def other(index: int) -> dict[str, str]:
        modulus = draw.getrandbits(2048) | 1 << 2047 | 1
        n = urlsafe_b64encode(modulus.to_bytes(256, "big")).decode().rstrip("=")
        return {**key, "kid": f"other-{index}", "n": n}

    many = json.dumps({"keys": [*map(other, range(number - 1)), key]})
    made = Config(issuer(pool), pool["client"])
    before = time.process_time()
    verifier = TokenVerifier(made, "access", keys=many)
    load = (time.process_time() - before) * 1000
    verifier.verify(pool["access"]).unwrap()
    before, times = time.process_time(), count(pool, 2000)
    for _ in range(times):
        verifier.verify(pool["access"])
    report(load=load, ms=(time.process_time() - before) * 1000 / times)


class _Devices:
    """A transport to a user's devices, page by page."""

    def __init__(self, number: int) -> None:
        pages = [
            [{"DeviceKey": f"eu-west-1_{index}", "DeviceAttributes": [], "DeviceCreateDate": 1.7e9} for index in page]
            for page in (range(first, min(first + _PAGE, number)) for first in range(0, number, _PAGE))
        ]
        self._pages = [
            json.dumps({"Devices": page, **({"PaginationToken": str(index)} if index < len(pages) else {})}).encode()
            for index, page in enumerate(pages, 1)
        ]

    def send(self, request: Request) -> Result[Reply]:
        page = int(json.loads(request.body or b"").get("PaginationToken", "0"))
        return Ok(Reply(200, {}, self._pages[page]))


def devices(pool: Pool, number: int) -> None:
    """List so many devices. Report the microseconds of each."""
    pages = Client(config(pool), transport=_Devices(number)).list_devices("token")
    if len(pages.all().unwrap()) != number:
        sys.exit("some devices are missing")
    before, times = time.process_time(), count(pool, 60_000 // number)
    for _ in range(times):
        pages.all().unwrap()
    report(us=(time.process_time() - before) * 1e6 / times / number)


class _Same(StandardTransport):
    """A transport that makes each refresh in no time, with the tokens of the sign-in."""

    last: Result[Reply] | None = None

    def send(self, request: Request) -> Result[Reply]:
        if request.headers["X-Amz-Target"].endswith("GetTokensFromRefreshToken") and self.last is not None:
            return self.last
        self.last = super().send(request)
        return self.last


def subscribers(pool: Pool, number: int) -> None:
    """Refresh a session of so many subscribers. Report the microseconds of each."""
    session, told = Session(config(pool), transport=_Same()), threading.Event()
    session.login("bob", pool["password"]).unwrap()
    session.subscribe(lambda _: told.set())
    times = count(pool, 20)

    def spent() -> float:
        before = time.process_time()
        for _ in range(times):
            told.clear()
            session.refresh().unwrap()
            told.wait()
        return (time.process_time() - before) * 1e6 / times

    spent()
    alone = spent()
    removed = session.subscribe(lambda _: None)
    for _ in range(number - 1):
        session.subscribe(lambda _: None)
    removed()
    session.subscribe(lambda _: told.set())
    report(us=(spent() - alone) / number)


# --- sessions that are kept fresh, and due at one moment


def _soon(pool: Pool) -> State:
    """Return the state of a user whose tokens are due in some seconds, which it takes to make the sessions."""
    session = Session(config(pool))
    session.login("brief" if "times" in pool else "soon", pool["password"]).unwrap()
    asked(pool)
    return session.state


class _Renewals:
    """The times of the renewals of so many sessions."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._lock = threading.Lock()
        self._times: list[float] = []
        self.ended = threading.Event()

    def note(self, _: object) -> None:
        with self._lock:
            self._times.append(time.perf_counter())
            if len(self._times) == self._left:
                self.ended.set()

    def milliseconds(self) -> float:
        """Return the time from the first renewal to the last."""
        return (self._times[-1] - self._times[0]) * 1000


def kept_fresh(pool: Pool, number: int, *, slow: bool = False) -> None:
    """Keep so many sessions fresh. With `slow`, a subscriber of one more of them takes two seconds."""
    number, state, most = count(pool, number), _soon(pool), 0
    renewals, made = _Renewals(number), config(pool)
    with ExitStack() as kept:
        if slow:
            first = Session(made, state=state)
            first.subscribe(lambda _: time.sleep(2))
            kept.enter_context(first.keep_fresh())
        for _ in range(number):
            session = Session(made, state=state)
            session.subscribe(renewals.note)
            kept.enter_context(session.keep_fresh())
        while not renewals.ended.wait(0.005):
            most = max(most, threading.active_count())
        connections = asked(pool)["connections"]
    threads = most - 1
    report(threads=threads, beyond=threads - connections, connections=connections, ms=renewals.milliseconds())


def kept_fresh_async(pool: Pool, number: int) -> None:
    """Keep so many async sessions fresh."""
    asyncio.run(_kept_fresh(pool, count(pool, number)))


async def _kept_fresh(pool: Pool, number: int) -> None:
    state = await asyncio.to_thread(_soon, pool)
    renewals, made = _Renewals(number), config(pool)
    async with AsyncExitStack() as kept:
        for _ in range(number):
            session = AsyncSession(made, state=state)
            session.subscribe(renewals.note)
            await kept.enter_async_context(session.keep_fresh())
        async with watched_loop() as held:
            await asyncio.to_thread(renewals.ended.wait)
            held_ms = held()
        connections = (await asyncio.to_thread(asked, pool))["connections"]
    report(held=held_ms, connections=connections, ms=renewals.milliseconds())
