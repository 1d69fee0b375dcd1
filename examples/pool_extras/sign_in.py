"""Sign-ins: choices, codes, second factors, required attributes, passkeys and devices."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import json_response

from .devices import GROUP, begin_proof, check_proof
from .parts import (
    CODE,
    Body,
    Refusal,
    Ticket,
    User,
    attributes_of,
    cognito,
    first_factors,
    masked,
    renewed,
    set_attributes,
    taken,
    tickets,
)
from .passkeys import check_assertion, request_options

_CODES = {"EMAIL_OTP": "EMAIL_OTP_CODE", "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE"}
_ministack_initiate = cognito._initiate_auth
_ministack_respond = cognito._respond_to_auth_challenge
_ministack_associate = cognito._associate_software_token
_ministack_verify = cognito._verify_software_token


def initiate_auth(body: Body) -> Any:
    """Begin USER_AUTH and CUSTOM_AUTH here; every other flow is ministack's."""
    pool, _ = cognito._pool_for_client(body["ClientId"])
    named, custom = body.get("AuthParameters", {}), body.get("AuthFlow") == "CUSTOM_AUTH"
    if pool is None or (custom and "SRP_A" in named) or not (custom or body["AuthFlow"] == "USER_AUTH"):
        return _ministack_initiate(body)
    user, error = cognito._resolve_user(pool, named["USERNAME"])
    if error:
        return error
    if user["UserStatus"] == "UNCONFIRMED":
        raise Refusal("UserNotConfirmedException", "User is not confirmed.")
    if custom:
        return ask(Ticket("CUSTOM_CHALLENGE", pool, body["ClientId"], user))
    choices = first_factors(user)
    preferred = named.get("PREFERRED_CHALLENGE")
    ticket = Ticket("SELECT_CHALLENGE", pool, body["ClientId"], user, {"choices": choices})
    return choose(ticket, preferred, named) if preferred in choices else ask(ticket)


def choose(ticket: Ticket, choice: str, named: Mapping[str, str]) -> Any:
    """Go on with the first factor that the user chose."""
    if choice == "PASSWORD_SRP":
        return cognito._initiate_user_srp_auth(ticket.pool, ticket.pool["Id"], ticket.client_id, named)
    if choice == "PASSWORD":
        if named.get("PASSWORD") != ticket.user.get("_password"):
            raise Refusal("NotAuthorizedException", "Incorrect username or password.")
        return after_first_factor(ticket, named.get("DEVICE_KEY"))
    return ask(Ticket(choice, ticket.pool, ticket.client_id, ticket.user, {"first": True}))


def ask(ticket: Ticket) -> Any:
    """Return the challenge of this ticket, with a new handle."""
    session = secrets.token_urlsafe(32)
    tickets[session] = ticket
    email = attributes_of(ticket.user).get("email", "")
    parameters: Body = {"USERNAME": ticket.user["Username"]}
    more: Body = {}
    if ticket.name == "SELECT_CHALLENGE":
        more = {"AvailableChallenges": ticket.known["choices"]}
    elif ticket.name == "SELECT_MFA_TYPE":
        parameters["MFAS_CAN_CHOOSE"] = json.dumps(ticket.known["choices"])
    elif ticket.name == "MFA_SETUP":
        parameters["MFAS_CAN_SETUP"] = '["SOFTWARE_TOKEN_MFA"]'
    elif ticket.name == "EMAIL_OTP":
        parameters |= {"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": masked(email)}
    elif ticket.name == "NEW_PASSWORD_REQUIRED":
        parameters |= new_password_parameters(ticket)
    elif ticket.name == "CUSTOM_CHALLENGE":
        parameters["question"] = "How much is three and four?"
    elif ticket.name == "WEB_AUTHN":
        parameters["CREDENTIAL_REQUEST_OPTIONS"] = json.dumps(request_options(ticket))
    elif ticket.name == "DEVICE_PASSWORD_VERIFIER":
        parameters |= ticket.known["parameters"]
    return json_response({"ChallengeName": ticket.name, "ChallengeParameters": parameters, "Session": session, **more})


