"""Operations that ministack lacks, added to it in its own process: passkeys, devices, e-mail codes, and more.

The local pool calls `install()` before it starts the server. Tokens, users and passwords stay ministack's. A challenge
is good for one right answer, within its life. ministack is pinned, since this uses its internal functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import error_response_json

from . import account, devices, passkeys, sign_in
from .parts import Body, Refusal, cognito

_ministack_dispatch = cognito._dispatch_idp
_ministack_run = cognito._run_idp_handler


NEW: Mapping[str, Callable[[Body], Any]] = {
    "ConfirmDevice": devices.confirm_device,
    "ListDevices": devices.list_devices,
    "GetDevice": devices.get_device,
    "UpdateDeviceStatus": devices.update_device_status,
    "ForgetDevice": devices.forget_device,
    "StartWebAuthnRegistration": passkeys.start_registration,
    "CompleteWebAuthnRegistration": passkeys.complete_registration,
    "ListWebAuthnCredentials": passkeys.list_passkeys,
    "DeleteWebAuthnCredential": passkeys.delete_passkey,
    "DeleteUserAttributes": account.delete_attributes,
    "GetUserAttributeVerificationCode": account.send_attribute_code,
    "VerifyUserAttribute": account.verify_attribute,
    "GetUserAuthFactors": account.auth_factors,
    "ListUserSessions": account.list_sessions,
    "RevokeUserSession": account.revoke_session,
}


async def dispatch(action: str, data: Body) -> Any:
    """Run one of our operations, or leave it to ministack."""
    if action not in NEW:
        return await _ministack_dispatch(action, data)
    return await cognito.run_reentrant(run, NEW[action], action, data, thread_name="pool-extras")


def run(handler: Callable[[Body], Any], action: str, data: Body) -> Any:
    """Run an operation after ministack's checks. A refusal becomes the service's reply."""
    try:
        return _ministack_run(handler, action, data)
    except Refusal as refusal:
        code, message = refusal.args
        return error_response_json(code, message, 400)


def install() -> None:
    """Add the operations to ministack."""
    cognito._UNSIGNED_IDP_ACTIONS.update(NEW)
    known = iam_actions.unsigned_operations  # of boto3's model, which may be older than an operation
    iam_actions.unsigned_operations = lambda service: {*known(service), *NEW}
    cognito._dispatch_idp = dispatch
    cognito._run_idp_handler = run
    cognito._initiate_auth = sign_in.initiate_auth
    cognito._respond_to_auth_challenge = sign_in.respond
    cognito._password_auth_result = sign_in.after_password
    cognito._build_auth_result = account.build_auth_result
    cognito._associate_software_token = sign_in.associate_software_token
    cognito._verify_software_token = sign_in.verify_software_token
    cognito._update_user_attributes = account.update_attributes
    cognito._apply_mfa_preference = account.apply_mfa_preference
