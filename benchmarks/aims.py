"""The project's performance aims, and checks of the figures against them.

The programs of one turn run one after the other, so other load on the machine affects all of them. The median of the
turns' ratios is therefore steadier than the ratio of the medians.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from benchmarks.programs.processes import BY_HAND
from benchmarks.tasks import AT_HAND, FLOOR, OURS, STANDARD


class Aim(NamedTuple):
    """An upper limit for a figure, or for its ratio to that of `per`, in the same table or in `per_table`.

    says: the sentence about it, with braces for the figure. at_least: whether the limit is a lower one.
    """

    says: str
    table: str
    name: str
    limit: float
    per: str = ""
    per_table: str = ""
    at_least: bool = False

    def reached(self, tables: Mapping[str, Any]) -> float | None:
        """Return the measured value, or None if a part of it is missing."""
        mine = tables[self.table]["figures"][self.name]["runs"]
        if self.per:
            others = tables[self.per_table or self.table]["figures"][self.per]["runs"]
            mine = [one / other for one, other in zip(mine, others, strict=False)]
        return statistics.median(mine) if mine else None

    def holds(self, tables: Mapping[str, Any]) -> bool:
        """Tell if the aim is reached."""
        reached = self.reached(tables)
        if reached is None:
            return False
        return reached >= self.limit if self.at_least else reached <= self.limit

    def sentence(self, tables: Mapping[str, Any]) -> str:
        """Return the sentence with its figure."""
        reached = self.reached(tables)
        return self.says.format("…" if reached is None else f"{reached:.3g}")

    @property
    def bound(self) -> str:
        """The limit in words."""
        return f"at {'least' if self.at_least else 'most'} {self.limit:.3g}"


def _crowds() -> Iterator[Aim]:
    """Yield the aims for many sign-ins at once."""
    for number, held in ((32, 15), (256, 30), (1000, 60)):
        name = f"cognito_raw, {number:,} tasks"
        yield Aim(f"{number:,} async sign-ins at once hold the event loop for {{}} ms", "held", name, held)
        # Nine tenths of 11.8, which was measured before sign-ins that are ready at once took turns.
        rate = f"{number:,} tasks sign in {{}} times as often a second as pycognito in 8 threads"
        yield Aim(rate, "rate", name, 10.6, "pycognito, 8 threads", at_least=True)
    for number in (8, 64, 256):
        name, other = (f"cognito_raw, {kind}{number} threads" for kind in ("", "standard, "))
        rate = f"{number} threads sign in {{}} times as often over httpx as over the standard library"
        yield Aim(rate, "rate", name, 0.85, other, at_least=True)
        slowest = f"with {number} threads over httpx, the slowest of 100 sign-ins takes {{}} times the median"
        yield Aim(slowest, "p99", name, 3, name, "p50")
    for crowd in ("256 tasks", "1,000 tasks", "256 threads", "standard, 256 threads"):
        # The limit of a transport.
        yield Aim(f"{crowd} sign in over {{}} connections", "connections", f"cognito_raw, {crowd}", 100)
    for number in (256, 1000):
        for kind in (f"{number:,} tasks", f"{number:,} threads", f"standard, {number:,} threads"):
            says = f"{{}} of {number:,} sign-ins at once time out with a slow server ({kind})"
            yield Aim(says, "slow", f"cognito_raw, {kind}", 0)


_STORE: Final = "cognito_raw, with a store in Redis"
_SLOW: Final = "blocking, with a subscriber that takes 2 s"
_BARE: Final = "httpx, two posts"
_BARE_ASYNC: Final = "httpx.AsyncClient, two posts"
AIMS: Final = (
    Aim("a cold start takes {} of pycognito's CPU time", "cold", OURS, 0.33, "pycognito"),
    Aim("a cold start takes {} of the CPU time of two posts with bare httpx", "cold", OURS, 1.15, _BARE),
    Aim("a cold start over the standard library takes {} of one over httpx", "cold", STANDARD, 0.6, OURS),
    Aim(
        "a cold start over the standard library takes {} times the instructions of a script written by hand",
        "cold-instructions",
        STANDARD,
        1.15,
        BY_HAND,
    ),
    Aim(
        "a cold start takes {} times the instructions of two posts with bare httpx",
        "cold-instructions",
        OURS,
        0.85,
        _BARE,
    ),
    Aim(
        "a cold start without bytecode takes {} times the instructions of two posts with bare httpx",
        "cold-instructions",
        f"{OURS}, without bytecode",
        1.05,
        f"{_BARE}, without bytecode",
    ),
    Aim("a first async sign-in takes {} of the CPU time of two posts with bare httpx", "first", OURS, 1.1, _BARE_ASYNC),
    Aim("a warm sign-in takes {} of warrant-lite's CPU time", "warm", OURS, 0.1, "warrant-lite"),
    Aim("a signed-in session returns its ID token in {} microseconds", "fresh", OURS, 2),
    Aim("a verified token takes {} of PyJWT's CPU time", "verify", OURS, 1 / 1.5, AT_HAND),
    Aim("a verified token takes {} times the CPU time of RSA, base64 and JSON alone", "verify", OURS, 1.25, FLOOR),
    Aim(
        "a verified token takes {} times the instructions of RSA, base64 and JSON alone",
        "verify-instructions",
        OURS,
        1.15,
        FLOOR,
    ),
    Aim("with 1,000 keys, a verified token takes {} times the CPU time of one key", "keys", "1,000 keys", 1.1, "1 key"),
    Aim("a session takes {} kB of memory", "memory", "cognito_raw, 10,000 sessions", 10),
    Aim("a thousand callers at expiry make {} requests", "refresh", OURS, 1),
    Aim(
        "8 threads sign in {} times as often a second as pycognito's",
        "rate",
        "cognito_raw, 8 threads",
        1,
        "pycognito, 8 threads",
        at_least=True,
    ),
    *_crowds(),
    Aim(
        "1,000 blocking sessions kept fresh take {} threads beyond one a connection", "kept-fresh-beyond", "blocking", 8
    ),
    Aim("a slow subscriber makes 1,000 renewals take {} times as long", "kept-fresh-ms", _SLOW, 1.25, "blocking"),
    # Three minutes are drawn from.
    Aim("8 processes renew one token of an hour within {} s", "due", OURS, 60, at_least=True),
    Aim("1,000 async sessions kept fresh take {} connections", "kept-fresh-connections", "async", 16),
    Aim("1,000 async sessions kept fresh hold the event loop for {} ms", "kept-fresh-held", "async", 60),
    Aim("each of 5,000 subscribers takes {} microseconds", "subscribers", "5,000 subscribers", 0.7),
    Aim(
        "a subscriber of 5,000 takes {} times the CPU time of one of 500",
        "subscribers",
        "5,000 subscribers",
        1.2,
        "500 subscribers",
    ),
    Aim("a device of 6,000 takes {} times the CPU time of one of 60", "devices", "6,000 devices", 1.2, "60 devices"),
    Aim("a refresh takes {} round trips to Redis", "round-trips", _STORE, 4),
    Aim("8 processes that share a store in Redis refresh {} times", "processes", "with a store in Redis", 1),
    Aim("8 processes that share a store in files refresh {} times", "processes", "with a store in files", 1),
)


def section(tables: Mapping[str, Any]) -> str:
    """Return the page's section on the aims, each with its measured value."""
    rows = ["\n## What it aims at\n", "| | aim | reached |", "|---|---:|---|"]
    for aim in AIMS:
        verdict = "-" if aim.reached(tables) is None else "yes" if aim.holds(tables) else "no"
        rows.append(f"| {_capital(aim.sentence(tables))} | {aim.bound} | {verdict} |")
    return "\n".join(rows) + "\n"


def summary(tables: Mapping[str, Any]) -> str:
    """Return the README's sentences on the aims: every one that is missed, and how many were not measured."""
    measured = [aim for aim in AIMS if aim.reached(tables) is not None]
    missed = [aim for aim in measured if not aim.holds(tables)]
    page = "[aims](benchmarks/results.md#what-it-aims-at)"
    lines = [f"It reaches {len(measured) - len(missed)} of the {len(measured)} {page} that were measured."]
    if len(measured) < len(AIMS):
        lines.append(f"{len(AIMS) - len(measured)} more were not measured on this machine.")
    if missed:
        lines.append("It misses these:\n")
        lines += [f"- {_capital(aim.sentence(tables))}. The aim is {aim.bound}." for aim in missed]
    return "\n".join(lines) + "\n"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