def respond(body: Body) -> Any:
    """Judge the answer to a challenge of ours; every other one is ministack's."""
    session = body.get("Session") or ""
    if session not in tickets:
        return _ministack_respond(body)
    ticket, responses = taken(session), body["ChallengeResponses"]
    if body["ChallengeName"] != ticket.name:
        raise Refusal("NotAuthorizedException", "Invalid session for the user.")
    answers: Mapping[str, Callable[[Ticket, Body], Any]] = {
        "SELECT_CHALLENGE": lambda ticket, responses: choose(ticket, responses["ANSWER"], responses),
        "SELECT_MFA_TYPE": lambda ticket, responses: second_factor(ticket, responses["ANSWER"]),
        "NEW_PASSWORD_REQUIRED": on_new_password,
        "MFA_SETUP": on_mfa_setup,
        "WEB_AUTHN": on_passkey,
        "DEVICE_SRP_AUTH": lambda ticket, responses: ask(begin_proof(ticket, responses)),
        "DEVICE_PASSWORD_VERIFIER": on_device_proof,
        "CUSTOM_CHALLENGE": on_custom,
        **dict.fromkeys(_CODES, on_code),
    }
    try:
        return answers[ticket.name](ticket, responses)
    except Refusal as refusal:
        if refusal.args[0] in ("CodeMismatchException", "InvalidPasswordException", "InvalidParameterException"):
            tickets[session] = ticket  # the user may try again
        raise


def after_password(
    pool: Body, _pid: str, client_id: str, user: User, _username: str, _metadata: Any = None, data: Body | None = None
) -> Any:
    """Go on after a right password; ministack calls this. A temporary password must be replaced."""
    ticket = Ticket("NEW_PASSWORD_REQUIRED", pool, client_id, user)
    if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
        return ask(ticket)
    given = (data or {}).get("ChallengeResponses") or (data or {}).get("AuthParameters") or {}
    return after_first_factor(ticket, given.get("DEVICE_KEY"))


def after_first_factor(ticket: Ticket, device: str | None) -> Any:
    """Ask for the device that the sign-in names, or for a second factor."""
    if device is None:
        return second_factor(ticket)
    if device not in ticket.user.get("_devices", {}):
        raise Refusal("ResourceNotFoundException", "Device does not exist.")
    return ask(Ticket("DEVICE_SRP_AUTH", ticket.pool, ticket.client_id, ticket.user))


def second_factor(ticket: Ticket, choice: str | None = None) -> Any:
    """Ask for a second factor, if the pool and the user have one."""
    user, pool = ticket.user, ticket.pool
    asked = pool.get("MfaConfiguration", "OFF")
    enabled = [name for name in user.get("_mfa_enabled", ()) if name in _CODES]
    if asked == "OFF" or (asked == "OPTIONAL" and not enabled):
        return signed_in(ticket)
    preferred: str = choice or user.get("_preferred_mfa") or (enabled[0] if len(enabled) == 1 else "")
    name = preferred if preferred in enabled else "SELECT_MFA_TYPE" if enabled else "MFA_SETUP"
    return ask(Ticket(name, pool, ticket.client_id, user, {"choices": enabled}))


def signed_in(ticket: Ticket, device: str | None = None) -> Any:
    """Return tokens, and a new device where the pool tracks them and none has signed in."""
    result = cognito._build_auth_result(ticket.pool["Id"], ticket.client_id, ticket.user)
    if device is None and ticket.pool.get("DeviceConfiguration"):
        key = f"eu-west-1_{secrets.token_hex(16)}"
        result["NewDeviceMetadata"] = {"DeviceKey": key, "DeviceGroupKey": GROUP}
    return json_response({"AuthenticationResult": result})


