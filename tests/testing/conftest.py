"""A suite of its own for each test of the plugin, and a pool for it to record."""

from __future__ import annotations

import pytest

from examples.local_pool import Pool, Server

PASSWORD = "An-Engine-1843"


@pytest.fixture(scope="module")
def pool(server: Server) -> Pool:
    """A pool with one user."""
    made = server.pool()
    made.add_user("ada", PASSWORD)
    return made


@pytest.fixture
def suite(pytester: pytest.Pytester, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for a suite, with the pool named in the environment."""
    monkeypatch.setenv("COGNITO_ISS", pool.config().iss)
    monkeypatch.setenv("COGNITO_CLIENT_ID", pool.client_id)
    monkeypatch.delenv("COGNITO_CLIENT_SECRET", raising=False)
    return pytester
