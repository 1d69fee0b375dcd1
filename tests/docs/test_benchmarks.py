"""The figures that are shown are the ones that were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.aims import AIMS, Aim
from benchmarks.report import BEGIN, END, HERE, README, page, summary

RESULTS: Any = json.loads((HERE / "results.json").read_text(encoding="utf-8"))


def test_the_page_is_what_was_measured() -> None:
    """results.md says what results.json holds, and every figure of it comes with its command and its machine."""
    assert (HERE / "results.md").read_text(encoding="utf-8") == page(RESULTS)
    assert RESULTS["command"] == "make bench"
    assert {"processor", "Python", "OpenSSL", "packages"} <= set(RESULTS["machine"])


@pytest.mark.parametrize("aim", AIMS, ids=[aim.text for aim in AIMS])
def test_every_aim_is_measured(aim: Aim) -> None:
    """None of them names a figure that is not there."""
    assert aim.reached(RESULTS["tables"]) is not None


def test_an_aim_compares_what_ran_in_one_turn() -> None:
    """The median of the ratios, above or below the limit as it is meant."""

    def tables(*, more: bool) -> dict[str, object]:
        figures = {"one": {"runs": [1.0, 30.0, 3.0]}, "two": {"runs": [2.0, 20.0, 4.0]}, "none": {"runs": []}}
        return {"t": {"more_is_better": more, "figures": figures}}

    aim = Aim("", "t", "one", 0.75, "two")
    assert aim.reached(tables(more=False)) == 0.75
    assert aim.holds(tables(more=False))
    assert not aim._replace(limit=0.74).holds(tables(more=False))
    assert aim._replace(limit=0.74).holds(tables(more=True))
    assert not aim._replace(limit=0.76).holds(tables(more=True))
    assert Aim("", "t", "one", 3.0).reached(tables(more=False)) == 3.0
    assert not Aim("", "t", "one", 3.0, "none").holds(tables(more=False))


def test_the_figures_of_the_readme_are_the_measured_ones() -> None:
    """Its table is written by the same command."""
    shown = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == summary(RESULTS)


def test_every_plot_of_the_readme_is_there() -> None:
    """And can be read as text, since it is in the repository."""
    for drawing in HERE.glob("*.svg"):
        assert drawing.read_text(encoding="utf-8").startswith("<?xml")
    assert Path(HERE / "cold.svg").is_file()
