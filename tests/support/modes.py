"""One manner of calling for sync and async, so that a test is written once and run in each."""

from __future__ import annotations

import asyncio
import time
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


class Mode(Protocol):
    """Makes sessions and clients whose methods are called without `await`, whatever they are inside."""

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any: ...

    def client(self, config: Config, *, transport: Any = None) -> Any: ...

    def rest(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class Sync:
    """`Session` and `Client` as they are."""

    def __init__(self) -> None:
        self._transport: HttpxTransport | StandardTransport = HttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any:
        return Session(config, state=state, transport=transport or self._transport)

    def client(self, config: Config, *, transport: Any = None) -> Any:
        return Client(config, transport=transport or self._transport)

    def rest(self, seconds: float) -> None:
        """Do nothing for a while, in which what runs beside goes on."""
        time.sleep(seconds)

    def close(self) -> None:
        self._transport.close()


class Async:
    """`AsyncSession` and `AsyncClient`, each of whose methods is run to its end in one event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._transport = AsyncHttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any:
        return _Awaited(AsyncSession(config, state=state, transport=transport or self._transport), self._runner)

    def client(self, config: Config, *, transport: Any = None) -> Any:
        return _Awaited(AsyncClient(config, transport=transport or self._transport), self._runner)

    def rest(self, seconds: float) -> None:
        """Do nothing for a while, in which the loop runs on."""
        self._runner.run(asyncio.sleep(seconds))

    def close(self) -> None:
        self._runner.run(self._transport.aclose())
        self._runner.close()


class _Awaited:
    def __init__(self, face: AsyncSession | AsyncClient, runner: asyncio.Runner) -> None:
        self._face = face
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._face, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._runner.run(found(*args, **kwargs))


class Standard(Sync):
    """`Session` over the standard library."""

    def __init__(self) -> None:
        self._transport = StandardTransport()


MODES = (Sync, Async)
