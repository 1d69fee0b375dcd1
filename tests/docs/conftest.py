"""The pools on which the pages' examples run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from examples.local_pool import Pool, Server


@pytest.fixture
def new_pool(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Pool]:
    """Make a pool with the users of the examples, in the environment of a function."""
    monkeypatch.setenv("STATE_KEY", Fernet.generate_key().decode())
    monkeypatch.setenv("ROBOT_PASSWORD", "An-Engine-1843")

    def make() -> Pool:
        made = server.pool()
        made.add_users_of_the_readme()
        return made

    return make


@pytest.fixture
def pool(new_pool: Callable[[], Pool]) -> Pool:
    """One of them."""
    return new_pool()
