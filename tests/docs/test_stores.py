"""The page on stores: its programs, each run several times, as different processes would."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok
from examples.local_pool import Pool
from tests.support.pages import examples_of, run

COMMAND_LINE, BACK_END, CONTRACT = examples_of("docs/stores.md")
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
