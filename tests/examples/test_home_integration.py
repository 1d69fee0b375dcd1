"""The config flow of the examples, on the local pool: an entry, a restart, another sign-in, and a pool that is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Iterator
from dataclasses import asdict, replace
from typing import Any, Final, TypeVar

import pytest

from cognito_raw import Config, Session
from examples.authenticator import totp
from examples.home_integration import Abort, ConfigFlow, Entry, Form, Home, NeedsUser, TryLater, entry_of
from examples.local_pool import Pool, serve
from tests.support.conversation import CLIENT_ID, ISS
from tests.support.hostile import refusing
from tests.support.rotation import AsyncWire, Service

T = TypeVar("T")
PASSWORD: Final = "An-Engine-1843"
ADA: Final = {"username": "ada", "password": PASSWORD}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with serve(extras=True) as server:
        made = server.full_pool()
        made.add_users_of_the_readme()
        made.add_user("grace", PASSWORD, email="grace@example.com", email_verified="true")
        yield made


def run(steps: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(steps)


def refresh_token(entry: Entry) -> str:
    """The one in the entry."""
    return str(json.loads(entry.session)["tokens"]["refresh_token"])


def signed_in(pool: Pool) -> Entry:
    entry = run(ConfigFlow(pool.config()).step_user(ADA))
    assert isinstance(entry, Entry)
    return entry


def test_a_user_signs_in_once_and_the_home_stays_signed_in(pool: Pool) -> None:
    """The entry has the session and no password, and a restart goes on with it."""
    flow = ConfigFlow(pool.config())

    async def configure() -> Entry:
        assert await flow.step_user() == Form("user", ("username", "password"))
        wrong = await flow.step_user({**ADA, "password": "wrong"})
        assert wrong == Form("user", ("username", "password"), {"password": "incorrect-username-or-password"})
        entry = await flow.step_user(ADA)
        assert isinstance(entry, Entry)
        return entry

    entry = run(configure())
    assert PASSWORD not in str(asdict(entry))
    assert refresh_token(entry) not in repr(entry)

    async def restart() -> None:
        home = await Home.start(pool.config(), Entry(**asdict(entry)), lambda _: None)
        assert (await home.token()).count(".") == 2
        await home.stop()

    run(restart())


def test_each_challenge_has_its_form(pool: Pool) -> None:
    """A temporary password, then a code; a wrong one may be corrected."""
    with Session(pool.config()) as session:
        session.login("grace", PASSWORD).unwrap()
        secret = session.account.enable_totp().unwrap().secret
        session.account.confirm_totp(totp(secret)).unwrap()

    async def configure() -> None:
        flow = ConfigFlow(pool.config())
        assert await flow.step_user({"username": "charles", "password": "Temporary-1822"}) == Form(
            "new_password", ("new_password",)
        )
        simple = await flow.step_new_password({"new_password": "simple"})
        assert simple == Form("new_password", ("new_password",), {"new_password": "invalid-password"})
        assert isinstance(await flow.step_new_password({"new_password": "Permanent-1823"}), Entry)
        flow = ConfigFlow(pool.config())
        assert await flow.step_user({"username": "grace", "password": PASSWORD}) == Form("code", ("code",))
        assert await flow.step_code({"code": "000000"}) == Form("code", ("code",), {"code": "code-mismatch"})
        entry = await flow.step_code({"code": totp(secret)})
        assert isinstance(entry, Entry)
        again = ConfigFlow(pool.config(), reauth=entry)
        assert isinstance(await again.step_user({"username": "grace", "password": PASSWORD}), Entry)

    run(configure())


def test_a_refused_refresh_token_needs_the_user_again(pool: Pool) -> None:
    """The same user's sign-in gives a new entry, and another's does not."""
    entry = signed_in(pool)

    async def remove() -> None:
        home = await Home.start(pool.config(), entry, lambda _: None)
        await home.remove()
        await has_ended(pool, entry)
        again = ConfigFlow(pool.config(), reauth=entry)
        new = await again.step_user(ADA)
        assert isinstance(new, Entry)
        assert refresh_token(new) != refresh_token(entry)
        other = ConfigFlow(pool.config(), reauth=replace(entry, username="somebody"))
        assert await other.step_user(ADA) == Abort("wrong-account")

    run(remove())


def hour_later(pool: Pool) -> Config:
    return pool.config(clock=lambda: time.time() + 4000)


async def has_ended(pool: Pool, entry: Entry) -> None:
    """The pool refuses the refresh token, and the entry says so from then on."""
    saved = [entry]
    for reason in ("refresh-token-revoked", "no-session"):
        with pytest.raises(NeedsUser, match=reason):
            await Home.start(hour_later(pool), saved[-1], saved.append)


def test_a_pool_that_is_away_loses_nothing(pool: Pool) -> None:
    """The form tells of it, and so does the start."""
    entry = signed_in(pool)

    async def start() -> None:
        with refusing() as nowhere:
            away = hour_later(replace(pool, endpoint=nowhere))
            with pytest.raises(TryLater, match="connection-failed"):
                await Home.start(away, entry, lambda _: None)
            form = await ConfigFlow(away).step_user(ADA)
            assert form == Form("user", ("username", "password"), {"base": "connection-failed"})
        home = await Home.start(pool.config(), entry, lambda _: None)
        await home.stop()

    run(start())


def test_a_rotated_refresh_token_is_saved_at_once() -> None:
    """Each restart begins with the newest one; the one before is dead."""
    service = Service(time.time)
    family, state = service.sign_in("ada")
    entry = entry_of(state)
    assert entry
    saved = [entry]

    async def start() -> None:
        home = await Home.start(Config(ISS, CLIENT_ID), saved[-1], saved.append, transport=AsyncWire(service))
        await home.session.refresh()
        await home.stop()

    for _ in range(2):
        run(start())
    tokens = list(dict.fromkeys(refresh_token(entry) for entry in saved))
    assert tokens == ["refresh-1", "refresh-2", "refresh-3"]
    assert tokens[-1] == family.newest
