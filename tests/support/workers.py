"""Which worker of pytest-xdist begins with which tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest

# Folders of slow tests, by what they start. Those of the first share the local server.
TOGETHER: Final = (
    ("tests/docs/", "tests/examples/", "tests/service/", "tests/testing/"),
    ("tests/session/",),
    ("tests/transport/", "tests/verify/"),
    ("tests/store/", "tests/faults/", "tests/peers/"),
)


def dealt(items: Iterable[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in such an order that each worker begins with folders of its own, so that few start the same servers.

    A worker gets an equal part of the list. Those that finish first take from the ends of others, the quick tests.
    """
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    others: list[pytest.Item] = []
    for item in items:
        found = [number for number, folders in enumerate(TOGETHER) if item.nodeid.startswith(folders)]
        (parts[found[0] % workers] if found else others).append(item)
    for number, part in enumerate(parts):
        left = sum(map(len, parts[number:])) + len(others)
        missing = max(0, left // (workers - number) - len(part))
        part.extend(others[:missing])
        del others[:missing]
    return [item for part in (*parts, others) for item in part]
