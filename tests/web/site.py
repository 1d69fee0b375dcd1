"""The site as its user sees it: fields by their labels, buttons and messages by their words."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, expect

CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PASSWORD: Final = "An-Engine-1843"


@dataclass(frozen=True)
class User:
    """The name and the password of a user."""

    name: str
    password: str


@dataclass(frozen=True)
class Site:
    """A tab of the browser."""

    url: str
    page: Page

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def fill(self, **fields: str) -> None:
        """Fill fields by their names."""
        for name, value in fields.items():
            self.page.locator(f"[name='{name}']").first.fill(value)

    def press(self, button: str) -> None:
        """Press a button, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()

    def sign_in(self, user: User) -> None:
        self.open("/login")
        self.fill(username=user.name, password=user.password)
        self.press("Sign in")

    def is_at(self, path: str, heading: str) -> None:
        """The browser shows this page."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        assert self.page.url.removeprefix(self.url) == path

    def says(self, words: str) -> None:
        """The page has this message."""
        expect(self.page.locator("[role=status], [role=alert]").filter(has_text=words).first).to_be_visible()

    def complains(self, field: str, words: str) -> None:
        """The message stands beside this field, and belongs to it."""
        found = self.page.locator(f"[name='{field}']")
        expect(found).to_have_attribute("aria-invalid", "true")
        expect(self.page.locator(f"[id='{field}-error']")).to_contain_text(words)
        assert f"{field}-error" in (found.get_attribute("aria-describedby") or "")
