"""A few dozen random sequences over each transport. `make faults` plays 2,000."""

from __future__ import annotations

import random

import pytest

from tests.faults.chaos import TRANSPORTS, play


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("name", TRANSPORTS)
def test_random_sequences_keep_the_laws(name: str, part: int) -> None:
    """Half of the seeds are the same in every run. The others are printed."""
    seeds = [*range(10 * part, 10 * part + 5), *random.sample(range(10**9), 5)]
    print("seeds", *seeds)
    assert play(name, seeds) == []