def on_code(ticket: Ticket, responses: Body) -> Any:
    """Judge a code by e-mail or of an authenticator app."""
    code, user = responses[_CODES[ticket.name]], ticket.user
    right = cognito._totp_matches(user.get("_totp_secret"), code) if "SOFTWARE" in ticket.name else code == CODE
    if not right:
        raise Refusal("CodeMismatchException", "Invalid code or auth state for the user.")
    return second_factor(ticket) if ticket.known.get("first") else signed_in(ticket)


def new_password_parameters(ticket: Ticket) -> Body:
    """Return the attributes that the user has, and those that the pool's schema demands beside them."""
    present = attributes_of(ticket.user)
    demanded = [found["Name"] for found in ticket.pool["SchemaAttributes"] if found.get("Required")]
    ticket.known["missing"] = [name for name in demanded if not present.get(name)]
    named = [f"userAttributes.{name}" for name in ticket.known["missing"]]
    return {"requiredAttributes": json.dumps(named), "userAttributes": json.dumps(present)}


def on_new_password(ticket: Ticket, responses: Body) -> Any:
    """Replace the temporary password, and take the attributes that come with it."""
    error = cognito._validate_password(ticket.pool, responses["NEW_PASSWORD"])
    if error:
        raise Refusal("InvalidPasswordException", json.loads(error[2])["message"])
    start = "userAttributes."
    given = {name.removeprefix(start): value for name, value in responses.items() if name.startswith(start)}
    if any(not given.get(name) for name in ticket.known["missing"]):
        raise Refusal("InvalidParameterException", f"Invalid attributes given, {ticket.known['missing'][0]} is missing")
    set_attributes(ticket.user, given)
    ticket.user |= {"_password": responses["NEW_PASSWORD"], "UserStatus": "CONFIRMED"}
    return second_factor(ticket)


def associate_software_token(body: Body) -> Any:
    """Make the secret of an authenticator app, for a challenge or for a signed-in user."""
    if "Session" not in body:
        return _ministack_associate(body)
    ticket = taken(body["Session"])
    ticket.known["secret"] = base64.b32encode(secrets.token_bytes(20)).decode()
    return json_response({"SecretCode": ticket.known["secret"], "Session": renewed(ticket)})


def verify_software_token(body: Body) -> Any:
    """Judge the first code of an authenticator app."""
    session = body.get("Session")
    if session not in tickets:
        return _ministack_verify(body)
    ticket = taken(session)
    if not cognito._totp_matches(ticket.known["secret"], body["UserCode"]):
        tickets[session] = ticket
        raise Refusal("EnableSoftwareTokenMFAException", "Code mismatch")
    ticket.known["verified"] = True
    return json_response({"Status": "SUCCESS", "Session": renewed(ticket)})


def on_mfa_setup(ticket: Ticket, _: Body) -> Any:
    """Sign in with the authenticator app that was just set up."""
    if not ticket.known.get("verified"):
        raise Refusal("NotAuthorizedException", "Invalid session for the user.")
    ticket.user |= {"_totp_secret": ticket.known["secret"], "_preferred_mfa": "SOFTWARE_TOKEN_MFA"}
    ticket.user.setdefault("_mfa_enabled", []).append("SOFTWARE_TOKEN_MFA")
    return signed_in(ticket)


def on_custom(ticket: Ticket, responses: Body) -> Any:
    """Sign in with the right answer, and ask again after a wrong one."""
    return signed_in(ticket) if responses["ANSWER"].strip() == "7" else ask(ticket)


def on_passkey(ticket: Ticket, responses: Body) -> Any:
    """Judge a signature. A passkey stands for both factors."""
    check_assertion(ticket, responses)
    return signed_in(ticket)


def on_device_proof(ticket: Ticket, responses: Body) -> Any:
    """Judge a device's proof. A remembered device stands for the second factor."""
    remembered = check_proof(ticket, responses)
    return signed_in(ticket, responses["DEVICE_KEY"]) if remembered else second_factor(ticket)
