"""The arithmetic of a sign-in, one sign-in more, and a fresh token once more, in a process that has begun."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.programs.processes import PYCOGNITO, WARRANT
from benchmarks.programs.tools import Pool, config, timed

_B = int("b7" * 384, 16)


def arithmetic(pool: Pool) -> None:
    """Compute A, and the key that signs."""
    from cognito_raw.srp import exchange as srp

    def act() -> object:
        pair = srp.Ephemeral.draw(os.urandom)
        u = srp.scramble(pair.A, _B % srp.N)
        x = srp.private_key(0x1234, "AbCdEf123", "bob", "password")
        return srp.session_key(srp.premaster(pair, _B % srp.N, u, x), u)

    timed(pool, act, 50)


def arithmetic_without_openssl(pool: Pool) -> None:
    """Compute the same with Python's `pow`."""
    os.environ["COGNITO_RAW_OPENSSL"] = "0"
    arithmetic(pool)


def arithmetic_pycognito(pool: Pool) -> None:
    """Compute the same with pycognito."""
    from pycognito.aws_srp import AWSSRP

    _peer(pool, AWSSRP, 0x1234)


def arithmetic_warrant_lite(pool: Pool) -> None:
    """Compute the same with warrant-lite."""
    from warrant_lite import WarrantLite

    _peer(pool, WarrantLite, "1234")


def _peer(pool: Pool, client: Any, salt: object) -> None:
    def act() -> object:
        made = client("bob", "password", pool["pool"], "client", client=object())
        return made.get_password_authentication_key("bob", "password", _B % made.big_n, salt)

    timed(pool, act, 20)


def sign_in(pool: Pool, transport: Any = None) -> None:
    """Sign in with one session, again and again."""
    from cognito_raw import Session

    session = Session(config(pool), transport=transport)
    timed(pool, lambda: session.login("bob", pool["password"]).unwrap(), 50)


def signed_in(program: str, pool: Pool) -> Any:
    """Run a peer's program of a cold start, and return what it made."""
    made: dict[str, Any] = {"pool": pool}
    exec(program, made)  # noqa: S102  # a program of ours
    return made


def sign_in_pycognito(pool: Pool) -> None:
    """Sign in with pycognito."""
    user = signed_in(PYCOGNITO, pool)["user"]
    timed(pool, lambda: user.authenticate(pool["password"]), 15)


def sign_in_warrant_lite(pool: Pool) -> None:
    """Sign in with warrant-lite."""
    made = signed_in(WARRANT, pool)
    asked = "bob", pool["password"], pool["pool"], pool["client"]
    timed(pool, lambda: made["WarrantLite"](*asked, client=made["client"]).authenticate_user(), 15)


def fresh(pool: Pool, store: str = "") -> None:
    """Return the token of a signed-in session, which holds it in a store or not."""
    from cognito_raw import Session
    from cognito_raw.store import MemoryStore, RedisStore

    options: Any = {}
    if store:
        from benchmarks.programs.sharing import redis_client

        options = {"key": "fresh", "store": RedisStore(redis_client(pool)) if store == "redis" else MemoryStore()}
    session = Session(config(pool), **options)
    session.login("bob", pool["password"]).unwrap()
    _thousand(pool, session.id_token)


def fresh_pycognito(pool: Pool) -> None:
    """Return pycognito's token after its check."""
    user = signed_in(PYCOGNITO, pool)["user"]

    def give() -> object:
        user.check_token()
        return user.id_token

    _thousand(pool, give)


def _thousand(pool: Pool, give: Any) -> None:
    """Milliseconds for a thousand are microseconds for one."""

    def act() -> None:
        for _ in range(1000):
            give()

    timed(pool, act, 20)
