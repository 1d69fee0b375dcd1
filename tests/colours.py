"""One manner of calling for both colours, so that a test is written once and run in each."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from cognito_raw import AsyncHttpxTransport, AsyncSession, Config, HttpxTransport, Session, StandardTransport, State


class Colour(Protocol):
    """Makes sessions whose methods are called without `await`, whatever they are inside."""

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any: ...

    def close(self) -> None: ...


class Blocking:
    """`Session` as it is."""

    def __init__(self) -> None:
        self._transport: HttpxTransport | StandardTransport = HttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any:
        return Session(config, state=state, transport=transport or self._transport)

    def close(self) -> None:
        self._transport.close()


class Asynchronous:
    """`AsyncSession`, each of whose methods is run to its end in one event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._transport = AsyncHttpxTransport()

    def session(self, config: Config, *, state: State | None = None, transport: Any = None) -> Any:
        return _Awaited(AsyncSession(config, state=state, transport=transport or self._transport), self._runner)

    def close(self) -> None:
        self._runner.run(self._transport.aclose())
        self._runner.close()


class _Awaited:
    def __init__(self, session: AsyncSession, runner: asyncio.Runner) -> None:
        self._session = session
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._runner.run(found(*args, **kwargs))


class Standard(Blocking):
    """`Session` over the standard library."""

    def __init__(self) -> None:
        self._transport = StandardTransport()


COLOURS = (Blocking, Asynchronous)
