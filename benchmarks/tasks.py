"""Everything that is measured: the programs, and the tables of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.measure import CPU, INSTRUCTIONS, Table, Task
from benchmarks.programs import processes
from benchmarks.programs.processes import BY_HAND


def call(program: str, *arguments: object, **options: object) -> str:
    """Return the program that calls a function of a module in `programs`."""
    module, _, name = program.partition(".")
    given = ", ".join(["pool", *map(repr, arguments), *(f"{key}={value!r}" for key, value in options.items())])
    return f"from benchmarks.programs.{module} import {name}\n{name}({given})\n"


_CLIENTS: Final = (
    "The server is on this machine and speaks TLS. Every client but one has the same file of certificates, certifi's "
    "with the server's own, as httpx and boto3 have by themselves; the one in a folder finds them as on Debian. The "
    "server's counts as one of Amazon's roots, which cognito_raw reads first; that of a private authority has it read "
    "the others too."
)
_COUNTED: Final = "Counted by cachegrind: the same in each run, whatever else the machine does."
_MILLIONS: Final = "millions of instructions"
OURS: Final = "cognito_raw"
STANDARD: Final = "cognito_raw, standard"
FLOOR: Final = "RSA, base64 and json.loads alone"
AT_HAND: Final = "PyJWT, one key at hand"


def _counted(key: str, title: str) -> Mapping[str, Table]:
    return {f"{key}-instructions": Table(title, _MILLIONS, INSTRUCTIONS, note=_COUNTED)}


def _some(programs: Mapping[str, str], *names: str) -> Mapping[str, str]:
    return {name: programs[name] for name in names}


WARM: Final = {
    OURS: call("warm.sign_in"),
    "cognito_raw, httpx2": call("warm.sign_in", "httpx2"),
    STANDARD: call("warm.sign_in", "standard"),
    "pycognito": call("warm.sign_in_pycognito"),
    "warrant-lite": call("warm.sign_in_warrant_lite"),
}
VERIFY: Final = {
    OURS: call("verification.cognito_raw"),
    FLOOR: call("verification.floor"),
    AT_HAND: call("verification.pyjwt", look_up=False),
    "PyJWT, look-up by kid": call("verification.pyjwt", look_up=True),
    "authlib": call("verification.authlib"),
    "joserfc": call("verification.joserfc"),
    "python-jose": call("verification.python_jose"),
    "fastapi-cognito": call("verification.fastapi_cognito"),
}
_CROWDS: Final = ((8, 25), (64, 5), (256, 3))
RATE: Final = {
    **{f"cognito_raw, {number} threads": call("crowds.threads", number, each) for number, each in _CROWDS},
    **{
        f"cognito_raw, standard, {number} threads": call("crowds.threads", number, each, "standard")
        for number, each in _CROWDS
    },
    **{
        f"cognito_raw, {number:,} tasks": call("crowds.tasks", number, each)
        for number, each in ((32, 6), (256, 2), (1000, 1))
    },
    "pycognito, 8 threads": call("crowds.threads_pycognito", 8, 8),
}
SLOW: Final = {
    f"cognito_raw, {name}": call(program, number, *transport)
    for number in (256, 1000)
    for name, program, transport in (
        (f"{number:,} threads", "crowds.slow_threads", ()),
        (f"standard, {number:,} threads", "crowds.slow_threads", ("standard",)),
        (f"{number:,} tasks", "crowds.slow_tasks", ()),
    )
}
_AT_ONCE: Final = "Sign-ins of one process, many at once"
_SLOW: Final = "Sign-ins at once with a server that takes 250 ms for each reply"
_EXPIRY: Final = "A thousand threads that want a token at the moment when it runs out"
_FRESH: Final = "A thousand sessions that are kept fresh, all due at once"

TASKS: Final[Mapping[str, Task]] = {
    "cold": Task(
        {"cold": Table("Cold start: a new process to a finished sign-in", "ms of CPU", CPU, note=_CLIENTS)},
        37,
        processes.COLD,
        processes.COLD_NODE,
        rounds=15,
    ),
    "first": Task(
        {"first": Table("The first async sign-in of a process that has its imports", "ms of CPU", "ms", note=_CLIENTS)},
        7,
        processes.FIRST,
        rounds=15,
    ),
    "import": Task({"import": Table("A new process that only imports", "ms of CPU", CPU)}, 5, processes.IMPORT),
    "arithmetic": Task(
        {"arithmetic": Table("The SRP arithmetic of a sign-in", "ms of CPU", "ms")},
        28,
        {
            OURS: call("warm.arithmetic"),
            "cognito_raw, without OpenSSL": call("warm.arithmetic_without_openssl"),
            "pycognito": call("warm.arithmetic_pycognito"),
            "warrant-lite": call("warm.arithmetic_warrant_lite"),
        },
        processes.ARITHMETIC_NODE,
        rounds=5,
    ),
    "warm": Task(
        {"warm": Table("A sign-in more, in a warm process", "ms of CPU", "ms")},
        28,
        WARM,
        processes.WARM_NODE,
        rounds=5,
    ),
    "fresh": Task(
        {"fresh": Table("The ID token of a signed-in session once more", "microseconds of CPU", "ms")},
        9,
        {
            OURS: call("warm.fresh"),
            "cognito_raw, with a store": call("warm.fresh", "memory"),
            "cognito_raw, with a store in Redis": call("warm.fresh", "redis"),
            "pycognito": call("warm.fresh_pycognito"),
        },
        rounds=5,
    ),
    "rate": Task(
        {
            "rate": Table(
                _AT_ONCE,
                "a second",
                "rate",
                more=True,
                note="The server has the other core, and takes a millisecond of it for each.",
            ),
            "p50": Table(f"{_AT_ONCE}: half of them take at most", "ms", "p50"),
            "p99": Table(f"{_AT_ONCE}: 99 in 100 take at most", "ms", "p99"),
            "connections": Table(f"{_AT_ONCE}: connections", "connections", "connections"),
            "held": Table(f"{_AT_ONCE}: the longest time for which the event loop is held", "ms", "held", "tasks"),
        },
        58,
        RATE,
        rounds=3,
        is_warmed_up=False,
    ),
    "slow": Task(
        {
            "slow": Table(f"{_SLOW}: time-outs within the default deadline", "time-outs", "timeouts"),
            "slow-seconds": Table(f"{_SLOW}: how long until the last has ended", "s", "seconds"),
        },
        52,
        SLOW,
        rounds=2,
        is_warmed_up=False,
    ),
    "verify": Task({"verify": Table("An access token verified", "ms of CPU", "ms")}, 37, VERIFY, processes.VERIFY_NODE),
    "refresh": Task(
        {
            "refresh": Table(_EXPIRY, "requests to the service", "requests"),
            "refreshed": Table("The same: how long until the last of them has it", "ms", "ms"),
        },
        22,
        {OURS: call("crowds.callers"), "pycognito": call("crowds.callers_pycognito")},
        rounds=3,
        is_warmed_up=False,
    ),
    "memory": Task(
        {"memory": Table("A signed-in session more", "kB of memory", "kb")},
        6,
        {
            "cognito_raw, 10,000 sessions": call("crowds.memory"),
            "pycognito, 50 sessions": call("crowds.memory_pycognito"),
        },
        rounds=3,
        is_warmed_up=False,
    ),
    "keys": Task(
        {
            "keys": Table("An access token verified, by the number of keys", "ms of CPU", "ms"),
            "keys-loaded": Table("A key set loaded, by the number of keys", "ms of CPU", "load"),
        },
        7,
        {"1 key": call("growth.keys", 1), **{f"{n:,} keys": call("growth.keys", n) for n in (100, 1000)}},
        rounds=5,
    ),
    "devices": Task(
        {"devices": Table("A device of a list, by their number", "microseconds of CPU", "us")},
        4,
        {f"{number:,} devices": call("growth.devices", number) for number in (60, 6000)},
        rounds=5,
    ),
    "subscribers": Task(
        {"subscribers": Table("A subscriber at a refresh, by their number", "microseconds of CPU", "us")},
        3,
        {f"{number:,} subscribers": call("growth.subscribers", number) for number in (500, 5000)},
        rounds=5,
    ),
    "kept-fresh": Task(
        {
            "kept-fresh": Table(f"{_FRESH}: threads", "threads", "threads", "blocking"),
            "kept-fresh-beyond": Table(f"{_FRESH}: threads beyond one a connection", "threads", "beyond", "blocking"),
            "kept-fresh-connections": Table(f"{_FRESH}: connections", "connections", "connections"),
            "kept-fresh-held": Table(f"{_FRESH}: the longest time for which the loop is held", "ms", "held", "async"),
            "kept-fresh-ms": Table(f"{_FRESH}: from the first renewal to the last", "ms", "ms"),
        },
        28,
        {
            "blocking": call("growth.kept_fresh", 1000),
            "blocking, with a subscriber that takes 2 s": call("growth.kept_fresh", 1000, slow=True),
            "async": call("growth.kept_fresh_async", 1000),
        },
        rounds=3,
        is_warmed_up=False,
    ),
    "round-trips": Task(
        {
            "round-trips": Table("Round trips to Redis of a refresh", "round trips", "refresh"),
            "round-trips-waiting": Table("Round trips to Redis of waiting for another's", "round trips", "wait"),
        },
        12,
        {"cognito_raw, with a store in Redis": call("sharing.round_trips")},
        rounds=3,
        is_warmed_up=False,
    ),
    "processes": Task(
        {"processes": Table("8 processes with one session, at the end of its token", "refreshes", "refreshes")},
        22,
        {
            "without a store": call("sharing.expiry"),
            "with a store in files": call("sharing.expiry", "file"),
            "with a store in Redis": call("sharing.expiry", "redis"),
        },
        rounds=3,
        is_warmed_up=False,
    ),
    "due": Task(
        {
            "due": Table(
                "8 processes with one token of an hour: between the first and the last to renew",
                "s",
                "seconds",
                more=True,
            )
        },
        3,
        {OURS: call("sharing.due")},
        rounds=3,
        is_warmed_up=False,
    ),
    "import-instructions": Task(
        _counted("import", "The same process that only imports"),
        9,
        _some(processes.IMPORT, "python alone", OURS, "httpx", "http.client"),
        rounds=1,
        is_counted=True,
    ),
    "cold-instructions": Task(
        _counted("cold", "The same cold start"),
        49,
        _some(
            processes.COLD,
            OURS,
            STANDARD,
            "cognito_raw, without bytecode",
            BY_HAND,
            "httpx, two posts",
            "httpx, two posts, without bytecode",
        ),
        rounds=1,
        is_counted=True,
    ),
    "warm-instructions": Task(
        _counted("warm", "The same sign-in more"), 22, _some(WARM, OURS, STANDARD), rounds=1, is_counted=True
    ),
    "verify-instructions": Task(
        _counted("verify", "The same token verified"),
        62,
        _some(VERIFY, OURS, FLOOR, AT_HAND, "authlib"),
        rounds=1,
        is_counted=True,
    ),
    "installed": Task(
        {
            "installed": Table(
                "Installed, with all that it requires", "MB", "", note="In brackets the number of packages."
            )
        },
        1,
    ),
}
TABLES: Final = {key: (task, table) for task in TASKS.values() for key, table in task.tables.items()}
