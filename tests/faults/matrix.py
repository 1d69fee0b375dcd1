"""The matrix: plays a fault against methods over a transport, all at once, and judges each by the laws.

The laws: nothing raises, every method returns in time, content that may go once arrives at most once, `err.sent` is
true, the reason is documented, no connection with surplus bytes is used again, a session stays signed in and its state
travels, and no thread, task or descriptor is left.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    Client,
    Config,
    Err,
    HttpxTransport,
    Ok,
    Session,
    StandardTransport,
    State,
)
from tests.faults import connections, places, replies
from tests.faults.ledger import Ledger, recording
from tests.faults.methods import Method
from tests.faults.places import Around, Opening
from tests.support.conversation import CLIENT_ID, ISS
from tests.support.deadlines import Stopwatch, wait_until
from tests.support.hostile import deaf, replying, saying
from tests.support.pages import anchors
from tests.support.paths import ROOT
from tests.support.threads import living
from tests.support.transports import PROXIES, surroundings

DEADLINE: Final = 1.0
# Seconds after the deadline in which a busy machine may let a method return.
GRACE: Final = 1.5
# Seconds in which threads, tasks and descriptors must be gone.
PATIENCE: Final = 6.0
# Calls at the same time: where they need the machine more than the time, and where all of them wait.
AT_ONCE, WAITING = 8, 30
# Seconds in which a server reads what was sent.
_READING: Final = 0.02
REASONS: Final = anchors((ROOT / "docs" / "reasons.md").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Fault:
    """One row of the matrix.

    waits: it ends at the deadline. unsent: nothing of a request can arrive. poisons: it leaves bytes on a connection.
    """

    name: str
    opening: Opening
    around: Around = nullcontext
    waits: bool = False
    unsent: bool = False
    poisons: bool = False


def _plain(behaviour: Any) -> Opening:
    return lambda after: recording(behaviour, after)


_UNDER_TLS: Final = {
    "closed after the request, TLS": Fault("", places.over_tls(saying(b""))),
    "reset after the request, TLS": Fault("", places.over_tls(saying(b"", then="reset"))),
    "half a body, closed, TLS": Fault("", places.over_tls(saying(replies.OK + b"Content-Length: 9\r\n\r\n{}"))),
    "a body to the end, closed, TLS": Fault("", places.over_tls(saying(replies.OK + b"\r\n{}"))),
    "another reply behind the reply, TLS": Fault(
        "", places.over_tls(connections.POISONED["another reply behind the reply"]), poisons=True
    ),
    "nothing is read, TLS": Fault("", places.over_tls(deaf), waits=True),
}
FAULTS: Final[Sequence[Fault]] = (
    *(Fault(name, opening, around, unsent=True) for name, (around, opening) in places.PLACES.items()),
    *(Fault(name, opening, around, True, unsent=True) for name, (around, opening) in places.SLOW_PLACES.items()),
    *(Fault(name, _plain(behaviour)) for name, behaviour in connections.QUICK.items()),
    *(Fault(name, _plain(behaviour), waits=True) for name, behaviour in connections.SLOW.items()),
    *(Fault(name, _plain(behaviour), poisons=True) for name, behaviour in connections.POISONED.items()),
    *(replace(fault, name=name, around=places.trusting) for name, fault in _UNDER_TLS.items()),
    *(Fault(name, _plain(replying(data))) for name, data in replies.REPLIES.items()),
)


@dataclass(frozen=True)
class Column:
    """One transport, and the kinds of sessions and clients over it."""

    name: str
    transport: Callable[[], Any]
    session: type[Any] = Session
    client: type[Any] = Client

    @property
    def is_async(self) -> bool:
        return self.session is AsyncSession


COLUMNS: Final = (
    Column("httpx", HttpxTransport),
    Column("httpx, async", AsyncHttpxTransport, AsyncSession, AsyncClient),
    Column("standard", StandardTransport),
)


@dataclass(frozen=True)
class Verdict:
    """The outcome of one call: its reason, or "Ok", and the laws that it broke."""

    method: str
    outcome: str
    broken: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether it took too long, and nothing else was wrong."""
        return len(self.broken) == 1 and self.broken[0].startswith("took ")


def play(
    fault: Fault, column: Column, methods: Sequence[Method], deadline: float = DEADLINE, *, at_once: int = 0
) -> list[Verdict]:
    """Play the fault against these methods over one transport, and judge all of them. at_once: how many together."""
    left: list[str] = []
    together = at_once or (WAITING if fault.waits else AT_ONCE)
    with surroundings(dict.fromkeys(PROXIES)), _descriptors(left), _threads(left), fault.around():
        verdicts = asyncio.run(_Cell(fault, column, deadline, left).play(methods, together))
    return [*verdicts, *([Verdict("all methods", "", tuple(left))] if left else [])]


def play_patiently(fault: Fault, column: Column, methods: Sequence[Method]) -> list[Verdict]:
    """Play the fault, and play calls that took too long once more: the machine may have been too busy for them."""
    verdicts = play(fault, column, methods)
    late = [number for number, verdict in enumerate(verdicts) if verdict.is_late]
    if late:
        again = play(fault, column, [methods[number] for number in late], 2 * DEADLINE, at_once=AT_ONCE)
        for number, verdict in zip(late, again, strict=False):
            verdicts[number] = verdict
        verdicts += again[len(late) :]
    return verdicts


