"""Remembered devices. The proof is that of a password, with the device's key as its user."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from typing import Any

from ministack.core.responses import json_response

from .parts import Body, Refusal, Ticket, cognito, user_of

GROUP = "-local-devices"


def confirm_device(body: Body) -> Any:
    """Keep the verifier of a device's password."""
    given = body["DeviceSecretVerifierConfig"]
    salt, v = (int.from_bytes(base64.b64decode(given[name]), "big") for name in ("Salt", "PasswordVerifier"))
    device = {"salt": salt, "v": v, "made": time.time(), "used": time.time(), "status": "remembered"}
    user_of(body).setdefault("_devices", {})[body["DeviceKey"]] = {**device, "name": body.get("DeviceName")}
    return json_response({"UserConfirmationNecessary": False})


def list_devices(body: Body) -> Any:
    """List the user's devices, in one page."""
    return json_response({"Devices": [shown(key, known) for key, known in user_of(body).get("_devices", {}).items()]})


def get_device(body: Body) -> Any:
    """Return one device."""
    return json_response({"Device": shown(body["DeviceKey"], device_of(body))})


def update_device_status(body: Body) -> Any:
    """Set whether a device stands for the second factor."""
    device_of(body)["status"] = body["DeviceRememberedStatus"]
    return json_response({})


def forget_device(body: Body) -> Any:
    """Forget a device."""
    device_of(body)
    del user_of(body)["_devices"][body["DeviceKey"]]
    return json_response({})


def device_of(body: Body) -> Body:
    """Return the device that the body names."""
    found: Body | None = user_of(body).get("_devices", {}).get(body["DeviceKey"])
    if found is None:
        raise Refusal("ResourceNotFoundException", "Device does not exist.")
    return found


def shown(key: str, known: Body) -> Body:
    """Return a DeviceType."""
    named = {"device_status": "valid", "dev:device_remembered_status": known["status"], "device_name": known["name"]}
    return {
        "DeviceKey": key,
        "DeviceAttributes": [{"Name": name, "Value": value} for name, value in named.items() if value],
        "DeviceCreateDate": known["made"],
        "DeviceLastAuthenticatedDate": known["used"],
    }


def begin_proof(ticket: Ticket, responses: Body) -> Ticket:
    """Return the challenge to prove a device's password."""
    device = ticket.user["_devices"][responses["DEVICE_KEY"]]
    b = secrets.randbits(512)
    public = (cognito._SRP_K * device["v"] + pow(cognito._SRP_G, b, cognito._SRP_N)) % cognito._SRP_N
    block = base64.b64encode(secrets.token_bytes(32)).decode()
    named = {"SALT": f"{device['salt']:x}", "SRP_B": f"{public:x}", "SECRET_BLOCK": block}
    known = {"A": int(responses["SRP_A"], 16), "b": b, "B": public, "device": device, "parameters": named}
    named["DEVICE_KEY"] = responses["DEVICE_KEY"]
    return Ticket("DEVICE_PASSWORD_VERIFIER", ticket.pool, ticket.client_id, ticket.user, known)


def check_proof(ticket: Ticket, responses: Body) -> bool:
    """Refuse a proof that does not hold. Return whether the device stands for the second factor."""
    known, pad, n = ticket.known, cognito._srp_pad, cognito._SRP_N
    u = cognito._srp_hash(pad(known["A"]), pad(known["B"]))
    shared = pow(known["A"] * pow(known["device"]["v"], u, n), known["b"], n)
    key = hmac.digest(hmac.digest(pad(u), pad(shared), "sha256"), b"Caldera Derived Key\x01", "sha256")[:16]
    block = known["parameters"]["SECRET_BLOCK"]
    claim = f"{GROUP}{responses['DEVICE_KEY']}".encode() + base64.b64decode(block) + responses["TIMESTAMP"].encode()
    right = base64.b64encode(hmac.digest(key, claim, "sha256")).decode()
    if not hmac.compare_digest(right, responses["PASSWORD_CLAIM_SIGNATURE"]):
        raise Refusal("NotAuthorizedException", "Incorrect username or password.")
    known["device"]["used"] = time.time()
    return bool(known["device"]["status"] == "remembered")
