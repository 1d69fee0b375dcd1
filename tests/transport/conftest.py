"""Time that passes at once, for the tests of transports."""

from __future__ import annotations

import pytest

from cognito_raw.transport import addresses, httpx_async, pool, sockets
from tests.support.deadlines import LaterClock


@pytest.fixture
def idle_time(monkeypatch: pytest.MonkeyPatch) -> LaterClock:
    """The clock by which connections are idle."""
    clock = LaterClock()
    monkeypatch.setattr(pool, "time", clock)
    monkeypatch.setattr(pool, "steady", clock.monotonic)
    return clock


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the wall clock often during a request, so that a test need not wait for it."""
    for module in (httpx_async, sockets, addresses):
        monkeypatch.setattr(module, "POLL_INTERVAL", 0.02)
