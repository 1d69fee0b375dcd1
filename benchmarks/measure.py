"""Runs of the programs in turns, each in a separate process, and their statistics."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from benchmarks.programs import processes

ROOT: Final = Path(__file__).parent.parent
ENVIRONMENT: Final = ROOT / ".venv-bench"
INHERITED: Final = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT")
# Seconds after which a program is killed.
LONGEST: Final = 120
# With httpx, all that a sign-in imports.
SOURCES: Final = ("cognito_raw", "httpx", "httpcore", "h11", "anyio", "idna", "certifi", "typing_extensions")
# The names of two measures of a whole process. Programs report all others.
CPU: Final = "cpu"
INSTRUCTIONS: Final = "instructions"
_CACHEGRIND: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_REFS: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


@dataclass(frozen=True)
class Table:
    """One number that the programs of a task give.

    rows: a part of the names of the programs that give it, if not all do. more: True if a larger figure is better.
    """

    title: str
    unit: str
    number: str
    rows: str = ""
    more: bool = False
    note: str = ""


@dataclass(frozen=True)
class Task:
    """The programs of each peer, in Python and under Node, and the tables of what they measure.

    seconds: about the time that all turns take on a quiet machine with two cores.
    is_counted: whether the programs run under cachegrind, which takes about thirty times as long.
    """

    tables: Mapping[str, Table]
    seconds: int
    python: Mapping[str, str] = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)
    rounds: int = 7
    is_warmed_up: bool = True
    is_counted: bool = False

    def rows(self, table: Table) -> list[str]:
        """Return the names of the programs that a table shows."""
        return [name for name in (*self.python, *self.node) if table.rows in name]


@dataclass(frozen=True)
class Figure:
    """The statistics of one program's runs.

    low, high: the quartiles around the median. runs: the figures in the order of the turns.
    missing: the reason why there are none.
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


Numbers: TypeAlias = Mapping[str, float]
Progress: TypeAlias = Callable[[str], object]


class Bench:
    """Runs programs against a running server."""

    def __init__(self, settings: Mapping[str, Any], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        bundle = str(folder / "bundle.pem")
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._environment = {
            **kept,
            "PYTHONHASHSEED": "0",
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "NODE_EXTRA_CA_CERTS": str(folder / "own.pem"),
            "NODE_PATH": os.pathsep.join(map(str, (ENVIRONMENT / "node").glob("*/node_modules"))),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def figures(self, task: Task, rounds: int = 0, say: Progress = lambda _: None) -> dict[str, dict[str, Figure]]:
        """Return each table's figures. Runs take turns, so that other load on the machine affects all alike."""
        sources = {name: [sys.executable, "-c", processes.PYTHON + code] for name, code in task.python.items()}
        sources |= {name: ["node", "-e", processes.NODE + code] for name, code in task.node.items()}
        runs: dict[str, list[Numbers]] = {name: [] for name in sources}
        missing: dict[str, str] = {}
        turns = rounds or task.rounds
        for turn in range(not task.is_warmed_up, turns + 1):
            for name, command in sources.items():
                if name in missing:
                    continue
                say(f"turn {turn} of {turns}, {name}")
                try:
                    numbers = self.numbers(command, counted=bool(turn) and task.is_counted)
                except (OSError, RuntimeError, ValueError) as error:
                    missing[name] = str(error)[-200:]
                    continue
                if turn:  # the one before the first warms the file caches
                    runs[name].append(numbers)
        return {key: self._table(task, table, runs, missing) for key, table in task.tables.items()}

    @staticmethod
    def _table(
        task: Task, table: Table, runs: Mapping[str, list[Numbers]], missing: Mapping[str, str]
    ) -> dict[str, Figure]:
        return {
            name: Figure(missing=missing[name])
            if name in missing
            else Figure.of([numbers[table.number] for numbers in runs[name]])
            for name in task.rows(table)
        }

    def numbers(self, command: list[str], *, counted: bool = False) -> Numbers:
        """Run a program, and return the numbers that it reports, with those of its process."""
        if not counted:
            return self._run([*command, json.dumps(self._settings)])[0]
        if shutil.which(_CACHEGRIND[0]) is None:
            raise RuntimeError("valgrind is not installed")
        numbers, words = self._run([*_CACHEGRIND, *command, json.dumps({**self._settings, "forks": True})])
        first, *more = (int(found.replace(",", "")) / 1e6 for found in _REFS.findall(words))
        # The forks of a program do their work different times, and end before it.
        return {INSTRUCTIONS: (more[0] - first) / numbers["difference"] if more else first}

    def _run(self, command: list[str]) -> tuple[Numbers, str]:
        process = subprocess.Popen(
            command,
            env=self._environment,
            cwd=self._folder,  # the programs import the installed library only, not this source tree
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = threading.Timer(LONGEST, process.kill)
        watch.start()
        printed, words = (stream.read() for stream in (process.stdout, process.stderr) if stream)
        _, status, usage = os.wait4(process.pid, 0)
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            raise RuntimeError(f"it was killed, or took longer than {LONGEST} s")
        if status:
            lines = [line for line in words.strip().splitlines() if not line.startswith("==")]  # not cachegrind's own
            raise RuntimeError((lines or ["no word"])[-1])
        return {CPU: (usage.ru_utime + usage.ru_stime) * 1000, **json.loads(printed or "{}")}, words


@contextmanager
def bench(**settings: object) -> Iterator[Bench]:
    """Start the servers, and yield a bench for them. The settings go to each program."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "benchmarks.server", name]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            found = json.loads(server.stdout.readline()) if server.stdout else {}
            _copy_sources(folder)
            with _redis(folder) as redis:
                more = {"redis": redis, "sources": str(folder / "sources"), "folder": str(folder / "store")}
                yield Bench({**found, **more, **settings}, folder)
        finally:
            server.communicate()  # closes its input, which ends it


def _copy_sources(folder: Path) -> None:
    """Copy the programs, and for those without bytecode the packages that they import."""
    bare = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "benchmarks" / "programs", folder / "benchmarks" / "programs", ignore=bare)
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "sources").mkdir()
    for name in SOURCES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        source = Path(spec.origin)
        if source.name == "__init__.py":
            shutil.copytree(source.parent, folder / "sources" / name, ignore=bare)
        else:
            shutil.copy(source, folder / "sources")


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """Start a Redis, and yield its socket; an empty string if it is not installed."""
    if shutil.which("redis-server") is None:
        yield ""
        return
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        yield str(socket)
    finally:
        server.terminate()
        server.wait()
