"""What an attacker tries: other sites' forms, planted and changed cookies; and passkeys, from the right page alone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.web.conftest import Running
from tests.web.site import PASSWORD, Site, User


def cookie_of(context: BrowserContext) -> str:
    """The value of the visit's cookie."""
    (found,) = [one for one in context.cookies() if one.get("name") == "visit"]
    return str(found.get("value"))


def is_signed_in(url: str, cookie: str) -> bool:
    """Whether this cookie opens a page that is for signed-in users alone."""
    answer = httpx.get(f"{url}/profile", headers=[(b"Cookie", f"visit={cookie}".encode())], trust_env=False)
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, context: BrowserContext) -> None:
    """It is HttpOnly and SameSite, and pages are not cached."""
    site.open("/login")
    (found,) = context.cookies()
    assert (found.get("httpOnly"), found.get("sameSite")) == (True, "Lax")
    answer = httpx.get(f"{site.url}/login", trust_env=False)
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_form_of_another_site_is_refused(site: Site, context: BrowserContext, user: User) -> None:
    """It has neither the cookie nor the token of a form, and the user stays signed in."""
    site.sign_in(user)
    evil = context.new_page()
    evil.route("http://evil.example/**", lambda route: route.fulfill(
        content_type="text/html", body=f'<form method="post" action="{site.url}/logout"><button>Win</button></form>'
    ))  # fmt: skip
    evil.goto("http://evil.example/")
    evil.get_by_role("button").click()
    expect(evil.get_by_role("heading", level=1)).to_have_text("This form was out of date")
    site.open("/profile")
    site.is_at("/profile", "Profile")


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_token_is_refused(site: Site, context: BrowserContext, user: User, token: str) -> None:
    """Even with the cookie."""
    site.sign_in(user)
    for path in ("/logout", "/profile", "/authenticator", "/passkeys/remove", "/login", "/register"):
        answer = context.request.post(site.url + path, form={"form_token": token, "id": "1"})
        assert answer.status == 403
    assert is_signed_in(site.url, cookie_of(context))


def test_a_planted_cookie_does_not_become_the_users(site: Site, context: BrowserContext, user: User) -> None:
    """A sign-in gives a new one, and the old one is worth nothing."""
    attacker = httpx.get(f"{site.url}/login", trust_env=False).cookies["visit"]
    context.add_cookies([{"name": "visit", "value": attacker, "url": site.url}])
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")
    assert cookie_of(context) != attacker
    assert not is_signed_in(site.url, attacker)
    assert is_signed_in(site.url, cookie_of(context))


def test_the_cookie_of_before_a_sign_out_is_worth_nothing(site: Site, context: BrowserContext, user: User) -> None:
    """Nor does the pool take its tokens any more."""
    site.sign_in(user)
    before = cookie_of(context)
    site.press("Sign out")
    assert not is_signed_in(site.url, before)


def test_a_cookie_that_was_changed_is_refused(site: Site, context: BrowserContext, user: User) -> None:
    """Whether its id or its signature was."""
    site.sign_in(user)
    visit, _, signature = cookie_of(context).partition(".")
    assert is_signed_in(site.url, f"{visit}.{signature}")
    flipped = "0" if signature[0] != "0" else "1"
    for changed in (f"{visit}.{flipped}{signature[1:]}", f"{visit}x.{signature}", f"{visit}.", visit, "", "..", "é.é"):
        assert not is_signed_in(site.url, changed)


def test_a_page_after_the_sign_in_is_of_this_site(site: Site, user: User) -> None:
    """What an address asks for never sends the browser elsewhere."""
    site.open("//evil.example/profile")
    expect(site.page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    site.sign_in(user)
    site.is_at("/", f"Hello, {user.name}")


def test_a_typed_name_is_shown_as_text(site: Site) -> None:
    """Not as markup."""
    site.sign_in(User("<img src=x onerror=alert(1)>", PASSWORD))
    assert site.page.locator("[name=username]").input_value() == "<img src=x onerror=alert(1)>"
    assert site.page.locator("img").count() == 0


@pytest.fixture
def authenticator(context: BrowserContext, page: Page) -> Iterator[str]:
    """A virtual authenticator that keeps passkeys and verifies its user."""
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield made["authenticatorId"]
    cdp.detach()


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_is_made_used_and_removed(site: Site, user: User) -> None:
    """It signs in without a password. The same device makes no second one."""
    site.sign_in(user)
    site.open("/passkeys")
    site.press("Add a passkey")
    site.press("Make it now")
    site.says("Your passkey is registered.")
    expect(site.page.get_by_role("rowheader")).to_have_text("Passkey 1")
    site.press("Add a passkey")
    site.page.get_by_role("button", name="Make it now").click()
    site.says("This device has a passkey of yours already.")
    site.press("Sign out")
    site.fill(username=user.name)
    site.press("Passkey")
    site.is_at("/challenge", "Use your passkey")
    site.press("Use the passkey")
    site.is_at("/", f"Hello, {user.name}")
    site.open("/passkeys")
    site.press("Remove Passkey 1")
    expect(site.page.get_by_text("You have no passkeys yet.")).to_be_visible()


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_is_refused_under_another_origin(running: Running, site: Site, user: User) -> None:
    """The browser makes none on http://127.0.0.1, and the page says what to do."""
    other = Site(running.url.replace("localhost", "127.0.0.1"), site.page)
    other.sign_in(user)
    other.open("/passkeys")
    other.press("Add a passkey")
    other.page.get_by_role("button", name="Make it now").click()
    other.says("Passkeys work on http://localhost only.")


def test_a_passkey_that_the_browser_does_not_have_is_reported(site: Site, user: User) -> None:
    """A user without one gets the other choices."""
    site.open("/login")
    site.fill(username=user.name)
    site.press("Passkey")
    site.is_at("/challenge", "How do you want to sign in?")
