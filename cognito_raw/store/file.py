"""A store in a folder: one file an entry, for the processes of one machine.

Each file is replaced as a whole and flushed to the disk, so that no crash leaves half of it. A lock of the operating
system is held only while a file is read and replaced. The lease is a record in the file, so that a stopped process
holds no lock. It ends by the clock that all processes of the machine share.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from typing import Final

from ..concurrency.clock import steady
from .record import Record, RecordStore, Time

# Seconds to wait for the lock, which others hold for milliseconds: longer only if one of them is stopped.
_LOCK_TIMEOUT: Final = 2.0
_POLL_INTERVAL: Final = 0.005
_BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_WINDOWS: Final = os.name == "nt"


class FileStore(RecordStore):
    """A store in a folder, for the processes of one machine. It needs the extra `file`.

    Do not use it on a network file system: locks and clocks are those of one machine.

    folder: the folder, made for this user alone if it is missing. The files hold tokens, readable by their owner: wrap
        the store in `Sealed` if others may read the disk.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            import filelock
        except ImportError:
            raise ImportError("FileStore needs the package filelock: pip install 'cognito-raw[file]'") from None
        self._folder = os.path.abspath(os.fspath(folder))
        self._new_lock = filelock.FileLock

    def __repr__(self) -> str:
        return f"FileStore({self._folder!r})"

    def _path(self, key: str) -> str:
        return os.path.join(self._folder, hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest())

    def locked(self, name: str, timeout: float = _LOCK_TIMEOUT) -> AbstractContextManager[object]:
        """Lock a name in the folder among all processes, for a moment."""
        path = os.path.join(self._folder, name)
        _make(self._folder)
        return self._new_lock(f"{path}.lock", timeout=timeout, poll_interval=_POLL_INTERVAL, mode=0o600)

    def _read(self, key: str) -> Record:
        path = self._path(key)
        # Windows replaces no file that is open. Elsewhere a reader has the old file or the new one.
        with self.locked(path) if _WINDOWS and os.path.exists(path) else nullcontext():
            return _read(path)

    def _change(self, key: str, change: Callable[[Record], Record], *, wait: bool = True) -> tuple[Record, Record]:
        path = self._path(key)
        try:
            with self.locked(path, _LOCK_TIMEOUT if wait else 0.0):
                before = _read(path)
                now = change(before)
                if now is not before:
                    _replace(path, now.to_bytes())
        except TimeoutError:
            if wait:
                raise
            before = now = Record()
        return before, now

    def _now(self) -> Time:
        return Time(_boot_id(), steady())


def _make(folder: str) -> None:
    """Make a folder and those above it, whatever the umask, for this user alone."""
    if not os.path.isdir(folder):
        if (above := os.path.dirname(folder)) != folder:
            _make(above)
        os.makedirs(folder, mode=0o700, exist_ok=True)


def _read(path: str) -> Record:
    try:
        with open(path, "rb") as file:
            return Record.from_bytes(file.read())
    except FileNotFoundError:
        return Record()


def _replace(path: str, data: bytes) -> None:
    """Replace a file at once, and flush it to the disk. One name is enough for the new file: the lock is held."""
    new = f"{path}.new"
    _remove(new)  # a killed process may have left it
    try:
        with open(os.open(new, _FLAGS, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        _remove(new)
        raise
    if not _WINDOWS:  # which cannot open folders
        _flush_folder(os.path.dirname(path))


def _flush_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


@cache
def _boot_id() -> str:
    """Return the id of this boot where the system has one. Without it, the monotonic time alone tells boots apart."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
