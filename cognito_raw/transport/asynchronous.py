"""Requests over httpx in asyncio programs. A deadline is a cancellation here, which closes the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from ..call import Reply, Request
from ..result import Err, Result
from .httpx_rules import Progress, client_options, failure, options
from .rules import LONGEST_IDLE, LONGEST_STEP, LOOK, TIMED_OUT, Body, seconds, set_up


class AsyncHttpxTransport:
    """Sends requests over httpx, many tasks at once, in one event loop after the other.

    client: an `httpx.AsyncClient` of your own, for proxies, certificates or instrumentation. It is yours to close.
    Without one, each event loop gets its own, since connections do not survive their loop: a serverless function
    may run a new loop at every invocation.
    """

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._own = client
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._context: Any = None

    async def send(self, request: Request) -> Result[Reply]:
        """Send one request; `request.timeout` bounds everything, from the look-up of the host to the last byte."""
        progress = Progress()
        pool = await self._pool()
        pool.busy += 1
        try:
            async with asyncio.timeout(seconds(request)) as limit:
                with _awake(limit, seconds(request)):
                    return await _exchange(pool.client, request, progress)
        except TimeoutError:
            return Err("timed-out", TIMED_OUT, sent=progress.sent)
        except Exception as error:
            return failure(error, progress)
        finally:
            await _discard(progress)
            await pool.leave()

    async def aclose(self) -> None:
        """Close this event loop's connections once they are idle; the next request opens a new one."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.drop()

    async def _pool(self) -> _Pool:
        if self._own is not None:
            return _Pool(self._own)
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is not None and not pool.is_fresh():
            await self.aclose()
            pool = self._pools.get(loop)
        return pool or await self._new_pool(loop)

    async def _new_pool(self, loop: asyncio.AbstractEventLoop) -> _Pool:
        for other in [other for other in self._pools if other.is_closed()]:
            self._pools.pop(other, None)  # its loop was closed without being shut down
        pool = self._pools[loop] = _Pool(self._client())
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
            await pool.client.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._context is None:
            self._context = set_up(httpx.create_ssl_context)
        limits = httpx.Limits(max_connections=None, keepalive_expiry=LONGEST_IDLE)
        return set_up(lambda: httpx.AsyncClient(verify=self._context, limits=limits, **client_options()))


class _Pool:
    """One client of httpx, the number of requests that use it, and when the last one ended."""

    life: AsyncGenerator[None, None]

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.busy = 0
        self._dropped = False
        self._touched = (time.monotonic(), time.time())

    def is_fresh(self) -> bool:
        # Both clocks: a frozen process may miss one of them.
        return time.monotonic() - self._touched[0] < LONGEST_IDLE and abs(time.time() - self._touched[1]) < LONGEST_IDLE

    async def leave(self) -> None:
        self.busy -= 1
        self._touched = (time.monotonic(), time.time())
        if self._dropped and not self.busy:
            await self.life.aclose()

    async def drop(self) -> None:
        self._dropped = True
        if not self.busy:
            await self.life.aclose()


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
