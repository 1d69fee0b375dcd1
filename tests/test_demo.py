"""The demo and the local pool under it, run as a newcomer runs them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from examples.local_pool import CannotServe, serve

ROOT = Path(__file__).parent.parent


def demo(*arguments: str, hidden: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the demo in a process of its own, in which the package `hidden` cannot be found."""
    program = (
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: None if name == {hidden!r} else find(name, *rest)\n"
        f"sys.argv = ['demo', *{arguments!r}]\n"
        "runpy.run_module('examples.demo', run_name='__main__')\n"
    )
    environment = {**os.environ, "TMPDIR": str(folder or tempfile.gettempdir())}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_demo_tells_the_whole_journey_and_leaves_nothing(tmp_path: Path) -> None:
    """It ends well, tells each step with its result, round trips and time, shows the token, and cleans up."""
    finished = demo(folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    steps = re.findall(
        r"^ *\d+\. .*?(?:Ok|Err \"[a-z-]+\") +\d+ round trips?, +\d+\.\d ms$", finished.stdout, re.MULTILINE
    )
    assert len(steps) == 21
    for said in ("account-unverified", "incorrect-username-or-password", "code-expired", "new-password-challenge"):
        assert f'Err "{said}"' in finished.stdout
    assert "payload  cognito:username: str" in finished.stdout
    assert "eyJ" not in finished.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    """With a port in use, the demo says so and what to do, without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = demo("--port", str(port))
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"The demo cannot run: port {port} of 127.0.0.1 cannot be used")
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("tool", ["ministack", "boto3"])
def test_a_tool_that_is_missing_is_told_in_a_sentence(tool: str) -> None:
    """Without one of its tools, the demo names it and the command that installs it."""
    finished = demo(hidden=tool)
    assert finished.returncode == 1
    assert finished.stderr == (
        f"The demo cannot run: the Python package {tool} is not installed; `make demo` and `make test` install it\n"
    )


def test_two_local_pools_run_side_by_side() -> None:
    """Each server has its own port and its own pools, and is gone when its block ends."""
    with serve() as first, serve() as second:
        assert first.endpoint != second.endpoint
        pool = first.pool()
        with pytest.raises(second.admin.exceptions.ResourceNotFoundException):
            second.admin.describe_user_pool(UserPoolId=pool.id)
        port = int(first.endpoint.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_server_that_does_not_come_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends at once is reported with its last words."""
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(CannotServe, match="did not come up"), serve():
        pass
