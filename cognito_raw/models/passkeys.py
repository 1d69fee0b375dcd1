"""The passkeys of a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .fields import UnexpectedJson, optional_string, optional_time, string, strings
from .frozen import Frozen

if TYPE_CHECKING:
    from datetime import datetime


class WebAuthnCredential(Frozen):
    """A passkey of the user. `created_at` is in UTC.

    id: for `delete_web_authn_credential`. relying_party_id: the domain that the passkey signs in to.
    authenticator_attachment: `platform` or `cross-platform`.
    authenticator_transports: such as `internal` and `usb`.
    """

    id: str
    friendly_credential_name: str
    relying_party_id: str
    created_at: datetime
    authenticator_attachment: str | None = None
    authenticator_transports: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> WebAuthnCredential:
        """Read a WebAuthnCredentialDescription."""
        created = optional_time(body, "CreatedAt")
        if created is None:
            raise UnexpectedJson("CreatedAt is not a time")
        return cls(
            id=string(body, "CredentialId"),
            friendly_credential_name=string(body, "FriendlyCredentialName"),
            relying_party_id=string(body, "RelyingPartyId"),
            created_at=created,
            authenticator_attachment=optional_string(body, "AuthenticatorAttachment"),
            # Required in the service's model, but absent from the samples of its API reference.
            authenticator_transports=strings(body, "AuthenticatorTransports"),
        )
