"""A store in memory: for tests, and for the sessions of one process."""

from __future__ import annotations

from collections.abc import Callable

from ..concurrency.clock import steady
from ..concurrency.locks import ForkLock
from .record import Record, RecordStore, Time


class MemoryStore(RecordStore):
    """A store in the memory of this process. It ends with the process, and a fork gets a copy."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._lock = ForkLock()

    def _read(self, key: str) -> Record:
        return self._records.get(key) or Record()

    def _change(self, key: str, change: Callable[[Record], Record], *, wait: bool = True) -> tuple[Record, Record]:  # noqa: ARG002
        with self._lock:
            before = self._read(key)
            now = self._records[key] = change(before)
        return before, now

    def _now(self) -> Time:
        return Time("", steady())
