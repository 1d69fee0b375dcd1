"""Requests over httpx in asyncio programs. A deadline is a cancellation here, which closes the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from ..call import Reply, Request
from ..result import Err, Ok, Result
from .certificates import Trust
from .httpx_client import Progress, client_options, failure, options, usual_trust
from .limits import LONGEST_STEP, LOOK, TIMED_OUT, Body, seconds, set_up
from .pool import Resting


class AsyncHttpxTransport:
    """Sends requests over httpx, many tasks at once, in one event loop after the other.

    client: an `httpx.AsyncClient` of your own, for proxies, certificates or instrumentation. It is yours to close.
    Without one, connections are made as needed and kept for some seconds, for each event loop its own, since they do
    not survive it: a serverless function may run a new loop at every invocation.
    """

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._own = client
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._trust = None if client is None else Trust(None)

    async def send(self, request: Request) -> Result[Reply]:
        """Send one request; `request.timeout` bounds everything, from the look-up of the host to the last byte."""
        if self._own is not None:
            return await _within(self._own, request, self._tls())
        pool = await self._pool()
        line = await pool.take(request.url) or pool.add(_Line(self._tls(), request.url))
        reusable = False
        try:
            result = await _within(line.client, request, line.trust)
            reusable = isinstance(result, Ok)
        finally:
            await pool.give_back(line, reusable=reusable)
        return result

    async def aclose(self) -> None:
        """Close this event loop's connections once they are idle; the next request opens a new one."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.drop()

    async def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [other for other in self._pools if other.is_closed()]:
                self._pools.pop(other, None)  # its loop was closed without being shut down
            pool = self._pools[loop] = _Pool()
            pool.life = self._live(loop, pool)
            await anext(pool.life)
        return pool

    async def _live(self, loop: asyncio.AbstractEventLoop, pool: _Pool) -> AsyncGenerator[None, None]:
        """Lie suspended while the pool is in use. A loop closes its generators when it ends, and so the connections."""
        try:
            yield
        finally:
            if self._pools.get(loop) is pool:
                del self._pools[loop]
            await pool.close()

    def _tls(self) -> Trust:
        if self._trust is None:
            self._trust = usual_trust()
        return self._trust


class _Line(Resting):
    """One client of httpx that makes one request at a time, to one address.

    A client with many would look at every one of them, and ask the system about each, for every request.
    """

    def __init__(self, trust: Trust, url: str) -> None:
        super().__init__(url)
        self.trust = trust
        self.client = set_up(lambda: httpx.AsyncClient(**client_options(trust)))


class _Pool:
    """The lines of one event loop: all of them, and those that lie idle, the longest first."""

    life: AsyncGenerator[None, None]

    def __init__(self) -> None:
        self._lines: set[_Line] = set()
        self._idle: list[_Line] = []
        self._dropped = False

    async def take(self, url: str) -> _Line | None:
        """A fresh line to this address, which is the caller's now. All that are stale are closed."""
        while self._idle and not self._idle[0].is_fresh():
            await self._close(self._idle.pop(0))
        # After the last await, where a cancellation would lose it.
        found = next((line for line in reversed(self._idle) if line.address == url), None)
        if found is not None:
            self._idle.remove(found)
        return found

    def add(self, line: _Line) -> _Line:
        """A new line, which is the caller's."""
        self._lines.add(line)
        return line

    async def give_back(self, line: _Line, *, reusable: bool) -> None:
        """Have a line wait for the next request to its address, or close it."""
        if reusable and not self._dropped:
            line.rest()
            self._idle.append(line)
        else:
            await self._close(line)
        await self._end()

    async def drop(self) -> None:
        """Close what lies idle now, and the rest as it is given back."""
        self._dropped = True
        while self._idle:
            await self._close(self._idle.pop())
        await self._end()

    async def close(self) -> None:
        """Close all lines, in use or not."""
        for line in list(self._lines):
            await self._close(line)

    async def _close(self, line: _Line) -> None:
        await line.client.aclose()
        self._lines.discard(line)

    async def _end(self) -> None:
        if self._dropped and not self._lines:
            await self.life.aclose()


async def _within(client: httpx.AsyncClient, request: Request, trust: Trust) -> Result[Reply]:
    progress = Progress()
    try:
        async with asyncio.timeout(seconds(request)) as limit:
            with _awake(limit, seconds(request)):
                return await trust.athrough(partial(_exchange, client, request, progress), progress.has_left)
    except TimeoutError:
        return Err("timed-out", TIMED_OUT, sent=progress.sent)
    except Exception as error:
        return failure(error, progress)
    finally:
        await _discard(progress)


@contextmanager
def _awake(limit: asyncio.Timeout, seconds: float) -> Iterator[None]:
    """End the limit by the other clock too: the one that timers go by may stop in a frozen process."""
    loop, thawed = asyncio.get_running_loop(), time.time() + seconds + LONGEST_STEP
    timers: list[asyncio.TimerHandle] = []

    def look() -> None:
        if time.time() > thawed and not limit.expired():
            limit.reschedule(loop.time() + LOOK / 2)  # what had arrived before the frost is read first
        timers[:] = [loop.call_later(LOOK, look)]

    timers.append(loop.call_later(LOOK, look))
    try:
        yield
    finally:
        timers[0].cancel()


async def _discard(progress: Progress) -> None:
    """Close a connection on which nothing left: httpx forgets one whose TLS handshake is cancelled."""
    if progress.stream is not None and not progress.left:
        await progress.stream.aclose()


async def _exchange(client: httpx.AsyncClient, request: Request, progress: Progress) -> Result[Reply]:
    body = Body()

    async def note(event: str, info: Mapping[str, Any]) -> None:
        progress.note(event, info)

    async with client.stream(**options(request), extensions={"trace": note}) as response:
        # A hook of the caller's client may have read it already.
        async for chunk in response.aiter_bytes() if response.is_stream_consumed else response.aiter_raw():
            if not body.add(chunk):
                break
    return body.reply(response.status_code, dict(response.headers.items()))
