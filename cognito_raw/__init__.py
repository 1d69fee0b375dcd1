"""Signs users of Amazon Cognito user pools in, and keeps them signed in: no AWS SDK, no AWS credentials.

`Session` (and `AsyncSession`) is one user's session; `Client` (and `AsyncClient`) has the service's own operations.
Every method returns `Ok` or `Err`, whose reason is one word of a closed list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Call, Reply, Request
from .challenge import Challenge
from .challenges import (
    CodeChallenge,
    CustomChallenge,
    DeviceChallenge,
    MfaSetup,
    NewPasswordRequired,
    PasskeyChallenge,
    PasswordChallenge,
    SelectChallenge,
    SelectMfaType,
    TotpSetup,
)
from .client import AsyncClient, Client
from .config import Config
from .device import ConfirmedDevice, NewDevice, RememberedDevice
from .flow import AsyncTransport, Flow, Pause, Transport, advance, ask
from .reason import Reason
from .result import CognitoError, Err, Ok, Result
from .session import AsyncSession, Session
from .shapes import Answer, Delivery, IdToken, Registration, Tokens
from .state import State

if TYPE_CHECKING:
    from .transport.asynchronous import AsyncHttpxTransport
    from .transport.blocking import HttpxTransport
    from .verify import AsyncTokenVerifier, Claims, TokenVerifier
else:  # hidden from checkers, which would take any misspelt name for one of these

    def __getattr__(name: str) -> object:
        # These two import httpx, which `import cognito_raw` must not.
        if name == "HttpxTransport":
            from .transport.blocking import HttpxTransport

            return HttpxTransport
        if name == "AsyncHttpxTransport":
            from .transport.asynchronous import AsyncHttpxTransport

            return AsyncHttpxTransport
        # And these are not for everybody.
        if name in ("AsyncTokenVerifier", "Claims", "TokenVerifier"):
            from . import verify

            return getattr(verify, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncHttpxTransport",
    "AsyncSession",
    "AsyncTokenVerifier",
    "AsyncTransport",
    "Call",
    "Challenge",
    "Claims",
    "Client",
    "CodeChallenge",
    "CognitoError",
    "Config",
    "ConfirmedDevice",
    "CustomChallenge",
    "Delivery",
    "DeviceChallenge",
    "Err",
    "Flow",
    "HttpxTransport",
    "IdToken",
    "MfaSetup",
    "NewDevice",
    "NewPasswordRequired",
    "Ok",
    "PasskeyChallenge",
    "PasswordChallenge",
    "Pause",
    "Reason",
    "Registration",
    "RememberedDevice",
    "Reply",
    "Request",
    "Result",
    "SelectChallenge",
    "SelectMfaType",
    "Session",
    "State",
    "TokenVerifier",
    "Tokens",
    "TotpSetup",
    "Transport",
    "advance",
    "ask",
]
