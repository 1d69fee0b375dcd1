"""Requests over httpx in blocking programs.

httpx bounds each read, not their sum, and the look-up of a host not at all: a server that sends a byte a second would
hold a caller for hours. So each request runs in a thread of its own that the caller waits for until the deadline;
its connection is then shut, which ends the thread.

Each connection belongs to one client of httpx, leads to one address and is used by one request at a time, which tells
whose socket to shut and how long it lay idle.
"""

from __future__ import annotations

import socket
import threading
import time
from contextvars import copy_context
from typing import Any

import httpx

from ..call import Reply, Request
from ..result import Err, Result, Sent
from .httpx_rules import Progress, client_options, failure, options
from .idle import Idle, Line
from .rules import LONGEST_STEP, LOOK, TIMED_OUT, Body, seconds, set_up


class HttpxTransport:
    """Sends requests over httpx, many threads at once.

    client: an `httpx.Client` of your own, for proxies, certificates or instrumentation. It is yours to close, and how
    long its connections may idle, what cookies it keeps and what becomes of it in a fork are its own affair. Since
    its connections are not ours to shut, a request whose deadline passed may go on in its thread until its next byte.
    Without one, connections are made as needed and kept for some seconds.
    """

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._own = client
        self._idle: Idle[_Line] = Idle()
        self._context: Any = None

    def send(self, request: Request) -> Result[Reply]:
        """Send one request; `request.timeout` bounds everything, from the look-up of the host to the last byte."""
        line = self._take(request.url)
        exchange = _Exchange(line, request)
        try:
            result = exchange.within(seconds(request))
        except BaseException:
            exchange.abandon()
            raise
        if result is None:
            return Err("timed-out", TIMED_OUT, sent=exchange.abandon())
        self._give_back(line, exchange.progress)
        return result

    def close(self) -> None:
        """Close the connections that lie idle; the next request opens a new one."""
        self._idle.close()

    def _take(self, url: str) -> _Line:
        if self._own is not None:
            return _Line(self._own, url, lent=True)
        return self._idle.take(url) or _Line(self._client(), url)

    def _give_back(self, line: _Line, progress: Progress) -> None:
        if not line.lent:
            line.stream = progress.stream or line.stream
            self._idle.keep(line)

    def _client(self) -> httpx.Client:
        with self._idle.lock():
            if self._context is None:
                self._context = set_up(httpx.create_ssl_context)
        limits = httpx.Limits(max_connections=1)
        return set_up(lambda: httpx.Client(verify=self._context, limits=limits, **client_options()))


class _Line(Line):
    """One client of httpx with at most one connection, for one address."""

    def __init__(self, client: httpx.Client, url: str, *, lent: bool = False) -> None:
        super().__init__(url)
        self.client = client
        self.lent = lent
        self.stream: Any = None

    def cut(self, progress: Progress) -> None:
        """Shut the socket under a request that is still waiting, so that its thread ends."""
        stream = progress.stream or self.stream
        if self.lent or stream is None:
            return
        try:
            # Not close(): another thread may be reading, and the descriptor could become somebody else's. And not
            # the method of a TLS socket, which takes the encryption off before it shuts.
            socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Close the connection, or the copy of it that a fork has, which leaves the parent's alone."""
        if not self.lent:
            self.client.close()


class _Exchange:
    """One request on one line, in its own thread."""

    def __init__(self, line: _Line, request: Request) -> None:
        self.progress = Progress()
        self._line = line
        self._request = request
        self._result: Result[Reply] | None = None
        self._raised: BaseException | None = None
        self._over = False

    def within(self, seconds: float) -> Result[Reply] | None:
        """The result, or None if it is not there in time."""
        thread = threading.Thread(target=copy_context().run, args=(self._perform,), name="cognito_raw", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, as when the interpreter shuts down: httpx's own limits must do
            self._perform()
        else:
            _wait_for(thread, seconds)
        if self._raised is not None:
            raise self._raised
        return self._result

    def abandon(self) -> Sent:
        """Have the thread end soon, and its connection with it. Gives whether the request may have been sent."""
        self.progress.abandoned = True
        self._line.cut(self.progress)
        if self._over:  # else the thread closes it, having seen the flag
            self._line.close()
        return self.progress.sent

    def _perform(self) -> None:
        try:
            self._result = self._send()
        except Exception as error:
            self._result = failure(error, self.progress)
        except BaseException as error:
            self._raised = error  # a hook of the caller's client wants out: it is the caller who must hear of it
        self._over = True
        if self.progress.abandoned:
            self._line.close()

    def _send(self) -> Result[Reply]:
        body = Body()
        trace = {"trace": self.progress.note}
        with self._line.client.stream(**options(self._request), extensions=trace) as response:
            # A hook of the caller's client may have read it already.
            for chunk in response.iter_bytes() if response.is_stream_consumed else response.iter_raw():
                if not body.add(chunk) or self.progress.abandoned:
                    break
        return body.reply(response.status_code, dict(response.headers.items()))


def _wait_for(thread: threading.Thread, seconds: float) -> None:
    """Wait for its end until the deadline by either clock: the one that timers go by may stop in a frozen process."""
    ends, thawed = time.monotonic() + seconds, time.time() + seconds + LONGEST_STEP
    while (left := ends - time.monotonic()) > 0 and thread.is_alive():
        thread.join(min(left, LOOK))
        if time.time() > thawed:  # by now, what had arrived before the frost has been read
            return
