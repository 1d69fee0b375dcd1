"""Sessions and verifiers while a test has frozen the clocks, as freezegun and time-machine do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import time_machine
from freezegun import freeze_time

from cognito_raw import AsyncTokenVerifier, Config, TokenVerifier
from cognito_raw.testing import Scripted, SigningKey, password_verifier, reset, tokens
from tests.support.samples import ISS

CONFIG: Final = Config(ISS, "client")
KEY: Final = SigningKey()
Freezer = Callable[[datetime], AbstractContextManager[Any]]

FREEZERS: Final[dict[str, Freezer]] = {
    "freezegun": lambda moment: freeze_time(moment, real_asyncio=True),
    "time-machine": lambda moment: time_machine.travel(moment, tick=False),
}


@pytest.fixture(params=FREEZERS)
def freeze(request: pytest.FixtureRequest) -> Freezer:
    return FREEZERS[request.param]


def scripted() -> Scripted:
    renewed = tokens("ada", at=time.time() + 7200)
    return Scripted(
        ("InitiateAuth", password_verifier()),
        ("RespondToAuthChallenge", tokens("ada")),
        ("GetTokensFromRefreshToken", renewed),
    )


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)


def test_a_session_ages_with_a_frozen_clock(freeze: Freezer) -> None:
    """Two hours later its token is renewed, and not before."""
    with scripted() as script:
        session = script.session()
        first = session.login("ada", "x").unwrap()
        assert session.id_token().unwrap() == first
        with freeze(later()):
            assert session.id_token().unwrap() != first


def test_an_async_session_ages_with_a_frozen_clock(freeze: Freezer) -> None:
    """The event loop goes on."""

    async def scene() -> None:
        session = script.async_session()
        first = (await session.login("ada", "x")).unwrap()
        assert (await session.id_token()).unwrap() == first
        with freeze(later()):
            assert (await session.id_token()).unwrap() != first

    with scripted() as script:
        asyncio.run(scene())


@pytest.mark.parametrize("moment", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)], ids=str)
def test_verifiers_judge_tokens_by_a_frozen_clock(freeze: Freezer, moment: datetime) -> None:
    """A token of that time is accepted then, and refused now."""
    reset()
    verifier = TokenVerifier(CONFIG, keys=KEY.key_set)
    with freeze(moment):
        token = tokens("ada", key=KEY, config=CONFIG)["AuthenticationResult"]["IdToken"]
        for keys in (KEY.key_set, None):  # all verifiers of a pool share them, however its clock stands
            assert TokenVerifier(CONFIG, keys=keys).verify(token).unwrap().username == "ada"
            assert asyncio.run(AsyncTokenVerifier(CONFIG, keys=keys).verify(token)).unwrap().username == "ada"
        verifier.preload(KEY.key_set)
        assert verifier.verify(token).unwrap().username == "ada"
    verifier.preload(KEY.key_set)
    assert verifier.verify(token).reason in ("token-expired", "token-not-yet-valid")  # type: ignore[union-attr]
    reset()


def test_a_recording_keeps_the_frozen_clock(freeze: Freezer) -> None:
    """The default clock is the one of `time.time`, also of a configuration that was made before."""
    with freeze(datetime(2020, 1, 1, tzinfo=UTC)):
        assert CONFIG.clock() == time.time() == 1577836800.0
