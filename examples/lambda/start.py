"""Start the zip file as Lambda's runtime does, and measure the cold start.

It is unpacked into a folder that nobody writes into. A new Python sees nothing but its own library and this folder. It
imports the module of `_HANDLER`, and gets one event after another.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_RUNTIME = """
import importlib, json, os, sys, time

class Context:
    def __init__(self):
        self.ends = time.monotonic() + 10
    def get_remaining_time_in_millis(self):
        return int((self.ends - time.monotonic()) * 1000)

sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, _, name = os.environ["_HANDLER"].rpartition(".")
began = time.perf_counter()
handler = getattr(importlib.import_module(module), name)
print(json.dumps(time.perf_counter() - began), flush=True)
for event in sys.stdin:
    print(json.dumps(handler(json.loads(event), Context())), flush=True)
"""


class Function:
    """A running container of the function. `init` has the seconds that its import took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._events: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self.init = float(json.loads(self._answers.readline()))

    def __call__(self, method: str, path: str, body: object = None, **more: Any) -> dict[str, Any]:
        """Send a request of the function URL, and return the answer, its body read."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "requestContext": {"http": {"method": method, "path": path}},
            "headers": {},
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
            **more,
        }
        self._events.write(json.dumps(event) + "\n")
        self._events.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return {**answer, "body": json.loads(answer["body"])}


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Unpack the zip file into a folder without rights to write."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "task")
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            yield folder
        finally:
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o755)


@contextmanager
def started(folder: Path, settings: Mapping[str, str]) -> Iterator[Function]:
    """Start a container of the unpacked function with these settings in its environment."""
    environment = {"PATH": os.defpath, "LAMBDA_TASK_ROOT": str(folder), "_HANDLER": "handler.handler", **settings}
    command = [sys.executable, "-S", "-B", "-c", _RUNTIME]  # -S: without the packages of this environment
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Function(process)
        finally:
            process.kill()


if __name__ == "__main__":
    iss = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pKbrdhQl8"
    of_nobody = {"COGNITO_ISS": iss, "COGNITO_CLIENT_ID": "client", "STATE_KEY": "A" * 43 + "="}
    with unpacked(Path(sys.argv[1])) as task:
        times = []
        for _ in range(5):
            with started(task, of_nobody) as container:
                times.append(container.init)
        print(f"cold start: {min(times) * 1000:.0f} ms to import the handler")
