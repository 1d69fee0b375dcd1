"""The README against the code: every example is run, and its lists are compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import cognito_raw
from cognito_raw.reason import TABLE
from examples.local_pool import SIGN_UP_CODE, Pool, Server

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PASSWORD = "An-Engine-1843"
PLACE_HOLDERS = (
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pKbrdhQl8",
    'client_id="o2ubh2gb4qbt440jd3543dv8g"',
)


def run(example: str, pool: Pool, answer: str = "") -> None:
    """Run an example as it stands, its made-up pool replaced by a local one, what it asks for answered."""
    iss, client = PLACE_HOLDERS
    assert iss in example
    assert client in example
    example = example.replace(iss, pool.config().iss)
    example = example.replace(client, f'client_id="{pool.client_id}", endpoint="{pool.endpoint}"')
    names: dict[str, Any] = {"__name__": "__main__", "input": lambda _: answer}
    exec(compile(example, "README.md", "exec"), names)


@pytest.fixture
def pool(server: Server) -> Pool:
    """The users of the examples."""
    made = server.pool()
    made.add_user("ada", PASSWORD, email="ada@example.com")
    made.add_user("charles", "Temporary-1822", temporary=True)
    return made


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_runs(example: str, pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """An example runs to its end and says nothing of a failure."""
    run(example, pool)
    said = capsys.readouterr()
    assert "not signed in" not in said.out
    assert said.err == ""


def test_the_first_example_signs_in(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """A right password is told with the token's end and the user's address."""
    run(EXAMPLES[0], pool)
    assert re.fullmatch(r"signed in until \d+ as ada@example.com\n", capsys.readouterr().out)


def test_the_first_example_confirms_an_unverified_user(server: Server) -> None:
    """Its second branch confirms the user whose login failed."""
    pool = server.pool()
    pool.admin.sign_up(ClientId=pool.client_id, Username="ada", Password=PASSWORD)
    run(EXAMPLES[0], pool, answer=SIGN_UP_CODE)
    assert pool.admin.admin_get_user(UserPoolId=pool.id, Username="ada")["UserStatus"] == "CONFIRMED"


def test_the_first_example_sets_a_new_password(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """Its third branch answers the challenge; the new password then signs in."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD, temporary=True, email="ada@example.com")
    run(EXAMPLES[0], pool, answer="Permanent-1823")
    assert capsys.readouterr().out == ""
    run(EXAMPLES[0].replace(PASSWORD, "Permanent-1823"), pool)
    assert "signed in until" in capsys.readouterr().out


def test_the_first_example_names_any_other_reason(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """Its last branch tells why."""
    run(EXAMPLES[0].replace(PASSWORD, "Wrong-1843"), pool)
    assert capsys.readouterr().out == "not signed in: incorrect-username-or-password\n"


def test_the_table_of_reasons_is_the_table_of_the_code() -> None:
    """The README lists every reason with its meaning, in the order of the code."""
    listed = README.partition("<!-- reasons -->\n")[2].partition("<!-- /reasons -->")[0]
    assert listed == "".join(f"| `{reason}` | {row.when} |\n" for reason, row in TABLE.items())


def test_every_link_to_a_file_leads_to_one() -> None:
    """A relative link of the README is a file of the project."""
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert links
    for link in links:
        # The package may be installed elsewhere.
        folder = Path(cognito_raw.__file__).parents[1] if link.startswith("cognito_raw/") else ROOT
        assert (folder / link).is_file(), link
