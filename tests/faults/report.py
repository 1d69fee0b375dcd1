"""All of the matrix and of chaos: writes the table of docs/reliability.md, and ends with 1 if a law was broken."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Final

from tests.faults import chaos
from tests.faults.matrix import COLUMNS, FAULTS, Verdict, play_patiently
from tests.faults.methods import METHODS
from tests.support.paths import ROOT

PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table -->\n", "<!-- /table -->\n"
SEQUENCES: Final = 2000
# So many a processor, since most calls wait: for a deadline, or before they are repeated.
PROCESSES: Final = 4


def _begin() -> None:
    logging.disable()  # asyncio's words about the servers' lost connections
    gc.freeze()  # each cell collects, and what was imported stays


def _cell(row: int, column: int) -> list[Verdict]:
    return play_patiently(FAULTS[row], COLUMNS[column], METHODS)


def table(cells: Sequence[Sequence[Verdict]]) -> str:
    """Return the rows of the faults: how many methods kept the laws over each transport, and the usual outcome."""
    names = [column.name for column in COLUMNS]
    rows = [f"| fault | {' | '.join(names)} | usual outcome |", f"|---|{'---:|' * len(names)}---|"]
    for row, fault in enumerate(FAULTS):
        found = cells[row * len(COLUMNS) : (row + 1) * len(COLUMNS)]
        kept = (f"{sum(not verdict.broken for verdict in verdicts)} of {len(verdicts)}" for verdicts in found)
        [(outcome, _)] = Counter(verdict.outcome for verdicts in found for verdict in verdicts).most_common(1)
        rows.append(f"| {fault.name} | {' | '.join(kept)} | `{outcome}` |")
    return "\n".join((*rows, ""))


def main() -> int:
    """Play everything, in a few processes a processor."""
    began, first = time.monotonic(), random.randrange(10**9)
    print(f"chaos: the seeds {first} to {first + SEQUENCES - 1}", flush=True)
    parts = [range(first + part, first + SEQUENCES, 20) for part in range(20)]
    count, spawn = PROCESSES * (os.cpu_count() or 1), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_begin) as processes:
        played = processes.map(_cell, *zip(*product(range(len(FAULTS)), range(len(COLUMNS))), strict=True))
        sequences = processes.map(chaos.play, *zip(*product(chaos.TRANSPORTS, parts), strict=True))
        cells = list(played)
        print(f"the matrix: {sum(map(len, cells))} calls in {time.monotonic() - began:.0f} s", flush=True)
        failures = [failure for found in sequences for failure in found]
    print(f"with {SEQUENCES} sequences over each transport: {time.monotonic() - began:.0f} s")
    for (fault, column), verdicts in zip(product(FAULTS, COLUMNS), cells, strict=True):
        failures += [f"{fault.name}, {column.name}: {verdict}" for verdict in verdicts if verdict.broken]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(cells) + END + rest.partition(END)[2], encoding="utf-8")
    print(*failures, f"{len(failures)} laws broken", sep="\n")
    return bool(failures)
