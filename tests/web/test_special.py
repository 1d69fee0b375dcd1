"""What happens to real users: the back button, two clicks, two tabs, moved clocks, a pool that is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from examples.authenticator import totp
from examples.local_pool import serve
from examples.web.__main__ import sample_pool
from tests.web.conftest import Running
from tests.web.site import PASSWORD, Site, User


def test_the_back_button_shows_nobodys_page(site: Site, user: User) -> None:
    """After a sign-out it leads to the sign-in, and after a sign-in not to its form."""
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    site.page.go_back()
    site.is_at("/", f"Hello, {user.name}")
    site.open("/profile")
    site.press("Sign out")
    site.page.go_back()
    site.is_at("/login", "Sign in")


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_two_clicks_on_register_do_what_one_does(running: Running, browser: Browser, script: bool) -> None:
    """The second click leads on as the first one would have."""
    context = browser.new_context(java_script_enabled=script)
    site = Site(running.url, context.new_page())
    name = f"twice{script}".lower()
    site.open("/register")
    site.fill(username=name, password=PASSWORD, email=f"{name}@example.com", name="Twice")
    site.page.get_by_role("button", name="Register", exact=True).dblclick()
    site.page.wait_for_url("**/confirm")
    site.is_at("/confirm", "Confirm your account")
    context.close()


def test_two_clicks_on_sign_in_sign_in_once(site: Site, user: User) -> None:
    """One sign-in is in the list."""
    site.open("/login")
    site.fill(username=user.name, password=user.password)
    site.page.get_by_role("button", name="Sign in", exact=True).dblclick()
    site.is_at("/", f"Hello, {user.name}")
    site.open("/sign-ins")
    expect(site.page.locator("tbody tr")).to_have_count(1)


def test_a_sign_out_in_one_tab_is_noticed_in_the_other(site: Site, context: BrowserContext, user: User) -> None:
    """Its next page leads to the sign-in and, after that, back to the page. Its old form is refused with words."""
    site.sign_in(user)
    other = Site(site.url, context.new_page())
    other.open("/password")
    stale = Site(site.url, context.new_page())
    stale.open("/profile")
    site.press("Sign out")
    other.open("/devices")
    other.says("Please sign in to see this page.")
    other.fill(username=user.name, password=user.password)
    other.press("Sign in")
    other.is_at("/devices", "Devices")
    stale.fill(nickname="late")
    stale.press("Save")
    stale.is_at("/profile", "This form was out of date")
    stale.page.get_by_role("link", name="Open the page anew").click()
    stale.is_at("/profile", "Profile")


def test_a_sign_out_in_one_process_ends_it_in_all(running: Running, site: Site, user: User) -> None:
    """Another process on the same folder shows the end in its open page at once, and then asks for a sign-in."""
    site.sign_in(user)
    other = Running(running.pool, running.folder)
    other.start()
    try:
        there = Site(other.url, site.page.context.new_page())
        there.open("/tokens")
        expect(there.page.locator("#live")).to_be_visible()
        site.press("Sign out")
        expect(there.page.locator("#events")).to_contain_text("ended")
        there.open("/profile")
        there.says("Please sign in to see this page.")
    finally:
        other.stop()


def test_two_users_in_two_browsers_see_their_own_pages(
    running: Running, site: Site, user: User, browser: Browser
) -> None:
    """At the same time."""
    site.sign_in(user)
    other = Site(running.url, browser.new_context().new_page())
    other.sign_in(User("ada", PASSWORD))
    other.is_at("/", "Hello, ada")
    site.open("/")
    site.is_at("/", f"Hello, {user.name}")


@pytest.mark.parametrize("ahead", [250, 100_000], ids=["near its end", "ended long ago"])
def test_a_token_that_ended_is_renewed_unnoticed(running: Running, site: Site, user: User, ahead: float) -> None:
    """The page comes as ever, and the list of events tells of the renewal."""
    site.sign_in(user)
    running.ahead = ahead
    site.open("/profile")
    site.is_at("/profile", "Profile")
    site.open("/tokens")
    expect(site.page.locator("#events")).to_contain_text("renewed")


def test_a_restart_of_the_application_keeps_users_signed_in(running: Running, site: Site, user: User) -> None:
    """Their visits are in the encrypted files, of which none shows a name."""
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    running.stop()
    assert not any(user.name.encode() in file.read_bytes() for file in (running.folder / "visits").iterdir())
    running.start()
    site.open("/profile")
    site.is_at("/profile", "Profile")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Running, ExitStack, Path]]:
    """The sample on a pool of the test's own, which keeps its state, and can be taken away."""
    with ExitStack() as pool, ExitStack() as rest:
        server = pool.enter_context(serve(extras=True, folder=tmp_path / "pool", challenge_seconds=1))
        made = Running(sample_pool(server), tmp_path)
        made.start()
        rest.callback(made.stop)
        yield made, pool, tmp_path


