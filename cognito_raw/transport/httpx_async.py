"""Requests over httpx or httpx2 in asyncio programs.

At the deadline the request is cancelled, which closes its connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import cache, partial
from importlib import import_module
from typing import Any, Final

from ..call import Reply, Request
from ..concurrency.background import in_thread
from ..concurrency.locks import ForkLock
from ..result import Err, Ok, Result
from .body import Body
from .certificates import NO_TRUST_STORE, TrustStore
from .httpx_async_network import AsyncNetwork
from .httpx_client import ClientMaker, Progress, request_of
from .httpx_errors import error_result
from .httpx_internals import install, is_reusable
from .leases import Address, Lease, LeaseQueues, checked_limit
from .library import AsyncClient, Library, LibraryName, checked_name, library_of
from .limits import (
    CLOCK_TOLERANCE,
    MAX_CONNECTIONS,
    NONE_FREE,
    POLL_INTERVAL,
    REAP_INTERVAL,
    TIMED_OUT,
    timeout_of,
)
from .pool import Reusable, address_of

# The names of anyio that a request asks for. Versions of it import each name when it is first asked for.
_LATE_NAMES: Final = (
    "BrokenResourceError ClosedResourceError EndOfStream CancelScope Event Lock connect_tcp fail_after".split()
)


class AsyncHttpxTransport:
    """Sends requests over httpx or httpx2, from many tasks at once, in one event loop after another.

    client: your own `AsyncClient` of httpx or httpx2, for proxies, certificates or instrumentation. You close it.
    limit: how many connections to one address calls may use at the same time, in each event loop, without a client of
        yours. A call that waits for one keeps its deadline. Public documents, such as key sets, do not wait.
    library: "httpx" or "httpx2", without a client of yours. If httpx is not installed, it is httpx2.

    Without a client, connections are opened as needed and kept for some seconds. Each event loop has its own, since
    connections do not outlive their loop. A serverless function may run a new loop at every invocation.
    """

    def __init__(
        self, client: AsyncClient | None = None, *, limit: int = MAX_CONNECTIONS, library: LibraryName = "httpx"
    ) -> None:
        self._own = client
        self._library = library_of(client, "AsyncClient")
        self._name: LibraryName = checked_name(library)
        self._limit = checked_limit(limit)
        self._lock = ForkLock()  # of the loops of several threads, and never held at an await
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._made: ClientMaker | None = None

    async def send(self, request: Request) -> Result[Reply]:
        """Send one request. `request.timeout` bounds everything, from the host's look-up to the last byte."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout_of(request)
        if self._own is not None:
            return await _send(self._own, self._library, request, NO_TRUST_STORE, ends, Progress(traced=False))
        try:
            maker = await in_thread(self, self.load, ends - loop.time()) if self._made is None else self._made
        except TimeoutError:
            return Err("timed-out", TIMED_OUT, sent="no")
        pool, address = await self._pool(), address_of(request.url)
        try:
            lease = None if request.method == "GET" else await pool.lease(address, ends, background=request.background)
        except TimeoutError:
            return Err("timed-out", NONE_FREE, sent="no")
        try:
            connection = await pool.acquire(address) or _Connection(maker, request.url)
            progress = Progress(traced=True)
            sending = partial(_send, connection.client, maker.library, request, maker.trust_store, ends, progress)
            result = await pool.use(connection, sending)
        finally:
            if lease is not None:
                lease.give_back()
        return result

    async def aclose(self) -> None:
        """Close this event loop's connections once they are idle. The next request opens a new one."""
        with self._lock:
            pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.retire()

    async def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = _Pool(self._limit)
            pool.closer = self._close_with_loop(loop, pool)
            with self._lock:
                for other in [other for other in self._pools if other.is_closed()]:
                    del self._pools[other]  # closed without a shutdown of its generators
                self._pools[loop] = pool
            await anext(pool.closer)
        return pool

    async def _close_with_loop(self, loop: asyncio.AbstractEventLoop, pool: _Pool) -> AsyncGenerator[None, None]:
        """Close the pool when the event loop ends, since a loop then closes its suspended generators."""
        try:
            yield
        finally:
            with self._lock:
                if self._pools.get(loop) is pool:
                    del self._pools[loop]
            await pool.close()

    def load(self) -> ClientMaker:
        """Import the library and read the certificates, which the first request else does in a thread."""
        with self._lock:
            if self._made is None:
                maker = ClientMaker(self._name)
                warm_up(maker.library)
                self._made = maker
            return self._made


class _Connection(Reusable):
    """One httpx client that sends one request at a time, to one address.

    A client with many connections would check each of them at every request.
    """

    def __init__(self, maker: ClientMaker, url: str) -> None:
        super().__init__(address_of(url))
        self.client: AsyncClient = maker.make("AsyncClient", url)
        install(self.client, AsyncNetwork)


