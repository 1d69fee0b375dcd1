"""Flows: the requests of each operation in their order, and its result.

No flow imports a transport. Every function here takes the configuration first and returns a generator. Run it with
`Client.run`, or step it by hand with `advance`. A flow's module is imported when the flow is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .account import (
        delete_user,
        delete_user_attributes,
        get_user,
        get_user_attribute_verification_code,
        get_user_auth_factors,
        list_user_sessions,
        revoke_user_session,
        set_user_settings,
        update_auth_event_feedback,
        update_user_attributes,
        verify_user_attribute,
    )
    from .auth_calls import confirm_new_device
    from .challenges import answer_challenge, begin_totp_setup, respond_to_new_password_required
    from .client_sign_in import sign_in
    from .factors import (
        associate_software_token,
        complete_web_authn_registration,
        confirm_device,
        delete_web_authn_credential,
        forget_device,
        get_device,
        list_devices,
        list_web_authn_credentials,
        set_user_mfa_preference,
        start_web_authn_registration,
        update_device_status,
        verify_software_token,
    )
    from .raw import call, initiate_auth, respond_to_auth_challenge
    from .registration import (
        change_password,
        confirm_forgot_password,
        confirm_sign_up,
        forgot_password,
        resend_confirmation_code,
        sign_up,
    )
    from .tokens import get_tokens_from_refresh_token, global_sign_out, revoke_token
else:  # hidden from type checkers, which would then accept any misspelt name
    # The modules of a sign-in first: a session needs no others, and each import slows a cold start.
    _MODULES: Final = (
        "authentication",
        "client_sign_in",
        "challenges",
        "auth_calls",
        "registration",
        "tokens",
        "raw",
        "account",
        "factors",
    )

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f".{name}", __name__)
        if name in __all__:
            modules = (import_module(f".{module}", __name__) for module in _MODULES)
            return next(getattr(module, name) for module in modules if hasattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# fmt: off
__all__ = [
    "answer_challenge", "associate_software_token", "begin_totp_setup", "call", "change_password",
    "complete_web_authn_registration", "confirm_device", "confirm_forgot_password", "confirm_new_device",
    "confirm_sign_up", "delete_user", "delete_user_attributes", "delete_web_authn_credential", "forget_device",
    "forgot_password", "get_device", "get_tokens_from_refresh_token", "get_user",
    "get_user_attribute_verification_code", "get_user_auth_factors", "global_sign_out", "initiate_auth",
    "list_devices", "list_user_sessions", "list_web_authn_credentials", "resend_confirmation_code",
    "respond_to_auth_challenge", "respond_to_new_password_required", "revoke_token", "revoke_user_session",
    "set_user_mfa_preference", "set_user_settings", "sign_in", "sign_up", "start_web_authn_registration",
    "update_auth_event_feedback", "update_device_status", "update_user_attributes", "verify_software_token",
    "verify_user_attribute",
]
# fmt: on