def test_a_pool_that_is_away_is_reported_and_nothing_is_lost(
    own: tuple[Running, ExitStack, Path], page: Page, browser: Browser
) -> None:
    """Its pages say so with status 503, and work again once it is back, with the same users and sign-ins."""
    running, pool, folder = own
    site = Site(running.url, page)
    site.sign_in(User("ada", PASSWORD))
    site.is_at("/", "Hello, ada")
    port = int(running.pool.endpoint.rpartition(":")[2])
    pool.close()
    with page.expect_response("**/profile") as response:
        site.open("/profile")
    assert response.value.status == 503
    site.says("The user pool cannot be reached at present.")
    site.open("/tokens")
    expect(page.locator("#payload")).to_contain_text("ada@example.com")
    stranger = Site(running.url, browser.new_context().new_page())
    stranger.sign_in(User("charles", "Temporary-1822"))
    stranger.says("The user pool cannot be reached at present.")
    assert stranger.page.locator("[name=username]").input_value() == "charles"
    pool.enter_context(serve(port, extras=True, folder=folder / "pool"))
    site.open("/profile")
    site.is_at("/profile", "Profile")
    stranger.fill(password="Temporary-1822")
    stranger.press("Sign in")
    stranger.is_at("/challenge", "Choose a new password")


def test_a_sign_out_works_though_the_pool_is_away(own: tuple[Running, ExitStack, Path], page: Page) -> None:
    """Here at least; the page says what that means."""
    running, pool, _ = own
    site = Site(running.url, page)
    site.sign_in(User("ada", PASSWORD))
    pool.close()
    site.press("Sign out")
    site.says("You are signed out here.")


def test_an_answer_that_is_too_late_leads_back_to_the_sign_in(own: tuple[Running, ExitStack, Path], page: Page) -> None:
    """The page says that it took too long."""
    site = Site(own[0].url, page)
    site.open("/login")
    site.fill(username="ada")
    site.press("Code by e-mail")
    site.is_at("/challenge", "Enter the code")
    time.sleep(1.2)
    site.fill(answer="123456")
    site.press("Continue")
    site.says("That took too long.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_pool_that_demands_a_second_factor_has_it_set_up_first(running: Running, site: Site, user: User) -> None:
    """The sign-in shows a QR code, and goes on with the app's first code."""
    named = {"UserPoolId": running.pool.id}
    running.pool.admin.set_user_pool_mfa_config(**named, MfaConfiguration="ON")
    try:
        site.sign_in(user)
        site.is_at("/challenge", "Set up an authenticator app")
        secret = site.page.locator("figure code").inner_text()
        site.fill(answer="000000")
        site.press("Sign in")
        site.complains("answer", "This is not the code")
        assert site.page.locator("figure code").inner_text() == secret
        site.fill(answer=totp(secret))
        site.press("Sign in")
        site.is_at("/", f"Hello, {user.name}")
    finally:
        running.pool.admin.set_user_pool_mfa_config(**named, MfaConfiguration="OPTIONAL")


def test_the_keyboard_alone_signs_in(site: Site, user: User) -> None:
    """From the skip link over the fields to the button; what has the focus shows it."""
    site.open("/login")
    keyboard, focused = site.page.keyboard, site.page.locator(":focus")
    keyboard.press("Tab")
    expect(focused).to_have_text("Skip to the content")
    keyboard.press("Enter")
    keyboard.press("Tab")
    expect(focused).to_have_attribute("name", "username")
    assert focused.evaluate("field => getComputedStyle(field).outlineStyle") == "solid"
    keyboard.type(user.name)
    keyboard.press("Tab")
    keyboard.type(user.password)
    keyboard.press("Tab")
    expect(focused).to_have_text("Sign in")
    keyboard.press("Enter")
    site.is_at("/", f"Hello, {user.name}")
