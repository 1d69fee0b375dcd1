"""No test in this folder connects to anything."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _offline(offline: None) -> None:
    """Refuse every connection."""
