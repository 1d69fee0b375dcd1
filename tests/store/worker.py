"""A process with a shared session. Each line that it reads is an order, and each line that it writes tells the outcome.

    python -m tests.store.worker PLACE ENDPOINT BEGAN LEASE THREADS [STEP SIGNAL]

With a step, it sends itself the signal there: each call of the store and of the service is two, before and after it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from cognito_raw import Config, Ok, Reply, Request, Result, Session, StandardTransport
from cognito_raw.store import Acquired, Entry, FileStore, RedisStore, Store
from cognito_raw.store.changes import Watch
from cognito_raw.store.protocol import watch_of
from tests.support.conversation import CLIENT_ID, ISS, NOW

LIFE: Final = 3600


class Time:
    """The clocks of a process, which the test puts forward."""

    def __init__(self, began: float, ahead: float = 0.0) -> None:
        self.began = began
        self.ahead = ahead

    def wall(self) -> float:
        return NOW + self.monotonic() - self.began

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def config(self, endpoint: str) -> Config:
        deadline = 60.0  # also if the machine is busy
        return Config(ISS, CLIENT_ID, endpoint=endpoint, clock=self.wall, monotonic=self.monotonic, deadline=deadline)


class Steps:
    """Counts the steps, and ends or stops the process at one of them."""

    def __init__(self, at: int, kind: int) -> None:
        self.are_counted = at > 0
        self._left = at
        self._kind = kind

    def around(self, call: Callable[[], Any]) -> Any:
        self._step()
        value = call()
        self._step()
        return value

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._kind)
            time.sleep(0.5)  # another thread may take the signal: this one goes no further meanwhile


class SteppedStore:
    """A store whose calls are steps. `slow`: seconds that each of them takes longer."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps
        self.slow = 0.0

    def _call(self, call: Callable[[], Any]) -> Any:
        time.sleep(self.slow)
        return self._steps.around(call)

    def load(self, key: str) -> Entry | None:
        entry: Entry | None = self._call(lambda: self._store.load(key))
        return entry

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        version: int | None = self._call(lambda: self._store.save(key, value, after=after))
        return version

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        taken: Acquired | None = self._call(lambda: self._store.acquire(key, owner, seconds))
        return taken

    def release(self, key: str, owner: str) -> None:
        self._call(lambda: self._store.release(key, owner))

    def watch(self, key: str) -> Watch | None:
        return None if self._steps.are_counted else watch_of(self._store, key)  # news change the number of steps


class SteppedTransport(StandardTransport):
    """A transport whose requests are steps."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def send(self, request: Request) -> Result[Reply]:
        reply: Result[Reply] = self._steps.around(lambda: StandardTransport.send(self, request))
        return reply


def store_at(place: str) -> Store:
    """A store in a folder, or in Redis: `redis://127.0.0.1:6379#prefix`."""
    if not place.startswith("redis://"):
        return FileStore(place)
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    url, _, prefix = place.partition("#")
    client = redis.Redis.from_url(url, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
    return RedisStore(client, prefix=f"{prefix}:")


def main(place: str, endpoint: str, began: str, lease: str, threads: str, step: str = "0", kind: str = "9") -> None:
    """Ask for a token with so many threads at once, at each order, and tell what they got."""
    clocks, steps = Time(float(began)), Steps(int(step), int(kind))
    store = SteppedStore(store_at(place), steps)
    transport = SteppedTransport(steps)

    def made() -> Session:
        return Session(clocks.config(endpoint), transport=transport, store=store, key="ada", lease=float(lease))

    session = made()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        clocks.ahead = order["ahead"]
        store.slow = order.get("slow", 0.0)
        _limit_files(order.get("limit", -1))
        sessions = [made() if order.get("own") else session for _ in range(int(threads))]
        print(json.dumps(_ask(sessions, clocks)), flush=True)


def _ask(sessions: list[Session], clocks: Time) -> dict[str, Any]:
    gate, got = threading.Barrier(len(sessions)), list[str]()
    tokens: set[str] = set()

    def ask(session: Session) -> None:
        gate.wait(60)
        result = session.id_token()
        if isinstance(result, Ok):
            tokens.add(str(result.value.payload["n"]))
        valid = isinstance(result, Ok) and result.value.exp > clocks.wall()
        got.append("valid" if valid else "ended" if isinstance(result, Ok) else result.reason)

    asking = [threading.Thread(target=ask, args=(session,)) for session in sessions]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return {"got": Counter(got), "tokens": sorted(tokens)}


def _limit_files(size: int) -> None:
    """Let no file grow beyond this size, as on a full disk; -1 sets no limit."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


if __name__ == "__main__":
    main(*sys.argv[1:])
