"""The signed-in user's account: profile, addresses, password, and its end."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from cognito_raw import Err, Ok

from .ask import Ask, page

EDITABLE = ("name", "email", "nickname", "custom:team")


async def profile(ask: Ask) -> Response:
    """Show and change the attributes. A new address must be verified."""
    if ask.is_post:
        given = {name: ask.form[name] for name in EDITABLE}
        changed = await ask.session.account.update_user_attributes(given)
        if isinstance(changed, Err):
            return ask.failed(changed, "profile", attributes=given, editable=EDITABLE)
        await ask.session.refresh()  # so that the ID token has them too
        if changed.value:
            return ask.go("/verify", f"We sent a code to {changed.value[0].destination}.")
        return ask.go("/profile", "Your profile is saved.")
    found = await ask.session.account.get_user()
    if isinstance(found, Err):
        return ask.failed(found, "profile", attributes={}, editable=EDITABLE)
    return ask.page("profile", attributes=found.value.attributes, editable=EDITABLE)


async def verify(ask: Ask) -> Response:
    """Verify the e-mail address with the code."""
    result = await ask.session.account.verify_user_attribute("email", ask.form["code"])
    if isinstance(result, Ok):
        await ask.session.refresh()
    return ask.done(result, "verify", "/profile", "Your address is verified.")


async def send_code(ask: Ask) -> Response:
    """Send a code to the e-mail address."""
    result = await ask.session.account.get_user_attribute_verification_code("email")
    if isinstance(result, Err):
        return ask.failed(result, "verify")
    return ask.go("/verify", f"We sent a code to {result.value.destination}.")


async def password(ask: Ask) -> Response:
    """Change the password."""
    result = await ask.session.change_password(ask.form["old"], ask.form["new"])
    return ask.done(result, "password", "/profile", "Your password is changed.")


async def delete(ask: Ask) -> Response:
    """Delete the account, if the user typed its name."""
    if ask.form["username"] != ask.session.state.username:
        return ask.page("delete", 422, errors={"username": "This is not the name of your account."})
    result = await ask.session.account.delete_user()
    if isinstance(result, Err):
        return ask.failed(result, "delete")
    return ask.go("/", "Your account is deleted.")


ROUTES = [
    Route("/profile", page(profile, signed_in=True), methods=["GET", "POST"]),
    Route("/verify", page(verify, "verify", signed_in=True), methods=["GET", "POST"]),
    Route("/verify/send", page(send_code, signed_in=True), methods=["POST"]),
    Route("/password", page(password, "password", signed_in=True), methods=["GET", "POST"]),
    Route("/delete", page(delete, "delete", signed_in=True), methods=["GET", "POST"]),
]
