"""Clocks, counts and reports of the measured programs."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any, TypeAlias

from cognito_raw import Config

Pool: TypeAlias = dict[str, Any]
"""The settings of the server. With `times`, everything is done so many times at most."""


def config(pool: Pool, endpoint: str = "endpoint") -> Config:
    """Return the configuration for one of the server's endpoints, with the default deadline unless it is a test's."""
    options: dict[str, Any] = {"deadline": 100.0} if "times" in pool else {}
    return Config(pool["iss"], pool["client"], endpoint=pool[endpoint], **options)


def count(pool: Pool, times: int) -> int:
    """Return the number of times, or the number of the settings if that is smaller."""
    return min(times, int(pool.get("times", times)))


def report(**numbers: float) -> None:
    """Print the numbers."""
    sys.stdout.write(json.dumps(numbers) + "\n")


def timed(pool: Pool, act: Callable[[], object], times: int) -> None:
    """Report the CPU milliseconds of one act, after some acts to warm up."""
    if "forks" in pool:
        _forked(act, times // 40, times // 8)
        return
    times = count(pool, times)
    for _ in range(1 if "times" in pool else max(1, times // 10)):
        act()
    before = time.process_time()
    for _ in range(times):
        act()
    report(ms=(time.process_time() - before) * 1000 / times)


def _forked(act: Callable[[], object], *counts: int) -> None:
    """Act in a fork for each of the counts, so that their difference has nothing of what was before."""
    act()
    for times in counts:
        child = os.fork()
        if not child:
            for _ in range(times):
                act()
            os._exit(0)
        os.waitpid(child, 0)
    report(difference=counts[1] - counts[0])


def asked(pool: Pool) -> dict[str, int]:
    """Return the server's counts of requests and connections since the last call, without this one."""
    with urllib.request.urlopen(pool["endpoint"] + "/asked") as reply:  # noqa: S310  # an address of our own
        counts: dict[str, int] = json.load(reply)
    counts["connections"] -= 1
    return counts
