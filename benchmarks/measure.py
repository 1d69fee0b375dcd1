"""Runs of the programs in turns, each in a separate process, and their statistics."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import programs

ROOT: Final = Path(__file__).parent.parent
ENVIRONMENT: Final = ROOT / ".venv-bench"
INHERITED: Final = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Task:
    """One measurement: the programs of each peer, in Python and under Node.

    measured: "process" for the CPU time of the process, "printed" or "second" for the first or second printed number.
    more: True if a larger figure is better.
    """

    title: str
    unit: str
    python: Mapping[str, str]
    node: Mapping[str, str] = field(default_factory=dict)
    measured: str = "printed"
    rounds: int = 7
    more: bool = False
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """The statistics of one program's runs.

    low, high: the quartiles around the median. runs: the figures in the order of the turns.
    missing: the error of a program that could not run.
    """

    median: float = 0.0
    low: float = 0.0
    high: float = 0.0
    runs: tuple[float, ...] = ()
    missing: str = ""

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
        return cls(round(median, 4), round(low, 4), round(high, 4), tuple(round(value, 4) for value in values))


class Bench:
    """Runs programs against a running server."""

    def __init__(self, settings: str, folder: Path) -> None:
        self._settings = settings
        self._folder = folder  # the programs import the installed library only, not this source tree
        bundle = str(folder / "bundle.pem")
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._environment = {
            **kept,
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "NODE_EXTRA_CA_CERTS": str(folder / "own.pem"),
            "NODE_PATH": os.pathsep.join(map(str, (ENVIRONMENT / "node").glob("*/node_modules"))),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def figures(self, task: Task, rounds: int) -> dict[str, Figure]:
        """Return each peer's figure. Runs take turns, so that other load on the machine affects all alike."""
        sources = {name: [sys.executable, "-c", programs.PYTHON + code] for name, code in task.python.items()}
        sources |= {name: ["node", "-e", programs.NODE + code] for name, code in task.node.items()}
        found: dict[str, list[float]] = {name: [] for name in sources}
        missing: dict[str, str] = {}
        for turn in range(rounds + 1):
            for name, command in sources.items():
                if name in missing:
                    continue
                try:
                    value = self._run(command, task.measured)
                except (OSError, RuntimeError, ValueError) as error:
                    missing[name] = str(error)[-200:]
                    continue
                if turn:  # the first turn warms the file caches
                    found[name].append(value)
        return {
            name: Figure(missing=missing[name]) if name in missing else Figure.of(values)
            for name, values in found.items()
        }

    def _run(self, command: list[str], measured: str) -> float:
        process = subprocess.Popen(
            [*command, self._settings],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        printed, complaints = (stream.read() for stream in (process.stdout, process.stderr) if stream)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.communicate()
        if status:
            raise RuntimeError((complaints.strip().splitlines() or ["no word"])[-1])
        if measured == "process":
            return (usage.ru_utime + usage.ru_stime) * 1000
        values = [float(text) for text in printed.split()]
        return values[1 if measured == "second" else 0]


@contextmanager
def bench() -> Iterator[Bench]:
    """Start a server, and yield a bench for it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "benchmarks.server", name]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            settings = server.stdout.readline().strip() if server.stdout else ""
            yield Bench(settings, folder)
        finally:
            server.communicate()  # closes its input, which ends it
