"""Make the three pictures of the README: `make screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from examples.local_pool import serve
from examples.web.__main__ import sample_pool
from tests.support.paths import ROOT
from tests.web.conftest import Running
from tests.web.site import CHROMIUM, Site, User

FOLDER: Final = ROOT / "docs" / "screenshots"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with serve(extras=True) as server, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        running = Running(sample_pool(server), Path(folder))
        running.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        site = Site(running.url, browser.new_page(viewport={"width": 900, "height": 640}))
        site.open("/register")
        site.fill(username="grace", password="simple", email="grace@example.com", name="Grace Hopper", team="compilers")
        site.press("Register")
        site.page.screenshot(path=FOLDER / "register.png")
        site.sign_in(User("charles", "Temporary-1822"))
        site.page.screenshot(path=FOLDER / "challenge.png")
        site.sign_in(User("ada", "An-Engine-1843"))
        site.open("/tokens")
        site.page.locator("#live").wait_for()
        site.page.screenshot(path=FOLDER / "tokens.png")
        browser.close()
        running.stop()


if __name__ == "__main__":
    main()
