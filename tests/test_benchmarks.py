"""The figures that are shown are the ones that were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.report import BEGIN, END, HERE, README, page, summary

RESULTS: Any = json.loads((HERE / "results.json").read_text(encoding="utf-8"))


def test_the_page_is_what_was_measured() -> None:
    """results.md says what results.json holds, and every figure of it comes with its command and its machine."""
    assert (HERE / "results.md").read_text(encoding="utf-8") == page(RESULTS)
    assert RESULTS["command"] == "make bench"
    assert {"processor", "Python", "OpenSSL", "packages"} <= set(RESULTS["machine"])


def test_the_figures_of_the_readme_are_the_measured_ones() -> None:
    """Its table is written by the same command."""
    shown = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == summary(RESULTS)


def test_every_plot_of_the_readme_is_there() -> None:
    """And can be read as text, since it is in the repository."""
    for drawing in HERE.glob("*.svg"):
        assert drawing.read_text(encoding="utf-8").startswith("<?xml")
    assert Path(HERE / "cold.svg").is_file()
