"""Conversations with the service, written as tables: which call is expected, and what is answered to it.

The same table is held by a flow that is stepped by hand and by clients and sessions, sync and async, over transports
that answer from the table. Nothing here listens, sleeps or draws randomness.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cognito_raw import (
    AsyncClient,
    AsyncPages,
    Call,
    Client,
    Config,
    Err,
    Ok,
    Pages,
    Reply,
    Request,
    Result,
    State,
    Tokens,
    advance,
    flows,
)
from cognito_raw.reply import read

NOW: Final = 1_783_415_103  # Tue Jul 7 09:05:03 UTC 2026


ISS: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123"


CLIENT_ID: Final = "client1id"


SECRET: Final = "s3cret"  # of the app client


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def fixed_randomness(count: int) -> bytes:
    """The same bytes every time, none of them zero."""
    return bytes(range(7, 7 + count))


def configured(**changes: Any) -> Config:
    """A configuration in which nothing is left to chance."""
    arguments: dict[str, Any] = {"clock": Clock(), "monotonic": Clock(0.0), "randomness": fixed_randomness}
    return Config(ISS, CLIENT_ID, **{**arguments, **changes})


def hash_of(name: str) -> str:
    """The secret hash over a user name, as its documentation writes it."""
    return base64.b64encode(hmac.digest(SECRET.encode(), f"{name}{CLIENT_ID}".encode(), hashlib.sha256)).decode()


# --- what the service answers


def answered(body: object, **headers: str) -> Result[Reply]:
    """A reply of status 200; `date=` and the like are its headers."""
    return Ok(Reply(200, headers, json.dumps(body).encode()))


def refused(code: str, message: str = "") -> Result[Reply]:
    """A reply that is one of the service's exceptions."""
    return Ok(Reply(400, {}, json.dumps({"__type": code, "message": message}).encode()))


def not_authorized(message: str) -> Result[Reply]:
    return refused("NotAuthorizedException", message)


def unsigned_token(**claims: object) -> str:
    """A well-formed token with these claims, and a signature that proves nothing."""
    parts = ({"alg": "RS256", "kid": "1"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


def authentication_result(
    at: float = NOW,
    *,
    lasts: int = 3600,
    access_lasts: int | None = None,
    refresh: str | None = "refresh-1",
    n: int = 1,
) -> dict[str, object]:
    """The body of a finished sign-in or refresh at this time of the service's clock; `n` tells several apart."""
    issued = int(at)
    result: dict[str, object] = {
        "IdToken": unsigned_token(sub="5u8", n=n, iat=issued, exp=issued + lasts),
        "AccessToken": unsigned_token(n=n, exp=issued + (lasts if access_lasts is None else access_lasts)),
        "ExpiresIn": lasts,
        "TokenType": "Bearer",
    }
    if refresh is not None:
        result["RefreshToken"] = refresh
    return {"AuthenticationResult": result, "ChallengeParameters": {}}


def tokens(*, kept: str | None = None, **choices: Any) -> Tokens:
    """The value of that body."""
    return Tokens.read(authentication_result(**choices), kept=kept)


def signed_in(**choices: Any) -> State:
    """The state of a session that signed in with these tokens."""
    return State(username="jane", tokens=tokens(**choices))


# --- tables


@dataclass(frozen=True)
class Exchange:
    """One line of a conversation. Parameters of None are those that another test looks at."""

    operation: str
    parameters: Mapping[str, object] | None
    reply: Result[Reply]

    def hear(self, operation: str, parameters: object) -> Result[Reply]:
        assert operation == self.operation
        assert self.parameters is None or parameters == self.parameters
        return self.reply


class Script:
    """A transport that answers from a table, holds the requests to it and keeps them."""

    def __init__(self, exchanges: Sequence[Exchange] = ()) -> None:
        self.waiting = list(exchanges)
        self.requests: list[Request] = []
        self.closed = 0

    def send(self, request: Request) -> Result[Reply]:
        self.requests.append(request)
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        assert self.waiting, f"{operation} was not expected"
        return self.waiting.pop(0).hear(operation, json.loads(request.body))

    def close(self) -> None:
        self.closed += 1


class AsyncScript:
    """The same for asynchronous programs; every request lets the other tasks run."""

    def __init__(self, exchanges: Sequence[Exchange] = ()) -> None:
        self.script = Script(exchanges)

    async def send(self, request: Request) -> Result[Reply]:
        await asyncio.sleep(0)
        return self.script.send(request)

    async def aclose(self) -> None:
        self.script.close()


class Answering:
    """A transport that does what a function says."""

    def __init__(self, send: Callable[[Request], Any]) -> None:
        self._send = send

    def send(self, request: Request) -> Any:
        return self._send(request)


def step_through(flow: Generator[Call, Any, Any], exchanges: Sequence[Exchange]) -> Any:
    """Step a flow by hand through the whole table, and give what it returns."""
    step = advance(flow)
    for exchange in exchanges:
        assert isinstance(step, Call), f"the flow ended before {exchange.operation}"
        reply = exchange.hear(step.operation, step.parameters)
        step = advance(flow, reply if isinstance(reply, Err) else read(step, reply.value))
    assert not isinstance(step, Call), f"{step} was not expected"
    return step


def converse(
    config: Config, name: str, /, *arguments: Any, exchanges: Sequence[Exchange], **options: Any
) -> Result[Any]:
    """Hold a conversation with the flow by hand and with both clients, which all must come to the same end.

    Of a list, it is one page.
    """
    by_hand = step_through(getattr(flows, name)(config, *arguments, **options), exchanges)
    script, async_script = Script(exchanges), AsyncScript(exchanges)
    told = getattr(Client(config, transport=script), name)(*arguments, **options)
    result: Result[Any] = told.page() if isinstance(told, Pages) else told
    async_told = getattr(AsyncClient(config, transport=async_script), name)(*arguments, **options)
    assert asyncio.run(async_told.page() if isinstance(async_told, AsyncPages) else async_told) == result
    # By hand nobody told the flow whether it may try again, and a transport's own failure names no operation.
    assert _told(by_hand, result) == result
    assert script.requests == async_script.script.requests
    assert not script.waiting
    return result


def _told(by_hand: Result[Any], result: Result[Any]) -> Result[Any]:
    if isinstance(by_hand, Err) and isinstance(result, Err):
        return replace(by_hand, operation=result.operation, retryable=result.retryable)
    return by_hand
