"""Each program runs, and gives the numbers that its tables show. None of them is timed here."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

import benchmarks.__main__ as main
from benchmarks import plots, report
from benchmarks.measure import INSTRUCTIONS, Bench, Figure, Table, Task, bench
from benchmarks.programs.processes import PYTHON
from benchmarks.tasks import TASKS, call

# They take half a second each to import.
_HEAVY = re.compile("boto3|pycognito|warrant-lite")
# A peer that is not installed here, and a server.
_ABSENT = re.compile(r"No module named '|redis-server is not installed|No such file or directory: 'node'")


@pytest.fixture(scope="module")
def running() -> Iterator[Bench]:
    with bench(times=2) as made:
        yield made


def light(programs: Mapping[str, str]) -> dict[str, str]:
    """Those without heavy imports. Of those that differ in a number or in the transport, the first."""
    found = {name: code for name, code in programs.items() if not _HEAVY.search(name)}
    first = {re.sub(r"\d+|, '(httpx2|standard)'", "", code): name for name, code in reversed(found.items())}
    return {name: code for name, code in found.items() if name in first.values()}


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.python and not task.is_counted])
def test_every_program_gives_its_numbers(running: Bench, name: str) -> None:
    """In a run of two steps. A peer that is not installed has an empty row with the reason."""
    task = replace(TASKS[name], python=light(TASKS[name].python), node={}, is_warmed_up=False)
    found = running.figures(task, 1)
    assert list(found) == list(task.tables)
    for key, figures in found.items():
        assert list(figures) == task.rows(task.tables[key])
        for program, figure in figures.items():
            assert figure.runs or _ABSENT.search(figure.missing), (program, figure.missing)


_FORKS: Final = """
pool["forks"] = True
from benchmarks.programs.tools import timed
timed(pool, lambda: None, 400)
"""
_COUNTED: Final = """
import os
for times in (1, 3):
    if not os.fork():
        for _ in range(times * 100_000):
            pass
        os._exit(0)
    os.wait()
print('{"difference": 2}')
"""


def test_an_act_is_counted_in_two_forks(running: Bench) -> None:
    """Which do it a known number of times."""
    assert running.numbers([sys.executable, "-c", f"{PYTHON}{_FORKS}"])["difference"] == 40


def test_instructions_are_counted(running: Bench) -> None:
    """Those of one act are the difference of the forks."""
    task = Task({"t": Table("", "", INSTRUCTIONS)}, 0, {"act": _COUNTED}, is_warmed_up=False, is_counted=True)
    figure = running.figures(task, 1)["t"]["act"]
    if shutil.which("valgrind") is None:
        assert figure == Figure(missing="valgrind is not installed")
    else:
        assert 0.1 < figure.median < 500


def test_a_failure_is_a_row_with_its_words(running: Bench) -> None:
    """It is tried once, and the other programs go on."""
    said: list[str] = []
    programs = {"bad": "sys.exit('it broke')", "good": "print('{\"n\": 3}')"}
    found = running.figures(Task({"t": Table("", "", "n")}, 0, programs), 2, said.append)["t"]
    assert found == {"bad": Figure(missing="it broke"), "good": Figure(3.0, 3.0, 3.0, (3.0, 3.0))}
    assert said == ["turn 0 of 2, bad", *(f"turn {turn} of 2, good" for turn in range(3))]


def test_programs_import_the_installed_library_only(running: Bench) -> None:
    """Their folder has a copy of the programs, and nothing else of the sources."""
    assert running.numbers([sys.executable, "-c", "import benchmarks.programs.tools"])["cpu"] > 0
    with pytest.raises(RuntimeError, match=r"No module named 'benchmarks\.tasks'"):
        running.numbers([sys.executable, "-c", "import benchmarks.tasks"])


def test_a_call_is_a_program() -> None:
    assert (
        call("growth.keys", 3, slow=True) == "from benchmarks.programs.growth import keys\nkeys(pool, 3, slow=True)\n"
    )


def test_times_are_said_in_words() -> None:
    assert main.minutes(20) == "20 seconds"
    assert main.minutes(520) == "9 minutes"


def test_a_terminal_shows_each_turn(
    running: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, which is written anew."""
    monkeypatch.setattr(main, "_ANEW", "<")
    monkeypatch.setattr(main, "_END", "")
    monkeypatch.setattr(main, "TASKS", {"memory": replace(TASKS["memory"], python={"ours": "print('{\"kb\": 3}')"})})
    monkeypatch.setattr(main, "bench", lambda: nullcontext(running))
    main.measure(["memory"], 1, {})
    said = [line.partition(": ")[2] for line in capsys.readouterr().err.split("<")]
    assert said == ["", "memory ", "memory turn 1 of 1, ours", ""]


def test_a_part_is_measured_and_written(
    running: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its run says how long it will take, has one line for the task, and leaves all other results as they were."""
    before = report.read()
    names = TASKS["memory"].python
    part = replace(TASKS["memory"], python=dict.fromkeys(names, "print('{\"kb\": 3}')"), rounds=1)
    monkeypatch.setattr(main, "TASKS", {"memory": part, "other": part})
    monkeypatch.setattr(main, "bench", lambda: nullcontext(running))
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    monkeypatch.setattr(plots, "draw", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "memory"])
    (tmp_path / "README.md").write_text(report.BEGIN + report.END, encoding="utf-8")
    (tmp_path / "results.json").write_text(json.dumps(before), encoding="utf-8")
    main.main()
    said = capsys.readouterr()
    first, *lines = said.err.splitlines()
    assert (first, len(lines)) == ("This takes about 6 seconds on a quiet machine.", 1)
    assert lines[0].strip() == "0 of about 6 s: memory"
    assert said.out.count(" 3.000 kB of memory") == len(names)
    after = report.read()
    assert [figure["runs"] for figure in after["tables"].pop("memory")["figures"].values()] == [[3.0], [3.0]]
    assert {key: table["figures"] for key, table in after["tables"].items()} == {
        key: table["figures"] for key, table in before["tables"].items() if key != "memory"
    }
