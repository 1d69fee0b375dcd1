"""The profile of a user, its addresses, second factors and sign-ins."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import json_response

from .parts import (
    CODE,
    Body,
    Refusal,
    User,
    attributes_of,
    claims_of,
    cognito,
    first_factors,
    masked,
    set_attributes,
    user_of,
)

_ministack_preference = cognito._apply_mfa_preference
_ministack_result = cognito._build_auth_result


def update_attributes(body: Body) -> Any:
    """Change attributes. A new address is not verified, and gets a code."""
    user, sent = user_of(body), []
    before = attributes_of(user)
    given = {found["Name"]: found["Value"] for found in body["UserAttributes"]}
    for name in ("email", "phone_number"):
        if given.get(name) and given[name] != before.get(name):
            given[f"{name}_verified"] = "false"
            sent.append(delivery(user, name, given[name]))
    set_attributes(user, given)
    return json_response({"CodeDeliveryDetailsList": sent})


def delete_attributes(body: Body) -> Any:
    """Delete attributes."""
    user = user_of(body)
    user["Attributes"] = [found for found in user["Attributes"] if found["Name"] not in body["UserAttributeNames"]]
    return json_response({})


def send_attribute_code(body: Body) -> Any:
    """Send a code to an address."""
    user, name = user_of(body), body["AttributeName"]
    address = attributes_of(user).get(name)
    if not address:
        raise Refusal("InvalidParameterException", f"User does not have a {name}")
    return json_response({"CodeDeliveryDetails": delivery(user, name, address)})


def verify_attribute(body: Body) -> Any:
    """Verify an address with its code."""
    user, name = user_of(body), body["AttributeName"]
    if name not in user.get("_codes", ()):
        raise Refusal("ExpiredCodeException", "Invalid code provided, please request a code again.")
    if body["Code"] != CODE:
        raise Refusal("CodeMismatchException", "Invalid verification code provided, please try again.")
    user["_codes"].remove(name)
    set_attributes(user, {f"{name}_verified": "true"})
    return json_response({})


def delivery(user: User, name: str, address: str) -> Body:
    """Note that a code is on its way, and say where it goes."""
    user["_codes"] = [*{*user.get("_codes", ()), name}]
    medium = "EMAIL" if name == "email" else "SMS"
    return {"AttributeName": name, "DeliveryMedium": medium, "Destination": masked(address)}


def auth_factors(body: Body) -> Any:
    """Return the ways in which the user can sign in."""
    user = user_of(body)
    found = {"PASSWORD" if name == "PASSWORD_SRP" else name for name in first_factors(user)}
    return json_response(
        {
            "Username": user["Username"],
            "ConfiguredUserAuthFactors": sorted(found),
            "PreferredMfaSetting": user.get("_preferred_mfa", ""),
            "UserMFASettingList": user.get("_mfa_enabled", []),
        }
    )


def apply_mfa_preference(user: User, body: Body) -> None:
    """Set the second factors, with codes by e-mail; ministack calls this."""
    _ministack_preference(user, body)
    enabled, given = user["_mfa_enabled"], body.get("EmailMfaSettings", {})
    if "Enabled" in given:
        enabled[:] = [name for name in enabled if name != "EMAIL_OTP"] + ["EMAIL_OTP"] * given["Enabled"]
    for name, member in (("EMAIL_OTP", "EmailMfaSettings"), ("SOFTWARE_TOKEN_MFA", "SoftwareTokenMfaSettings")):
        wanted = body.get(member, {}).get("PreferredMfa")
        if wanted or (wanted is False and user.get("_preferred_mfa") == name):
            user["_preferred_mfa"] = name if wanted else ""
    if user.get("_preferred_mfa") not in enabled:
        user["_preferred_mfa"] = ""


def list_sessions(body: Body) -> Any:
    """List the user's sign-ins that have not ended."""
    known, current = user_of(body).get("_sessions", {}), claims_of(body)["origin_jti"]
    alive = [found for key, found in known.items() if key not in cognito._revoked_tokens]
    return json_response(
        {"Sessions": [{**found, "IsCurrentSession": found["SessionId"] == current} for found in alive]}
    )


def revoke_session(body: Body) -> Any:
    """End another sign-in of the user."""
    if body["SessionId"] not in user_of(body).get("_sessions", {}):
        raise Refusal("ResourceNotFoundException", "Session does not exist.")
    if body["SessionId"] == claims_of(body)["origin_jti"]:
        raise Refusal("InvalidParameterException", "The current session cannot be revoked.")
    cognito._revoked_tokens.add(body["SessionId"])
    return json_response({})


def build_auth_result(pool_id: str, client_id: str, user: User, *rest: Any, **named: Any) -> Body:
    """Note the session of new tokens, for the user's list of sessions."""
    result: Body = _ministack_result(pool_id, client_id, user, *rest, **named)
    session = cognito._token_claims(result["AccessToken"])["origin_jti"]
    known = {"SessionId": session, "SessionType": "TOKEN", "ClientId": client_id, "CreateDate": time.time()}
    user.setdefault("_sessions", {}).setdefault(session, known)["LastActiveDate"] = time.time()
    return result
