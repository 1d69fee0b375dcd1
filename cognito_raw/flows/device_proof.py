"""Remembered devices: a password for a new one, and its SRP proof at the next sign-in."""

from __future__ import annotations

import base64
from typing import Final

from ..call import ServiceReply
from ..config import Config
from ..flow import Flow, ask
from ..models.challenge import Challenge
from ..models.device import ConfirmedDevice, NewDevice, RememberedDevice
from ..models.fields import require_string
from ..models.frozen import replace
from ..models.tokens import Tokens
from ..result import Err, Ok, Result
from ..srp import exchange as srp
from .auth_calls import AuthContext, outcome, respond
from .password_proof import SrpIdentity, prove

# As AWS's own clients draw them.
_PASSWORD_BYTES: Final = 40
_SALT_BYTES: Final = 16


def confirm_new_device(
    config: Config, access_token: str, new_device: NewDevice, username: str, *, name: str | None = None
) -> Flow[ConfirmedDevice]:
    """Confirm a new device with a generated password, which proves the device at the next sign-in.

    new_device: from the tokens of the sign-in.
    username: the service's own user name, which the access token has.
    name: the device's name in the user's list of devices.

    The service accepts any verifier, and refuses a wrong one only at the next sign-in. Reasons: `device-key-exists`,
    `device-not-found`, and those of access tokens.
    """
    device, request = confirmation(config, access_token, new_device, username, name)
    answer = yield from ask("ConfirmDevice", request)
    if isinstance(answer, Err):
        return answer
    return Ok(ConfirmedDevice(device, answer.value.body.get("UserConfirmationNecessary") is True))


def confirmation(
    config: Config, access_token: str, new_device: NewDevice, username: str, name: str | None = None
) -> tuple[RememberedDevice, dict[str, object]]:
    """Return a new device with a generated password, and the parameters of ConfirmDevice for it."""
    require_string(access_token=access_token, username=username, **({} if name is None else {"name": name}))
    password = base64.b64encode(config.randomness(_PASSWORD_BYTES)).decode()
    salt = int.from_bytes(config.randomness(_SALT_BYTES), "big")
    x = srp.private_key(salt, new_device.group_key, new_device.key, password)
    verifier = {"PasswordVerifier": _base64(srp.verifier(x)), "Salt": _base64(salt)}
    request: dict[str, object] = {
        "AccessToken": access_token,
        "DeviceKey": new_device.key,
        "DeviceSecretVerifierConfig": verifier,
    }
    device = RememberedDevice(new_device.key, new_device.group_key, password, username)
    return device, request if name is None else {**request, "DeviceName": name}


def _base64(n: int) -> str:
    return base64.b64encode(srp.pad(n)).decode()


def finish(context: AuthContext, answer: Result[ServiceReply], username: str) -> Flow[Tokens | Challenge]:
    """Return the result of a call. If it asks for the device, prove the device first."""
    result = outcome(answer, username)
    if isinstance(result, Err) or not isinstance(result.value, Challenge) or context.device is None:
        return result
    named = result.value.parameters.get("USERNAME", context.device.username)
    if result.value.name != "DEVICE_SRP_AUTH" or named != context.device.username:
        return result
    return (yield from prove_device(context, context.device, result.value))


def prove_device(context: AuthContext, device: RememberedDevice, challenge: Challenge) -> Flow[Tokens | Challenge]:
    """Answer DEVICE_SRP_AUTH and send the proof. A refused proof is `device-not-found`."""
    pair = srp.Ephemeral.draw(context.config.randomness)
    # The service may leave out USERNAME. The name that the user typed may be an alias.
    username = challenge.parameters.get("USERNAME") or device.username
    responses = {"USERNAME": username, "DEVICE_KEY": device.key, "SRP_A": f"{pair.A:x}"}
    asked = yield from respond(context, challenge.name, responses, challenge.session)
    if isinstance(asked, Err) or asked.value.body.get("ChallengeName") != "DEVICE_PASSWORD_VERIFIER":
        return _of_device(outcome(asked, username))
    proof = prove(context.config, pair, asked.value, SrpIdentity(device.group_key, device.key, device.password))
    if isinstance(proof, Err):
        return proof
    responses = {"USERNAME": username, "DEVICE_KEY": device.key, **proof.value.responses}
    answer = yield from respond(context, "DEVICE_PASSWORD_VERIFIER", responses, proof.value.session)
    return _of_device(outcome(answer, username))


def _of_device(result: Result[Tokens | Challenge]) -> Result[Tokens | Challenge]:
    # The service's error is the same for a wrong device password and a wrong user password.
    if isinstance(result, Err) and result.reason == "incorrect-username-or-password":
        return replace(result, reason="device-not-found")
    return result
