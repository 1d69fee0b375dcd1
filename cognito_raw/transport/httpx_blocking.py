"""Requests over httpx or httpx2 in sync programs.

Each connection has one httpx client and one address, and serves one request at a time. So it is known how long it was
idle.

httpx bounds each read but not their sum, and the look-up of a host not at all. A server that sends a byte a second
would block a caller for hours. So our own clients have a network of ours, which ends every wait at the deadline of the
request. Errors of its sockets pass through httpx as they are. Requests over a caller's own client run in other threads,
for which the caller waits until the deadline.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from ..call import Reply, Request
from ..concurrency.background import join_or_start
from ..concurrency.locks import is_from_signal
from ..result import Err, Ok, Result
from .addresses import connect
from .body import Body
from .certificates import NO_TRUST_STORE, TrustStore
from .httpx_client import ClientMaker, Progress, request_of
from .httpx_internals import PART, ReplyWatch, install, is_reusable
from .library import Library, LibraryName, SyncClient, checked_name, library_of
from .limits import MAX_CONNECTIONS, NONE_FREE, POLL_INTERVAL, TIMED_OUT, timeout_of
from .pool import Connection, Pool, address_of
from .sockets import CurrentDeadline, Deadline
from .tls import start_tls


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
            send = partial(_send, self._own, self._library, request, NO_TRUST_STORE, progress)
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

        def exchange() -> tuple[Result[Reply], bool]:
            result = send()
            return result, isinstance(result, Ok) and is_reusable(connection.client)

        return self._pool.use(connection, exchange)


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
        try:
            from .httpx_errors import error_result  # here: a request that succeeds does not need it
        except ImportError as shutdown:  # an interpreter that shuts down imports nothing
            return Err("unknown-error", str(shutdown), sent=progress.sent)
        return error_result(error, progress, library)


def _exchange(client: Any, library: Library, request: Request, progress: Progress) -> Result[Reply]:
    body, asked = Body(), request_of(request, client, library, progress, progress.note)
    with closing(client.send(asked, stream=True, follow_redirects=False)) as response:
        # A hook of the caller's client may already have read the response.
        for chunk in response.iter_bytes() if response.is_stream_consumed else response.stream:
            if not body.add(chunk) or progress.abandoned:
                break
    return body.reply(response.status_code, dict(response.headers.items()))


class Stream:
    """A connection as httpx wants it, under our watch.

    sock: a socket, plain or under TLS once or twice. current: has the deadline of the present request.
    """

    def __init__(self, sock: Any, current: CurrentDeadline) -> None:
        self._socket = sock
        self._current = current
        self._encrypted = hasattr(sock, "pending")
        self._unsent = b""
        self._watch = ReplyWatch(sock, encrypted=self._encrypted)

    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        if self._unsent:
            self._flush()
        data: bytes = self._current.wait(partial(self._socket.recv, max_bytes), self._socket)
        self._watch.receive(data)
        return data

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        """Send bytes, the headers and the body of a request at once. httpx writes no bytes where a request ends."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > PART:
            self._flush()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, b""
        try:
            for part in self._watch.parts(unsent):
                self._send(part)
        except OSError as error:
            if isinstance(error, TimeoutError) or is_from_signal(error):
                raise
            self._watch.early = True  # closed, perhaps after a reply: httpx reads it, or finds the end

    def _send(self, data: bytes) -> None:
        while data:
            data = data[self._current.wait(partial(self._socket.send, data), self._socket) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str, *_: Any, **__: Any) -> Stream:
        """Return the connection under TLS, with the host's name verified. Close it if that fails."""
        start: Any = start_tls
        if self._encrypted:
            from .tls_in_tls import TLSInTLS  # here: only an encrypted proxy needs it

            start = TLSInTLS
        return Stream(start(self._socket, server_hostname, ssl_context, self._current.wait), self._current)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpx asks for by name."""
        if info == "is_readable":  # asked twice for each request
            return self._watch.is_readable()
        if info == "ssl_object":
            return self._socket if self._encrypted else None
        return {"socket": lambda: self._socket, "server_addr": self._socket.getpeername}.get(info, lambda: None)()

    def is_quiet(self) -> bool:
        """Return whether nothing is left in the buffers of TLS, and no reply came too early.

        httpx itself looks at the socket before each request.
        """
        return not (self._watch.early or (self._encrypted and self._socket.pending()))


class Network:
    """Opens connections for httpx.

    current: has the deadline of the present request.
    """

    def __init__(self, current: CurrentDeadline) -> None:
        self._current = current

    def connect_tcp(self, host: str, port: int, **_: Any) -> Stream:
        return Stream(connect(host, port, self._current.deadline.remaining), self._current)