class _Pool:
    """The connections of one event loop. Among the idle ones, the longest idle comes first."""

    closer: AsyncGenerator[None, None]

    def __init__(self, limit: int) -> None:
        self._connections: set[_Connection] = set()
        self._idle: list[_Connection] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._retired = False
        self._queues = LeaseQueues(limit)

    async def lease(self, address: Address, ends: float, *, background: bool) -> Lease:
        """Wait for the right to a connection. `TimeoutError` if there is none before the loop's clock reads `ends`.

        background: whether it is one of the few for refreshes.
        """
        outer = await self._lease(address, ends, background=True) if background else None
        return await self._lease(address, ends, outer)

    async def _lease(
        self, address: Address, ends: float, outer: Lease | None = None, *, background: bool = False
    ) -> Lease:
        queue = self._queues.of(address, background=background)
        lease = Lease(queue, queue.give_back, outer)
        if queue.ask(lease):
            return lease
        given = asyncio.get_running_loop().create_future()
        lease.wake = lambda: None if given.done() else given.set_result(None)  # done if the task was cancelled
        try:
            async with asyncio.timeout_at(ends) as timeout:
                with _watch_wall_clock(timeout):
                    await given
        except BaseException:
            lease.give_back()
            raise
        return lease

    async def acquire(self, address: Address) -> _Connection | None:
        """Remove and return a fresh connection to the address, if there is one. Close all stale ones."""
        if stale := self._close_stale():
            await asyncio.wait(stale)
        # After the last await, where a cancellation would lose the connection.
        found = next((connection for connection in reversed(self._idle) if connection.address == address), None)
        if found is not None:
            self._idle.remove(found)
        return found

    async def use(self, connection: _Connection, send: Callable[[], Awaitable[Result[Reply]]]) -> Result[Reply]:
        """Send a request over a connection. Then keep it for the next request to its address, or close it."""
        self._connections.add(connection)
        reusable = False
        try:
            result = await send()
            reusable = isinstance(result, Ok) and is_reusable(connection.client)
        finally:
            if reusable and not self._retired:
                connection.mark_idle()
                self._idle.append(connection)
                self._reaper = self._reaper or self._reap_later()
            else:
                await asyncio.wait((self._close(connection),))
        return result

    async def retire(self) -> None:
        """Close the idle connections now, and the others when they are released."""
        self._retired = True
        while self._idle:
            self._close(self._idle.pop())
        await self._end()
        if self._closing:
            await asyncio.wait(self._closing)

    async def close(self) -> None:
        """Close all connections, in use or not."""
        for connection in list(self._connections):
            await self._shut(connection)

    def _close_stale(self) -> list[asyncio.Task[None]]:
        closing = []
        while self._idle and not self._idle[0].is_fresh():
            closing.append(self._close(self._idle.pop(0)))
        return closing

    def _reap_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(REAP_INTERVAL, self._reap)

    def _reap(self) -> None:
        self._close_stale()
        self._reaper = self._reap_later() if self._idle else None

    def _close(self, connection: _Connection) -> asyncio.Task[None]:
        """Close a connection in another task, which no caller cancels. The last one of a retired pool ends the pool."""
        task = asyncio.get_running_loop().create_task(self._shut_and_end(connection), name="cognito_raw close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    async def _shut_and_end(self, connection: _Connection) -> None:
        await self._shut(connection)
        await self._end()

    async def _shut(self, connection: _Connection) -> None:
        try:
            await connection.client.aclose()
        finally:
            self._connections.discard(connection)

    async def _end(self) -> None:
        if self._retired and not self._connections:
            await self.closer.aclose()


async def _send(
    client: AsyncClient, library: Library, request: Request, trust_store: TrustStore, ends: float, progress: Progress
) -> Result[Reply]:
    exchange = partial(_exchange, client, library, request, progress)
    try:
        async with asyncio.timeout_at(ends) as timeout:
            with _watch_wall_clock(timeout):
                return await trust_store.aretry_with_all_roots(exchange, progress.has_started)
    except Exception as error:
        if progress.is_of_program(error):
            raise
        is_late = type(error) is TimeoutError
        return Err("timed-out", TIMED_OUT, sent=progress.sent) if is_late else error_result(error, progress, library)
    finally:
        if progress.stream is not None and not progress.started:
            await progress.stream.aclose()  # httpx forgets one whose TLS handshake is cancelled


@contextmanager
def _watch_wall_clock(timeout: asyncio.Timeout) -> Iterator[None]:
    """End the time-out by the wall clock too. The loop's clock may stop while the process is suspended."""
    loop = asyncio.get_running_loop()
    resumed = time.time() + (timeout.when() or 0.0) - loop.time() + CLOCK_TOLERANCE
    timers: list[asyncio.TimerHandle] = []

    def check() -> None:
        if time.time() > resumed and not timeout.expired():
            timeout.reschedule(loop.time() + POLL_INTERVAL / 2)  # a response that came before is read first
        timers[:] = [loop.call_later(POLL_INTERVAL, check)]

    timers.append(loop.call_later(POLL_INTERVAL, check))
    try:
        yield
    finally:
        timers[0].cancel()


async def _exchange(client: Any, library: Library, request: Request, progress: Progress) -> Result[Reply]:
    body = Body()

    async def note(event: str, info: Mapping[str, Any]) -> None:
        progress.note(event, info)

    asked = request_of(request, client, library, progress, note)
    async with aclosing(await client.send(asked, stream=True, follow_redirects=False)) as response:
        # A hook of the caller's client may already have read the response.
        async for chunk in response.aiter_bytes() if response.is_stream_consumed else response.stream:
            if not body.add(chunk):
                break
    return body.reply(response.status_code, dict(response.headers.items()))


@cache
def warm_up(library: Library) -> None:
    """Import all that a first request in an event loop would import."""
    import anyio

    for name in _LATE_NAMES:
        getattr(anyio, name)
    anyio.abc.SocketAttribute  # noqa: B018
    import_module(library.__name__.replace("httpx", "httpcore"))
    anyio.run(anyio.sleep, 0, backend="asyncio")
    "localhost".encode("idna")  # as ssl does with the name of a host
