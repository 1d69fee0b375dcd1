"""Sessions at the end of their tokens, and sessions whose calls wait until a test lets them go on."""

from __future__ import annotations

import threading
from typing import Any

from cognito_raw import AsyncSession, Config, Err, Reply, Request, Result, Session
from tests.support.conversation import (
    NOW,
    Answering,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    signed_in,
    tokens,
)

END = NOW + 3600


REVOKED = Exchange("RevokeToken", None, answered({}))


REFRESHED = Exchange("GetTokensFromRefreshToken", None, answered(authentication_result(at=END, n=2)))


CHANGED = Exchange("ChangePassword", None, answered({}))


FIRST, SECOND = tokens().id_token, tokens(at=END, n=2).id_token


def at_the_end(*exchanges: Exchange) -> Session:
    """A session whose token must be refreshed."""
    return Session(configured(clock=Clock(END)), state=signed_in(), transport=Script(exchanges))


def async_at_the_end(*exchanges: Exchange) -> AsyncSession:
    return AsyncSession(configured(clock=Clock(END)), state=signed_in(), transport=AsyncScript(exchanges))


def waiting_refresh(config: Config) -> tuple[Session, threading.Event, threading.Event]:
    """A session whose refresh waits for the second event, and sets the first when it is sent."""
    sent, go_on = threading.Event(), threading.Event()

    def slow(_: Request) -> Result[Reply]:
        sent.set()
        assert go_on.wait(10)
        return REFRESHED.reply

    return Session(config, state=signed_in(), transport=Answering(slow)), sent, go_on


def waiting_change(clock: Clock) -> tuple[Session, threading.Event, threading.Event]:
    """A signed-in session whose transport tells that it was asked, and answers a change of password when it may."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> Any:
        asked.set()
        assert go_on.wait(10)
        return answered({})

    return Session(configured(clock=clock), state=signed_in(), transport=Answering(slow)), asked, go_on


def renewing(*replies: Any, clock: Clock | None = None) -> tuple[Session, list[object]]:
    """A session at the end of its token, and the requests that it makes."""
    requests: list[object] = []
    waiting = list(replies)

    def answers(request: object) -> Any:
        requests.append(request)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    config = configured(clock=clock or Clock(END), monotonic=Clock(0.0))
    return Session(config, state=signed_in(), transport=Answering(answers)), requests


def reason(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "Ok"
