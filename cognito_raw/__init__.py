"""Signs users of Amazon Cognito user pools in, and keeps them signed in: no AWS SDK, no AWS credentials.

`Session` (and `AsyncSession`) is one user's session; `Client` (and `AsyncClient`) has the service's own operations.
Every method returns `Ok` or `Err`, whose reason is one word of a closed list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Call, Reply, Request
from .challenge import Challenge
from .client import AsyncClient, Client
from .config import Config
from .flow import AsyncTransport, Flow, Pause, Transport, advance, ask
from .reason import Reason
from .result import CognitoError, Err, Ok, Result
from .session import AsyncSession, Session
from .shapes import Answer, Delivery, IdToken, Registration, Tokens
from .state import State

if TYPE_CHECKING:
    from .transport.asynchronous import AsyncHttpxTransport
    from .transport.blocking import HttpxTransport
    from .transport.standard import StandardTransport
else:  # hidden from checkers, which would take any misspelt name for one of these

    def __getattr__(name: str) -> object:
        # These import httpx or http.client, which `import cognito_raw` must not.
        if name == "HttpxTransport":
            from .transport.blocking import HttpxTransport

            return HttpxTransport
        if name == "AsyncHttpxTransport":
            from .transport.asynchronous import AsyncHttpxTransport

            return AsyncHttpxTransport
        if name == "StandardTransport":
            from .transport.standard import StandardTransport

            return StandardTransport
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncHttpxTransport",
    "AsyncSession",
    "AsyncTransport",
    "Call",
    "Challenge",
    "Client",
    "CognitoError",
    "Config",
    "Delivery",
    "Err",
    "Flow",
    "HttpxTransport",
    "IdToken",
    "Ok",
    "Pause",
    "Reason",
    "Registration",
    "Reply",
    "Request",
    "Result",
    "Session",
    "StandardTransport",
    "State",
    "Tokens",
    "Transport",
    "advance",
    "ask",
]
