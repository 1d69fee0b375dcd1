"""No test of a session leaves a thread behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.deadlines import wait_until
from tests.support.threads import living


def ours() -> list[threading.Thread]:
    """The threads of sessions."""
    return [thread for thread in living() if thread.name.startswith("cognito_raw ")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    wait_until(lambda: not ours(), 5.0)
    assert ours() == []
