"""Requests over httpx in blocking programs.

httpx bounds each read, not their sum, and the look-up of a host not at all: a server that sends a byte a second would
hold a caller for hours. So each request runs in another thread that the caller waits for until the deadline; its
connection is then shut, which ends the thread.

Each connection belongs to one client of httpx, leads to one address and is used by one request at a time, which tells
whose socket to shut and how long it lay idle. Its thread is kept for the next request, if that comes at once.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias

import httpx

from ..call import Reply, Request
from ..result import Err, Ok, Result, Sent
from .certificates import Trust
from .httpx_client import Progress, client_options, failure, options, usual_trust
from .limits import LONGEST_STEP, LOOK, TIMED_OUT, Body, seconds, set_up
from .pool import Idle, Line


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
        self._trust: Trust | None = None

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
        if isinstance(result, Ok):
            line.stream = exchange.progress.stream or line.stream
            self._idle.keep(line)
        else:
            line.close()
        return result

    def close(self) -> None:
        """Close the connections that lie idle; the next request opens a new one."""
        self._idle.close()

    def _take(self, url: str) -> _Line:
        line = self._idle.take(url)
        if line is None:
            line = self._line(url) if self._own is None else _Line(self._own, url, Trust(None), lent=True)
        return line

    def _line(self, url: str) -> _Line:
        with self._idle.lock():
            if self._trust is None:
                self._trust = usual_trust()
            trust = self._trust
        return _Line(set_up(lambda: httpx.Client(**client_options(trust))), url, trust)


class _Line(Line):
    """One client of httpx that makes one request at a time, to one address, and the thread that they run in.

    lent: whether the client is the caller's, whose connections are its own affair.
    """

    def __init__(self, client: httpx.Client, url: str, trust: Trust, *, lent: bool = False) -> None:
        super().__init__(url)
        self.client = client
        self.trust = trust
        self.stream: Any = None
        self._lent = lent
        self._worker: Worker | None = None

    def employ(self, act: Act) -> bool:
        """Have the thread of this line perform an act; False where there can be none."""
        if self._worker is not None and self._worker.take(act):
            return True
        try:
            self._worker = Worker(act)
        except RuntimeError:
            return False
        return True

    def cut(self, progress: Progress) -> None:
        """Shut the socket under a request that is still waiting, so that its thread ends."""
        stream = progress.stream or self.stream
        if self._lent or stream is None:
            return
        try:
            # Not close(): another thread may be reading, and the descriptor could become somebody else's. And not
            # the method of a TLS socket, which takes the encryption off before it shuts.
            socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Close the connection, or the copy of it that a fork has, which leaves the parent's alone."""
        if self._worker is not None:
            self._worker.end()
        if not self._lent:
            self.client.close()


class _Exchange:
    """One request on one line, in the line's thread."""

    def __init__(self, line: _Line, request: Request) -> None:
        self.progress = Progress()
        self._line = line
        self._request = request
        self._result: Result[Reply] | None = None
        self._raised: BaseException | None = None
        self._over = False
        self._done = threading.Lock()
        self._done.acquire()

    def within(self, seconds: float) -> Result[Reply] | None:
        """The result, or None if it is not there in time."""
        ends, thawed = time.monotonic() + seconds, time.time() + seconds + LONGEST_STEP
        # Where there are no more threads, as when the interpreter shuts down, httpx's own limits must do.
        if not sys.is_finalizing() and self._line.employ(partial(copy_context().run, self._perform)):
            self._wait(ends, thawed)
        else:
            self._perform()
        if self._raised is not None:
            raise self._raised
        return self._result

    def _wait(self, ends: float, thawed: float) -> None:
        """Wait for the end until the deadline by either clock: that of timers may stop in a frozen process."""
        while (left := ends - time.monotonic()) > 0 and not self._done.acquire(timeout=min(left, LOOK)):
            if time.time() > thawed:  # by now, what had arrived before the frost has been read
                return

    def abandon(self) -> Sent:
        """Have the thread end soon, and its connection with it. Gives whether the request may have been sent."""
        self.progress.abandoned = True
        self._line.cut(self.progress)
        if self._over:  # else the thread closes it, having seen the flag
            self._line.close()
        return self.progress.sent

    def _perform(self) -> None:
        try:
            self._result = self._line.trust.through(self._send, self.progress.has_left)
        except Exception as error:
            self._result = failure(error, self.progress)
        except BaseException as error:
            self._raised = error  # a hook of the caller's client wants out: it is the caller who must hear of it
        self._over = True
        if self.progress.abandoned:
            self._line.close()
        self._done.release()

    def _send(self) -> Result[Reply]:
        body = Body()
        trace = {"trace": self.progress.note}
        with self._line.client.stream(**options(self._request), extensions=trace) as response:
            # A hook of the caller's client may have read it already.
            for chunk in response.iter_bytes() if response.is_stream_consumed else response.iter_raw():
                if not body.add(chunk) or self.progress.abandoned:
                    break
        return body.reply(response.status_code, dict(response.headers.items()))


Act: TypeAlias = Callable[[], object]

# Seconds that a thread waits for its next act: a sign-in's second request follows its first within milliseconds.
LINGER: Final = 0.5


class Worker:
    """Performs acts in a thread of its own, one after the other, until none comes for a moment.

    act: the first one. An act must not raise. `RuntimeError` where there can be no more threads. The thread holds up
    no process that ends, and is not there in a fork.
    """

    def __init__(self, act: Act) -> None:
        self._acts: SimpleQueue[Act | None] = SimpleQueue()
        self._acts.put(act)
        self._ending = False
        threading.Thread(target=self._run, name="cognito_raw", daemon=True).start()

    def take(self, act: Act) -> bool:
        """Perform this one too; False if the thread has ended, and then it never will. For one caller at a time."""
        self._acts.put(act)
        # Where the thread ends at this very moment, one of the two finds the act.
        return not self._ending or self._next(0) is None

    def end(self) -> None:
        """Have the thread end once it has performed what it was given."""
        self._acts.put(None)

    def _run(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        # A method of its own, so that nothing of an act is kept while the next one is waited for.
        act = self._next(LINGER)
        if act is None:
            self._ending = True
            act = self._next(0)
        if act is not None:
            act()
        return act is not None

    def _next(self, seconds: float) -> Act | None:
        try:
            return self._acts.get(timeout=seconds)
        except Empty:
            return None
