"""One manner of calling for sync and async, so that a test is written once and run in each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    Client,
    Config,
    HttpxTransport,
    Session,
    StandardTransport,
    State,
)
from cognito_raw.auth import SessionAuth
from cognito_raw.session.account import AsyncAccount
from tests.support.libraries import httpx


class Mode(Protocol):
    """Makes sessions and clients whose methods are called without `await`, whatever they are inside."""

    kind: type[Session | AsyncSession]

    def session(self, config: Config, *, state: State | None = None, transport: Any = None, **options: Any) -> Any: ...

    def made(self, session: Session | AsyncSession) -> Any: ...

    def client(self, config: Config, *, transport: Any = None) -> Any: ...

    def auth_flow(self, session: Any, request: httpx.Request) -> Callable[[Any], httpx.Request | None]: ...

    def rest(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class Sync:
    """`Session` and `Client` as they are."""

    kind: type[Session | AsyncSession] = Session

    def __init__(self) -> None:
        self._transport: HttpxTransport | StandardTransport = HttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None, **options: Any) -> Any:
        return Session(config, state=state, transport=transport or self._transport, **options)

    def made(self, session: Session | AsyncSession) -> Any:
        """The session, which the test has made itself."""
        return session

    def client(self, config: Config, *, transport: Any = None) -> Any:
        return Client(config, transport=transport or self._transport)

    def auth_flow(self, session: Any, request: httpx.Request) -> Callable[[Any], httpx.Request | None]:
        """Steps through `SessionAuth`: call it with None, then with each response; None is its end."""
        flow = SessionAuth(session).sync_auth_flow(request)
        return lambda response: _next(lambda: flow.send(response))

    def rest(self, seconds: float) -> None:
        """Do nothing for a while, in which what runs beside goes on."""
        time.sleep(seconds)

    def close(self) -> None:
        self._transport.close()


class Async:
    """`AsyncSession` and `AsyncClient`, each of whose methods is run to its end in one event loop."""

    kind: type[Session | AsyncSession] = AsyncSession

    def __init__(self, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
        self._runner = asyncio.Runner(loop_factory=loop_factory)
        self._run = self._runner.get_loop().run_until_complete  # a runner would set a signal's handler each time
        self._transport = AsyncHttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None, **options: Any) -> Any:
        session = AsyncSession(config, state=state, transport=transport or self._transport, **options)
        return self.made(session)

    def made(self, session: Session | AsyncSession) -> Any:
        """The same for a session that the test has made itself."""
        assert isinstance(session, AsyncSession)
        return _Awaited(session, self._run)

    def client(self, config: Config, *, transport: Any = None) -> Any:
        return _Awaited(AsyncClient(config, transport=transport or self._transport), self._run)

    def auth_flow(self, session: Any, request: httpx.Request) -> Callable[[Any], httpx.Request | None]:
        """Steps through `SessionAuth`, as above."""
        flow = SessionAuth(session.wrapped).async_auth_flow(request)
        return lambda response: _next(lambda: self._run(flow.asend(response)))

    def rest(self, seconds: float) -> None:
        """Do nothing for a while, in which the loop runs on."""
        self._run(asyncio.sleep(seconds))

    def close(self) -> None:
        self._run(self._transport.aclose())
        self._runner.close()


def _next(step: Callable[[], httpx.Request]) -> httpx.Request | None:
    try:
        return step()
    except (StopIteration, StopAsyncIteration):
        return None


class _Awaited:
    def __init__(
        self, wrapped: AsyncSession | AsyncClient | AsyncAccount, run: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self.wrapped = wrapped
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.wrapped, name)
        if name == "account":
            return _Awaited(found, self._run)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._run(found(*args, **kwargs))


class Standard(Sync):
    """`Session` over the standard library."""

    def __init__(self) -> None:
        self._transport = StandardTransport()


MODES = (Sync, Async)
