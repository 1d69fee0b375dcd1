"""The demo and the local pool under it, run as a newcomer runs them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import Config, Err, Session
from examples.authenticator import totp
from examples.local_pool import CannotServe, serve
from tests.support.deadlines import wait_until
from tests.support.paths import ROOT
from tests.support.programs import begin


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
        timeout=300,
        check=False,
    )


@contextmanager
def running(folder: Path, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A Python with these arguments, whose temporary files lie in the folder."""
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell may have turned it off, for children too
    with begin("-u", *arguments, environment={"TMPDIR": str(folder)}, stderr=subprocess.PIPE, **options) as process:
        signal.signal(signal.SIGINT, before)
        try:
            yield process
        finally:
            process.kill()


def port_in(process: subprocess.Popen[str]) -> tuple[str, int]:
    """The first line that it prints, and the port of the server that it names."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    assert found, line
    return line, int(found[1])


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_the_demo_shows_every_step_and_leaves_nothing(tmp_path: Path) -> None:
    """It ends well, tells each step with its result, round trips and time, shows the token, and cleans up."""
    finished = demo(folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    steps = re.findall(
        r"^ *\d+\. .*?(?:Ok|Err \"[a-z-]+\") +\d+ round trips?, +\d+\.\d ms$", finished.stdout, re.MULTILINE
    )
    assert len(steps) == 32
    assert max(map(len, finished.stdout.splitlines())) <= 120
    for said in (
        "software-token-mfa-challenge",
        "account-unverified",
        "incorrect-username-or-password",
        "code-expired",
        "new-password-challenge",
    ):
        assert f'Err "{said}"' in finished.stdout
    assert "payload  cognito:username: str" in finished.stdout
    assert "eyJ" not in finished.stdout
    assert "\u2580" in finished.stdout  # the QR code
    assert "make web" in finished.stdout.splitlines()[-3]
    assert list(tmp_path.iterdir()) == []


def test_the_demo_tells_what_subscribers_hear(tmp_path: Path) -> None:
    """After the step in which it happens: a sign-in, a refresh in the next process, the end."""
    lines = demo(folder=tmp_path).stdout.splitlines()
    heard = [(before, line.strip()) for before, line in pairwise(lines) if "hear:" in line]
    expected = [
        ("log in ", "IdToken"),
        ("ask for the ID token, which is refreshed first ", "IdToken"),
        ("log in with the new password ", "IdToken"),
        ("log out ", "the session ended"),
    ]
    for (step, news), (name, said) in zip(heard, expected, strict=True):
        assert re.fullmatch(rf" *\d+\. {name} +Ok .*", step)
        assert news.startswith(f"subscribers hear: {said}")


def test_a_demo_that_is_terminated_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM ends it with its server and its files, without a traceback."""
    with running(tmp_path, "-m", "examples.demo") as process:
        _, port = port_in(process)
        process.terminate()
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors == ""
    assert is_refused(port)
    assert list(tmp_path.iterdir()) == []


def test_a_server_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    """Even where nothing could be cleaned up, it notices that it is alone, removes its files and ends."""
    program = "from examples.local_pool import serve\nwith serve() as server:\n    print(server.endpoint)\n    input()"
    with running(tmp_path, "-c", program) as process:
        _, port = port_in(process)
        assert not is_refused(port)
        assert list(tmp_path.iterdir()) != []
    assert wait_until(lambda: is_refused(port) and not list(tmp_path.iterdir()), 60)


