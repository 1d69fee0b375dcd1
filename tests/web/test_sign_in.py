"""Registering and signing in, with right and wrong input."""

from __future__ import annotations

from itertools import count
from typing import Final

import pytest

from examples.authenticator import totp
from tests.web.conftest import Running
from tests.web.site import PASSWORD, Site, User

_numbers = count()
TEMPORARY: Final = "Temporary-1822"


@pytest.fixture
def newcomer() -> str:
    return f"newcomer{next(_numbers)}"


def register(site: Site, name: str, password: str = PASSWORD) -> None:
    site.open("/register")
    site.fill(username=name, password=password, email=f"{name}@example.com", name="New Comer", team="engines")
    site.press("Register")


def test_a_newcomer_registers_confirms_and_signs_in(site: Site, newcomer: str) -> None:
    """Each wrong input is told beside its field, and the rest of the form is kept."""
    register(site, newcomer, "simple")
    site.complains("password", "Too simple")
    assert site.page.locator("[name=email]").input_value() == f"{newcomer}@example.com"
    site.fill(password=PASSWORD)
    site.press("Register")
    site.is_at("/confirm", "Confirm your account")
    site.fill(code="000000")
    site.press("Confirm")
    site.complains("code", "This is not the code.")
    site.press("Send another one")
    site.says("We sent another code to")
    site.fill(code=" 123 456 ")
    site.press("Confirm")
    site.is_at("/login", "Sign in")
    site.sign_in(User(newcomer, PASSWORD))
    site.is_at("/", f"Hello, {newcomer}")
    site.open("/profile")
    assert site.page.locator("[name='custom:team']").input_value() == "engines"


def test_a_name_that_is_taken_is_reported(site: Site, user: User) -> None:
    """Beside the name."""
    register(site, user.name)
    site.complains("username", "This name is taken.")


def test_an_unverified_user_is_led_to_confirm(site: Site, newcomer: str) -> None:
    """The sign-in goes to the page for the code, which knows the name."""
    register(site, newcomer)
    site.sign_in(User(newcomer, PASSWORD))
    site.is_at("/confirm", "Confirm your account")
    site.says("waits for its confirmation")
    assert site.page.locator("[name=username]").first.input_value() == newcomer


def test_a_wrong_password_and_an_unknown_name_are_reported(site: Site, user: User) -> None:
    """Beside the field that they are about."""
    site.sign_in(User(user.name, "Wrong-1843"))
    site.complains("password", "do not go together")
    site.sign_in(User("nobody", PASSWORD))
    site.complains("username", "There is no account of this name.")


def test_a_temporary_password_is_replaced_with_the_missing_attribute(
    running: Running, site: Site, newcomer: str
) -> None:
    """A simple password is told beside its field; the name that the pool demands is asked for."""
    running.pool.add_user(newcomer, TEMPORARY, temporary=True, email=f"{newcomer}@example.com")
    site.sign_in(User(newcomer, TEMPORARY))
    site.is_at("/challenge", "Choose a new password")
    site.fill(answer="simple", **{"attribute-name": "Charles"})
    site.press("Save and sign in")
    site.complains("answer", "Too simple")
    site.fill(answer=PASSWORD)
    site.press("Save and sign in")
    site.is_at("/", f"Hello, {newcomer}")
    site.open("/profile")
    assert site.page.locator("[name=name]").input_value() == "Charles"


def test_a_forgotten_password_is_replaced_in_two_steps(site: Site, user: User) -> None:
    """Wrong code, simple password, right ones, and the new password signs in."""
    site.open("/forgot")
    site.fill(username="nobody")
    site.press("Send the code")
    site.complains("username", "There is no account")
    site.fill(username=user.name)
    site.press("Send the code")
    site.is_at("/reset", "Choose a new password")
    site.fill(code="000000", new="Another-1844")
    site.press("Save the password")
    site.complains("code", "This is not the code.")
    site.fill(code="654321", new="simple")
    site.press("Save the password")
    site.complains("new", "Too simple")
    site.fill(code="654321", new="Another-1844")
    site.press("Save the password")
    site.sign_in(User(user.name, "Another-1844"))
    site.is_at("/", f"Hello, {user.name}")


