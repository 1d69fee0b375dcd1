"""Measure everything, or only the named tasks, with `python -m benchmarks [TASK ...] [--rounds N]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Final

from benchmarks import crowds, installed, programs, report
from benchmarks.measure import ENVIRONMENT, Figure, Task, bench

_CLIENTS: Final = (
    "The server is on this machine and speaks TLS. Every client but one has the same file of certificates, certifi's "
    "with the server's own, as httpx and boto3 have by themselves; the one in a folder finds them as on Debian. The "
    "server's counts as one of Amazon's roots, which cognito_raw reads first; that of a private authority has it read "
    "the others too."
)
TASKS: Final = {
    "cold": Task(
        "Cold start: a new process to a finished sign-in",
        "ms of CPU",
        programs.COLD,
        programs.COLD_NODE,
        measured="process",
        rounds=21,
        note=_CLIENTS,
    ),
    "import": Task("A new process that only imports", "ms of CPU", programs.IMPORT, measured="process", rounds=11),
    "arithmetic": Task("The SRP arithmetic of a sign-in", "ms of CPU", programs.ARITHMETIC, programs.ARITHMETIC_NODE),
    "warm": Task("A sign-in more, in a warm process", "ms of CPU", programs.WARM, programs.WARM_NODE),
    "fresh": Task("The ID token of a signed-in session once more", "microseconds of CPU", programs.FRESH),
    "rate": Task(
        "Sign-ins of one process, many at once",
        "a second",
        crowds.RATE,
        more=True,
        note="The server has the other core, and takes a millisecond of it for each.",
    ),
    "verify": Task("An access token verified", "ms of CPU", programs.VERIFY, programs.VERIFY_NODE),
    "refresh": Task(
        "A thousand threads that want a token at the moment when it runs out",
        "requests to the service",
        crowds.REFRESH,
        rounds=3,
    ),
    "refreshed": Task(
        "The same: how long until the last of them has it",
        "ms",
        crowds.REFRESH,
        measured="second",
        rounds=3,
    ),
    "memory": Task("A signed-in session more", "kB of memory", crowds.MEMORY, rounds=3),
}


def sizes() -> tuple[Task, Mapping[str, Figure]]:
    """Return the sizes of installations, which need no runs in turn."""
    found = {name: installed.python_size(name) for name in installed.PYTHON}
    found |= {name: installed.node_size(name, ENVIRONMENT / "node") for name in installed.NODE}
    task = Task("Installed, with all that it requires", "MB", {}, note="In brackets the number of packages.")
    return task, {f"{name} ({count})": Figure.of([round(size, 2)]) for name, (size, count) in found.items()}


def main() -> None:
    """Measure. Write the results if no tasks are named."""
    reader = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    reader.add_argument(
        "tasks", nargs="*", choices=[[], *TASKS], help="measure only these, without writing the results"
    )
    reader.add_argument("--rounds", type=int, default=0)
    asked = reader.parse_args()
    measured: dict[str, tuple[Task, Mapping[str, Figure]]] = {}
    with bench() as running:
        for key in asked.tasks or TASKS:
            task = TASKS[key]
            measured[key] = task, running.figures(task, asked.rounds or task.rounds)
            for name, figure in measured[key][1].items():
                sys.stdout.write(f"{key:12}{name:50}{figure.median:10.3f} {task.unit} {figure.missing}\n")
                sys.stdout.flush()
    if not asked.tasks:
        measured["installed"] = sizes()
        report.write(measured, report.machine())


if __name__ == "__main__":
    main()
