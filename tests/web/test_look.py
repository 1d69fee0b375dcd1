"""Each page looks right to axe, on a phone and a desktop, light and dark, and leaves a screenshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.support.paths import ROOT
from tests.web.conftest import SHOTS, Running
from tests.web.site import Site, User

# Where `make test-web` has npm put it.
AXE: Final = Path(os.environ.get("AXE", ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"))
OUTSIDE: Final = ("/", "/register", "/confirm", "/login", "/forgot", "/reset", "/nowhere")
INSIDE: Final = (
    "/", "/profile", "/verify", "/password", "/delete", "/factors", "/passkeys", "/devices", "/sign-ins", "/tokens",
    "/api",
)  # fmt: skip
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1200, "height": 850}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1200, "height": 850}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


def serious(site: Site) -> list[str]:
    """What axe finds to be serious or worse."""
    site.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = site.page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def look(site: Site, name: str, path: str) -> None:
    """Open the page, take its picture, and let axe judge it."""
    site.open(path)
    check(site, f"{name}{path.replace('/', '-')}" if path != "/" else f"{name}-home")


def check(site: Site, name: str) -> None:
    picture(site, f"{name}.png")
    too_wide = site.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not too_wide, f"{name} scrolls sideways"
    assert serious(site) == [], name


def picture(site: Site, name: str) -> Path:
    SHOTS.mkdir(exist_ok=True)
    site.page.screenshot(path=SHOTS / name, full_page=True)
    return SHOTS / name


@pytest.mark.parametrize("name", LOOKS)
def test_each_page_has_no_serious_finding(running: Running, browser: Browser, user: User, name: str) -> None:
    """Those for everybody, the challenges, and those of a signed-in user."""
    context = browser.new_context(**LOOKS[name])
    site = Site(running.url, context.new_page())
    for path in OUTSIDE:
        look(site, f"{name}-outside", path)
    site.open("/login")
    site.fill(username=user.name, password="wrong")
    site.press("Sign in")
    check(site, f"{name}-outside-login-wrong")
    site.open("/register")
    site.fill(username="grace", password="simple", email="grace@example.com", name="Grace")
    site.press("Register")
    check(site, f"{name}-outside-register-wrong")
    site.sign_in(User("charles", "Temporary-1822"))
    check(site, f"{name}-challenge-password")
    site.open("/login")
    site.fill(username=user.name)
    site.press("Let me choose")
    check(site, f"{name}-challenge-choice")
    site.open("/login")
    site.fill(username=user.name)
    site.press("Code by e-mail")
    check(site, f"{name}-challenge-code")
    site.open("/login")
    site.fill(username=user.name)
    site.press("Question")
    check(site, f"{name}-challenge-question")
    site.sign_in(user)
    for path in INSIDE:
        look(site, f"{name}-inside", path)
    site.press("With the access token")
    check(site, f"{name}-inside-api-answer")
    site.open("/factors")
    site.press("Set it up")
    check(site, f"{name}-inside-authenticator")
    site.open("/passkeys")
    site.press("Add a passkey")
    check(site, f"{name}-inside-passkey-new")
    context.close()