STARTING: Final = """
import subprocess
start = subprocess.Popen.__init__

def started(*given, **options):
    start(*given, **options)
    print("started", flush=True)

subprocess.Popen.__init__ = started
"""


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("server", ["examples.local_pool import serve", "tests.support.servers import moto as serve"])
def test_a_run_that_is_killed_while_a_server_starts_leaves_no_files(
    server: str, kind: signal.Signals, tmp_path: Path
) -> None:
    """Also where all of its processes get the signal. The folder is gone only once the server has ended."""
    program = f"{STARTING}from {server}\nwith serve():\n    input()"
    with running(tmp_path, "-c", program, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert list(tmp_path.iterdir()) != []
        os.killpg(process.pid, kind)
    assert wait_until(lambda: not list(tmp_path.iterdir()), 60)


def test_a_redis_of_the_tests_does_not_outlive_them(tmp_path: Path) -> None:
    """Its files stay, where pytest keeps them."""
    program = (
        "import pathlib, sys, tests.support.redis_server as servers\n"
        "with servers.redis_server(pathlib.Path(sys.argv[1])) as server:\n"
        "    print(f'http://127.0.0.1:{server.port}')\n"
        "    input()"
    )
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with running(tmp_path, "-c", program, str(tmp_path / "redis")) as process:
        _, port = port_in(process)
        assert not is_refused(port)
    assert wait_until(lambda: is_refused(port), 60)
    assert (tmp_path / "redis" / "log").exists()


def lines_to(process: subprocess.Popen[str], last: str) -> list[str]:
    """The lines that it prints, to the one that begins like this."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(last):
            break
    return lines


def reason(session: Session, name: str, password: str) -> str:
    result = session.login(name, password)
    return result.reason if isinstance(result, Err) else "Ok"


def test_a_pool_to_try_things_on_runs_until_it_is_interrupted(tmp_path: Path) -> None:
    """`make pool` prints the `Config`, `export` lines and users; Enter adds the users anew, and Ctrl-C ends it all."""
    with running(tmp_path, "-m", "examples.local_pool") as process:
        assert process.stdin is not None
        line, port = port_in(process)
        lines = lines_to(process, "Enter adds these users anew.")
        exported = dict(found.removeprefix("export ").split("=", 1) for found in lines if found.startswith("export "))
        assert exported["COGNITO_ENDPOINT"] == f"http://127.0.0.1:{port}"
        config = eval(line, {"Config": Config})
        assert (config.iss, config.client_id) == (exported["COGNITO_ISS"], exported["COGNITO_CLIENT_ID"])
        users = [found.split(maxsplit=2) for found in lines if found.startswith("  ")]
        expected = ["Ok", "new-password-challenge", "account-unverified", "disabled-user", "password-reset-required"]
        with Session(config) as session:
            assert [reason(session, name, password) for name, password, _ in users] == expected
            assert reason(session, *users[1][:2]) == "new-password-challenge"
            session.new_password_challenge("Permanent-1823").unwrap()
            process.stdin.write("\n")
            process.stdin.flush()
            assert lines_to(process, "The users are as they were.")
            assert [reason(session, name, password) for name, password, _ in users] == expected
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0
    assert errors == ""
    assert is_refused(port)
    assert list(tmp_path.iterdir()) == []


def test_a_pool_is_made_as_its_options_say(tmp_path: Path) -> None:
    """A second factor, a client secret, other flows, and a fixed port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--mfa", "--secret", "--password-flow", "--custom", "--port", str(port))
    with running(tmp_path, "-m", "examples.local_pool", *options) as process:
        line, found = port_in(process)
        lines_to(process, "Enter")
        assert found == port
        with Session(eval(line, {"Config": Config})) as session:
            assert session.config.client_secret
            result = session.login("ada", "An-Engine-1843", flow="USER_PASSWORD_AUTH")
            assert result == Err("mfa-setup-challenge", challenge=session.challenge, sent="yes")
            session.answer_challenge(totp_after(session)).unwrap()
            assert session.login("ada", flow="CUSTOM_AUTH") == Err(
                "custom-challenge", challenge=session.challenge, sent="yes"
            )
            session.answer_challenge("7").unwrap()


def totp_after(session: Session) -> str:
    """The first code of an authenticator app."""
    return totp(session.begin_totp_setup().unwrap().secret)


def test_a_port_that_is_taken_is_reported_in_a_sentence() -> None:
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
def test_a_tool_that_is_missing_is_reported_in_a_sentence(tool: str) -> None:
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


def test_a_server_that_does_not_come_up_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends at once is reported with its last words."""
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(CannotServe, match="did not come up"), serve():
        pass
