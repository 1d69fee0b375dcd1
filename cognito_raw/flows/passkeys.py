"""The passkeys of a signed-in user. The browser makes them, and a server passes the JSON in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import UnexpectedJson, require_string
from ..models.passkeys import WebAuthnCredential
from ..pages import Page
from .parameters import json_object, limited, no_passkey, optional


def start_web_authn_registration(config: Config, access_token: str) -> Flow[Mapping[str, Any]]:
    """Begin to register a passkey. Return the options for `PublicKeyCredential.parseCreationOptionsFromJSON`.

    They are the PublicKeyCredentialCreationOptionsJSON of https://www.w3.org/TR/webauthn-3/. Reasons:
    `web-authn-not-enabled`, `web-authn-configuration-missing`, and those of access tokens.
    """
    require_string(access_token=access_token)
    answer = yield from ask("StartWebAuthnRegistration", {"AccessToken": access_token})
    return parse(answer, _creation_options)


def complete_web_authn_registration(
    config: Config, access_token: str, credential: Mapping[str, Any] | str
) -> Flow[None]:
    """Register the passkey that the browser made.

    credential: the RegistrationResponseJSON of https://www.w3.org/TR/webauthn-3/, as its `toJSON()` returns it: a
    mapping, or JSON as a string. Reasons: `input-refused` (no such JSON), `web-authn-challenge-not-found` (too late),
    `web-authn-origin-not-allowed`, `web-authn-relying-party-mismatch`, `web-authn-client-mismatch`,
    `web-authn-credential-not-supported`, `web-authn-not-enabled`, and those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, "Credential": _credential(credential)}
    answer = yield from ask("CompleteWebAuthnRegistration", parameters)
    return done(answer)


def list_web_authn_credentials(
    config: Config, access_token: str, *, max_results: int | None = None, next_token: str | None = None
) -> Flow[Page[WebAuthnCredential]]:
    """List the user's passkeys, page by page.

    max_results: the most passkeys of a page, 0 to 20. next_token: the `next` of the page before.
    Reasons: those of access tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, **limited("max_results", "MaxResults", max_results)}
    answer = yield from ask("ListWebAuthnCredentials", {**parameters, **optional(next_token=("NextToken", next_token))})
    return parse(answer, lambda body: Page.read(body, "Credentials", "NextToken", WebAuthnCredential.read))


def delete_web_authn_credential(config: Config, access_token: str, credential_id: str) -> Flow[None]:
    """Delete a passkey of the user. Reasons: `resource-not-found`, and those of access tokens."""
    require_string(access_token=access_token, credential_id=credential_id)
    parameters = {"AccessToken": access_token, "CredentialId": credential_id}
    answer = yield from ask("DeleteWebAuthnCredential", parameters)
    return done(answer)


def _creation_options(body: Mapping[str, object]) -> Mapping[str, Any]:
    options = body.get("CredentialCreationOptions")
    if not isinstance(options, dict) or not options:
        raise UnexpectedJson("CredentialCreationOptions is not an object")
    return options


def _credential(given: object) -> dict[str, Any]:
    found = json_object(given)
    if found is None:
        raise no_passkey(given, "credential must be the JSON object that the browser's toJSON() returns, or its string")
    return found
