"""The README against the code: every example is run, and its links are followed."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from pathlib import Path

import pytest

import cognito_raw
from cognito_raw import CognitoError, HttpxTransport, Reply, Request, Result
from examples.local_pool import SIGN_UP_CODE, Pool, Server
from tests.conversation import refused
from tests.pages import ROOT, examples_of, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = examples_of("README.md")
PASSWORD = "An-Engine-1843"
# What each example prints where it works, after a text that is in no other one.
OUTPUT = {
    "confirm_registration(": r"signed in until \d+ as ada@example\.com\n",
    "await session.id_token()": r"Authorization: Bearer eyJ\S{7}\.\.\.\n",
    "State.from_dict(": r"",  # it unwraps
    "client.within(": r"access token of \d{3,} characters\n",
    '"GetUser"': r"ada\n",
    "CodeChallenge(": r"Ok\(IdToken\(exp=\d+\)\)\n",
    "advance(": r"signed in by hand: True\n",
    "HttpxTransport(own)": r"Ok\(IdToken\(exp=\d+\)\)\n",
    "SessionAuth(": r"\{'caller': 'ada@example\.com'\}\n",
    "TokenVerifier(config": r"hello ada \(\) True\n",
    'transport="standard"': r"id\n",
    "Scripted(": r"",  # it asserts
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


NEEDING_A_PASSWORD = [example for example in EXAMPLES if "Scripted(" not in example]


@pytest.mark.parametrize("example", NEEDING_A_PASSWORD, ids=range(len(NEEDING_A_PASSWORD)))
def test_no_example_seems_to_work_with_a_wrong_password(
    example: str, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example whose password is wrong raises, or prints something else."""
    wrong = re.sub("An-Engine-1843|Temporary-1822", "Wrong-1843", example)
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


class Strict(HttpxTransport):
    """Refuses the password "weak", which the local pool would take."""

    def send(self, request: Request) -> Result[Reply]:
        """Refuse it as the service does."""
        if b'"weak"' in request.body:
            return refused("InvalidPasswordException", "Password not long enough")
        return super().send(request)


def test_an_answer_that_is_refused_is_told_and_asked_for_again(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """The loop over challenges says the failure, and the same challenge waits for a better answer."""
    [example] = [example for example in EXAMPLES if "CodeChallenge(" in example]
    strict = example.replace('8g"))', '8g"), transport=transport)')
    assert strict != example
    with closing(Strict()) as transport:
        run(strict, pool, "weak", "Permanent-1823", names={"transport": transport})
    assert re.fullmatch(r"please try again: invalid-password\nOk\(IdToken\(exp=\d+\)\)\n", capsys.readouterr().out)


@pytest.mark.parametrize("number", [1, 2], ids=["recording", "scripting"])
def test_the_examples_of_the_testing_kit_run(
    pool: Pool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the page on the testing kit shows outside of pytest signs in; the rest is the plugin's own test."""
    example = examples_of("examples/testing/README.md")[number]
    monkeypatch.chdir(tmp_path)
    if number == 1:
        run(example, pool)
    else:
        exec(compile(example, "README.md", "exec"), {})
    assert "Ok(IdToken(exp=" in capsys.readouterr().out


def test_every_link_to_a_file_leads_to_one() -> None:
    """A relative link of the README is a file of the project."""
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert links
    for link in links:
        # The package may be installed elsewhere.
        folder = Path(cognito_raw.__file__).parents[1] if link.startswith("cognito_raw/") else ROOT
        assert (folder / link).is_file(), link
