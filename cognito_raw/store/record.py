"""The record of one key: its entry and its lease, as values and as bytes. The store that keeps records in memory."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ..concurrency.clock import steady
from ..concurrency.locks import ForkLock
from ..models.fields import integer, string
from ..models.frozen import Frozen, replace
from .protocol import Acquired, Entry, Store


class Time(Frozen):
    """A monotonic time of this machine, in seconds, and the boot that it counts from."""

    boot: str
    seconds: float


class Lease(Frozen):
    """A lease, from its beginning on."""

    owner: str
    began: Time
    seconds: float

    def holds(self, now: Time) -> bool:
        """Tell if it has not ended. A time before its beginning is of another boot."""
        return self.began.boot == now.boot and 0 <= now.seconds - self.began.seconds < self.seconds


class Record(Frozen):
    """The entry and the lease of a key, if it has them."""

    entry: Entry | None = None
    lease: Lease | None = None

    def saved(self, value: bytes, after: int) -> Record:
        """Return the record with a new entry; the same record if somebody saved first."""
        if self.entry is not None and self.entry.version > after:
            return self
        return replace(self, entry=Entry(value, after + 1))

    def acquired(self, lease: Lease) -> Record:
        """Return the record with this lease; the same record if another owner holds one."""
        held = self.lease
        if held is not None and held.owner != lease.owner and held.holds(lease.began):
            return self
        return replace(self, lease=lease)

    def released(self, owner: str) -> Record:
        """Return the record without the lease of this owner."""
        return self if self.lease is None or self.lease.owner != owner else replace(self, lease=None)

    def to_bytes(self) -> bytes:
        """Return a checksum, a line of JSON, and the value."""
        head: dict[str, object] = {"version": 0 if self.entry is None else self.entry.version}
        if self.lease is not None:
            began = self.lease.began
            head |= {"owner": self.lease.owner, "boot": began.boot, "began": began.seconds}
            head |= {"seconds": self.lease.seconds}
        content = json.dumps(head).encode() + b"\n" + (b"" if self.entry is None else self.entry.value)
        return hashlib.sha256(content).hexdigest().encode() + b"\n" + content

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Return the record that `to_bytes` wrote; an empty one for a damaged file, such as a truncated one."""
        digest, _, content = data.partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != digest:
            return cls()
        line, _, value = content.partition(b"\n")
        try:
            head = json.loads(line)
            version = integer(head, "version")
            return cls(Entry(value, version) if version > 0 else None, _lease(head) if "owner" in head else None)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
            return cls()


def _lease(head: dict[str, Any]) -> Lease:
    return Lease(string(head, "owner"), Time(string(head, "boot"), float(head["began"])), float(head["seconds"]))


class RecordStore(Store, ABC):
    """A store that reads and changes whole records."""

    @abstractmethod
    def _read(self, key: str) -> Record:
        """Return the record of a key."""

    @abstractmethod
    def _change(self, key: str, change: Callable[[Record], Record], *, wait: bool = True) -> tuple[Record, Record]:
        """Change the record of a key, alone, and return it before and after. The same record is not written.

        wait: whether to wait for others who change it. Without, the record may stay the same on their account.
        """

    @abstractmethod
    def _now(self) -> Time: ...

    def load(self, key: str) -> Entry | None:
        return self._read(key).entry

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        before, now = self._change(key, lambda record: record.saved(value, after))
        return None if now is before or now.entry is None else now.entry.version

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:

        def change(record: Record) -> Record:
            return record.acquired(Lease(owner, self._now(), seconds))

        held = self._read(key)  # first without a lock, since many may wait for the lease
        if change(held) is held:
            return None
        before, now = self._change(key, change, wait=False)
        if now is before:
            return None
        return "free" if before.lease is None else "taken over"

    def release(self, key: str, owner: str) -> None:
        self._change(key, lambda record: record.released(owner))


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
