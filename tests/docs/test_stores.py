"""The page on stores: its programs, each run several times, as different processes would."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok
from cognito_raw.testing import check_store
from examples.local_pool import Pool
from tests.support.pages import examples_of, run
from tests.support.redis_server import redis_server

COMMAND_LINE, BACK_END, REDIS, CONTRACT, _ = examples_of("docs/stores.md")
USER: Final = "ada"
PASSWORD: Final = "An-Engine-1843"


@pytest.fixture
def pool(new_pool: Callable[[], Pool]) -> Pool:
    """With the users of the README."""
    return new_pool()


def test_the_command_line_asks_once(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run finds the sign-in of the first."""
    monkeypatch.setenv("HOME", str(tmp_path))
    asked: list[str] = []

    def password() -> str:
        asked.append("password")
        return PASSWORD if len(asked) > 1 else "Wrong-1843"

    monkeypatch.setattr(getpass, "getpass", password)
    for said in ("not signed in: incorrect-username-or-password\n", *2 * ["hello ada@example.com\n"]):
        run(COMMAND_LINE, pool, USER)
        assert capsys.readouterr().out == said
    assert len(asked) == 2
    assert len(list((tmp_path / ".config" / "engines").iterdir())) == 2


def test_the_back_end_signs_in_and_out(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process signs in, another has the token, a third one signs out, and no file shows a token."""
    monkeypatch.setenv("SESSION_FOLDER", str(tmp_path))
    monkeypatch.setenv("SESSION_KEYS", f"{secrets.token_hex(32)} {secrets.token_hex(32)}")

    def process() -> dict[str, Any]:
        names: dict[str, Any] = {}
        run(BACK_END, pool, names=names)
        return names

    assert process()["sign_in"](USER, "Wrong-1843") is None
    cookie = process()["sign_in"](USER, PASSWORD)
    token = process()["token_for"](cookie)
    assert isinstance(token, Ok)
    assert not any(token.value.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert process()["token_for"]("forged") == Err("no-session")
    assert process()["sign_out"](cookie) == Ok(None)
    assert process()["token_for"](cookie) == Err("no-session")


def test_the_contract_is_checked(pool: Pool) -> None:
    """The example raises nothing."""
    run(CONTRACT, pool)


def test_machines_share_a_session_over_redis(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One signs in, and another has the token."""
    with redis_server(tmp_path) as server:
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{server.port}")
        monkeypatch.setenv("SESSION_KEYS", secrets.token_hex(32))

        def machine() -> dict[str, Any]:
            names: dict[str, Any] = {}
            run(REDIS, pool, names=names)
            return names

        first, second = machine(), machine()
        assert isinstance(first["session_of"]("cookie").login(USER, PASSWORD), Ok)
        assert isinstance(second["session_of"]("cookie").id_token(), Ok)
        for names in (first, second):
            names["store"]._store.close()
            names["client"].close()


def test_a_table_of_dynamodb_keeps_the_contract(table_store: Any) -> None:
    """As moto plays it."""
    check_store(table_store)