def test_a_code_by_email_signs_in(site: Site, user: User) -> None:
    """Without a password; a wrong code may be corrected."""
    site.open("/login")
    site.fill(username=user.name)
    site.press("Code by e-mail")
    site.is_at("/challenge", "Enter the code")
    site.fill(answer="000000")
    site.press("Continue")
    site.complains("answer", "This is not the code.")
    site.fill(answer="123456")
    site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")


def test_the_pools_own_question_signs_in(site: Site, user: User) -> None:
    """A wrong answer is asked for again, since its triggers decide so."""
    site.open("/login")
    site.fill(username=user.name)
    site.press("Question")
    site.is_at("/challenge", "One more question")
    site.fill(answer="8")
    site.press("Continue")
    site.fill(answer="7")
    site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")


@pytest.mark.parametrize("choice", ["Password, proven and not sent", "Password", "Code by e-mail"])
def test_a_user_chooses_how_to_sign_in(site: Site, user: User, choice: str) -> None:
    """Among all that the account has."""
    site.open("/login")
    site.fill(username=user.name)
    site.press("Let me choose")
    site.page.get_by_label(choice, exact=True).first.check()
    if choice != "Code by e-mail":
        site.fill(password=user.password)
    site.press("Continue")
    if choice == "Code by e-mail":
        site.fill(answer="123456")
        site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")


def set_up_app(site: Site) -> str:
    """Set up an authenticator app, and return its secret."""
    site.open("/factors")
    site.press("Set it up")
    secret: str = site.page.locator("figure code").inner_text()
    drawn = site.page.locator("figure svg")
    assert drawn.is_visible()
    # A QR code that the page cuts off cannot be scanned.
    assert drawn.evaluate("svg => svg.getBBox().width <= svg.clientWidth - 16 && svg.clientWidth <= innerWidth")
    site.fill(code=totp(secret))
    site.press("Verify and turn on")
    site.says("Your authenticator app is set up.")
    return secret


def forget_devices(site: Site) -> None:
    site.open("/devices")
    while (buttons := site.page.get_by_role("button", name="Forget the device")).count():
        with site.page.expect_navigation():
            buttons.first.click()


def sign_out(site: Site) -> None:
    site.press("Sign out")
    site.is_at("/login", "Sign in")


def test_an_authenticator_app_is_a_second_factor(site: Site, user: User) -> None:
    """A remembered device stands for it; once forgotten, the sign-in asks for the app's code."""
    site.sign_in(user)
    site.open("/factors")
    site.press("Set it up")
    site.fill(code="000000")
    site.press("Verify and turn on")
    site.complains("code", "This is not the code that the app shows now.")
    secret = set_up_app(site)
    sign_out(site)
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    forget_devices(site)
    sign_out(site)
    site.sign_in(user)
    site.is_at("/challenge", "Enter the code of your app")
    site.fill(answer="000000")
    site.press("Continue")
    site.complains("answer", "This is not the code.")
    site.fill(answer=totp(secret))
    site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")


def test_a_user_with_two_factors_chooses_one(site: Site, user: User) -> None:
    """An app and codes by e-mail, neither preferred; a preferred one is asked for at once."""
    site.sign_in(user)
    secret = set_up_app(site)
    site.open("/factors")
    site.press("Turn on")
    site.press("Do not prefer it")
    forget_devices(site)
    sign_out(site)
    site.sign_in(user)
    site.is_at("/challenge", "Choose a second factor")
    site.page.get_by_label("Code by e-mail").check()
    site.press("Continue")
    site.fill(answer="123456")
    site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")
    site.open("/factors")
    site.page.get_by_role("button", name="Prefer it", exact=True).first.wait_for()
    site.press("Prefer it")
    forget_devices(site)
    sign_out(site)
    site.sign_in(user)
    site.is_at("/challenge", "Enter the code of your app")
    site.fill(answer=totp(secret))
    site.press("Continue")
    site.is_at("/", f"Hello, {user.name}")
