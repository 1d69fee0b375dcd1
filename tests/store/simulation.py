"""A virtual day of 200 machines that share 100,000 sessions, with machines and stores that fail.

    python -m tests.store.simulation [SEED]

It is a model of the protocol, not the library: sessions meet only in the machines and the store, so each has its day
alone. A test holds the store operations that it counts to those of the library. One history serves all grace periods:
a lost answer ends a session under those that are shorter than the time until the refresh token is sent again.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from math import log
from random import Random
from typing import Final

DAY: Final = 86_400.0
LIFE: Final = 3_600.0
GRACES: Final = (0, 10, 60)
MACHINES: Final = 200
SESSIONS: Final = 100_000
SEED: Final = 21

# Store operations of a refresh, and of another machine that wants one meanwhile. Each request loads the entry once.
REFRESHING: Final = ("take", "save", "save", "release")
WAITING: Final = ("take", "load", "take", "load")
LEASE: Final = 6.0
BEFORE, AFTER = 0.004, 0.002  # seconds of the store before and after the request

# What a machine suffers in a day, and for how many seconds; and what the store and the network do.
KILLS: Final = 24
PAUSES: Final = 24
LONGEST_PAUSE: Final = 60.0
FAILOVERS: Final = 4
OUTAGE: Final = 10.0
LOST_WRITES: Final = 1.0
LOST_ANSWER: Final = 2e-5
# Seconds between two requests of a user, on average; how often several machines ask at once; and how often the next
# request goes to the same machine.
GAP: Final = 60.0
TOGETHER: Final = 0.3
STICKY: Final = 0.5


@dataclass
class Day:
    """What happened."""

    expiries: int = 0
    refreshes: int = 0
    served: int = 0
    operations: int = 0  # beside the load of each request
    signed_out: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def rows(self) -> list[str]:
        """The table of the documentation."""
        each, served = self.operations / self.refreshes, (self.served + self.operations) / self.served
        return [
            f"| {grace} s | {self.refreshes / self.expiries:.5f} | {self.signed_out[grace]:,} of {self.expiries:,} "
            f"| {each:.2f} | {served:.3f} |"
            for grace in GRACES
        ]


class World:
    """The machines and the store, and when they fail."""

    def __init__(self, seed: int, machines: int = MACHINES) -> None:
        self.random = random = Random(seed)
        self.kills = [sorted(random.uniform(0, DAY) for _ in range(KILLS)) for _ in range(machines)]
        self.pauses = [sorted(random.uniform(0, DAY) for _ in range(PAUSES)) for _ in range(machines)]
        self.failovers = sorted(random.uniform(0, DAY) for _ in range(FAILOVERS))
        self.day = Day()

    def gap(self) -> float:
        """Seconds to the next request of a user."""
        return -GAP * log(1.0 - self.random.random())

    def resent(self, acted: float, again: float) -> None:
        """Send a used refresh token again. Where that comes after the grace period, the user is signed out."""
        for grace in GRACES:
            self.day.signed_out[grace] += again - acted > grace

    def session(self) -> None:
        """One session's day."""
        random, day, machines = self.random.random, self.day, len(self.kills)
        issued = random() * LIFE * 0.75 - LIFE * 0.75
        while True:
            asked = issued + (LIFE - 1) * (0.8 - 0.05 * random()) + self.gap()
            if asked >= DAY:
                return
            day.expiries += 1
            day.served += 1 + int((asked - max(issued, 0.0)) / GAP)
            others = 1 + int(random() * 4) if random() < TOGETHER else 0
            renewed = None
            while renewed is None:
                renewed, asked = self.refresh(asked, int(random() * machines), others)
            issued = renewed

    def refresh(self, asked: float, machine: int, others: int) -> tuple[float | None, float]:
        """One attempt: the time of the new tokens, or else that of the next attempt."""
        day, latency = self.day, 0.1 - 0.1 * log(1.0 - self.random.random())
        failed = _within(self.failovers, asked - OUTAGE, asked)
        if failed is not None:
            day.faults["store away"] += 1
            return None, failed + OUTAGE + self.gap()
        day.operations += len(REFRESHING) + others * len(WAITING)
        sent, acted = asked + BEFORE, asked + BEFORE + latency / 2
        saved = sent + latency + AFTER
        # Whoever waits already takes over when the lease ends; else the next request does.
        again = asked + LEASE if others else max(asked + LEASE, asked + self.gap())
        fault, ended = self._fault(asked, saved, machine)
        if fault is not None and ended < sent:
            day.faults[f"{fault} before the request"] += 1
            return None, again
        day.refreshes += 1
        if fault == "killed" or (fault == "paused" and again < ended + self.random.random() * LONGEST_PAUSE):
            day.faults[f"{fault} after the request"] += 1
        elif self.random.random() < LOST_ANSWER:
            day.faults["answer lost"] += 1
            again = saved + 1.0
        elif _within(self.failovers, saved, saved + LOST_WRITES) is not None:
            day.faults["save lost"] += 1
            again = saved + OUTAGE + self.gap()
            if self.random.random() < STICKY:  # the machine that has the tokens saves them back
                return saved, 0.0
        else:
            return saved, 0.0
        self.resent(acted, again)
        day.refreshes += 1
        day.operations += len(REFRESHING)
        return again + latency, 0.0

    def _fault(self, begins: float, ends: float, machine: int) -> tuple[str | None, float]:
        for name, times in (("killed", self.kills[machine]), ("paused", self.pauses[machine])):
            at = _within(times, begins, ends)
            if at is not None:
                return name, at
        return None, 0.0


def _within(times: list[float], begins: float, ends: float) -> float | None:
    at = bisect_left(times, begins)
    return times[at] if at < len(times) and times[at] < ends else None


def simulated(seed: int, sessions: int, machines: int = MACHINES) -> Day:
    """The day of all sessions."""
    world = World(seed, machines)
    for _ in range(sessions):
        world.session()
    return world.day


def main(seed: int = SEED) -> None:
    """Print the table."""
    began = time.monotonic()
    day = simulated(seed, SESSIONS)
    print(f"seed {seed}: {MACHINES} machines, {SESSIONS:,} sessions, {time.monotonic() - began:.0f} s")
    print(", ".join(f"{name}: {count:,}" for name, count in sorted(day.faults.items())))
    print(*day.rows(), sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
