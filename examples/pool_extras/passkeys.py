"""Passkeys: py_webauthn judges them, and the user's record keeps them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from ministack.core.responses import json_response

from .parts import CHALLENGE_LIFE, Body, Refusal, Ticket, User, attributes_of, encoded, pool_of, user_of

_registering: dict[str, tuple[bytes, float]] = {}


def start_registration(body: Body) -> Any:
    """Return the options for a browser's new passkey."""
    user, relying_party = user_of(body), relying_party_of(pool_of(body))
    challenge = secrets.token_bytes(32)
    _registering[user["Username"]] = challenge, time.time() + CHALLENGE_LIFE
    options = {
        "rp": {"id": relying_party, "name": relying_party},
        "user": {"id": handle_of(user), "name": user["Username"], "displayName": user["Username"]},
        "challenge": encoded(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in (-7, -257)],
        "timeout": int(CHALLENGE_LIFE * 1000),
        "excludeCredentials": [{"type": "public-key", "id": known} for known in user.get("_passkeys", ())],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": verification_of(pool_of(body)),
        },
    }
    return json_response({"CredentialCreationOptions": options})


def complete_registration(body: Body) -> Any:
    """Keep the public key of a passkey that holds."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    user, posted = user_of(body), body["Credential"]
    challenge, until = _registering.pop(user["Username"], (b"", 0.0))
    if until < time.time():
        raise Refusal("WebAuthnChallengeNotFoundException", "Challenge not found")
    relying_party = relying_party_of(pool_of(body))
    try:
        made = verify_registration_response(
            credential=posted,
            expected_challenge=challenge,
            expected_rp_id=relying_party,
            expected_origin=origin_of(posted, relying_party),
            require_user_verification=verification_of(pool_of(body)) == "required",
        )
    except (WebAuthnException, KeyError, ValueError):
        raise Refusal("InvalidParameterException", "Credential data is not valid") from None
    passkeys = user.setdefault("_passkeys", {})
    described = {
        "CredentialId": posted["id"],
        "FriendlyCredentialName": f"Passkey {len(passkeys) + 1}",
        "RelyingPartyId": relying_party,
        "AuthenticatorAttachment": posted.get("authenticatorAttachment") or "platform",
        "AuthenticatorTransports": posted["response"].get("transports", []),
        "CreatedAt": time.time(),
    }
    key = base64.b64encode(made.credential_public_key).decode()
    passkeys[posted["id"]] = {"key": key, "count": made.sign_count, "described": described}
    return json_response({})


def list_passkeys(body: Body) -> Any:
    """List the user's passkeys, in one page."""
    return json_response({"Credentials": [known["described"] for known in user_of(body).get("_passkeys", {}).values()]})


def delete_passkey(body: Body) -> Any:
    """Delete a passkey."""
    if user_of(body).get("_passkeys", {}).pop(body["CredentialId"], None) is None:
        raise Refusal("ResourceNotFoundException", "Credential does not exist")
    return json_response({})


def request_options(ticket: Ticket) -> Body:
    """Return the options for a signature by one of the user's passkeys."""
    ticket.known["challenge"] = secrets.token_bytes(32)
    return {
        "challenge": encoded(ticket.known["challenge"]),
        "timeout": int(CHALLENGE_LIFE * 1000),
        "rpId": relying_party_of(ticket.pool),
        "allowCredentials": [{"type": "public-key", "id": known} for known in ticket.user.get("_passkeys", ())],
        "userVerification": verification_of(ticket.pool),
    }


def check_assertion(ticket: Ticket, responses: Body) -> None:
    """Refuse a signature that does not hold."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    posted, relying_party = json.loads(responses["CREDENTIAL"]), relying_party_of(ticket.pool)
    try:
        known = ticket.user["_passkeys"][posted["id"]]
        found = verify_authentication_response(
            credential=posted,
            expected_challenge=ticket.known["challenge"],
            expected_rp_id=relying_party,
            expected_origin=origin_of(posted, relying_party),
            credential_public_key=base64.b64decode(known["key"]),
            credential_current_sign_count=known["count"],
            require_user_verification=verification_of(ticket.pool) == "required",
        )
    except (WebAuthnException, Refusal, KeyError, ValueError):
        raise Refusal("NotAuthorizedException", "Incorrect username or password.") from None
    known["count"] = found.new_sign_count


def relying_party_of(pool: Body) -> str:
    """Return the domain that passkeys sign in to."""
    found = (pool.get("WebAuthnConfiguration") or {}).get("RelyingPartyId")
    if not found:
        raise Refusal("WebAuthnConfigurationMissingException", "Relying party is not configured")
    return str(found)


def origin_of(posted: Body, relying_party: str) -> str:
    """Return the page's origin, if it is of the relying party: by https, or on this machine."""
    said = json.loads(base64.urlsafe_b64decode(posted["response"]["clientDataJSON"] + "=="))["origin"]
    parts = urlsplit(said)
    within = parts.hostname == relying_party or (parts.hostname or "").endswith(f".{relying_party}")
    if not within or (parts.scheme != "https" and parts.hostname != "localhost"):
        raise Refusal("WebAuthnOriginNotAllowedException", "Origin is not allowed")
    return str(said)


def handle_of(user: User) -> str:
    """Return the user's id for passkeys."""
    return encoded(hashlib.sha256(attributes_of(user)["sub"].encode()).digest())


def verification_of(pool: Body) -> str:
    """Return whether a passkey must verify its user, as by a fingerprint."""
    return str((pool.get("WebAuthnConfiguration") or {}).get("UserVerification", "preferred"))
