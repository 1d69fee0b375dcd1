"""Requests over httpx or httpx2 in sync programs.

Each connection has one httpx client and one address, and serves one request at a time. So it is known how long it was
idle. Its network of ours ends every wait at the deadline of the request.

A caller's own client bounds each read but not their sum, and the look-up of a host not at all. A server that sends a
byte a second would block a caller for hours. So its requests run in other threads, for which the caller waits until
the deadline.
"""

from __future__ import annotations

import sys

from ..call import Reply, Request
from ..concurrency.background import start_thread
from ..concurrency.signals import is_from_signal
from ..result import Err, Ok, Result, Sent
from .body import Body
from .certificates import TrustStore
from .httpx_client import ClientMaker, Progress, error_result, request_options
from .httpx_internals import install, is_reusable
from .httpx_network import Network
from .leases import Address
from .library import Library, LibraryName, SyncClient, checked_name, library_of
from .limits import MAX_CONNECTIONS, NONE_FREE, TIMED_OUT, timeout_of
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
        try:
            connection = self._connect(request, deadline)
        except TimeoutError as error:
            if is_from_signal(error):
                raise
            return Err("timed-out", NONE_FREE, sent="no")
        exchange = _Exchange(connection, request)
        try:
            result = exchange.result_before(deadline)
        except BaseException:
            exchange.abandon()
            raise
        if result is None:
            return Err("timed-out", TIMED_OUT, sent=exchange.abandon())
        self._pool.release(connection, reusable=exchange.reusable)
        return result

    def close(self) -> None:
        """Close idle connections, and those in use when their requests end. The next request opens a new one."""
        self._pool.close()

    def _connect(self, request: Request, deadline: Deadline) -> _Connection:
        address, limited = address_of(request.url), self._own is None
        return self._pool.connect(request, address, deadline, lambda: self._open(request.url), limited=limited)

    def _open(self, url: str) -> _Connection:
        if self._own is not None:
            return _Connection(self._own, self._library, address_of(url), TrustStore(None), owned=False)
        with self._pool.lock:
            if self._maker is None:
                self._maker = ClientMaker(self._name)
            maker = self._maker
        return _Connection(maker.make("Client", url), maker.library, address_of(url), maker.trust_store)


class _Connection(Connection):
    """One httpx client that sends one request at a time, to one address.

    owned: False if the client is the caller's, and its connections are not ours to close.
    """

    def __init__(
        self, client: SyncClient, library: Library, address: Address, trust_store: TrustStore, *, owned: bool = True
    ) -> None:
        super().__init__(address)
        self.client = client
        self.library = library
        self.trust_store = trust_store
        self.owned = owned
        self.current = CurrentDeadline()
        # A version of httpx may have no place for our network.
        self.keeps_deadlines = owned and install(client, lambda _: Network(self.current))

    def is_reusable(self) -> bool:
        """Return whether the next request can use it. A caller's own client decides by itself."""
        return not self.owned or is_reusable(self.client)

    def close(self) -> None:
        """Close the connection. In a fork, close only the fork's copy."""
        if self.owned:
            self.client.close()
        self.end_lease()


class _Exchange:
    """One request on one connection. It runs in a thread of its own if the connection keeps no deadlines.

    reusable: whether the connection may be used again.
    """

    def __init__(self, connection: _Connection, request: Request) -> None:
        self.progress = Progress(traced=connection.owned)
        self.reusable = False
        self._connection = connection
        self._request = request
        self._result: Result[Reply] | None = None
        self._raised: BaseException | None = None
        self._in_thread = self._finished = False

    def result_before(self, deadline: Deadline) -> Result[Reply] | None:
        """Return the result, or None if the deadline passes first."""
        self._connection.current.deadline = deadline
        # An interpreter that shuts down has no more threads. Then only httpx's own time-outs hold.
        self._in_thread = not (self._connection.keeps_deadlines or sys.is_finalizing())
        thread = start_thread(self._perform, "cognito_raw") if self._in_thread else None
        if thread is None:
            self._perform()
        else:
            deadline.join(thread)
        if self._raised is not None:
            raise self._raised
        return self._result

    def abandon(self) -> Sent:
        """Close the connection, now or at the end of the thread. Return whether the request may have been sent."""
        self.progress.abandoned = True
        if self._finished or not self._in_thread:  # else the thread sees the flag and closes it
            self._connection.close()
        return self.progress.sent

    def _perform(self) -> None:
        try:
            self._result = self._connection.trust_store.retry_with_all_roots(self._send, self.progress.has_started)
            # Here, since the caller's thread would compete with this one.
            self.reusable = isinstance(self._result, Ok) and self._connection.is_reusable()
        except Exception as error:
            if self.progress.is_of_program(error):
                raise
            self._result = error_result(error, self.progress, self._connection.library)
        except BaseException as error:
            self._raised = error  # raised by a hook of the caller's client, and so raised in the caller
        self._finished = True
        if self.progress.abandoned:
            self._connection.close()

    def _send(self) -> Result[Reply]:
        body = Body()
        trace = {"trace": self.progress.note}
        client = self._connection.client
        options = request_options(self._request, client, self._connection.library)
        with client.stream(**options, extensions=trace) as response:
            # A hook of the caller's client may already have read the response.
            for chunk in response.iter_bytes() if response.is_stream_consumed else response.iter_raw():
                if not body.add(chunk) or self.progress.abandoned:
                    break
        return body.reply(response.status_code, dict(response.headers.items()))
