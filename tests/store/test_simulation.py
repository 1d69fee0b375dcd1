"""The simulation of a fleet: it counts what the library does, and the same seed gives the same day."""

from __future__ import annotations

import os
import threading
import time

import pytest

from cognito_raw import Config
from tests.store.shared import LIFE, World
from tests.store.simulation import GRACES, REFRESHING, SEED, SESSIONS, WAITING, simulated
from tests.support.conversation import CLIENT_ID, ISS
from tests.support.modes import Mode
from tests.support.paths import ROOT


def test_a_refresh_costs_the_operations_that_it_counts(mode: Mode) -> None:
    """After the load of the request."""
    world = World(mode)
    world.signed_in()
    world.passes(LIFE)
    world.session().id_token().unwrap()
    assert world.store.calls == ["load", *REFRESHING]


def test_to_wait_for_a_refresh_costs_the_operations_that_it_counts(mode: Mode) -> None:
    """One look at what the holder notes, and one at its tokens."""
    world = World(mode)
    world.signed_in()
    session = world.session(config=Config(ISS, CLIENT_ID, clock=world.clock, monotonic=time.monotonic))
    world.passes(LIFE)
    world.store.acquire("ada", "holder", 60)
    holder = threading.Event()

    def finish(name: str) -> None:
        if name == "acquire" and not holder.is_set():
            holder.set()
            world.overtake()

    world.store.calls.clear()
    world.store.before = finish
    session.id_token().unwrap()
    assert world.store.calls == ["load", *WAITING[:3]]


def test_the_same_seed_gives_the_same_day() -> None:
    """And a longer grace period signs fewer users out."""
    days = [simulated(1, 1000, machines=2) for _ in range(2)]
    assert days[0] == days[1] != simulated(2, 1000, machines=2)
    out = [days[0].signed_out[grace] for grace in GRACES]
    assert out == sorted(out, reverse=True)
    assert 0 < out[0] < days[0].expiries / 100
    assert days[0].expiries <= days[0].refreshes < days[0].expiries * 1.01


@pytest.mark.skipif("FLEET" not in os.environ, reason="long: make fleet")
def test_the_table_of_the_page_is_that_of_the_simulation() -> None:
    """With the seed that the page names."""
    page = (ROOT / "docs" / "stores.md").read_text(encoding="utf-8")
    assert "\n".join(simulated(SEED, SESSIONS).rows()) in page
    assert f"seed {SEED}" in page
