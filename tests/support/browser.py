"""A browser's `navigator.credentials` over a software authenticator from PyPI, in the JSON forms of WebAuthn Level 3.

It is given options as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take them, and gives what
`toJSON()` does. It believes its page in everything: also one whose options a browser would refuse for its origin.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fido2 import cbor
from soft_webauthn import SoftWebauthnDevice

ES256 = -7


class NotAllowed(Exception):
    """The user has no passkey that fits, or has one that must not be there yet."""


class Browser:
    """One user's browser on a page of this origin, with the passkeys that the user made there."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.passkeys: dict[str, Any] = {}

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """RegistrationResponseJSON: a new passkey, unless one of `excludeCredentials` is here."""
        if any(known["id"] in self.passkeys for known in options.get("excludeCredentials", ())):
            raise NotAllowed
        device: Any = SoftWebauthnDevice()
        user = {**options["user"], "id": decoded(options["user"]["id"])}
        made = device.create({"publicKey": {**options, "user": user, "challenge": challenge_of(options)}}, self.origin)
        self.passkeys[encoded(made["rawId"])] = device
        key = device.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        attested: Any = cbor.decode(made["response"]["attestationObject"])
        return credential(
            made,
            authenticatorData=encoded(attested["authData"]),
            publicKey=encoded(key),
            publicKeyAlgorithm=ES256,
            transports=["usb"],
        )

    def get(self, options: Mapping[str, Any], passkey: str | None = None) -> dict[str, Any]:
        """AuthenticationResponseJSON: an assertion by a passkey that is allowed, or by this one whatever is allowed."""
        allowed = [passkey] if passkey else [known["id"] for known in options["allowCredentials"]]
        device = next((self.passkeys[known] for known in allowed if known in self.passkeys), None)
        if device is None:
            raise NotAllowed
        return credential(device.get({"publicKey": {**options, "challenge": challenge_of(options)}}, self.origin))


def credential(made: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What `toJSON()` makes of a credential: bytes in base64url."""
    named = encoded(made["rawId"])
    response = {name: encoded(value) for name, value in made["response"].items()}
    return {
        "id": named,
        "rawId": named,
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "response": {**response, **more},
    }


def challenge_of(options: Mapping[str, Any]) -> bytes:
    return decoded(options["challenge"])


def encoded(data: bytes) -> str:
    """In base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
