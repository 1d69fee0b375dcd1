"""The Lambda function of the examples, from its zip file, in processes that see nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from cryptography.fernet import Fernet

from examples.local_pool import Server
from tests.support.hostile import refusing
from tests.support.paths import EXAMPLES

PASSWORD: Final = "An-Engine-1843"


def module(name: str) -> ModuleType:
    """A file of the example, whose folder is no package: its name is a word of Python's own."""
    spec = importlib.util.spec_from_file_location(f"lambda_{name}", EXAMPLES / "lambda" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


bundle, start = module("bundle"), module("start")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The zip file, unpacked."""
    with start.unpacked(bundle.build(tmp_path_factory.mktemp("zip") / "lambda.zip")) as folder:
        yield folder


@pytest.fixture(scope="module")
def settings(server: Server) -> Mapping[str, str]:
    pool = server.pool()
    pool.add_users_of_the_readme()
    config = pool.config()
    return {
        "COGNITO_ISS": config.iss,
        "COGNITO_CLIENT_ID": config.client_id,
        "COGNITO_ENDPOINT": config.endpoint,
        "STATE_KEY": Fernet.generate_key().decode(),
    }


@contextmanager
def container(task: Path, settings: Mapping[str, str]) -> Iterator[Any]:
    with start.started(task, settings) as function:
        yield function


def cookie_of(answer: Mapping[str, Any]) -> str:
    (cookie,) = answer["cookies"]
    assert "HttpOnly; Secure; SameSite=Strict" in cookie
    return str(cookie).partition(";")[0]


def test_a_sign_in_goes_over_two_containers(task: Path, settings: Mapping[str, str]) -> None:
    """The second one answers the challenge, the next has tokens for the cookie, and the API takes them."""
    with container(task, settings) as first:
        asked = first("POST", "/sign-in", {"username": "charles", "password": "Temporary-1822"})
    assert (asked["statusCode"], asked["body"]["next"]) == (200, "new-password-challenge")
    with container(task, settings) as second:
        state = asked["body"]["state"]
        signed = second("POST", "/answer", {"state": state, "answer": "Permanent-1823"})
        assert signed["statusCode"] == 200
        forged = second("POST", "/answer", {"state": state[:-4] + "AAA=", "answer": "x"})
        assert (forged["statusCode"], forged["body"]["error"]) == (401, "challenge-session-invalid")
    cookie = cookie_of(signed)
    with container(task, settings) as third:
        found = third("POST", "/token", cookies=[cookie])
        assert found["statusCode"] == 200
        headers = {"authorization": f"Bearer {found['body']['token']}"}
        assert third("GET", "/me", headers=headers)["body"] == {"username": "charles"}
        assert third("POST", "/sign-out", cookies=[cookie])["statusCode"] == 200
        ended = third("POST", "/token", cookies=[cookie])
        assert (ended["statusCode"], ended["body"]["error"]) == (401, "refresh-token-revoked")


def test_what_is_wrong_is_refused_with_its_status(task: Path, settings: Mapping[str, str]) -> None:
    """No input makes the function fail."""
    with container(task, settings) as function:
        wrong = function("POST", "/sign-in", {"username": "ada", "password": "wrong"})
        assert (wrong["statusCode"], wrong["body"]["error"]) == (422, "incorrect-username-or-password")
        bodies: tuple[object, ...] = (None, [], {"state": 1}, "text")
        for body in bodies:
            assert function("POST", "/answer", body)["statusCode"] == 401
        assert function("POST", "/sign-in", {"username": "ada"})["statusCode"] == 422
        assert function("POST", "/sign-in")["statusCode"] == 422
        for cookies in ([], ["session=x"], ["session="], ["other=1"]):
            assert function("POST", "/token", cookies=cookies)["statusCode"] == 401
        assert function("GET", "/me")["body"] == {"error": "token-missing"}
        malformed = function("GET", "/me", headers={"authorization": "Bearer x"})
        assert (malformed["statusCode"], malformed["body"]["error"]) == (401, "token-malformed")
        assert function("GET", "/nowhere")["statusCode"] == 404


def test_a_service_that_is_away_is_503(task: Path, settings: Mapping[str, str]) -> None:
    """The browser may try again."""
    with refusing() as nowhere, container(task, {**settings, "COGNITO_ENDPOINT": nowhere}) as function:
        assert function("POST", "/sign-in", {"username": "ada", "password": PASSWORD})["statusCode"] == 503


def test_the_zip_file_has_bytecode_that_fits(task: Path, settings: Mapping[str, str]) -> None:
    """Nothing is compiled at a cold start, and nothing is written into the folder."""
    before = sorted(task.rglob("*"))
    sources = list((task / "cognito_raw").rglob("*.py"))
    tag = sys.implementation.cache_tag
    assert all((path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").is_file() for path in sources)
    with container(task, settings) as function:
        assert function.init > 0
    assert sorted(task.rglob("*")) == before
