"""The figures that are shown are the ones that were measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import aims, plots, report
from benchmarks.aims import AIMS, Aim
from benchmarks.measure import Figure
from benchmarks.report import BEGIN, END, HERE, NOT_YET, README, merged, page
from benchmarks.tasks import TABLES, TASKS
from tests.support.cases import each_case

RESULTS: Any = report.read()
MACHINE: dict[str, str] = RESULTS["machine"]


def test_the_page_is_what_was_measured() -> None:
    """results.md says what results.json holds, and every figure of it comes with its command and its machine."""
    assert (HERE / "results.md").read_text(encoding="utf-8") == page(RESULTS)
    assert RESULTS["command"] == "make bench"
    assert {"processor", "Python", "OpenSSL", "packages"} <= set(MACHINE)


def test_every_table_is_shown() -> None:
    """One that was not measured yet says so in each row."""
    assert list(RESULTS["tables"]) == list(TABLES)
    for key, (task, table) in TABLES.items():
        assert not task.rows(table) or list(RESULTS["tables"][key]["figures"]) == task.rows(table)


@each_case("aim", AIMS, ids=[aim.says for aim in AIMS])
def test_every_aim_can_be_measured(aim: Aim) -> None:
    """It names rows that are there, and its sentence has one place for its figure."""
    for table, name in ((aim.table, aim.name), (aim.per_table or aim.table, aim.per or aim.name)):
        task, found = TABLES[table]
        assert name in task.rows(found)
    assert aim.says.count("{}") == 1


def test_an_aim_compares_what_ran_in_one_turn() -> None:
    """The median of the ratios, above or below the limit as it is meant."""
    figures = {"one": {"runs": [1.0, 30.0, 3.0]}, "two": {"runs": [2.0, 20.0, 4.0]}, "none": {"runs": []}}
    found = {"t": {"figures": figures}, "u": {"figures": {"two": {"runs": [4.0, 20.0, 4.0]}}}}
    aim = Aim("{} times", "t", "one", 0.75, "two")
    assert aim.reached(found) == 0.75
    assert aim.holds(found)
    assert not aim._replace(limit=0.74).holds(found)
    assert aim._replace(limit=0.74, at_least=True).holds(found)
    assert not aim._replace(limit=0.76, at_least=True).holds(found)
    assert aim._replace(per_table="u", limit=1).reached(found) == 0.75
    assert Aim("{}", "t", "one", 3.0).reached(found) == 3.0
    assert not Aim("{}", "t", "one", 3.0, "none").holds(found)
    assert aim._replace(per="none").sentence(found) == "… times"


def test_the_aims_are_those_of_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missed one is said in a sentence with its figure and its limit, and one that was not measured is no success."""
    found = {"t": {"figures": {"one": {"runs": [2.0]}, "none": {"runs": []}}}}
    texts = {"a run takes {} ms": ("one", 2.0), "runs take {} ms": ("one", 1.5), "some take {} ms": ("none", 9.0)}
    chosen = [Aim(says, "t", name, limit) for says, (name, limit) in texts.items()]
    monkeypatch.setattr(aims, "AIMS", chosen)
    assert aims.summary(found) == (
        "It reaches 1 of the 2 [aims](benchmarks/results.md#what-it-aims-at) that were measured.\n"
        "1 more were not measured on this machine.\n"
        "It misses these:\n\n"
        "- Runs take 2 ms. The aim is at most 1.5.\n"
    )
    assert aims.section(found).splitlines()[-3:] == [
        "| A run takes 2 ms | at most 2 | yes |",
        "| Runs take 2 ms | at most 1.5 | no |",
        "| Some take … ms | at most 9 | - |",
    ]
    monkeypatch.setattr(aims, "AIMS", chosen[:1])
    assert "misses" not in aims.summary(found)


def test_a_part_keeps_the_other_results() -> None:
    """Its own tables are new, and all others stay as they were, with the machine that gave them."""
    old = merged(RESULTS, {}, MACHINE)
    measured = {"verify": dict.fromkeys(RESULTS["tables"]["verify"]["figures"], Figure.of([3.0]))}
    same = merged(old, measured, MACHINE)
    assert same["tables"]["verify"]["figures"]["cognito_raw"]["median"] == 3.0
    assert same["tables"]["fresh"] == old["tables"]["fresh"]
    assert "machine" not in same["tables"]["fresh"]
    elsewhere = merged(old, measured, {**MACHINE, "Python": "3.99.0"})
    assert elsewhere["tables"]["fresh"] == {**old["tables"]["fresh"], "machine": MACHINE}
    assert f"Measured earlier, with other versions: Python {MACHINE['Python']}." in page(elsewhere)
    assert "machine" not in merged(elsewhere, {}, MACHINE)["tables"]["fresh"]


def test_rows_that_are_new_are_empty() -> None:
    """And old ones that no program gives any more are gone."""
    kept = {"machine": MACHINE, "tables": {"verify": {"figures": {"gone": {"runs": [1.0], "missing": ""}}}}}
    figures = merged(kept, {}, MACHINE)["tables"]["verify"]["figures"]
    assert {figure["missing"] for figure in figures.values()} == {NOT_YET}
    assert "gone" not in figures


def test_the_whole_takes_a_quarter_of_an_hour() -> None:
    """By the times that the tasks give, which a run says before it begins."""
    assert sum(task.seconds for task in TASKS.values()) <= 900


def test_the_figures_of_the_readme_are_the_measured_ones() -> None:
    """Its table and its sentences on the aims are written by the same command."""
    shown = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == report.summary(RESULTS)


def test_every_plot_of_the_readme_is_there() -> None:
    """And can be read as text, since it is in the repository."""
    for drawing in HERE.glob("*.svg"):
        assert drawing.read_text(encoding="utf-8").startswith("<?xml")
    assert Path(HERE / "cold.svg").is_file()


def test_the_results_are_written_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON has the runs of a figure on one line."""
    drawn: list[object] = []
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    monkeypatch.setattr(plots, "draw", lambda *given: drawn.append(given))
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}old\n{END}after\n", encoding="utf-8")
    report.write(RESULTS)
    assert report.read() == RESULTS
    assert (tmp_path / "results.json").read_text(encoding="utf-8") == (HERE / "results.json").read_text(
        encoding="utf-8"
    )
    assert (tmp_path / "README.md").read_text(encoding="utf-8").endswith(f"{report.summary(RESULTS)}{END}after\n")
    assert drawn == [(RESULTS["tables"], tmp_path)]
