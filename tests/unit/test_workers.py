"""The workers of pytest-xdist begin with folders of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.workers import TOGETHER, dealt


@dataclass(frozen=True)
class Item:
    nodeid: str


FOLDERS = [folder for folders in TOGETHER for folder in folders]
# Few tests of each slow folder, more of one, and many quick ones.
ITEMS: Any = [
    Item(f"{folder}test_some.py::test_{number}")
    for folder in ("tests/unit/session/", *FOLDERS)
    for number in range(400 if "unit" in folder else 50 if "transport" in folder else 10)
]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
def test_every_test_is_dealt_once_and_no_slow_folder_twice(workers: int) -> None:
    """The quick tests fill up the parts, which pytest-xdist cuts off one after the other."""
    found = dealt(ITEMS, workers)
    assert sorted(item.nodeid for item in found) == sorted(item.nodeid for item in ITEMS)
    seen: dict[str, list[int]] = {}
    for left in range(workers, 0, -1):
        for folder in dict.fromkeys(item.nodeid.partition("test_")[0] for item in found[: len(found) // left]):
            seen.setdefault(folder, []).append(left)
        del found[: len(found) // left]
    assert [len(seen[folder]) for folder in FOLDERS] == [1] * len(FOLDERS)
    assert len({*map(tuple, map(seen.__getitem__, FOLDERS))}) == min(workers, len(TOGETHER))
    assert len(seen["tests/unit/session/"]) == workers
