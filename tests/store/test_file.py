"""The store in files: killed, stopped, on a full disk, with damaged and removed files."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from cognito_raw.store import Entry, FileStore, file
from cognito_raw.store.record import Lease, Record, Time
from cognito_raw.testing import check_store
from tests.support import programs

NAME: Final = hashlib.sha256(b"ada").hexdigest()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_entry_is_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    """It is named by the hash of its key. Nothing of the key shows in a name."""
    before = os.umask(0)
    try:
        store = FileStore(tmp_path / "deep" / "folder")
        store.save("ada", b"secret", after=0)
    finally:
        os.umask(before)
    folder = tmp_path / "deep" / "folder"
    assert mode_of(folder) == mode_of(folder.parent) == 0o700
    assert {path.name: mode_of(path) for path in folder.iterdir()} == {NAME: 0o600, f"{NAME}.lock": 0o600}
    assert repr(store) == f"FileStore({str(folder)!r})"


def test_a_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that changes its folder finds its entries."""
    monkeypatch.chdir(tmp_path)
    store = FileStore("here")
    store.save("ada", b"1", after=0)
    monkeypatch.chdir("/")
    assert store.load("ada") == Entry(b"1", 1)


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named at once, not at the first use."""
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(ImportError, match=r"cognito-raw\[file\]"):
        FileStore(tmp_path)


KILLED: Final = """
import os, signal, sys
import cognito_raw
from cognito_raw.store import Entry, FileStore, file

package = os.path.dirname(cognito_raw.__file__)
store = FileStore(sys.argv[1])
version, old, at, seen = store.save("ada", b"0" * 5000, after=0), b"0" * 5000, 0, set()

def child(value):
    lines = iter(range(at + 1))
    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(package):
            return None
        if event == "line" and next(lines, None) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    store.save("ada", value, after=version)
    os._exit(0)

status = -1
while status != 0:
    new = b"%d" % at * 5000
    pid = os.fork()
    if pid == 0:
        child(new)
    status = os.waitpid(pid, 0)[1]
    found = FileStore(sys.argv[1]).load("ada")
    assert found in (Entry(old, version), Entry(new, version + 1)), at
    seen.add(found.value == new)
    version, old, at = store.save("ada", b"again", after=found.version), b"again", at + 1
    assert version == found.version + 1
    assert len(os.listdir(sys.argv[1])) == 2, os.listdir(sys.argv[1])
assert seen == {True, False}
print(at > 30)
"""


@pytest.mark.once
def test_a_process_that_is_killed_at_any_line_leaves_the_old_entry_or_the_new_one(tmp_path: Path) -> None:
    """The next one saves at once, and removes what was left."""
    assert programs.run(KILLED, str(tmp_path)) == "True"


FULL: Final = """
import os, resource, sys
from cognito_raw.store import Entry, FileStore, file

store = FileStore(sys.argv[1])
version = store.save("ada", b"old", after=0)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    store.save("ada", b"new" * 1000, after=version)
except OSError as error:
    print(type(error).__name__)
assert store.load("ada") == Entry(b"old", version)
assert len(os.listdir(sys.argv[1])) == 2
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(store.save("ada", b"new" * 1000, after=version) == version + 1)
"""


def test_a_full_disk_keeps_the_old_entry(tmp_path: Path) -> None:
    """Where a file cannot grow, saving raises, and leaves nothing behind."""
    assert programs.run(FULL, str(tmp_path)) == "OSError\nTrue"


@pytest.mark.parametrize("left", [0, 1, 63, 64, 65, 80, -1])
def test_a_truncated_file_is_a_lost_entry(left: int, tmp_path: Path) -> None:
    """None of it is taken for the entry, and it can be saved back under a greater version."""
    store = FileStore(tmp_path)
    store.save("ada", b"value", after=6)
    store.acquire("ada", "one", 60)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:left])
    assert store.load("ada") is None
    assert store.save("ada", b"back", after=7) == 8
    assert store.load("ada") == Entry(b"back", 8)


def test_a_changed_byte_is_a_lost_entry(tmp_path: Path) -> None:
    """The checksum covers the version, the lease and the value."""
    store = FileStore(tmp_path)
    store.save("ada", b"value", after=0)
    data = (tmp_path / NAME).read_bytes()
    for at in range(len(data)):
        (tmp_path / NAME).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert store.load("ada") is None


def test_a_file_that_cannot_be_flushed_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk may say so only when it writes. Nothing is left behind."""
    store = FileStore(tmp_path)
    store.save("ada", b"1", after=0)

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        store.save("ada", b"2", after=1)
    assert store.load("ada") == Entry(b"1", 1)
    assert len(list(tmp_path.iterdir())) == 2


