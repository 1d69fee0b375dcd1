"""Signed tokens, and a process that forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import AsyncTokenVerifier, Config, TokenVerifier
from cognito_raw.testing import Scripted, SigningKey, password_verifier, reset, tokens
from cognito_raw.transport import shared, shared_async
from tests.support.samples import ISS

CONFIG: Final = Config(ISS, "client")
KEY: Final = SigningKey()
OTHER: Final = SigningKey()


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    reset()
    yield
    reset()


def signed(use: str = "IdToken", **options: Any) -> str:
    token: str = tokens("ada", **{"key": KEY, "config": CONFIG, **options})["AuthenticationResult"][use]
    return token


def test_a_signed_token_can_be_trusted() -> None:
    """Sync and async verifiers that have the key set accept both tokens of a sign-in."""
    told = TokenVerifier(CONFIG, keys=KEY.key_set).verify(signed(email="ada@e")).unwrap()
    assert (told.username, told.payload["email"]) == ("ada", "ada@e")
    verifier = AsyncTokenVerifier(CONFIG, "access", scopes="orders/read", groups="staff", keys=KEY.key_set)
    token = signed("AccessToken", scope="orders/read", **{"cognito:groups": ["staff"]})
    assert asyncio.run(verifier.verify(token)).unwrap().scopes == ("orders/read",)


def test_a_token_of_another_key_is_refused() -> None:
    """Though both keys have one name; and so is a token that is late."""
    verifier = TokenVerifier(CONFIG, keys=KEY.key_set)
    assert verifier.verify(signed(key=OTHER)).reason == "token-signature-invalid"  # type: ignore[union-attr]
    assert verifier.verify(signed(at=0)).reason == "token-expired"  # type: ignore[union-attr]


def test_any_claims_are_signed() -> None:
    """Also those that no pool would write."""
    result = TokenVerifier(CONFIG, keys=KEY.key_set).verify(KEY.sign({"sub": 5}))
    assert result.reason == "token-issuer-refused"  # type: ignore[union-attr]


def test_a_verifier_fetches_the_key_set_from_a_script() -> None:
    """A program that makes its own verifier gets the keys over the transport."""
    with Scripted(("GET jwks.json", KEY.key_set), config=CONFIG) as scripted:
        assert TokenVerifier(CONFIG, transport=scripted).verify(signed()).unwrap().username == "ada"


def test_a_session_holds_signed_tokens() -> None:
    """What it gives to an API is what the API's verifier trusts."""
    answer = tokens("ada", key=KEY, config=CONFIG)
    scripted = Scripted(("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", answer), config=CONFIG)
    token = scripted.session().login("ada", "An-Engine-1843").unwrap()
    assert TokenVerifier(CONFIG, keys=KEY.key_set).verify(token.jwt).unwrap().sub == "sub-of-ada"


def test_reset_forgets_keys() -> None:
    """Verifiers that there are, and new ones, begin without any."""
    verifier = TokenVerifier(CONFIG, keys=KEY.key_set)
    verifier.verify(signed()).unwrap()
    reset()
    assert verifier.snapshot() is None
    TokenVerifier(CONFIG, keys=OTHER.key_set).verify(signed(key=OTHER)).unwrap()


def test_reset_closes_the_shared_transports() -> None:
    """The next call makes new ones, with the settings that the environment then has."""
    before = [shared(), shared("standard"), shared_async()]
    reset()
    after = [shared(), shared("standard"), shared_async()]
    assert not {id(one) for one in before} & {id(one) for one in after}
