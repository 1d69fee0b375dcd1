"""The page on reliability against the matrix that writes its table."""

from __future__ import annotations

from tests.faults.matrix import COLUMNS, FAULTS, Verdict
from tests.faults.methods import METHODS
from tests.faults.report import BEGIN, END, PAGE, table


def rows(text: str) -> list[list[str]]:
    """The cells of a table, but for its last column, which the machine's load may change."""
    return [line.split(" | ")[:-1] for line in text.splitlines()]


def test_the_table_has_every_fault_and_no_law_was_broken() -> None:
    """It is that of a run in which all methods kept all laws; `make faults` writes it."""
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    kept = [[Verdict(method.name, "Ok") for method in METHODS] for _ in range(len(FAULTS) * len(COLUMNS))]
    assert rows(written) == rows(table(kept))


def test_the_table_counts_broken_laws() -> None:
    """Also those that are nobody's in particular, such as a thread that is left."""
    kept = [[Verdict(method.name, "Ok") for method in METHODS] for _ in range(len(FAULTS) * len(COLUMNS))]
    kept[1].append(Verdict("all methods", "", ("left a thread",)))
    kept[2][0] = Verdict("login", "Ok", ("raised",))
    first = table(kept).splitlines()[2]
    assert first.startswith(f"| {FAULTS[0].name} | {len(METHODS)} of {len(METHODS)} |")
    assert f"| {len(METHODS)} of {len(METHODS) + 1} | {len(METHODS) - 1} of {len(METHODS)} |" in first
