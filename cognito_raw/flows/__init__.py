"""The journeys, as flows: what is asked of the service, in which order, and what comes of it.

No flow imports a transport. Every function here takes the configuration first and gives a generator, to be run with
`Client.run` or stepped by hand with `advance`.
"""

from .authentication import sign_in
from .challenges import answer_challenge, begin_totp_setup, respond_to_new_password_required
from .device_srp import confirm_new_device
from .operation import call
from .passwords import change_password, confirm_forgot_password, forgot_password
from .registration import confirm_sign_up, resend_confirmation_code, sign_up
from .tokens import get_tokens_from_refresh_token, global_sign_out, revoke_token

__all__ = [
    "answer_challenge",
    "begin_totp_setup",
    "call",
    "change_password",
    "confirm_forgot_password",
    "confirm_new_device",
    "confirm_sign_up",
    "forgot_password",
    "get_tokens_from_refresh_token",
    "global_sign_out",
    "resend_confirmation_code",
    "respond_to_new_password_required",
    "revoke_token",
    "sign_in",
    "sign_up",
]
