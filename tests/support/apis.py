"""APIs that take a bearer token, on this machine, and callers of both kinds behind one manner of asking."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, Protocol

from cognito_raw import AsyncSession, Reply, Request, Result, Session, State
from tests.support.conversation import NOW, Clock, answered, authentication_result, configured, signed_in, tokens
from tests.support.hostile import Behaviour, Peer, Received, Server, reply
from tests.support.libraries import MODULES, httpx

Hook = Callable[[], Any]


class Pool:
    """A user pool that answers every refresh with new tokens, and counts; or with what it is told."""

    def __init__(self, answer: Result[Reply] | None = None) -> None:
        self.refreshes = 0
        self._answer = answer

    def send(self, request: Request) -> Result[Reply]:
        if request.headers["X-Amz-Target"].endswith("RevokeToken"):
            return answered({})
        self.refreshes += 1
        return self._answer if self._answer is not None else answered(authentication_result(n=self.refreshes + 1))


class _AsyncPool:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def send(self, request: Request) -> Result[Reply]:
        await asyncio.sleep(0)
        return self._pool.send(request)


def bearer(n: int = 1) -> str:
    """The header with the ID token of the n-th tokens."""
    return f"Bearer {tokens(n=n).id_token.jwt}"


def asking(location: str | None = None, *, status: int = 302, accepted: int = 1) -> Behaviour:
    """An API that takes the n-th tokens and later ones; with a location, its path "/away" redirects there."""

    def answer(received: Received) -> bytes:
        if location is not None and received.line.split()[1] == "/away":
            return reply(b"", status, f"Location: {location}")
        header = received.headers.get("authorization", "")
        if header in [bearer(n) for n in range(accepted, accepted + 5)]:
            return reply(received.body)
        return reply(b"who are you?", 401, "WWW-Authenticate: Bearer")

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            await peer.send(answer(received))

    return behaviour


def seen_by(server: Server) -> list[str | None]:
    """The Authorization headers of all the requests that the server had."""
    return [received.headers.get("authorization") for received in server.received]


class Caller(Protocol):
    """A session, and requests of an httpx client, without `await` whatever they are inside."""

    library: Any
    session: Any
    other: Any

    def ask(self, auth: httpx.Auth, method: str, url: str, *, hook: Hook | None = None, **options: Any) -> Any: ...

    def send(self, auth: httpx.Auth, request: Any, **options: Any) -> Any: ...

    def run(self, made: Any) -> Any: ...

    def stream(self, *parts: bytes) -> Any: ...

    def close(self) -> None: ...


_CLIENT: Final[dict[str, Any]] = {"trust_env": False, "timeout": 60.0}


class BlockingCaller:
    """`httpx.Client` and `Session`."""

    library: Any = MODULES[0]

    def __init__(self, pool: Pool, state: State | None = None, *, at: float = NOW) -> None:
        config = configured(clock=Clock(at))
        self.session = Session(config, state=state or signed_in(), transport=pool)
        self.other = AsyncSession(config, state=state, transport=_AsyncPool(pool))

    def ask(
        self, auth: httpx.Auth, method: str, url: str, *, hook: Hook | None = None, client: Any = None, **options: Any
    ) -> Any:
        """hook: is called with every response that comes; client: the settings of the client."""
        hooks: Any = {"response": [lambda _: hook()] if hook else []}
        with self.library.Client(auth=auth, event_hooks=hooks, **{**_CLIENT, **(client or {})}) as opened:
            return opened.request(method, url, **options)

    def send(self, auth: httpx.Auth, request: Any, **options: Any) -> Any:
        with self.library.Client(auth=auth, **_CLIENT) as opened:
            return opened.send(request, **options)

    def run(self, made: Any) -> Any:
        return made

    def stream(self, *parts: bytes) -> Iterator[bytes]:
        yield from parts

    def close(self) -> None:
        """Nothing is open."""


class AsyncCaller:
    """`httpx.AsyncClient` and `AsyncSession`, in one event loop."""

    library: Any = MODULES[0]

    def __init__(self, pool: Pool, state: State | None = None, *, at: float = NOW) -> None:
        self._runner = asyncio.Runner()
        config = configured(clock=Clock(at))
        self.session = AsyncSession(config, state=state or signed_in(), transport=_AsyncPool(pool))
        self.other = Session(config, state=state, transport=pool)

    def ask(
        self, auth: httpx.Auth, method: str, url: str, *, hook: Hook | None = None, client: Any = None, **options: Any
    ) -> Any:
        async def heard(_: object) -> None:
            if hook is not None and inspect.isawaitable(made := hook()):
                await made

        async def asked() -> Any:
            settings: Any = {"event_hooks": {"response": [heard]}, **_CLIENT, **(client or {})}
            async with self.library.AsyncClient(auth=auth, **settings) as opened:
                return await opened.request(method, url, **options)

        return self._runner.run(asked())

    def send(self, auth: httpx.Auth, request: Any, **options: Any) -> Any:
        async def asked() -> Any:
            async with self.library.AsyncClient(auth=auth, **_CLIENT) as opened:
                return await opened.send(request, **options)

        return self._runner.run(asked())

    def run(self, made: Any) -> Any:
        """What a method of the session gives."""
        return self._runner.run(made)

    async def stream(self, *parts: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    def close(self) -> None:
        self._runner.close()


class OtherCaller(BlockingCaller):
    """The same with a client of the other library, where both are at hand."""

    library = MODULES[-1]


class OtherAsyncCaller(AsyncCaller):
    """The same with `await`."""

    library = MODULES[-1]


CALLERS: Final = (BlockingCaller, AsyncCaller, *((OtherCaller, OtherAsyncCaller) if MODULES[1:] else ()))
Calling = Callable[..., Caller]


def body_of(received: Received) -> Any:
    """The JSON that a request brought."""
    return json.loads(received.body)