class _Cell:
    def __init__(self, fault: Fault, column: Column, deadline: float, left: list[str]) -> None:
        self._fault = fault
        self._column = column
        self._deadline = deadline
        self._left = left
        self._transport = column.transport()

    async def play(self, methods: Sequence[Method], at_once: int) -> list[Verdict]:
        with ThreadPoolExecutor(at_once) as self._threads, Stopwatch() as self._watch:
            turns = asyncio.Semaphore(at_once)
            verdicts = await asyncio.gather(*(self._judged(method, turns) for method in methods))
        if self._column.is_async:
            await self._transport.aclose()
        else:
            await asyncio.to_thread(wait_until, lambda: not _named("cognito_raw refresh"), PATIENCE)
            self._transport.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        _, pending = await asyncio.wait(tasks, timeout=PATIENCE) if tasks else (set(), set())
        self._left += [f"left {task}" for task in pending]
        return verdicts

    async def _judged(self, method: Method, turns: asyncio.Semaphore) -> Verdict:
        async with turns:
            with self._fault.opening(method.after) as ledger:
                return await self._judged_by(ledger, method)

    async def _judged_by(self, ledger: Ledger, method: Method) -> Verdict:
        config = Config(ISS, CLIENT_ID, endpoint=ledger.url, deadline=self._deadline)
        target = self._target(method, config)
        began = self._watch.seconds
        try:
            result = await self._call(method.call, target)
        except Exception as error:
            return Verdict(method.name, "raised", (f"raised {error!r}",))
        took = self._watch.seconds - began
        await _until_read(result, ledger)
        broken = [*_judge(result, ledger, self._fault, method), *_judge_session(result, target, method)]
        if self._fault.poisons:
            client = self._column.client(config, transport=self._transport)
            await self._call(lambda client: client.get_user("access"), client)
            await asyncio.sleep(_READING)
            broken += ["a connection with surplus bytes was used again"] * ledger.is_followed()
        if took > self._deadline + GRACE:
            broken.append(f"took {took:.1f} s")
        return Verdict(method.name, result.reason if isinstance(result, Err) else "Ok", tuple(broken))

    def _target(self, method: Method, config: Config) -> Any:
        if method.state is None:
            return self._column.client(config, transport=self._transport)
        return self._column.session(config, state=method.state, transport=self._transport)

    async def _call(self, call: Callable[[Any], Any], target: Any) -> Any:
        async with asyncio.timeout(self._deadline + 120):  # the end of the server then ends the thread
            if self._column.is_async:
                return await call(target)
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, target)


async def _until_read(result: object, ledger: Ledger) -> None:
    """Let the server read the last of what was sent; longer if it must have been sent, and the machine is busy."""
    await asyncio.sleep(_READING)
    if isinstance(result, Err) and result.sent == "yes":
        await asyncio.to_thread(wait_until, lambda: ledger.arrived(result.operation) == "all")


def _judge(result: object, ledger: Ledger, fault: Fault, method: Method) -> Iterator[str]:
    if not isinstance(result, (Ok, Err)):
        yield f"returned {result!r}"
    for secret in method.once:
        if (times := ledger.times(secret.encode())) > 1:
            yield f"{secret} arrived {times} times"
    if isinstance(result, Err):
        yield from _judge_failure(result, ledger, fault)


def _judge_failure(err: Err, ledger: Ledger, fault: Fault) -> Iterator[str]:
    if err.reason not in REASONS:
        yield f"{err.reason} is not documented"
    arrived = ledger.arrived(err.operation)
    if (err.sent, arrived) in (("no", "part"), ("no", "all"), ("yes", "no"), ("yes", "part")):
        yield f'sent is "{err.sent}" where {arrived} of the request arrived'
    # A caller who waits for a refresh of the session does not know how far it is.
    if fault.unsent and err.operation and err.sent != "no":
        yield f'sent is "{err.sent}" where nothing can be sent'


def _judge_session(result: Any, target: Any, method: Method) -> Iterator[str]:
    if method.state is None:
        return
    state: State = target.state
    passing = isinstance(result, Err) and result.kind == "temporary"
    if state.tokens is None and (passing or not method.signs_out):
        yield f"signed out by {result!r}"
    if State.from_dict(json.loads(json.dumps(state.to_dict()))) != replace(state, drift=max(0.0, state.drift)):
        yield "the state does not travel"


def _named(name: str) -> set[threading.Thread]:
    return {thread for thread in living() if thread.name == name}


@contextmanager
def _threads(left: list[str]) -> Iterator[None]:
    """Those that begin here end, but for the one that closes idle connections, which takes another second."""
    before = set(living())
    yield
    if not wait_until(lambda: set(living()) - before <= _named("cognito_raw idle"), PATIENCE):
        left += [f"left a thread, {thread.name}" for thread in set(living()) - before]


@contextmanager
def _descriptors(left: list[str]) -> Iterator[None]:
    before = len(os.listdir("/dev/fd"))
    yield
    gc.collect()
    if not wait_until(lambda: len(os.listdir("/dev/fd")) <= before, PATIENCE):
        left.append(f"left {len(os.listdir('/dev/fd')) - before} descriptors")
