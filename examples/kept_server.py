"""A server that never outlives the program which started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Ends a server at SIGTERM, or when the parent is gone. Then nobody else removes the folder.
_KEEPER = """
import os, shutil, signal, subprocess, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
parent, folder, *command = sys.argv[1:]
server = subprocess.Popen(command)
try:
    while server.poll() is None and os.getppid() == int(parent):
        try:
            server.wait(0.2)
        except subprocess.TimeoutExpired:
            pass
finally:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if folder and os.getppid() != int(parent):
        shutil.rmtree(folder, ignore_errors=True)
"""


@contextmanager
def keep(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, *, is_kept: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server as `start` does, until the end of the block at the latest."""
    process = start(command, environment, folder, is_kept=is_kept)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, *, is_kept: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process, however that is killed.

    It runs in the folder, and its output is in the file `log`. is_kept: whether the folder stays if this process is
    killed.
    """
    keeper = [sys.executable, "-c", _KEEPER, str(os.getpid()), "" if is_kept else str(folder), *command]
    with Path(folder, "log").open("wb") as log:
        return subprocess.Popen(
            keeper,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # or Ctrl-C would end the server before its users
        )
