"""A user pool, APIs that take its tokens, and their callers of both kinds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.apis import CALLERS, Caller, Calling, Pool, asking
from tests.support.hostile import Server, serving
from tests.support.modes import Async, Mode, Sync
from tests.support.rotation import LeapingLoop


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture(params=CALLERS)
def calling(request: pytest.FixtureRequest) -> Calling:
    made: Calling = request.param
    return made


@pytest.fixture
def caller(calling: Calling, pool: Pool) -> Iterator[Caller]:
    made = calling(pool)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[Server]:
    """Takes the first tokens and later ones."""
    with serving(asking()) as server:
        yield server


@pytest.fixture
def later_api() -> Iterator[Server]:
    """Takes the second tokens and later ones, so that a session must refresh first."""
    with serving(asking(accepted=2)) as server:
        yield server


@pytest.fixture(params=[Sync, partial(Async, LeapingLoop)], ids=["Sync", "Async"])
def timeless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mode]:
    """Each mode, without the pauses between two attempts."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    made: Mode = request.param()
    yield made
    made.close()
