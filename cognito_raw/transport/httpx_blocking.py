"""Requests over httpx or httpx2 in sync programs.

Each connection has one httpx client and one address, and serves one request at a time. So it is known how long it was
idle. Its network of ours ends every wait at the deadline of the request.

A caller's own client bounds each read but not their sum, and the look-up of a host not at all. A server that sends a
byte a second would block a caller for hours. So its requests run in other threads, for which the caller waits until
the deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from ..call import Reply, Request
from ..concurrency.background import join_or_start
from ..concurrency.signals import is_from_signal
from ..result import Err, Ok, Result
from .body import Body
from .certificates import TrustStore
from .httpx_client import ClientMaker, Progress, error_result, request_of
from .httpx_internals import install, is_reusable
from .httpx_network import Network
from .library import Library, LibraryName, SyncClient, checked_name, library_of
from .limits import MAX_CONNECTIONS, NONE_FREE, POLL_INTERVAL, TIMED_OUT, timeout_of
from .pool import Connection, Pool, address_of
from .sockets import CurrentDeadline, Deadline


class HttpxTransport:
    """Sends requests over httpx or httpx2, from many threads at once.

    client: your own `Client` of httpx or httpx2, for proxies, certificates or instrumentation. You close it. It also
        decides on its idle connections, its cookies and its use after a fork. Its connections are not shut down at the
        deadline: a late request may continue in its thread until the next byte. Without a client, connections are
        opened as needed and kept for some seconds.
    limit: how many connections to one address calls may use at the same time, without a client of yours. A call that
        waits for one keeps its deadline. Public documents, such as key sets, do not wait.
    library: "httpx" or "httpx2", without a client of yours. If httpx is not installed, it is httpx2.
    """

    def __init__(
        self, client: SyncClient | None = None, *, limit: int = MAX_CONNECTIONS, library: LibraryName = "httpx"
    ) -> None:
        self._own = client
        self._library = library_of(client, "Client")
        self._name: LibraryName = checked_name(library)
        self._pool: Pool[_Connection] = Pool(limit)
        self._maker: ClientMaker | None = None

    def send(self, request: Request) -> Result[Reply]:
        """Send one request. `request.timeout` bounds everything, from the host's look-up to the last byte."""
        deadline = Deadline(timeout_of(request))
        if self._own is not None:
            progress = Progress(traced=False)
            send = partial(_send, self._own, self._library, request, TrustStore(None), progress)
            return _send_in_thread(send, progress, deadline)
        try:
            connection = self._pool.connect(request, address_of(request.url), deadline, lambda: self._open(request.url))
        except TimeoutError as error:
            if is_from_signal(error):
                raise
            return Err("timed-out", NONE_FREE, sent="no")
        return self._send_over(connection, request, deadline)

    def close(self) -> None:
        """Close idle connections, and those in use when their requests end. The next request opens a new one."""
        self._pool.close()

    def _open(self, url: str) -> _Connection:
        with self._pool.lock:
            if self._maker is None:
                self._maker = ClientMaker(self._name)
            maker = self._maker
        return _Connection(maker, url)

    def _send_over(self, connection: _Connection, request: Request, deadline: Deadline) -> Result[Reply]:
        maker, progress = connection.maker, Progress(traced=True)
        send = partial(_send, connection.client, maker.library, request, maker.trust_store, progress)
        if not connection.keeps_deadlines:
            return _send_in_thread(send, progress, deadline, partial(self._pool.release, connection, reusable=False))
        connection.current.deadline = deadline
        reusable = False
        try:
            result = send()
            reusable = isinstance(result, Ok) and is_reusable(connection.client)
        finally:
            self._pool.release(connection, reusable=reusable)
        return result


class _Connection(Connection):
    """One httpx client that sends one request at a time, to one address."""

    def __init__(self, maker: ClientMaker, url: str) -> None:
        super().__init__(address_of(url))
        self.maker = maker
        self.client: SyncClient = maker.make("Client", url)
        self.current = CurrentDeadline()
        # A version of httpx may have no place for our network.
        self.keeps_deadlines = install(self.client, lambda _: Network(self.current))

    def close(self) -> None:
        self.client.close()


def _send_in_thread(
    send: Callable[[], Result[Reply]], progress: Progress, deadline: Deadline, close: Callable[[], object] | None = None
) -> Result[Reply]:
    """Return the result of `send`, or an `Err` if the deadline passes first. The thread then ends later.

    close: called at the end of `send`.
    """
    # An interpreter that shuts down has no more threads. Then only httpx's own time-outs hold.
    task = join_or_start(send, send)
    if close is not None:
        task.call_when_done(close)
    try:
        while not task.done:
            task.wait(min(deadline.remaining(), POLL_INTERVAL))
    except BaseException as error:
        progress.abandoned = True
        if not isinstance(error, TimeoutError) or is_from_signal(error):
            raise
        return Err("timed-out", TIMED_OUT, sent=progress.sent)
    if task.thread is not None:
        task.thread.join()
    return task.value()


def _send(
    client: SyncClient, library: Library, request: Request, trust_store: TrustStore, progress: Progress
) -> Result[Reply]:
    exchange = partial(_exchange, client, library, request, progress)
    try:
        return trust_store.retry_with_all_roots(exchange, progress.has_started)
    except Exception as error:
        if progress.is_of_program(error):
            raise
        return error_result(error, progress, library)


def _exchange(client: Any, library: Library, request: Request, progress: Progress) -> Result[Reply]:
    body, asked = Body(), request_of(request, client, library, progress, progress.note)
    with closing(client.send(asked, stream=True, follow_redirects=False)) as response:
        # A hook of the caller's client may already have read the response.
        for chunk in response.iter_bytes() if response.is_stream_consumed else response.stream:
            if not body.add(chunk) or progress.abandoned:
                break
    return body.reply(response.status_code, dict(response.headers.items()))
