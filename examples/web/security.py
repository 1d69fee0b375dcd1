"""The signed-in user's security: second factors, passkeys, remembered devices, and sign-ins elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.routing import Route

from cognito_raw import Err, MfaSettings, Result

from .ask import Ask, page

T = TypeVar("T")


async def factors(ask: Ask) -> Response:
    """Show the second factors, and change them."""
    account = ask.session.account
    if ask.is_post:
        on, preferred = "on" in ask.form, "preferred" in ask.form
        settings = MfaSettings(enabled=on or preferred, preferred_mfa=preferred)
        by_email, app = (settings, None) if ask.form["factor"] == "EMAIL_OTP" else (None, settings)
        changed = await account.set_user_mfa_preference(email_mfa_settings=by_email, software_token_mfa_settings=app)
        return ask.done(changed, "factors", "/factors", "Your second factors are changed.")
    found = await account.get_user_auth_factors()
    return ask.show("factors", found if isinstance(found, Err) else None, found=getattr(found, "value", None))


async def authenticator(ask: Ask) -> Response:
    """Set up an authenticator app: first its secret, then its first code."""
    if "code" in ask.form and "app" in ask.visit.data:
        secret, qr = ask.visit.data["app"]
        result = await ask.session.account.confirm_totp(ask.form["code"])
        note = "Your authenticator app is set up. The next sign-in asks for its code."
        return ask.done(result, "authenticator", "/factors", note, secret=secret, qr=qr)
    begun = await ask.session.account.enable_totp()
    if isinstance(begun, Err):
        return ask.failed(begun, "factors")
    qr = begun.value.qr_svg(ask.session.state.username or "you", "Sample")
    ask.visit.data["app"] = [begun.value.secret, qr]
    return ask.page("authenticator", secret=begun.value.secret, qr=qr)


async def passkeys(ask: Ask, err: Err | None = None, options: str | None = None) -> Response:
    """List the passkeys, or have the browser make one with these options."""
    found = await ask.session.account.list_web_authn_credentials()
    return _listed(ask, "passkeys", found, err, options=options)


async def new_passkey(ask: Ask) -> Response:
    """Begin to register a passkey: the page hands the options to the browser."""
    options = await ask.session.account.start_web_authn_registration()
    if isinstance(options, Err):
        return await passkeys(ask, options)
    return await passkeys(ask, options=json.dumps(dict(options.value)))


async def add_passkey(ask: Ask) -> Response:
    """Register the passkey that the browser made."""
    result = await ask.session.account.complete_web_authn_registration(ask.form["answer"])
    return await _changed(ask, result, passkeys, "Your passkey is registered. You can sign in with it.")


async def remove_passkey(ask: Ask) -> Response:
    """Delete a passkey."""
    result = await ask.session.account.delete_web_authn_credential(ask.form["id"])
    return await _changed(ask, result, passkeys, "The passkey is removed.")


async def devices(ask: Ask, err: Err | None = None) -> Response:
    """List the remembered devices."""
    here = ask.session.state.device
    return _listed(ask, "devices", await ask.session.account.list_devices(), err, here=here.key if here else None)


async def forget_device(ask: Ask) -> Response:
    """Forget a device: its next sign-in asks for the second factor again."""
    result = await ask.session.account.forget_device(ask.form["id"])
    return await _changed(ask, result, devices, "The device is forgotten.")


async def sign_ins(ask: Ask, err: Err | None = None) -> Response:
    """List the sign-ins that have not ended."""
    return _listed(ask, "sign_ins", await ask.session.account.list_user_sessions(), err)


async def end_sign_in(ask: Ask) -> Response:
    """End another sign-in of the user."""
    result = await ask.session.account.revoke_user_session(ask.form["id"])
    return await _changed(ask, result, sign_ins, "That sign-in is ended.")


def _listed(ask: Ask, name: str, found: Result[list[T]], err: Err | None, **context: Any) -> Response:
    """Show a list, with its own failure or that of the last change."""
    items = [] if isinstance(found, Err) else found.value
    return ask.show(name, found if isinstance(found, Err) else err, items=items, **context)


async def _changed(
    ask: Ask, result: Result[None], listed: Callable[[Ask, Err], Awaitable[Response]], note: str
) -> Response:
    """Show the list again, with the failure or the note."""
    path = ask.request.url.path.rpartition("/")[0]
    return await listed(ask, result) if isinstance(result, Err) else ask.go(path, note)


ROUTES = [
    Route("/factors", page(factors, signed_in=True), methods=["GET", "POST"]),
    Route("/authenticator", page(authenticator, signed_in=True), methods=["POST"]),
    Route("/passkeys", page(passkeys, signed_in=True)),
    Route("/passkeys/new", page(new_passkey, signed_in=True), methods=["POST"]),
    Route("/passkeys/add", page(add_passkey, signed_in=True), methods=["POST"]),
    Route("/passkeys/remove", page(remove_passkey, signed_in=True), methods=["POST"]),
    Route("/devices", page(devices, signed_in=True)),
    Route("/devices/forget", page(forget_device, signed_in=True), methods=["POST"]),
    Route("/sign-ins", page(sign_ins, signed_in=True)),
    Route("/sign-ins/end", page(end_sign_in, signed_in=True), methods=["POST"]),
]
