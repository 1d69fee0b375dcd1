"""Passkeys: read from the service's JSON, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cognito_raw import WebAuthnCredential
from cognito_raw.models.fields import UnexpectedJson

FULL: dict[str, object] = {
    "CredentialId": "c1",
    "FriendlyCredentialName": "iCloud Keychain",
    "RelyingPartyId": "auth.example.com",
    "AuthenticatorAttachment": "platform",
    "AuthenticatorTransports": ["internal", "hybrid"],
    "CreatedAt": 1736293876.115,
}
CREATED = datetime(2025, 1, 7, 23, 51, 16, 115000, tzinfo=UTC)


def test_a_passkey_is_read_with_everything() -> None:
    """The time is aware, and the transports are a tuple."""
    assert WebAuthnCredential.read(FULL) == WebAuthnCredential(
        "c1", "iCloud Keychain", "auth.example.com", CREATED, "platform", ("internal", "hybrid")
    )


def test_a_passkey_without_what_may_be_missing_is_read() -> None:
    """How it is attached and reached need not be known."""
    body = {key: value for key, value in FULL.items() if not key.startswith("Authenticator")}
    assert WebAuthnCredential.read(body) == WebAuthnCredential("c1", "iCloud Keychain", "auth.example.com", CREATED)


@pytest.mark.parametrize("name", ["CredentialId", "FriendlyCredentialName", "RelyingPartyId", "CreatedAt"])
@pytest.mark.parametrize("value", [None, [], "\ud800"], ids=ascii)
def test_a_passkey_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    """The member that does not fit is named."""
    with pytest.raises(UnexpectedJson, match=f"^{name} "):
        WebAuthnCredential.read({**FULL, name: value})
