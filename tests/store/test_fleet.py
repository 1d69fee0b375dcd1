"""Processes that share a session over one folder, against a service that rotates refresh tokens, over HTTP.

`make fleet` plays it with 8 processes of 50 threads for 30 rounds, and each step of a refresh. The tests play a sample.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import Err, IdToken, Ok, Result, Session
from cognito_raw.store import Store
from tests.store.worker import LIFE, Time, store_at
from tests.support.programs import begin, run
from tests.support.rotation import Family, Service
from tests.support.rotation_server import served

FLEET: Final = "FLEET" in os.environ
PROCESSES, THREADS, ROUNDS = (8, 50, 30) if FLEET else (3, 12, 4)
# The lease where each refresh is counted: a busy machine takes longer than the default.
LONG: Final = 40.0
# The steps of a refresh by a session that has loaded nothing: each call is two, one before and one after it.
CALLS: Final = ("load", "load", "acquire", "load", "save", "send", "save", "release")
LAST: Final = 2 * len(CALLS)
SENT: Final = 2 * CALLS.index("send") + 1
STEPS: Final = range(1, LAST + 1) if FLEET else (SENT - 6, SENT, SENT + 1, SENT + 2, SENT + 3)


class Worker:
    """A process with a session."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    def order(self, **order: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def told(self) -> Any:
        """What the threads got; None of a process that was killed."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return json.loads(line) if line else None


class Fleet:
    """A service, a folder, and the processes that share it."""

    def __init__(self, folder: Path, grace: float) -> None:
        self.folder = folder
        self.time = Time(time.monotonic())
        self.service = Service(self.time.wall, grace=grace)
        self.endpoint = ""
        self._stack = ExitStack()

    def sign_in(self, name: str = "one") -> Family:
        """Sign a user in, whose state is in the folder of this name then."""
        family, state = self.service.sign_in(name)
        self.session(name, state=state).id_token().unwrap()
        return family

    def place(self, name: str) -> str:
        """The store of this name, as a worker is told."""
        return str(self.folder / name)

    def store(self, name: str) -> Store:
        """The same store in this process."""
        return store_at(self.place(name))

    def session(self, name: str = "one", **options: Any) -> Session:
        """A session of this process."""
        config = self.time.config(self.endpoint)
        return Session(config, transport="standard", store=self.store(name), **{"key": "ada", **options})

    def worker(
        self, *arguments: object, name: str = "one", module: str = "worker", ahead: float = 0.0, lease: float = 6.0
    ) -> Worker:
        """A session of another process, whose clock is ahead."""
        given = (self.place(name), self.endpoint, self.time.began - ahead, lease, *arguments)
        process = begin("-m", f"tests.store.{module}", *map(str, given))
        self._stack.callback(_ended, process)
        return Worker(process)

    def close(self) -> None:
        self._stack.close()


def _ended(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


@contextmanager
def fleet(folder: Path, grace: float = 30.0) -> Iterator[Fleet]:
    """A fleet over files."""
    made = Fleet(folder, grace)
    with running(made):
        yield made


@contextmanager
def running(made: Fleet) -> Iterator[None]:
    """The service, served, and no process left behind."""
    with served(made.service) as endpoint:
        made.endpoint = endpoint
        try:
            yield
        finally:
            made.close()


def together(workers: Sequence[Worker], fleet: Fleet, **order: Any) -> list[Any]:
    """What all of them got, at the same time."""
    for worker in workers:
        worker.order(ahead=fleet.time.ahead, **order)
    return [worker.told() for worker in workers]


@pytest.mark.parametrize("own", [False, True], ids=["one session a process", "one session a thread"])
def test_one_refresh_a_round_among_all_processes(*, own: bool, tmp_path: Path) -> None:
    """All threads of all processes want a token at its end: each gets the new one, and nobody is signed out."""
    with fleet(tmp_path) as all_of_them:
        family = all_of_them.sign_in()
        workers = [all_of_them.worker(THREADS, lease=LONG) for _ in range(PROCESSES)]
        for round_ in range(1, ROUNDS + 1):
            all_of_them.time.ahead += LIFE
            told = together(workers, all_of_them, own=own)
            assert told == PROCESSES * [{"got": {"valid": THREADS}, "tokens": [family.newest]}], round_
            assert all_of_them.service.requests == round_
        assert family.ended is None
        assert family.refreshes == ROUNDS


FORKED: Final = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in programs with threads
from cognito_raw import Config, Session, StandardTransport
from cognito_raw.store import FileStore
from tests.support.conversation import CLIENT_ID, ISS

folder, endpoint, now = sys.argv[1], sys.argv[2], float(sys.argv[3])
sending, forked, got = threading.Event(), threading.Event(), []

class Held(StandardTransport):
    def send(self, request):
        sending.set()
        forked.wait(60)
        return super().send(request)

config = Config(ISS, CLIENT_ID, endpoint=endpoint, clock=lambda: now, monotonic=lambda: 0.0)
transport = Held()
session = Session(config, transport=transport, store=FileStore(folder), key="ada")
began = time.monotonic()
thread = threading.Thread(target=lambda: got.append(session.id_token().unwrap().payload["n"]))
thread.start()
sending.wait(60)
pid = os.fork()
if pid == 0:
    forked.set()
    print(session.id_token().unwrap().payload["n"], flush=True)
    os._exit(0)
time.sleep(0.3)
forked.set()
thread.join(60)
assert os.waitpid(pid, 0)[1] == 0
print(*got, time.monotonic() - began)
transport.close()
"""


