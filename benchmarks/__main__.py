"""Measure everything, or the named tasks only, with `python -m benchmarks [TASK ...] [--rounds N]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Final

from benchmarks import installed, report
from benchmarks.measure import ENVIRONMENT, Figure, bench
from benchmarks.tasks import TABLES, TASKS

# Begins the line of a terminal anew. Elsewhere, a line for each task is enough.
_ANEW: Final = "\r\033[K" if sys.stderr.isatty() else ""
_END: Final = "" if _ANEW else "\n"


def sizes() -> dict[str, dict[str, Figure]]:
    """Return the sizes of installations, which need no runs in turn."""
    found = {name: installed.python_size(name) for name in installed.PYTHON}
    found |= {name: installed.node_size(name, ENVIRONMENT / "node") for name in installed.NODE}
    return {"installed": {f"{name} ({count})": Figure.of([round(size, 2)]) for name, (size, count) in found.items()}}


def minutes(seconds: float) -> str:
    """Return a time in words."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def measure(tasks: list[str], rounds: int, measured: dict[str, dict[str, Figure]]) -> None:
    """Measure the tasks, and add their figures. Show the progress and each figure."""
    began, whole = time.monotonic(), sum(TASKS[task].seconds for task in tasks)
    _say(f"This takes about {minutes(whole)} on a quiet machine.\n")
    with bench() as running:
        for task in tasks:

            def progress(text: str = "", task: str = task) -> None:
                if _ANEW or not text:
                    _say(f"{_ANEW}{time.monotonic() - began:.0f} of about {whole} s: {task} {text}{_END}")

            progress()
            found = sizes() if task == "installed" else running.figures(TASKS[task], rounds, progress)
            _say(_ANEW)
            _show(found)
            measured |= found


def _show(found: Mapping[str, Mapping[str, Figure]]) -> None:
    for key, figures in found.items():
        for name, figure in figures.items():
            unit = TABLES[key][1].unit
            sys.stdout.write(f"{key:24}{name:52}{figure.median:10.3f} {unit} {figure.missing}\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def main() -> None:
    """Measure, and write the results."""
    reader = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    reader.add_argument("tasks", nargs="*", choices=[[], *TASKS], help="measure only these; other results stay")
    reader.add_argument("--rounds", type=int, default=0, help="take so many turns, and write nothing")
    asked = reader.parse_args()
    measured: dict[str, dict[str, Figure]] = {}
    try:
        measure(asked.tasks or list(TASKS), asked.rounds, measured)
    finally:  # a run that was stopped keeps what it has
        if not asked.rounds:
            report.write(report.merged(report.read(), measured, report.machine()))


if __name__ == "__main__":
    main()
