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
from .config import Config
from .device import ConfirmedDevice, NewDevice, RememberedDevice
from .flow import AsyncTransport, Flow, Pause, Transport, advance, ask
from .reason import Reason
from .result import CognitoError, Err, Ok, Result
from .session import AsyncSession, Session
from .shapes import Answer, Confirmation, Delivery, IdToken, Registration, Tokens
from .state import State

if TYPE_CHECKING:
    from .client import AsyncClient, Client
    from .pages import AsyncPages, Pages
    from .shapes.context import AnalyticsMetadata, UserContext
    from .shapes.devices import Device, DeviceConfirmation, DeviceSecretVerifier
    from .shapes.mfa import MfaSettings, SoftwareToken, SoftwareTokenVerification, WebAuthnMfaSettings
    from .shapes.page import Page
    from .shapes.passkeys import WebAuthnCredential
    from .shapes.profile import AuthFactors, MfaOption, User
    from .shapes.sessions import Location, UserSession
    from .transport.asynchronous import AsyncHttpxTransport
    from .transport.blocking import HttpxTransport
    from .transport.standard import StandardTransport
    from .verify import AsyncTokenVerifier, Claims, TokenVerifier
else:  # hidden from checkers, which would take any misspelt name for one of these
    # What a session does without, so that its cold start does not pay for it.
    _LATE = {
        "AnalyticsMetadata": "shapes.context",
        "AsyncClient": "client",
        "AsyncHttpxTransport": "transport.asynchronous",
        "AsyncPages": "pages",
        "AsyncTokenVerifier": "verify",
        "AuthFactors": "shapes.profile",
        "Claims": "verify",
        "Client": "client",
        "Device": "shapes.devices",
        "DeviceConfirmation": "shapes.devices",
        "DeviceSecretVerifier": "shapes.devices",
        "HttpxTransport": "transport.blocking",
        "Location": "shapes.sessions",
        "MfaOption": "shapes.profile",
        "MfaSettings": "shapes.mfa",
        "Page": "shapes.page",
        "Pages": "pages",
        "SoftwareToken": "shapes.mfa",
        "SoftwareTokenVerification": "shapes.mfa",
        "StandardTransport": "transport.standard",
        "TokenVerifier": "verify",
        "User": "shapes.profile",
        "UserContext": "shapes.context",
        "UserSession": "shapes.sessions",
        "WebAuthnCredential": "shapes.passkeys",
        "WebAuthnMfaSettings": "shapes.mfa",
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
