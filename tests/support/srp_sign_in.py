"""A sign-in over SRP, held with the flow by hand and with both clients."""

from __future__ import annotations

from typing import Any

from cognito_raw import Result
from tests.support.conversation import (
    Clock,
    Exchange,
    answered,
    authentication_result,
    configured,
    converse,
)
from tests.support.sign_ins import SrpServer

SERVER = SrpServer()


WHEN = "Tue Jul 7 09:05:03 UTC 2026"


TOKENS = answered(authentication_result())


def sign_in(
    *exchanges: Exchange,
    username: str = "jane",
    password: Any = "Passw0rd!",
    client_secret: str | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Result[Any]:
    config = configured(client_secret=client_secret, clock=clock or Clock())
    return converse(config, "sign_in", username, password, exchanges=exchanges, **options)
