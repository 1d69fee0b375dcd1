"""The pages of a signed-in user."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.conftest import Running
from tests.web.site import Site, User


@pytest.fixture
def inside(site: Site, user: User) -> Site:
    """The site, signed in."""
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    return site


def test_the_profile_is_changed_and_the_address_verified(inside: Site) -> None:
    """A new address is not verified until its code is entered."""
    inside.open("/profile")
    inside.fill(nickname="Amazing Grace")
    inside.press("Save")
    inside.says("Your profile is saved.")
    expect(inside.page.locator("[name=nickname]")).to_have_value("Amazing Grace")
    inside.fill(email="new@example.com")
    inside.press("Save")
    inside.is_at("/verify", "Verify your address")
    inside.fill(code="000000")
    inside.press("Verify")
    inside.complains("code", "This is not the code.")
    inside.press("Send another one")
    inside.fill(code="123456")
    inside.press("Verify")
    inside.is_at("/profile", "Profile")
    expect(inside.page.get_by_text("verified", exact=True)).to_be_visible()
    inside.open("/tokens")
    expect(inside.page.locator("#payload")).to_contain_text("new@example.com")


def test_the_password_is_changed(inside: Site, user: User) -> None:
    """The present one must be right, and the new one good."""
    inside.open("/password")
    inside.fill(old="Wrong-1843", new="Another-1844")
    inside.press("Change the password")
    inside.complains("old", "do not go together")
    inside.fill(old=user.password, new="simple")
    inside.press("Change the password")
    inside.complains("new", "Too simple")
    inside.fill(old=user.password, new="Another-1844")
    inside.press("Change the password")
    inside.says("Your password is changed.")
    inside.press("Sign out")
    inside.sign_in(User(user.name, "Another-1844"))
    inside.is_at("/", f"Hello, {user.name}")


def test_the_account_is_deleted_by_its_name_alone(inside: Site, user: User) -> None:
    """Then nobody is signed in, and the name is unknown."""
    inside.open("/delete")
    inside.fill(username="somebody")
    inside.press("Delete for good")
    inside.complains("username", "This is not the name of your account.")
    inside.fill(username=user.name)
    inside.press("Delete for good")
    inside.says("Your account is deleted.")
    inside.sign_in(user)
    inside.complains("username", "There is no account of this name.")


def test_a_sign_in_elsewhere_is_listed_and_ended(
    running: Running, inside: Site, user: User, browser_page: Page
) -> None:
    """The other browser hears of it at its next request to the pool."""
    other = Site(running.url, browser_page)
    other.sign_in(user)
    inside.open("/sign-ins")
    expect(inside.page.get_by_text("this one")).to_be_visible()
    with inside.page.expect_navigation():
        inside.page.get_by_role("button", name="End the sign-in").click()
    inside.says("That sign-in is ended.")
    expect(inside.page.get_by_role("button", name="End the sign-in")).to_have_count(0)
    other.open("/profile")
    other.says("Your sign-in was ended somewhere else.")


@pytest.fixture
def browser_page(browser: Browser) -> Page:
    """A tab of another browser, with cookies of its own."""

    page: Page = browser.new_context().new_page()
    return page


def test_signing_out_everywhere_ends_the_other_browser(
    running: Running, inside: Site, user: User, browser_page: Page
) -> None:
    """Both must sign in again."""
    other = Site(running.url, browser_page)
    other.sign_in(user)
    inside.open("/profile")
    inside.press("Sign out everywhere")
    inside.says("You are signed out.")
    other.open("/devices")
    other.says("Your sign-in was ended somewhere else.")


def test_the_api_answers_by_the_token(inside: Site, user: User) -> None:
    """200, 401 without a token and with the ID token, 403 without the group."""
    inside.open("/api")
    for button, status, words in (
        ("With the access token", "200", user.name),
        ("Without a token", "401", "token-missing"),
        ("With the ID token", "401", "token-use-refused"),
        ("A call for administrators", "403", "token-group-missing"),
    ):
        inside.press(button)
        expect(inside.page.locator("h2 .badge")).to_have_text(status)
        expect(inside.page.locator("pre")).to_contain_text(words)


def test_an_administrator_may_call_everything(site: Site) -> None:
    """The group in the token decides."""
    site.sign_in(User("admin", "An-Admin-1815"))
    site.open("/api")
    site.press("A call for administrators")
    expect(site.page.locator("h2 .badge")).to_have_text("200")


def test_the_tokens_are_renewed_before_ones_eyes(inside: Site, context: BrowserContext) -> None:
    """A renewal in another tab shows here at once, and so does the end."""
    inside.open("/tokens")
    expect(inside.page.locator("#live")).to_be_visible()
    expect(inside.page.locator("#events")).to_contain_text("signed in")
    other = Site(inside.url, context.new_page())
    other.open("/tokens")
    other.press("Renew now")
    other.says("The tokens are renewed.")
    expect(inside.page.locator("#events")).to_contain_text("renewed")
    other.press("Sign out")
    expect(inside.page.locator("#events")).to_contain_text("ended")


def test_pages_work_without_javascript(running: Running, browser: Browser, user: User) -> None:
    """All but passkeys and the live view, which say so."""

    context = browser.new_context(java_script_enabled=False)
    site = Site(running.url, context.new_page())
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    site.open("/tokens")
    site.press("Renew now")
    site.says("The tokens are renewed.")
    site.open("/passkeys")
    site.press("Add a passkey")
    expect(site.page.get_by_text("A passkey needs JavaScript.")).to_be_visible()
    context.close()
