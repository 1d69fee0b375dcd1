"""Verifiers of both kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.verifiers import VERIFYING, Verifying


@pytest.fixture(params=VERIFYING, ids=lambda kind: kind.__name__)
def verifying(request: pytest.FixtureRequest) -> Iterator[Verifying]:
    """Makes verifiers: blocking ones in one run of a test, asynchronous ones in the other."""
    made: Verifying = request.param()
    yield made
    made.close()
