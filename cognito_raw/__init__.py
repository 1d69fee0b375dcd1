"""Signs users of Amazon Cognito user pools in, and keeps them signed in: no AWS SDK, no AWS credentials.

`Session` (and `AsyncSession`) is one user's session; `Client` (and `AsyncClient`) has the service's own operations.
Every method returns `Ok` or `Err`, whose reason is one word of a closed list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Answer, Call, Reply, Request
from .config import Config
from .flow import AsyncTransport, Flow, Pause, Transport, advance, ask
from .models.challenge import (
    Challenge,
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
from .models.device import ConfirmedDevice, NewDevice, RememberedDevice
from .models.sign_up import Confirmation, Delivery, Registration
from .models.tokens import IdToken, Tokens
from .reasons import Reason
from .result import CognitoError, Err, Ok, Result
from .session.asynchronous import AsyncSession
from .session.blocking import Session
from .session.state import State

if TYPE_CHECKING:
    from .client import AsyncClient, Client
    from .models.context import AnalyticsMetadata, UserContext
    from .models.device import Device, DeviceConfirmation, DeviceSecretVerifier
    from .models.mfa import MfaSettings, SoftwareToken, SoftwareTokenVerification, WebAuthnMfaSettings
    from .models.passkeys import WebAuthnCredential
    from .models.profile import AuthFactors, MfaOption, User
    from .models.user_sessions import Location, UserSession
    from .pages import AsyncPages, Page, Pages
    from .transport.httpx_async import AsyncHttpxTransport
    from .transport.httpx_blocking import HttpxTransport
    from .transport.standard import StandardTransport
    from .verify import AsyncTokenVerifier, Claims, TokenVerifier
else:  # hidden from checkers, which would take any misspelt name for one of these
    # What a session does without, so that its cold start does not pay for it.
    _LATE = {
        "AnalyticsMetadata": "models.context",
        "AsyncClient": "client",
        "AsyncHttpxTransport": "transport.httpx_async",
        "AsyncPages": "pages",
        "AsyncTokenVerifier": "verify",
        "AuthFactors": "models.profile",
        "Claims": "verify",
        "Client": "client",
        "Device": "models.device",
        "DeviceConfirmation": "models.device",
        "DeviceSecretVerifier": "models.device",
        "HttpxTransport": "transport.httpx_blocking",
        "Location": "models.user_sessions",
        "MfaOption": "models.profile",
        "MfaSettings": "models.mfa",
        "Page": "pages",
        "Pages": "pages",
        "SoftwareToken": "models.mfa",
        "SoftwareTokenVerification": "models.mfa",
        "StandardTransport": "transport.standard",
        "TokenVerifier": "verify",
        "User": "models.profile",
        "UserContext": "models.context",
        "UserSession": "models.user_sessions",
        "WebAuthnCredential": "models.passkeys",
        "WebAuthnMfaSettings": "models.mfa",
    }

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f".{_LATE[name]}", __name__), name)


__version__ = "0.1.0"

__all__ = [
    "AnalyticsMetadata",
    "Answer",
    "AsyncClient",
    "AsyncHttpxTransport",
    "AsyncPages",
    "AsyncSession",
    "AsyncTokenVerifier",
    "AsyncTransport",
    "AuthFactors",
    "Call",
    "Challenge",
    "Claims",
    "Client",
    "CodeChallenge",
    "CognitoError",
    "Config",
    "Confirmation",
    "ConfirmedDevice",
    "CustomChallenge",
    "Delivery",
    "Device",
    "DeviceChallenge",
    "DeviceConfirmation",
    "DeviceSecretVerifier",
    "Err",
    "Flow",
    "HttpxTransport",
    "IdToken",
    "Location",
    "MfaOption",
    "MfaSettings",
    "MfaSetup",
    "NewDevice",
    "NewPasswordRequired",
    "Ok",
    "Page",
    "Pages",
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
    "SoftwareToken",
    "SoftwareTokenVerification",
    "StandardTransport",
    "State",
    "TokenVerifier",
    "Tokens",
    "TotpSetup",
    "Transport",
    "User",
    "UserContext",
    "UserSession",
    "WebAuthnCredential",
    "WebAuthnMfaSettings",
    "advance",
    "ask",
]
