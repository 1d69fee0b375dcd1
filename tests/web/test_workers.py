"""The sample in several worker processes over Redis: whichever of them answers, a user sees the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from cognito_raw import State
from cognito_raw.store import RedisStore, Sealed
from examples.local_pool import _free_port, serve
from examples.web.__main__ import sample_pool
from tests.support.paths import ROOT
from tests.support.redis_server import RedisServer, redis_server
from tests.web.conftest import Running
from tests.web.site import PASSWORD, User
from tests.web.test_account import inside, test_the_tokens_are_renewed_before_ones_eyes  # noqa: F401
from tests.web.test_guards import test_a_planted_cookie_does_not_become_the_users  # noqa: F401
from tests.web.test_sign_in import (  # noqa: F401
    newcomer,
    test_a_temporary_password_is_replaced_with_the_missing_attribute,
)
from tests.web.test_special import (  # noqa: F401
    test_a_sign_out_in_one_tab_is_noticed_in_the_other,
    test_two_clicks_on_register_do_what_one_does,
)

WORKERS: Final = 3
ENOUGH: Final = 60.0
REFRESH: Final = "GetTokensFromRefreshToken"


@contextmanager
def program(*command: str, **environment: str) -> Iterator[None]:
    """Run a program of Python until the block ends."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(ENOUGH)


class Workers(Running):
    """The sample in three processes."""

    @property
    def calls(self) -> list[str]:
        """The calls of the pool that were made so far, by all."""
        return [line.partition(":")[0] for line in (self.folder / "calls").read_text().splitlines()]

    def start(self) -> None:
        self.port, self.server = _free_port(), ExitStack()
        command: tuple[str, ...] = (
            "uvicorn",
            "tests.web.worker:create",
            "--factory",
            "--workers",
            str(WORKERS),
            "--host",
            "localhost",
        )
        command += ("--port", str(self.port), "--log-level", "warning")
        self.server.enter_context(program(*command, **self.settings, CALLS=str(self.folder / "calls")))
        each(lambda: get(self.url, "/static/icon.svg"))

    def stop(self) -> None:
        self.server.close()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def running(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """In the place of the fixture of one process, also for the tests that come from other files."""
    with serve(extras=True) as server:
        made = Workers(sample_pool(server), tmp_path_factory.mktemp("web"), address(redis))
        made.start()
        try:
            yield made
        finally:
            made.stop()


def address(redis: RedisServer) -> str:
    return f"redis://127.0.0.1:{redis.port}"


def get(url: str, path: str, cookie: str = "") -> httpx.Response:
    """Load a page over a connection of its own."""
    return httpx.get(url + path, headers={"Cookie": f"visit={cookie}"}, trust_env=False, timeout=ENOUGH)


def each(load: Callable[[], httpx.Response]) -> Mapping[str, httpx.Response]:
    """Load until each worker has answered, and return the last answer of each."""
    answers: dict[str, httpx.Response] = {}
    ends = time.monotonic() + ENOUGH
    with ThreadPoolExecutor(8) as threads:
        while len(answers) < WORKERS:
            assert time.monotonic() < ends
            for future in [threads.submit(load) for _ in range(8)]:
                try:
                    answers[future.result().headers["worker"]] = future.result()
                except httpx.TransportError:  # they have not started yet
                    time.sleep(0.1)
    return answers


def post(url: str, page: str, path: str, cookie: str = "", **form: str) -> str:
    """Send the form of a page, and return the cookie after it."""
    loaded = get(url, page, cookie)
    (token, *_) = re.findall(r'name="form_token" value="(\w+)"', loaded.text)
    headers = {"Cookie": f"visit={loaded.cookies['visit']}"}
    sent = httpx.post(url + path, data={**form, "form_token": token}, headers=headers, trust_env=False, timeout=ENOUGH)
    assert sent.status_code == 303
    return sent.cookies["visit"]


def sign_in(url: str, user: User) -> str:
    return post(url, "/login", "/login", username=user.name, password=user.password)


def statuses(url: str, cookie: str) -> list[int]:
    """What each worker answers to a page for signed-in users."""
    return [answer.status_code for answer in each(lambda: get(url, "/profile", cookie)).values()]


def test_a_sign_in_and_a_sign_out_by_one_are_seen_by_all(running: Workers, user: User) -> None:
    """At once."""
    cookie = sign_in(running.url, user)
    assert statuses(running.url, cookie) == WORKERS * [200]
    post(running.url, "/profile", "/logout", cookie)
    assert statuses(running.url, cookie) == WORKERS * [303]


def test_a_form_that_is_sent_again_and_again_does_what_one_does(running: Workers) -> None:
    """Each waits for the one before, whichever workers have them, and leads on as that one did."""
    page = get(running.url, "/register")
    (token,) = re.findall(r'name="form_token" value="(\w+)"', page.text)
    form = {"username": "again", "password": PASSWORD, "email": "again@example.com", "name": "A", "form_token": token}
    headers = {"Cookie": f"visit={page.cookies['visit']}"}

    def send() -> tuple[int, str | None]:
        sent = httpx.post(running.url + "/register", data=form, headers=headers, trust_env=False, timeout=ENOUGH)
        return sent.status_code, sent.headers.get("location")

    with ThreadPoolExecutor(4) as threads:
        assert {future.result() for future in [threads.submit(send) for _ in range(4)]} == {(303, "/confirm")}


def test_the_open_pages_of_all_are_told_of_a_sign_out(running: Workers, user: User) -> None:
    """By server-sent events, whoever sends them."""
    cookie = sign_in(running.url, user)
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=running.url, trust_env=False, timeout=ENOUGH))
        streams: dict[str, httpx.Response] = {}
        while len(streams) < WORKERS:
            stream = client.stream("GET", "/tokens/events", headers={"Cookie": f"visit={cookie}"})
            answer = stack.enter_context(stream)
            streams[answer.headers["worker"]] = answer
        post(running.url, "/profile", "/logout", cookie)
        for answer in streams.values():
            *_, last = [line for line in answer.iter_lines() if line.startswith("data: ")]
            told = json.loads(last.removeprefix("data: "))
            assert (told["ended"], told["events"][0][1]) == (True, "ended")


