"""Our transports, sync and async, behind one interface, and a check that they leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, Protocol

import pytest

from cognito_raw import AsyncHttpxTransport, Err, HttpxTransport, Ok, Reply, Request, Result, StandardTransport
from cognito_raw.transport.library import LibraryName
from tests.support.deadlines import wait_until
from tests.support.hostile import Peer, Server, echoing, serving
from tests.support.libraries import LIBRARIES
from tests.support.threads import living

PROXIES: Final = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def post(
    url: str, body: bytes = b"{}", *, within: float = 60.0, headers: Mapping[str, str] = MappingProxyType({})
) -> Request:
    """A request such as a client makes."""
    return Request(url, headers, body, within)


def body_of(result: Result[Reply]) -> bytes:
    """The body of the reply that must have come."""
    assert isinstance(result, Ok), result
    return result.value.body


def summary(result: Result[Reply]) -> tuple[str, str]:
    """The reason and `sent` of a failure; of a reply, its status as text and "yes"."""
    if isinstance(result, Err):
        return result.reason, result.sent
    return str(result.value.status), "yes"


class Sender(Protocol):
    """Sends without `await`, whatever it is inside."""

    def send(self, request: Request) -> Result[Reply]: ...

    def send_all(self, requests: list[Request]) -> list[Result[Reply]]: ...

    def begin(self, request: Request, until: Callable[[], bool]) -> Callable[[], Result[Reply]]:
        """Send a request until that is so. What is returned waits for its result."""
        ...

    def close(self) -> None: ...


class _InThreads:
    """Sends several requests at once, each in a thread."""

    transport: HttpxTransport | StandardTransport

    def send(self, request: Request) -> Result[Reply]:
        return self.transport.send(request)

    def send_all(self, requests: list[Request]) -> list[Result[Reply]]:
        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(self.transport.send, requests))

    def begin(self, request: Request, until: Callable[[], bool]) -> Callable[[], Result[Reply]]:
        threads = ThreadPoolExecutor(1)
        begun = threads.submit(self.transport.send, request)
        threads.shutdown(wait=False)
        assert wait_until(until)
        return begun.result

    def close(self) -> None:
        self.transport.close()


class BlockingSender(_InThreads):
    """`HttpxTransport` as it is; with options, over a client of the caller's own that has them."""

    library: LibraryName = LIBRARIES[0]

    def __init__(self, **options: Any) -> None:
        self.own = import_module(self.library).Client(**options) if options else None
        self.transport = HttpxTransport(self.own, library=self.library)

    def close(self) -> None:
        super().close()
        if self.own is not None:
            assert not self.own.is_closed
            self.own.close()


class AsyncSender:
    """`AsyncHttpxTransport`, each of whose requests is run to its end in one event loop."""

    library: LibraryName = LIBRARIES[0]

    def __init__(self, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.own = import_module(self.library).AsyncClient(**options) if options else None
        self.transport = AsyncHttpxTransport(self.own, library=self.library)

    def send(self, request: Request) -> Result[Reply]:
        return self.runner.run(self.transport.send(request))

    def send_all(self, requests: list[Request]) -> list[Result[Reply]]:
        async def together() -> list[Result[Reply]]:
            return await asyncio.gather(*map(self.transport.send, requests))

        return self.runner.run(together())

    def begin(self, request: Request, until: Callable[[], bool]) -> Callable[[], Result[Reply]]:
        begun = self.runner.get_loop().create_task(self.transport.send(request))
        assert self.runner.run(asyncio.to_thread(wait_until, until))
        return lambda: self.runner.run(asyncio.wait_for(begun, None))

    def close(self) -> None:
        self.runner.run(self.transport.aclose())
        if self.own is not None:
            assert not self.own.is_closed
            self.runner.run(self.own.aclose())
        self.runner.close()


class OtherSender(BlockingSender):
    """The same over the other library, where both are at hand."""

    library = LIBRARIES[-1]


class OtherAsyncSender(AsyncSender):
    """The same with `await`."""

    library = LIBRARIES[-1]


class StandardSender(_InThreads):
    """`StandardTransport`; with `verify`, over a TLS context of the caller's own."""

    def __init__(self, verify: ssl.SSLContext | None = None) -> None:
        self.transport = StandardTransport(verify)


Sending = Callable[..., Sender]
HTTPX_SENDERS: Final[tuple[Sending, ...]] = (BlockingSender, AsyncSender)
SENDERS: Final[tuple[Sending, ...]] = (*HTTPX_SENDERS, StandardSender)
OTHER_SENDERS: Final[tuple[Sending, ...]] = (OtherSender, OtherAsyncSender) if LIBRARIES[1:] else ()
EVERY_SENDER: Final = (*SENDERS, *OTHER_SENDERS)
"""For tests of behaviour that differs by library."""


@contextmanager
def closing_sender(make: Sending, **options: Any) -> Iterator[Sender]:
    """A sender that is closed at the end."""
    sender = make(**options)
    try:
        yield sender
    finally:
        sender.close()


def workers() -> list[threading.Thread]:
    """The threads in which the sync transport sends requests."""
    return [thread for thread in living() if thread.name == "cognito_raw"]


@contextmanager
def surroundings(values: Mapping[str, str | None]) -> Iterator[None]:
    """The environment with these variables, in capitals as in small letters; without those that are None."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
            if value is not None:
                patch.setenv(name, value)
        yield


@contextmanager
def leaving_nothing() -> Iterator[None]:
    """Without proxies of the surroundings; at the end no thread of ours runs, and no socket was forgotten.

    A forgotten socket warns when it is collected, and warnings are errors.
    """
    with surroundings(dict.fromkeys(PROXIES)):
        yield
    assert wait_until(lambda: not workers(), 5.0), workers()
    gc.collect()


@contextmanager
def handshakes(tls: ssl.SSLContext) -> Iterator[Server]:
    """A server under TLS that counts its connections before their handshakes."""

    async def relay(peer: Peer) -> None:
        await peer.relay(f"127.0.0.1:{behind.port}")

    with serving(echoing, tls) as behind, serving(relay) as server:
        yield server
