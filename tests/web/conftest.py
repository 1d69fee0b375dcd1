"""The sample behind a real server, and a browser on it. A test that fails leaves a screenshot beside the others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

pytest.importorskip("playwright", reason="`make test-web` installs it")

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from examples.local_pool import Pool, serve
from examples.web.__main__ import USERS, sample_pool
from examples.web.app import create_app
from tests.support.paths import ROOT
from tests.web.site import CHROMIUM, PASSWORD, Site, User

_numbers = count()
SHOTS: Final = ROOT / "web-screenshots"


@dataclass
class Running:
    """The sample on a port of localhost, in a thread, with a clock that tests move."""

    pool: Pool
    folder: Path
    store: str = ""
    ahead: float = 0.0
    server: Any = field(default=None, repr=False)
    thread: Any = field(default=None, repr=False)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        config = self.pool.config()
        return {
            "COGNITO_ISS": config.iss,
            "COGNITO_CLIENT_ID": config.client_id,
            "COGNITO_ENDPOINT": self.pool.endpoint,
            "WEB_SECRET": "5a" * 32,
            "WEB_STORE": self.store or str(self.folder / "visits"),
            "WEB_USERS": json.dumps(USERS),
        }

    def start(self) -> None:
        app = create_app(self.settings, clock=lambda: time.time() + self.ahead, deadline=5.0)
        self.server = uvicorn.Server(
            uvicorn.Config(app, "127.0.0.1", self.port, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.02)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(extras=True) as server:
        made = Running(sample_pool(server), tmp_path_factory.mktemp("web"))
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1200, "height": 850}, color_scheme="light")
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def user(running: Running) -> User:
    """A user of the test's own, confirmed, with a verified address."""
    name = f"user{next(_numbers)}"
    running.pool.add_user(name, PASSWORD, email=f"{name}@example.com", email_verified="true", name="Grace Hopper")
    return User(name, PASSWORD)


@pytest.fixture
def site(running: Running, page: Page) -> Iterator[Site]:
    """The browser on the site; what its scripts complain of fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    running.ahead = 0.0
    yield Site(running.url, page)
    assert complaints == []