def test_all_together_renew_a_token_once(running: Workers, redis: RedisServer, user: User) -> None:
    """Each of them serves the new one."""
    cookie = sign_in(running.url, user)
    let_tokens_end(running, redis, cookie.partition(".")[0])
    before = running.calls.count(REFRESH)
    answers = each(lambda: get(running.url, "/tokens", cookie))
    (payload,) = {payload_of(answer.text) for answer in answers.values()}
    assert user.name in payload
    assert running.calls.count(REFRESH) - before == 1


def let_tokens_end(running: Workers, redis: RedisServer, key: str) -> None:
    """Leave the session a refresh token alone."""
    secret = bytes.fromhex(running.settings["WEB_SECRET"])
    with redis.client() as client:
        store = Sealed(RedisStore(client), [hashlib.sha256(b"visits" + secret).digest()])
        entry = store.load(key)
        assert entry
        state = State.from_dict(json.loads(entry.value))
        assert state.tokens
        ended = State.of_refresh_token(state.tokens.refresh_token or "", state.username, state.device)
        assert store.save(key, json.dumps(ended.to_dict()).encode(), after=entry.version)


def payload_of(page: str) -> str:
    (found,) = re.findall(r'<dl id="payload">(.*?)</dl>', page, re.DOTALL)
    return str(found)


def test_a_redis_that_is_away_is_reported_and_nothing_is_lost(running: Workers, redis: RedisServer, user: User) -> None:
    """Nobody is signed out by it."""
    cookie = sign_in(running.url, user)
    redis.stop()
    assert get(running.url, "/profile", cookie).status_code == 503
    redis.start()
    assert statuses(running.url, cookie) == WORKERS * [200]


def test_the_command_of_the_readme_keeps_users_signed_in(redis: RedisServer, tmp_path: Path) -> None:
    """Over a restart of pool and workers."""
    port = str(_free_port())
    url = f"http://localhost:{port}"
    options = ("--workers", "2", "--redis", address(redis), "--port", port, "--folder", str(tmp_path))
    cookie = ""
    for _ in range(2):
        with program("examples.web", *options):
            wait_for(url)
            cookie = cookie or sign_in(url, User("ada", PASSWORD))
            assert get(url, "/profile", cookie).status_code == 200


def wait_for(url: str) -> None:
    ends = time.monotonic() + ENOUGH
    while time.monotonic() < ends:
        try:
            get(url, "/static/icon.svg")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the sample does not start")
