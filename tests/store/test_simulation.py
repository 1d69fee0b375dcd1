"""The simulation of a fleet: the same seed gives the same day."""

from __future__ import annotations

import os

import pytest

from tests.store.simulation import GRACES, SEED, SESSIONS, simulated
from tests.support.paths import ROOT


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
