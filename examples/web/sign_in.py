"""Registering and signing in: register, confirm, log in, challenges, forgotten password, log out."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from cognito_raw import CodeChallenge, Err, IdToken, MfaSetup, NewPasswordRequired, Ok, PasskeyChallenge, Result

from .ask import Ask, page

# The ways to sign in beside a password: the value of the button, and the arguments of `login`.
WAYS = {"code": {"preferred": "EMAIL_OTP"}, "passkey": {"preferred": "WEB_AUTHN"}, "choose": {"flow": "USER_AUTH"}}
WAYS["question"] = {"flow": "CUSTOM_AUTH"}  # whatever the pool's own triggers ask


async def home(ask: Ask) -> Response:
    """Show the way in, or the signed-in user's way about."""
    return ask.page("home", users=ask.request.app.state.users)


async def register(ask: Ask) -> Response:
    """Register a user. A second click on the button leads on as the first one did."""
    username = ask.form["username"]
    given = {name: ask.form[name] for name in ("email", "name", "team") if ask.form[name]}
    result = await ask.session.register(username, ask.form["password"], given)
    twice = isinstance(result, Err) and result.reason == "username-exists" and username == ask.visit.data.get("made")
    if isinstance(result, Err) and not twice:
        return ask.failed(result, "register")
    ask.visit.data["made"] = username
    sent = result.value.delivery if isinstance(result, Ok) else None
    return ask.go("/confirm", f"We sent a code to {sent.destination}." if sent else "Enter the code that we sent you.")


async def confirm(ask: Ask) -> Response:
    """Confirm the registration with the code."""
    if not ask.is_post:
        return ask.page("confirm", username=ask.session.state.last_username or "")
    username = ask.form["username"]
    result = await ask.session.confirm_registration(ask.form["code"], username=username)
    if isinstance(result, Err) and result.reason != "user-already-confirmed":
        return ask.failed(result, "confirm", username=username)
    return ask.go("/login", "Your account is confirmed. You can sign in now.")


async def resend(ask: Ask) -> Response:
    """Send another code."""
    result = await ask.session.resend_verification_code(username=ask.form["username"])
    if isinstance(result, Err):
        return ask.failed(result, "confirm", username=ask.form["username"])
    return ask.go("/confirm", f"We sent another code to {result.value.destination or 'you'}.")


async def login(ask: Ask) -> Response:
    """Sign in with a password, or in the way that the user chose."""
    if ask.session.state.tokens is not None:
        return ask.go("/")
    if not ask.is_post:
        return ask.page("login")
    way = WAYS.get(ask.form["way"], {"password": ask.form["password"]})
    ask.visits.renew_id(ask.visit)  # so that nobody else knows it
    result = await ask.session.login(ask.form["username"], **way)  # type: ignore[arg-type]  # one of the above
    return await _after(ask, result)


async def challenge(ask: Ask) -> Response:
    """Ask for whatever the pool wants to know before it signs the user in."""
    waits = ask.session.challenge
    if waits is None:
        return ask.go("/" if ask.session.state.tokens else "/login")
    if not ask.is_post:
        return await _show(ask)
    given = {
        name.removeprefix("attribute-"): value for name, value in ask.form.items() if name.startswith("attribute-")
    }
    ask.visits.renew_id(ask.visit)
    result = await ask.session.answer_challenge(
        ask.form.get("answer", ""), password=ask.form.get("password") or None, attributes=given or None
    )
    if isinstance(result, Err) and result.kind != "challenge" and ask.session.challenge is not None:
        return await _show(ask, result)
    return await _after(ask, result)


async def _show(ask: Ask, err: Err | None = None) -> Response:
    """Show the page of the challenge that waits, with a failure of the last answer."""
    waits, context = ask.session.challenge, dict[str, Any]()
    match waits:
        case NewPasswordRequired():
            kind, context = "new_password", {"required": waits.required_attributes}
        case MfaSetup():
            kind = "app"
            if err is None:
                setup = await ask.session.begin_totp_setup()
                if isinstance(setup, Err):
                    return ask.failed(setup, "login")
                ask.visit.data["app"] = [setup.value.secret, setup.value.qr_svg(waits.username, "Sample")]
            context = {"secret": ask.visit.data["app"][0], "qr": ask.visit.data["app"][1]}
        case PasskeyChallenge():
            kind, context = "passkey", {"options": json.dumps(dict(waits.options))}
        case CodeChallenge():
            kind = "code"
        case _ if waits is not None and hasattr(waits, "choices"):
            kind, context = "choice", {"with_password": waits.name == "SELECT_CHALLENGE"}
        case _:
            kind = "text"
    return ask.show("challenge", err, challenge=waits, kind=kind, **context)


async def _after(ask: Ask, result: Result[IdToken]) -> Response:
    """Go on after a sign-in."""
    if isinstance(result, Err):
        return ask.failed(result, "login")
    path = ask.visit.data.pop("next", "/")
    return ask.go(path, f"You are signed in as {result.value.payload['cognito:username']}.")


async def forgot(ask: Ask) -> Response:
    """Send a code to a user who forgot the password."""
    result = await ask.session.request_password_reset(ask.form["username"])
    if isinstance(result, Err):
        return ask.failed(result, "forgot")
    return ask.go("/reset", f"We sent a code to {result.value.destination or 'you'}.")


async def reset(ask: Ask) -> Response:
    """Set a new password with the code."""
    username = ask.form.get("username") or ask.session.state.last_username or ""
    if not ask.is_post:
        return ask.page("reset", username=username)
    result = await ask.session.reset_password_confirmation(ask.form["new"], ask.form["code"], username=username)
    note = "Your password is changed. Sign in with the new one."
    return ask.done(result, "reset", "/login", note, username=username)


async def logout(ask: Ask) -> Response:
    """Sign out here or everywhere. If the pool cannot be reached, sign out here all the same."""
    result = await ask.session.logout(everywhere="everywhere" in ask.form)
    note = "You are signed out."
    if isinstance(result, Err) and result.kind == "temporary":
        await ask.session.forget()
        note = "You are signed out here. The user pool could not be reached, so its tokens live until they expire."
    return ask.go("/login", note)


ROUTES = [
    Route("/", page(home)),
    Route("/register", page(register, "register"), methods=["GET", "POST"]),
    Route("/confirm", page(confirm), methods=["GET", "POST"]),
    Route("/resend", page(resend), methods=["POST"]),
    Route("/login", page(login), methods=["GET", "POST"]),
    Route("/challenge", page(challenge), methods=["GET", "POST"]),
    Route("/forgot", page(forgot, "forgot"), methods=["GET", "POST"]),
    Route("/reset", page(reset), methods=["GET", "POST"]),
    Route("/logout", page(logout), methods=["POST"]),
]
