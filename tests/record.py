"""Records what the tests replay, from the local server: `make record`.

The sessions go to fixtures/recordings/, through `Recorder`; the cassettes of examples/testing/ beside their tests,
through the pytest plugin, as a user of the library records them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

from cognito_raw.testing import Recorder
from examples.local_pool import CannotServe, Server, serve
from tests.support.paths import EXAMPLES, FIXTURES
from tests.support.recordings import PASSWORD, RECORDINGS, outcome

FOLDER = FIXTURES / "recordings"


def record_sessions(server: Server) -> bool:
    """Record each session; whether all came out as they must."""
    well = True
    for name, recording in RECORDINGS.items():
        pool = recording.pool(server)
        against = f"ministack {version('ministack')} on this machine, which checks SRP proofs; the pool is gone"
        with Recorder(FOLDER / f"{name}.json", pool.config(), proof=True, against=against) as recorder:
            outcomes = " ".join(map(outcome, recording.script(recorder.session())))
        print(f"{name}: {outcomes}")
        well = well and outcomes == recording.outcomes
    return well


def record_example(server: Server) -> bool:
    """Record the cassettes of the example's tests; whether the tests passed."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD)
    environment = {**os.environ, "COGNITO_ISS": pool.config().iss, "COGNITO_CLIENT_ID": pool.client_id}
    command = [sys.executable, "-m", "pytest", "-q", f"--cognito-record={pool.endpoint}", "test_greeting.py"]
    folder = EXAMPLES / "testing"
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode == 0


def main() -> int:
    try:
        with serve() as server:
            well = record_sessions(server) and record_example(server)
    except CannotServe as error:
        print(f"Nothing was recorded: {error}", file=sys.stderr)
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
