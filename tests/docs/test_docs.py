"""The pages under docs/ against the code: their examples are run against the local pool, and print what they should."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, CognitoError, HttpxTransport, Reply, Request, Result, Session
from examples.local_pool import Pool
from tests.support.conversation import refused
from tests.support.pages import ISS, PAGES, PASSWORD, anchors, broken_links, examples_of, run
from tests.support.paths import ROOT

SESSION: Final = "docs/session.md"
CHALLENGES: Final = "docs/challenges.md"
# What the examples of a page print, in its order. Each finds what those before it have named, and one that names a pool
# begins a new program, on a pool of its own.
OUTPUT: Final[Mapping[str, tuple[str, ...]]] = {
    "docs/transports.md": (
        r"id\n",
        r"Ok\(IdToken\(exp=\d+\)\)\n",
        r"Ok\(IdToken\(exp=\d+\)\)\n",
        r"Ok\(IdToken\(exp=\d+\)\)\n",
        r"Ok\(IdToken\(exp=\d+\)\)\n",
        r"(InitiateAuth|RespondToAuthChallenge) took less than a minute: True\n" * 2,
        r"Ok\(IdToken\(exp=\d+\)\)\n",
        r"timed-out\n",
    ),
    "docs/verify.md": (
        r"hello ada \(\) True\n",
        r"ada\n",
        r"token-group-missing\nTrue\n",
        r"\(403, 'token-group-missing'\) \(401, 'token-malformed'\)\n",
        r"True\nTrue\n",
        r"ada\naccess-token-revoked\nada\n",
    ),
    "docs/apis.md": (
        r"\{'caller': 'ada@example\.com'\}\n",
        r"\{'caller': 'ada@example\.com'\}\n",
        r"401\n",
        r"signed-out no-session\n",
        r"200 ada\n403 token-scope-missing\n401 token-missing\n",
        r"ada 403\n",
    ),
    CHALLENGES: (r"Ok\(IdToken\(exp=\d+\)\)\n", ""),
    SESSION: (
        "",
        r"False\n",
        r"EMAIL\n",
        r"code-mismatch\n",
        r"grace@example\.com\n",
        r"new-password-challenge\n\(\)\n",
        r"None\n",
        r"no-session\n",
        r"otpauth://totp/Engines:grace\?\n",
        r"True\n",
        r"ey\n",
        r"False\n",
        r"grace@example\.com\n",
        r"a new token\ngrace\n",
        r"as long as .*\n",
        "",
        r"EMAIL\n",
        r"ada@example\.com\n",
        r"grace@example\.com\nAmazing Grace\n",
        r"otpauth://totp/Engines:grace\nsoftware-token-mfa-refused\n",
        r"grace\n",
        r"grace@example\.com\n",
        r"True\n",
        r"True\n",
        r"no-session\n",
        r"no-session\n",
        "",
    ),
}
SHOWN: Final = re.compile(r"^### `(\w+)", flags=re.MULTILINE)
DOCS: Final = [page for page in PAGES if page.startswith("docs/")]
# What the user types who is asked by a page's example.
ANSWERS: Final = {CHALLENGES: "Permanent-1823"}
SIGNING_IN: Final = [
    (page, number)
    for page in OUTPUT
    if page != SESSION  # whose examples go on with what a right password gave
    for number, example in enumerate(examples_of(page))
    if PASSWORD.search(example)
]


class Program:
    """The examples of a page, run one after the other; one that names a pool begins anew, on a pool of its own."""

    def __init__(self, page: str, new_pool: Callable[[], Pool]) -> None:
        self._answer = ANSWERS.get(page, "")
        self._new_pool = new_pool

    def run(self, example: str, **names: Any) -> None:
        if ISS in example:
            self._pool, self._names = self._new_pool(), dict[str, Any]()
        self._names.update(names)
        run(example, self._pool, self._answer, names=self._names)


@pytest.mark.parametrize("page", DOCS)
def test_the_examples_of_every_page_are_run(page: str) -> None:
    """Here, or by a test module of the page's own."""
    name = page.removeprefix("docs/").removesuffix(".md")
    assert page in OUTPUT or (ROOT / "tests" / "docs" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("page", OUTPUT)
def test_every_example_of_a_page_prints_what_it_should(
    page: str, new_pool: Callable[[], Pool], capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, to the end."""
    program = Program(page, new_pool)
    for example, output in zip(examples_of(page), OUTPUT[page], strict=True):
        program.run(example)
        said = capsys.readouterr()
        assert re.fullmatch(output, said.out), said.out
        assert said.err == ""


@pytest.mark.parametrize(("page", "number"), SIGNING_IN)
def test_no_example_seems_to_work_with_a_wrong_password(
    page: str, number: int, new_pool: Callable[[], Pool], capsys: pytest.CaptureFixture[str]
) -> None:
    """An example whose password is wrong raises, or prints something else."""
    program = Program(page, new_pool)
    examples = examples_of(page)
    for example in examples[:number]:
        program.run(example)
    capsys.readouterr()
    with suppress(CognitoError):
        program.run(PASSWORD.sub("Wrong-1843", examples[number]))
        assert not re.fullmatch(OUTPUT[page][number], capsys.readouterr().out)


class Strict(HttpxTransport):
    """Refuses the password "weak", which the local pool would take."""

    def send(self, request: Request) -> Result[Reply]:
        """Refuse it as the service does."""
        if b'"weak"' in request.body:
            return refused("InvalidPasswordException", "Password not long enough")
        return super().send(request)


def test_an_answer_that_is_refused_is_reported_and_asked_for_again(
    pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The loop over challenges says the failure, and the same challenge waits for a better answer."""
    [example] = [example for example in examples_of(CHALLENGES) if "CodeChallenge(" in example]
    strict = example.replace('8g"))', '8g"), transport=transport)')
    assert strict != example
    with closing(Strict()) as transport:
        run(strict, pool, "weak", "Permanent-1823", names={"transport": transport})
    assert re.fullmatch(r"please try again: invalid-password\nOk\(IdToken\(exp=\d+\)\)\n", capsys.readouterr().out)


@pytest.mark.parametrize("session", [Session, AsyncSession])
def test_the_page_on_sessions_shows_every_method(session: type) -> None:
    """None is missing, and none is there that is not."""
    public = {name for name in dir(session) if not name.startswith("_")} - {"config"}
    shown = set(SHOWN.findall((ROOT / SESSION).read_text(encoding="utf-8")))
    assert shown == {"close" if name == "aclose" else name for name in public}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """To a file of the project, and to a heading or an anchor that is there."""
    assert broken_links(page) == []


def test_the_readme_leads_to_every_page() -> None:
    """A page that nobody links is not found."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in DOCS if f"]({page}" not in readme] == []


def test_anchors_are_those_of_headings_and_those_that_are_named() -> None:
    """In lower case, without punctuation, with hyphens for blanks."""
    assert anchors('# One two: `three_3()`\n<a id="four"></a>\n## Fi-ve\n') == {"one-two-three_3", "four", "fi-ve"}
