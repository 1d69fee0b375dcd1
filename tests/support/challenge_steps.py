"""Scenes of challenges, played with both clients on a service that checks each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cognito_raw import (
    AsyncClient,
    Client,
    Config,
    Err,
    Request,
    Result,
    Tokens,
    TotpSetup,
)
from tests.support.challenge_service import Service, numbered
from tests.support.conversation import (
    SECRET,
    Answering,
    authentication_result,
    configured,
)


class Steps:
    """A client of either kind that remembers its last challenge, and tells what came of each step."""

    def __init__(self, call: Callable[..., Result[Any]], service: Service) -> None:
        self._call = call
        self.service = service
        self.last: Any = None
        self.told: list[str] = []

    def sign_in(self, *arguments: Any, **options: Any) -> Any:
        return self._keep(self._call("sign_in", *arguments, **options))

    def answer(self, answer: Any, **options: Any) -> Any:
        return self._keep(self._call("answer_challenge", self.last, answer, **options))

    def begin_totp_setup(self) -> TotpSetup:
        setup: TotpSetup = self._call("begin_totp_setup", self.last).unwrap()
        self.last = setup.challenge
        return setup

    def _keep(self, result: Result[Any]) -> Any:
        self.last = result.challenge if isinstance(result, Err) else result.value
        self.told.append(result.reason if isinstance(result, Err) else getattr(result.value, "name", "tokens"))
        return self.last


def tokens_body() -> dict[str, Any]:
    body: Any = authentication_result()["AuthenticationResult"]
    return {**body}


def finished(value: object) -> bool:
    return isinstance(value, Tokens)


def play(scene: Callable[[Steps], object], *, secret: str | None = None, **settings: Any) -> Service:
    """Play a scene with both clients, each on a service of its own, which must hear and tell the same."""
    blocking, asynchronous = Service(secret=secret, **settings), Service(secret=secret, **settings)

    def config() -> Config:
        return configured(client_secret=secret, randomness=numbered())

    client = Client(config(), transport=blocking)
    steps = Steps(lambda name, *args, **kwargs: getattr(client, name)(*args, **kwargs), blocking)
    scene(steps)

    async def send(request: Request) -> Any:
        return asynchronous.send(request)

    other = AsyncClient(config(), transport=Answering(send))
    others = Steps(lambda name, *args, **kwargs: asyncio.run(getattr(other, name)(*args, **kwargs)), asynchronous)
    scene(others)
    assert others.told == steps.told
    assert asynchronous.asked == blocking.asked
    return blocking


with_and_without_secret = pytest.mark.parametrize("secret", [None, SECRET], ids=["public client", "client secret"])