def test_a_fork_in_the_midst_of_a_lease_waits_for_it(tmp_path: Path) -> None:
    """The child is another owner: it refreshes nothing, and has the new token too."""
    with fleet(tmp_path) as all_of_them:
        family = all_of_them.sign_in()
        all_of_them.time.ahead += LIFE
        place, now = all_of_them.place("one"), all_of_them.time.wall()
        child, parent, seconds = run(FORKED, place, all_of_them.endpoint, str(now)).split()
        assert child == parent == family.newest
        assert family.ended is None
        assert all_of_them.service.requests == 1 or float(seconds) > 5  # which is nearly the lease


@pytest.mark.parametrize("damage", ["truncated", "removed"])
def test_what_happens_to_the_files_signs_nobody_out(damage: str, tmp_path: Path) -> None:
    """The processes save back what they know, and refresh once."""
    with fleet(tmp_path) as all_of_them:
        family = all_of_them.sign_in()
        workers = [all_of_them.worker(THREADS, lease=LONG) for _ in range(2)]
        together(workers, all_of_them)
        for round_ in range(1, 4):
            if damage == "removed":
                shutil.rmtree(tmp_path / "one")
            else:
                for path in (tmp_path / "one").iterdir():
                    os.truncate(path, path.stat().st_size // 2)
            all_of_them.time.ahead += LIFE
            told = together(workers, all_of_them)
            assert told == 2 * [{"got": {"valid": THREADS}, "tokens": [family.newest]}], round_
        assert family.ended is None
        assert all_of_them.session().id_token().unwrap().payload["n"] == family.newest


def test_a_full_disk_signs_nobody_out(tmp_path: Path) -> None:
    """While it is full, nothing is refreshed, and the reason says why. Then all goes on."""
    with fleet(tmp_path) as all_of_them:
        family = all_of_them.sign_in()
        workers = [all_of_them.worker(THREADS) for _ in range(2)]
        together(workers, all_of_them)
        all_of_them.time.ahead += LIFE
        assert [told["got"] for told in together(workers, all_of_them, limit=100)] == 2 * [
            {"store-unavailable": THREADS}
        ]
        assert all_of_them.service.requests == 0
        all_of_them.time.ahead += 60
        assert [told["got"] for told in together(workers, all_of_them)] == 2 * [{"valid": THREADS}]
        assert (family.refreshes, family.ended) == (1, None)


def survivor(fleet: Fleet, name: str) -> Result[IdToken]:
    """What another session gets."""
    return fleet.session(name).id_token()


def victims(fleet: Fleet, kind: signal.Signals) -> dict[int, tuple[Family, Worker]]:
    """A process for each step, which is killed or stopped there; each has a user of its own."""
    made = {}
    for step in STEPS:
        family = fleet.sign_in(f"{step}")
        made[step] = family, fleet.worker(1, step, int(kind), name=f"{step}")
    fleet.time.ahead += LIFE
    for _, worker in made.values():
        worker.order(ahead=fleet.time.ahead)
    return made


def survivors(fleet: Fleet) -> dict[int, Result[IdToken]]:
    """What another session gets of each user, all at the same time."""
    with ThreadPoolExecutor(len(STEPS)) as threads:
        return dict(zip(STEPS, threads.map(lambda step: survivor(fleet, f"{step}"), STEPS), strict=True))


@pytest.mark.parametrize("grace", [30.0, 0.0] if FLEET else [0.0])
def test_a_holder_that_is_killed_at_any_step_holds_nobody_up(grace: float, tmp_path: Path) -> None:
    """Another session gets a token in time; only without a grace period, an answer that was not saved is the end."""
    with fleet(tmp_path, grace) as all_of_them:
        killed = victims(all_of_them, signal.SIGKILL)
        for _, worker in killed.values():
            assert worker.process.wait(60) == -signal.SIGKILL
        lost = [step for step, (family, _) in killed.items() if _is_lost(all_of_them, family, step)]
        results = survivors(all_of_them)
        ends = Counter(result.reason for result in results.values() if isinstance(result, Err))
        assert lost == [step for step in STEPS if SENT < step <= SENT + 2]
        assert ends == ({} if grace else {"refresh-answer-lost": len(lost)})
        for step, result in results.items():
            assert isinstance(result, Ok) == (grace > 0 or step not in lost), (step, result)
            assert isinstance(result, Err) or result.value.exp > all_of_them.time.wall()


def _is_lost(fleet: Fleet, family: Family, step: int) -> bool:
    """Tell if the service has answered, and the store does not have its answer."""
    entry = fleet.store(f"{step}").load("ada")
    assert entry is not None
    return family.refreshes == 1 and json.loads(entry.value)["tokens"]["refresh_token"] != family.newest


@pytest.mark.skipif(not FLEET, reason="long: make fleet")
def test_a_holder_that_is_stopped_for_longer_than_its_lease_goes_on(tmp_path: Path) -> None:
    """It saves nothing over the tokens of the session that took over, and has a valid token too."""
    with fleet(tmp_path) as all_of_them:
        stopped = victims(all_of_them, signal.SIGSTOP)
        for _, worker in stopped.values():
            assert os.WIFSTOPPED(os.waitpid(worker.process.pid, os.WUNTRACED)[1])
        results = survivors(all_of_them)
        for step, (family, worker) in stopped.items():
            token = results[step].unwrap()
            worker.process.send_signal(signal.SIGCONT)
            told = worker.told()
            assert told["got"] == {"valid": 1}, step
            assert told["tokens"] == [token.payload["n"]], step
            assert all_of_them.session(f"{step}").id_token() == Ok(token)
            assert family.ended is None
