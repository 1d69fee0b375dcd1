"""Processes whose tasks share a session over a real Redis, against a service that rotates refresh tokens, over HTTP.

`make fleet` plays it with 8 processes of 50 tasks for 100 rounds, and every fault. The tests play a sample.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok
from tests.store.test_fleet import (
    FLEET,
    LONG,
    SENT,
    STEPS,
    Fleet,
    Worker,
    _is_lost,
    running,
    survivors,
    together,
    victims,
)
from tests.store.worker import LIFE
from tests.support.redis_server import RedisServer, redis_server

PROCESSES, TASKS, ROUNDS, USERS = (8, 50, 100, 1000) if FLEET else (2, 12, 4, 40)
HOUR: Final = 3600.0
long: Final = pytest.mark.skipif(not FLEET, reason="long: make fleet")


class RedisFleet(Fleet):
    """A fleet over Redis."""

    def __init__(self, folder: Path, grace: float, server: RedisServer) -> None:
        super().__init__(folder, grace)
        self.server = server

    def place(self, name: str) -> str:
        return f"redis://127.0.0.1:{self.server.port}#{name}"

    def machine(self, **options: Any) -> Worker:
        """A process of many tasks."""
        return self.worker(TASKS, module="async_worker", lease=LONG, **options)


@contextmanager
def fleet(folder: Path, grace: float = 30.0) -> Iterator[RedisFleet]:
    """With a server of its own."""
    with redis_server(folder) as server:
        made = RedisFleet(folder, grace, server)
        with running(made):
            yield made


def renewed(fleet: RedisFleet, workers: list[Worker], **order: Any) -> Counter[str]:
    """What the tasks of all processes got at the end of their tokens."""
    fleet.time.ahead += LIFE
    return sum((Counter[str](told["got"]) for told in together(workers, fleet, **order)), Counter())


def test_one_refresh_a_round_among_all_machines(tmp_path: Path) -> None:
    """Each task gets a valid token within its deadline, and nobody is signed out."""
    with fleet(tmp_path) as machines:
        family = machines.sign_in()
        workers = [machines.machine() for _ in range(PROCESSES)]
        together(workers, machines)  # and all are connected
        for round_ in range(1, ROUNDS + 1):
            machines.time.ahead += LIFE
            told = together(workers, machines)
            assert told == PROCESSES * [{"got": {"valid": TASKS}, "tokens": [family.newest]}], round_
            assert machines.service.requests == round_
        assert (family.refreshes, family.ended) == (ROUNDS, None)


def test_a_clock_that_is_an_hour_ahead_signs_nobody_out(tmp_path: Path) -> None:
    """Whoever looked an hour ago may take new tokens for ended ones, and renews them once more."""
    with fleet(tmp_path) as machines:
        family = machines.sign_in()
        workers = [machines.machine(ahead=HOUR), machines.machine()]
        for round_ in range(1, ROUNDS + 1):
            machines.time.ahead += LIFE
            told = together(workers, machines)
            assert [sum(one["got"].values()) for one in told] == 2 * [TASKS]
            assert told[1]["got"] == {"valid": TASKS}
            # By its own clock these ended: the service's counts.
            assert set(told[0]["got"]) == {"ended"}
            assert machines.service.requests <= 3 * round_
        assert family.ended is None


def test_users_who_are_due_at_once(tmp_path: Path) -> None:
    """Every task has a valid token, and nobody is signed out. Few are refreshed twice, where a lease ends first."""
    with fleet(tmp_path, grace=600.0) as machines:
        families = []
        for number in range(USERS):
            family, state = machines.service.sign_in(f"{number}")
            machines.session(state=state, key=f"ada-{number}").id_token().unwrap()
            families.append(family)
        workers = [machines.machine() for _ in range(2)]
        together(workers, machines, users=USERS)
        machines.time.ahead += 0.85 * LIFE
        for _ in range(60):
            for told in together(workers, machines, users=USERS):
                assert told["got"] == {"valid": USERS}
            if all(family.refreshes for family in families):
                break
            time.sleep(1.0)
        assert {family.ended for family in families} == {None}
        assert USERS <= machines.service.refreshes <= 1.5 * USERS


def _restart(machines: RedisFleet) -> None:
    machines.server.stop()
    machines.server.start()


def _lose(machines: RedisFleet) -> None:
    """Lose what was written since the copy, as a failover does."""
    machines.server.stop(signal.SIGKILL)
    shutil.rmtree(machines.folder / "appendonlydir")
    shutil.copytree(machines.folder / "copy", machines.folder / "appendonlydir")
    machines.server.start()


@long
@pytest.mark.parametrize("fault", [_restart, _lose], ids=["restarted", "failover"])
def test_a_server_that_comes_back_signs_nobody_out(fault: Callable[[RedisFleet], None], tmp_path: Path) -> None:
    """Also if it has lost the last second of writes: the sessions save back what they know."""
    with fleet(tmp_path) as machines:
        family = machines.sign_in()
        workers = [machines.machine() for _ in range(PROCESSES)]
        together(workers, machines)
        for round_ in range(1, 6):
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            shutil.copytree(tmp_path / "appendonlydir", tmp_path / "copy")
            assert renewed(machines, workers) == {"valid": PROCESSES * TASKS}
            fault(machines)
            machines.time.ahead += 60  # after which a failed attempt is forgotten
            for told in together(workers, machines):
                assert told["tokens"] == [family.newest], round_
            assert machines.service.requests == round_
        assert family.ended is None


@long
def test_a_server_that_hangs(tmp_path: Path) -> None:
    """Tokens are given until their end. Then the reason says why there are none, until it goes on."""
    with fleet(tmp_path) as machines:
        family = machines.sign_in()
        workers = [machines.worker(TASKS) for _ in range(2)]
        together(workers, machines)
        machines.server.hang()
        for ahead, got in ((0.5 * LIFE, "valid"), (0.45 * LIFE, "valid"), (0.1 * LIFE, "store-unavailable")):
            machines.time.ahead += ahead
            assert [told["got"] for told in together(workers, machines)] == 2 * [{got: TASKS}]
        assert machines.service.requests == 0
        machines.server.go_on()
        machines.time.ahead += 60
        assert [told["got"] for told in together(workers, machines)] == 2 * [{"valid": TASKS}]
        assert (family.refreshes, family.ended) == (1, None)


@long
def test_a_slow_store_signs_nobody_out(tmp_path: Path) -> None:
    """With 2 s a call the lease is too short to refresh: tokens are given to their end, and then it goes on."""
    with fleet(tmp_path) as machines:
        family = machines.sign_in()
        workers = [machines.worker(TASKS) for _ in range(2)]
        together(workers, machines)
        machines.time.ahead += 0.85 * LIFE
        for told in together(workers, machines, slow=2.0):
            assert told["got"] == {"valid": TASKS}
        machines.time.ahead += 60
        together(workers, machines)
        assert renewed(machines, workers) == {"valid": 2 * TASKS}
        assert family.ended is None


@long
@pytest.mark.parametrize("grace", [30.0, 0.0])
def test_a_holder_that_is_killed_at_any_step_holds_nobody_up(grace: float, tmp_path: Path) -> None:
    """Another session gets a token in time; only without a grace period, an answer that was not saved is the end."""
    with fleet(tmp_path, grace) as machines:
        killed = victims(machines, signal.SIGKILL)
        for _, worker in killed.values():
            assert worker.process.wait(60) == -signal.SIGKILL
        lost = [step for step, (family, _) in killed.items() if _is_lost(machines, family, step)]
        results = survivors(machines)
        ends = Counter(result.reason for result in results.values() if isinstance(result, Err))
        assert lost == [step for step in STEPS if SENT < step <= SENT + 2]
        assert ends == ({} if grace else {"refresh-answer-lost": len(lost)})


@long
def test_a_holder_that_is_stopped_for_longer_than_its_lease_goes_on(tmp_path: Path) -> None:
    """It saves nothing over the tokens of the session that took over, and has a valid token too."""
    with fleet(tmp_path) as machines:
        stopped = victims(machines, signal.SIGSTOP)
        for _, worker in stopped.values():
            assert os.WIFSTOPPED(os.waitpid(worker.process.pid, os.WUNTRACED)[1])
        results = survivors(machines)
        for step, (family, worker) in stopped.items():
            token = results[step].unwrap()
            worker.process.send_signal(signal.SIGCONT)
            told = worker.told()
            if told["got"] == {"timed-out": 1}:  # it was stopped for longer than its deadline
                worker.order(ahead=machines.time.ahead)
                told = worker.told()
            assert (told["got"], told["tokens"]) == ({"valid": 1}, [token.payload["n"]]), step
            assert machines.session(f"{step}").id_token() == Ok(token)
            assert family.ended is None
