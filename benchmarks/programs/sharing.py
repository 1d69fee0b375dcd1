"""Sessions of several processes: round trips to Redis, and requests to the service."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks.programs.tools import Pool, asked, config, count, report
from cognito_raw import Session, State
from cognito_raw.store import FileStore, RedisStore

_PROCESSES: Final = 8


def redis_client(pool: Pool) -> Any:
    """Return a client that counts its commands. It is asked over a socket of the file system."""
    import redis

    if not pool["redis"]:
        sys.exit("redis-server is not installed")

    class Counting(redis.Redis):
        commands = 0

        def execute_command(self, *arguments: Any, **options: Any) -> Any:
            self.commands += 1
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]

    return Counting(unix_socket_path=pool["redis"], socket_timeout=5)


def _session(pool: Pool, store: str, **options: Any) -> Session:
    if store == "redis":
        options |= {"store": RedisStore(redis_client(pool)), "key": pool["key"]}
    elif store == "file":
        options |= {"store": FileStore(pool["folder"]), "key": pool["key"]}
    return Session(config(pool), transport="standard", **options)


def _signed_in(pool: Pool, store: str, user: str) -> Session:
    """Return a signed-in session, with an entry of its own."""
    pool["key"] = f"{user} {time.time_ns()}"
    session = _session(pool, store)
    session.login(user, pool["password"]).unwrap()
    return session


def round_trips(pool: Pool) -> None:
    """Count the commands of a session that refreshes, and of one that waits for another's refresh."""
    clients = [redis_client(pool) for _ in range(2)]
    _signed_in(pool, "redis", "soon")
    first, second = (
        Session(config(pool, "slow"), transport="standard", store=RedisStore(client), key=pool["key"])
        for client in clients
    )
    for pause in (0.5, 4):  # after the first, both stores hear of changes; after the second, the token has ended
        for session in (first, second):
            session.id_token().unwrap()
        time.sleep(pause)
    for client in clients:
        client.commands = 0
    refreshing = threading.Thread(target=lambda: first.id_token().unwrap())
    refreshing.start()
    time.sleep(0.1)
    second.id_token().unwrap()
    refreshing.join()
    report(refresh=clients[0].commands, wait=clients[1].commands)


def expiry(pool: Pool, store: str = "") -> None:
    """Ask for a token in so many processes at once, at its end. Count the refreshes."""
    session = _signed_in(pool, store, "brief")
    time.sleep(2)
    _in_processes(pool, "ask", store, session.state.to_dict())
    report(refreshes=asked(pool)["GetTokensFromRefreshToken"])


def due(pool: Pool) -> None:
    """Report the seconds between the first and the last of so many processes that find one token due."""
    times = [float(text) for text in _in_processes(pool, "due_in", "", _signed_in(pool, "", "bob").state.to_dict())]
    report(seconds=max(times) - min(times))


def _in_processes(pool: Pool, act: str, store: str, state: dict[str, object]) -> list[str]:
    """Run a function in so many processes at once, and return what each prints."""
    program = f"import json, sys\nfrom benchmarks.programs.sharing import {act}, worker\n"
    program += f"worker({act}, *map(json.loads, sys.argv[1:]))"
    command = [sys.executable, "-c", program, *map(json.dumps, (pool, store, state))]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(max(2, count(pool, _PROCESSES)))
    ]
    for each in workers:
        if each.stdout:
            each.stdout.readline()
    asked(pool)
    for each in workers:
        if each.stdin:
            each.stdin.write("\n")
            each.stdin.flush()
    printed = [each.communicate()[0] for each in workers]
    if any(each.returncode for each in workers):
        sys.exit("a process failed")
    return printed


def worker(act: Callable[[Session], object], pool: Pool, store: str, state: dict[str, object]) -> None:
    """Be one of the processes: say so, and act at the next line."""
    session = _session(pool, store, **({} if store else {"state": State.from_dict(state)}))
    sys.stdout.write("\n")
    sys.stdout.flush()
    sys.stdin.readline()
    act(session)


def ask(session: Session) -> None:
    """Ask for a token."""
    session.id_token().unwrap()


def due_in(session: Session) -> None:
    """Print the seconds until the token is due."""
    from cognito_raw.session.expiry import HeldTokens

    tokens = session.state.tokens
    if tokens is not None:
        sys.stdout.write(str(HeldTokens(session.config, tokens, 0.0).due_in()))
