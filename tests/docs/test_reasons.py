"""The page of reasons against the code: every reason under its kind, with the exceptions that mean it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast, get_args

from cognito_raw import Kind, Reason
from cognito_raw.reasons import BY_MESSAGE, CHALLENGES, EXCEPTIONS, kind_of
from tests.support.paths import ROOT

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
PAGE: Final = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")


def page() -> dict[Kind, dict[str, tuple[str, str, str]]]:
    """The rows of docs/reasons.md under their headings: anchor, sentence and last column, by reason."""
    _, *sections = re.split(r"^## ([a-z-]+)$", PAGE, flags=re.MULTILINE)
    rows = re.compile(r'^\| <a id="(.*)"></a>`(.*)` \| (.*) \| (.*) \|$', re.MULTILINE)
    return {
        cast("Kind", kind): {reason: (anchor, when, cause) for anchor, reason, when, cause in rows.findall(section)}
        for kind, section in zip(sections[::2], sections[1::2], strict=True)
    }


def test_the_page_has_every_reason_under_its_kind() -> None:
    """Kinds and reasons stand in the order of the code, each once, with a sentence and an anchor."""
    found = page()
    assert tuple(found) == KINDS
    assert tuple(reason for rows in found.values() for reason in rows) == REASONS
    for kind, rows in found.items():
        for reason, (anchor, when, _) in rows.items():
            assert (kind_of(cast("Reason", reason)), anchor) == (kind, reason)
            assert when.endswith(".")
            assert max(len(sentence.split()) for sentence in when.split(". ")) <= 20


def test_the_page_has_no_row_that_is_not_read() -> None:
    """Every line of its tables is a heading, a kind or a reason."""
    lines = PAGE.splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith(("| reason |", "| kind |"))]
    assert [line.partition("`](#")[0].lstrip("| [`") for line in rows[: len(KINDS)]] == list(KINDS)
    assert len(rows) == len(KINDS) + len(REASONS)


def test_the_page_has_the_exceptions_of_the_code() -> None:
    """Each reason names the exceptions and the challenges that mean it, and no others."""
    causes = {reason: cause for rows in page().values() for reason, (_, _, cause) in rows.items()}
    assert causes == {reason: ", ".join(causes_of(reason)) or "-" for reason in REASONS}


def causes_of(reason: Reason) -> Iterator[str]:
    for name, meant in EXCEPTIONS.items():
        if meant == reason:
            yield f"`{name}`"
    for name, needles in BY_MESSAGE.items():
        if reason in [meant for _, meant in needles]:
            yield f"`{name}` by its message"
    for name, meant in CHALLENGES.items():
        if meant == reason:
            yield f"`{name}`"


def test_the_readme_has_the_kinds_of_the_code() -> None:
    """Its table names each, and what a program does about it, in the order of the code."""
    rows = re.findall(r'^\| `"(.*)"` \| .+ \|$', (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(rows) == KINDS