def test_it_does_without_what_a_system_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id of a boot, and folders that can be opened; and it opens no file that may be replaced meanwhile."""
    monkeypatch.setattr(file, "_BOOT_ID", str(tmp_path / "none"))
    monkeypatch.setattr(file, "_WINDOWS", True)
    file._boot_id.cache_clear()
    try:
        check_store(FileStore(tmp_path / "store"))
    finally:
        file._boot_id.cache_clear()


def test_a_removed_folder_is_made_again(tmp_path: Path) -> None:
    """Its entries are lost, and can be saved back."""
    store = FileStore(tmp_path / "folder")
    store.save("ada", b"1", after=0)
    shutil.rmtree(tmp_path / "folder")
    assert store.load("ada") is None
    store.release("ada", "one")
    assert store.acquire("ada", "one", 60) == "free"
    shutil.rmtree(tmp_path / "folder")
    assert store.save("ada", b"1", after=1) == 2


def test_a_folder_may_be_a_link(tmp_path: Path) -> None:
    """The entry and its lease are those of the folder that it leads to."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    linked, store = FileStore(tmp_path / "link"), FileStore(tmp_path / "folder")
    assert linked.save("ada", b"1", after=0) == 1
    assert store.load("ada") == Entry(b"1", 1)
    assert linked.acquire("ada", "one", 60) == "free"
    assert store.acquire("ada", "two", 60) is None


def test_a_folder_that_cannot_be_used_is_an_error_of_the_system(tmp_path: Path) -> None:
    """Such as a file that stands in its place."""
    (tmp_path / "file").touch()
    store = FileStore(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        store.load("ada")
    with pytest.raises(OSError, match="file"):
        store.save("ada", b"", after=0)


def test_a_lease_of_another_boot_has_ended() -> None:
    """By the id of the boot, or by a clock that shows less than at its beginning."""
    lease = Lease("one", Time("boot", 1000.0), 6.0)
    assert lease.holds(Time("boot", 1005.9))
    assert not lease.holds(Time("boot", 1006.0))
    assert not lease.holds(Time("other", 1001.0))
    assert not lease.holds(Time("boot", 999.9))


def test_a_record_with_a_lease_and_no_entry_is_read_back() -> None:
    """As an entry is that looks like a record itself."""
    record = Record(None, Lease("one", Time("boot", 1000.25), 6.0))
    assert Record.from_bytes(record.to_bytes()) == record
    nested = Record(Entry(record.to_bytes(), 3))
    assert Record.from_bytes(nested.to_bytes()) == nested


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[", b"[" * 100_000, b"\xff", b"null", b"{}\n1", b'{"version": "1"}\n1', b'{"version": 1e400}\n1'),
        b'{"version": 1, "owner": "one"}\n1',
        b'{"version": 1, "owner": "one", "boot": "boot", "began": [], "seconds": 6}\n1',
        b'{"version": 1, "owner": "one", "boot": 5, "began": 1, "seconds": 6}\n1',
    ],
)
def test_a_record_that_somebody_else_wrote_is_none(content: bytes) -> None:
    """Its checksum, which anybody can compute, is right."""
    assert Record.from_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content) == Record()


HOLDS: Final = """
import sys
from cognito_raw.store import FileStore
store = FileStore(sys.argv[1])
with store.locked(sys.argv[2]) if len(sys.argv) > 2 else sys.stdin:
    store.acquire("ada", "stopped", 0.3) if len(sys.argv) == 2 else None
    print("holds", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def stopped(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds something, and was stopped."""
    with programs.begin("-c", HOLDS, *arguments) as process:
        assert process.stdout
        assert process.stdout.readline() == "holds\n"
        process.send_signal(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.communicate("\n")


def test_a_stopped_holder_loses_its_lease_in_time(tmp_path: Path) -> None:
    """The clock of the lease goes on while its holder is stopped."""
    store = FileStore(tmp_path)
    with stopped(str(tmp_path)):
        while (taken := store.acquire("ada", "other", 60)) is None:
            time.sleep(0.02)
        assert taken == "taken over"


def test_a_process_that_is_stopped_within_a_change_blocks_changes_alone(tmp_path: Path) -> None:
    """Others load, and their changes fail as those of a store that cannot be reached, until it goes on."""
    store = FileStore(tmp_path)
    store.save("ada", b"1", after=0)
    with stopped(str(tmp_path), NAME):
        assert store.load("ada") == Entry(b"1", 1)
        with pytest.raises(OSError, match="lock"):
            store.save("ada", b"2", after=1)
    assert store.save("ada", b"2", after=1) == 2
