"""The project's performance aims, and checks of the figures against them.

The programs of one turn run one after the other, so other load on the machine affects all of them. The median of the
turns' ratios is therefore steadier than the ratio of the medians.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Aim(NamedTuple):
    """An upper limit for a figure, or for its ratio to that of `per`. A lower limit if more is better."""

    text: str
    table: str
    name: str
    limit: float
    per: str = ""

    def reached(self, tables: Mapping[str, Any]) -> float | None:
        """Return the measured value, or None if a part of it is missing."""
        figures = tables[self.table]["figures"]
        mine = figures[self.name]["runs"]
        if not self.per:
            return statistics.median(mine) if mine else None
        ratios = [one / other for one, other in zip(mine, figures[self.per]["runs"], strict=False)]
        return statistics.median(ratios) if ratios else None

    def holds(self, tables: Mapping[str, Any]) -> bool:
        """Tell if the aim is reached."""
        reached = self.reached(tables)
        if reached is None:
            return False
        return reached >= self.limit if self.at_least(tables) else reached <= self.limit

    def at_least(self, tables: Mapping[str, Any]) -> bool:
        """Tell if more is better."""
        return bool(tables[self.table]["more_is_better"])


STANDARD: Final = "cognito_raw, standard"
AIMS: Final = (
    Aim("Cold start / pycognito's", "cold", "cognito_raw", 0.33, "pycognito"),
    Aim("Cold start / two posts with bare httpx", "cold", "cognito_raw", 1.15, "httpx, two posts"),
    Aim("Cold start over the standard library / over httpx", "cold", STANDARD, 0.6, "cognito_raw"),
    Aim("A warm sign-in / warrant-lite's", "warm", "cognito_raw", 0.1, "warrant-lite"),
    Aim("The ID token of a signed-in session, microseconds", "fresh", "cognito_raw", 2),
    Aim("A verified token / PyJWT's decode", "verify", "cognito_raw", 1 / 1.5, "PyJWT decode"),
    Aim("A session in memory, kB", "memory", "cognito_raw, 10,000 sessions", 10),
    Aim("Requests for a thousand callers at expiry", "refresh", "cognito_raw", 1),
    Aim("Sign-ins a second with threads / pycognito's", "rate", "cognito_raw, 8 threads", 1, "pycognito, 8 threads"),
    Aim("Sign-ins a second with tasks / pycognito's", "rate", "cognito_raw, 32 tasks", 1, "pycognito, 8 threads"),
)


def section(tables: Mapping[str, Any]) -> str:
    """Return the page's section on the aims, each with its measured value."""
    rows = ["\n## What it aims at\n", "| | aim | reached | |", "|---|---:|---:|---|"]
    for aim in AIMS:
        reached = aim.reached(tables)
        shown = "-" if reached is None else f"{reached:.3g}"
        word = "at least" if aim.at_least(tables) else "at most"
        rows.append(f"| {aim.text} | {word} {aim.limit:.3g} | {shown} | {'yes' if aim.holds(tables) else 'no'} |")
    return "\n".join(rows) + "\n"
