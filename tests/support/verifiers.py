"""Verifiers of both kinds behind one manner of calling, and a pool's key set that a test has in its hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from cognito_raw import AsyncTokenVerifier, Claims, Config, Err, Ok, Reply, Request, Result, TokenVerifier
from cognito_raw.testing.kit import AsyncAdapter
from tests.support.deadlines import wait_until
from tests.support.tokens import key_set
from tests.support.transports import workers


class Service:
    """A transport for sync and async verifiers that answers each request with what `reply` is at that time."""

    def __init__(self, reply: bytes | Result[Reply] | Callable[[], Result[Reply]] | None = None) -> None:
        self.reply = key_set() if reply is None else reply
        self.requests: list[Request] = []

    def send(self, request: Request) -> Result[Reply]:
        self.requests.append(request)
        if isinstance(self.reply, bytes):
            return Ok(Reply(200, {}, self.reply))
        return self.reply() if callable(self.reply) else self.reply

    def as_async(self) -> AsyncAdapter:
        return AsyncAdapter(self.send)


class Verifying(Protocol):
    """Makes verifiers whose `verify` is called without `await`, whatever it is inside."""

    def verifier(self, config: Config, *arguments: Any, **demands: Any) -> Any: ...

    def verify_all(self, verifier: Any, tokens: list[str]) -> list[Result[Claims]]: ...

    def settle(self) -> None: ...

    def close(self) -> None: ...


class BlockingVerifying:
    """`TokenVerifier` as it is."""

    def verifier(self, config: Config, *arguments: Any, **demands: Any) -> Any:
        return TokenVerifier(config, *arguments, **demands)

    def verify_all(self, verifier: Any, tokens: list[str]) -> list[Result[Claims]]:
        with ThreadPoolExecutor(len(tokens)) as threads:
            return list(threads.map(verifier.verify, tokens))

    def settle(self) -> None:
        assert wait_until(lambda: not workers())

    def close(self) -> None:
        self.settle()


class _Awaited:
    def __init__(self, verifier: AsyncTokenVerifier, runner: asyncio.Runner) -> None:
        self.inner = verifier
        self._runner = runner

    def verify(self, token: Any) -> Result[Claims]:
        return self._runner.run(self.inner.verify(token))

    def within(self, seconds: float) -> _Awaited:
        return _Awaited(self.inner.within(seconds), self._runner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class AsyncVerifying:
    """`AsyncTokenVerifier`, each of whose calls is run to its end in one event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def verifier(self, config: Config, *arguments: Any, **demands: Any) -> Any:
        return _Awaited(AsyncTokenVerifier(config, *arguments, **demands), self._runner)

    def verify_all(self, verifier: Any, tokens: list[str]) -> list[Result[Claims]]:
        async def together() -> list[Result[Claims]]:
            inner: AsyncTokenVerifier = verifier.inner
            return await asyncio.gather(*map(inner.verify, tokens))

        return self._runner.run(together())

    def settle(self) -> None:
        async def others() -> None:
            if rest := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(rest)

        self._runner.run(others())
        assert wait_until(lambda: not workers())

    def close(self) -> None:
        self._runner.close()


VERIFYING = (BlockingVerifying, AsyncVerifying)


def told(result: Result[Claims]) -> str:
    """What a result says in one word."""
    return result.reason if isinstance(result, Err) else "Ok"
