"""Real tokens of a real server, with the key set that it serves, sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from cognito_raw import Client, Ok, Session, Tokens
from cognito_raw.verify import ANY_CLIENT
from examples.local_pool import Pool, Server
from tests.support.verifiers import VERIFYING, Verifying, told

PASSWORD = "An-Engine-1843"


@pytest.fixture(params=VERIFYING, ids=lambda kind: kind.__name__)
def verifying(request: pytest.FixtureRequest) -> Iterator[Verifying]:
    made: Verifying = request.param()
    yield made
    made.close()


@pytest.fixture(scope="module")
def pool(server: Server) -> Pool:
    """A pool with a user in a group."""
    made = server.pool()
    made.add_user("ada", PASSWORD, email="ada@example.com", email_verified="true")
    made.admin.create_group(UserPoolId=made.id, GroupName="engines")
    made.admin.admin_add_user_to_group(UserPoolId=made.id, Username="ada", GroupName="engines")
    return made


@pytest.fixture(scope="module")
def tokens(pool: Pool) -> Tokens:
    """Of a finished sign-in."""
    value = Client(pool.config()).sign_in("ada", PASSWORD).unwrap()
    assert isinstance(value, Tokens)
    return value


def test_both_tokens_of_a_sign_in_are_trusted(verifying: Verifying, pool: Pool, tokens: Tokens) -> None:
    """Each for its use and not for the other, with the keys that the server serves."""
    id_token, access_token = tokens.id_token.jwt, tokens.access_token
    config = pool.config()
    identity = verifying.verifier(config, groups="engines").verify(id_token).unwrap()
    assert (identity.username, identity.client_id, identity.groups) == ("ada", pool.client_id, ("engines",))
    assert identity.payload == tokens.id_token.payload
    demands: dict[str, Any] = {"groups": "engines", "scopes": "aws.cognito.signin.user.admin"}
    access = verifying.verifier(config, "access", **demands).verify(access_token).unwrap()
    assert (access.username, access.client_id, access.sub) == ("ada", pool.client_id, identity.sub)
    assert told(verifying.verifier(config, "access").verify(id_token)) == "token-use-refused"
    assert told(verifying.verifier(config).verify(access_token)) == "token-use-refused"
    assert tokens.refresh_token is not None
    assert told(verifying.verifier(config, ("id", "access")).verify(tokens.refresh_token)) != "Ok"


def test_a_token_is_of_one_pool_and_one_client(
    verifying: Verifying, server: Server, pool: Pool, tokens: Tokens
) -> None:
    """Another pool has other keys, and another client's tokens are accepted only where that is said."""
    other = server.pool()
    assert told(verifying.verifier(other.config()).verify(tokens.id_token.jwt)) == "token-key-unknown"
    stranger = replace(pool.config(), client_id="stranger")
    assert told(verifying.verifier(stranger).verify(tokens.id_token.jwt)) == "token-client-refused"
    assert told(verifying.verifier(stranger, client_ids=ANY_CLIENT).verify(tokens.id_token.jwt)) == "Ok"
    listed = verifying.verifier(stranger, client_ids=["stranger", pool.client_id])
    assert told(listed.verify(tokens.id_token.jwt)) == "Ok"


def test_a_token_runs_out(verifying: Verifying, pool: Pool, tokens: Tokens) -> None:
    """By the clock of the configuration."""
    for seconds, expected in ((-1, "Ok"), (0, "token-expired")):
        config = pool.config(clock=lambda late=seconds: tokens.id_token.exp + late)
        assert told(verifying.verifier(config).verify(tokens.id_token.jwt)) == expected


class Unreachable:
    """A transport that must not be used."""

    def send(self, request: object) -> NoReturn:
        raise AssertionError(f"no request may be sent: {request}")


def test_keys_are_carried_to_another_process(verifying: Verifying, pool: Pool, tokens: Tokens) -> None:
    """With a snapshot, a verifier that cannot reach the server trusts what the first one does."""
    verifier = verifying.verifier(pool.config())
    assert isinstance(verifier.verify(tokens.id_token.jwt), Ok)
    offline = verifying.verifier(pool.config(), keys=verifier.snapshot(), transport=Unreachable())
    assert told(offline.verify(tokens.id_token.jwt)) == "Ok"


def test_a_refreshed_token_is_trusted_and_a_revoked_one_until_it_expires(verifying: Verifying, pool: Pool) -> None:
    """Verification is offline: that a session ended, nothing in its tokens says."""
    session = Session(pool.config())
    session.login("ada", PASSWORD).unwrap()
    access_token = session.access_token().unwrap()
    verifier = verifying.verifier(pool.config(), "access")
    assert told(verifier.verify(access_token)) == "Ok"
    session.logout(everywhere=True).unwrap()
    assert told(verifier.verify(access_token)) == "Ok"
