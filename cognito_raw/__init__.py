"""Sign users in to Amazon Cognito user pools and keep them signed in: no AWS SDK, no AWS credentials.

`Session` and `AsyncSession` are one user's session; `Client` and `AsyncClient` have the service's own operations. Every
method returns `Ok` or `Err`. The reasons and kinds of `Err` are closed lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Call, Reply, Request, ServiceReply
from .config import Config
from .flow import Flow, Pause, advance, ask
from .models.lazy import lazy
from .models.tokens import ConfirmedDevice, IdToken, NewDevice, RememberedDevice, Tokens
from .result import CognitoError, Err, Ok, Result
from .session.blocking import Session
from .session.state import State

if TYPE_CHECKING:
    from .client import AsyncClient, Client
    from .models.account import (
        AuthFactors,
        Device,
        DeviceConfirmation,
        DeviceSecretVerifier,
        Location,
        MfaOption,
        MfaSettings,
        SoftwareToken,
        SoftwareTokenVerification,
        TotpSetup,
        User,
        UserSession,
        WebAuthnCredential,
        WebAuthnMfaSettings,
    )
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
    )
    from .models.context import AnalyticsMetadata, UserContext
    from .models.sign_up import Confirmation, Delivery, Registration
    from .pages import AsyncPages, Page, Pages
    from .reasons import Kind, Reason
    from .session.asynchronous import AsyncSession
    from .transport.httpx_async import AsyncHttpxTransport
    from .transport.httpx_blocking import HttpxTransport
    from .transport.protocol import AsyncTransport, Transport
    from .transport.standard import StandardTransport
    from .verify import AsyncTokenVerifier, Claims, TokenVerifier
else:  # hidden from type checkers, which would accept any misspelt name
    # Imported at first use: a session does not need them at its cold start.
    __getattr__ = lazy(
        __name__,
        {
            "client": "AsyncClient Client",
            "models.account": """
                AuthFactors Device DeviceConfirmation DeviceSecretVerifier Location MfaOption MfaSettings SoftwareToken
                SoftwareTokenVerification TotpSetup User UserSession WebAuthnCredential WebAuthnMfaSettings
            """,
            "models.challenge": """
                Challenge CodeChallenge CustomChallenge DeviceChallenge MfaSetup NewPasswordRequired PasskeyChallenge
                PasswordChallenge SelectChallenge SelectMfaType
            """,
            "models.context": "AnalyticsMetadata UserContext",
            "models.sign_up": "Confirmation Delivery Registration",
            "pages": "AsyncPages Page Pages",
            "reasons": "Kind Reason",
            "session.asynchronous": "AsyncSession",
            "transport.httpx_async": "AsyncHttpxTransport",
            "transport.httpx_blocking": "HttpxTransport",
            "transport.protocol": "AsyncTransport Transport",
            "transport.standard": "StandardTransport",
            "verify": "AsyncTokenVerifier Claims TokenVerifier",
        },
    )


__version__ = "0.1.0"

# fmt: off
__all__ = [
    "AnalyticsMetadata", "AsyncClient", "AsyncHttpxTransport", "AsyncPages", "AsyncSession", "AsyncTokenVerifier",
    "AsyncTransport", "AuthFactors", "Call", "Challenge", "Claims", "Client", "CodeChallenge", "CognitoError",
    "Config", "Confirmation", "ConfirmedDevice", "CustomChallenge", "Delivery", "Device", "DeviceChallenge",
    "DeviceConfirmation", "DeviceSecretVerifier", "Err", "Flow", "HttpxTransport", "IdToken", "Kind", "Location",
    "MfaOption", "MfaSettings", "MfaSetup", "NewDevice", "NewPasswordRequired", "Ok", "Page", "Pages",
    "PasskeyChallenge", "PasswordChallenge", "Pause", "Reason", "Registration", "RememberedDevice", "Reply",
    "Request", "Result", "SelectChallenge", "SelectMfaType", "ServiceReply", "Session", "SoftwareToken",
    "SoftwareTokenVerification", "StandardTransport", "State", "TokenVerifier", "Tokens", "TotpSetup", "Transport",
    "User", "UserContext", "UserSession", "WebAuthnCredential", "WebAuthnMfaSettings", "advance", "ask",
]
# fmt: on
