"""The README against the code: every example is run. `test_docs` follows its links."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from cognito_raw import CognitoError
from examples.local_pool import SIGN_UP_CODE, Pool, Server
from tests.support.pages import PASSWORD as PASSWORDS
from tests.support.pages import examples_of, run

EXAMPLES = examples_of("README.md")
PASSWORD = "An-Engine-1843"
# What each example prints where it works, after a text that is in no other one.
OUTPUT = {
    "confirm_registration(": r"signed in until \d+ as ada@example\.com\n",
    "await session.id_token()": r"Authorization: Bearer eyJ\S{7}\.\.\.\n",
    "client.within(": r"access token of \d{3,} characters\n",
    '"GetUser"': r"ada\n",
    "advance(": r"signed in by hand: True\n",
}


@pytest.fixture
def pool(server: Server) -> Pool:
    """The users of the examples."""
    made = server.pool()
    made.add_users_of_the_readme()
    return made


def outputs(example: str) -> list[str]:
    """What the example should print: one pattern, if the table above is right."""
    return [pattern for text, pattern in OUTPUT.items() if text in example]


def test_every_example_has_its_output_in_the_table() -> None:
    """Each is known by one text, and no text is left over."""
    assert [len(outputs(example)) for example in EXAMPLES] == [1] * len(OUTPUT)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_works(example: str, pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """An example runs to its end and prints what it should."""
    run(example, pool, "Permanent-1823")
    said = capsys.readouterr()
    assert re.fullmatch(outputs(example)[0], said.out)
    assert said.err == ""


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_no_example_seems_to_work_with_a_wrong_password(
    example: str, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example whose password is wrong raises, or prints something else."""
    wrong = PASSWORDS.sub("Wrong-1843", example)
    assert wrong != example
    with suppress(CognitoError):
        run(wrong, pool)
        assert not re.fullmatch(outputs(example)[0], capsys.readouterr().out)


def test_the_first_example_confirms_an_unverified_user(server: Server) -> None:
    """Its second branch confirms the user whose login failed."""
    pool = server.pool()
    pool.admin.sign_up(ClientId=pool.client_id, Username="ada", Password=PASSWORD)
    run(EXAMPLES[0], pool, SIGN_UP_CODE)
    assert pool.admin.admin_get_user(UserPoolId=pool.id, Username="ada")["UserStatus"] == "CONFIRMED"


def test_the_first_example_sets_a_new_password(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """Its third branch answers the challenge; the new password then signs in."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD, temporary=True, email="ada@example.com")
    run(EXAMPLES[0], pool, "Permanent-1823")
    assert capsys.readouterr().out == ""
    run(EXAMPLES[0].replace(PASSWORD, "Permanent-1823"), pool)
    assert "signed in until" in capsys.readouterr().out


def test_the_first_example_says_any_other_kind(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """Its last branch tells kind and reason."""
    run(EXAMPLES[0].replace('"ada"', '"nobody"'), pool)
    assert capsys.readouterr().out == "not signed in: account user-not-found\n"


def test_the_first_example_has_the_user_try_again(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """Its fourth branch is for what the user can mend."""
    run(EXAMPLES[0].replace(PASSWORD, "Wrong-1843"), pool)
    assert capsys.readouterr().out == "please try again: incorrect-username-or-password\n"


@pytest.mark.parametrize("number", [2, 3, 4, 5], ids=["recording", "scripting", "signing", "freezing"])
def test_the_examples_of_the_testing_kit_run(
    pool: Pool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the page on the testing kit shows outside of pytest signs in; the rest is the plugin's own test."""
    example = examples_of("examples/testing/README.md")[number]
    monkeypatch.chdir(tmp_path)
    if number == 2:
        run(example, pool)
    else:
        exec(compile(example, "README.md", "exec"), {})
    assert ("ada\n" if number == 4 else "Ok(IdToken(exp=") in capsys.readouterr().out
