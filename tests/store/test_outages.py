"""Sessions whose store is away, is full, or has lost an entry: what they give meanwhile, and save later."""

from __future__ import annotations

import json

import pytest

from cognito_raw import Err, Ok, State
from tests.store.shared import ALL, LIFE, METHODS, World, number


@pytest.mark.parametrize("age", ["lost", "older"])
def test_what_the_store_lost_is_saved_back(age: str, world: World) -> None:
    """After a failover it has nothing, or an older entry: memory's is saved, under a greater version."""
    session = world.signed_in()
    before = dict(world.store._records)
    world.passes(LIFE)
    token = session.id_token().unwrap()
    version = world.store.load("ada").version  # type: ignore[union-attr]
    world.store._records = {} if age == "lost" else before
    world.passes(31)
    assert session.id_token() == Ok(token)
    entry = world.store.load("ada")
    assert entry is not None
    assert entry.version > version
    assert world.store.tokens()["id_token"] == token.jwt


def test_an_entry_that_was_changed_under_its_version_is_saved_back(world: World) -> None:
    """After a failover, another session may have saved what it knew under the same version."""
    session = world.signed_in()
    entry = world.store.load("ada")
    assert entry is not None
    world.store._records.clear()
    world.store.save("ada", json.dumps(State().to_dict()).encode(), after=entry.version - 1)
    world.passes(31)
    assert isinstance(session.id_token(), Ok)
    assert world.store.tokens()["refresh_token"] == "refresh-1"


def test_tokens_are_given_until_their_end_while_the_store_is_away(world: World) -> None:
    """Nothing is refreshed without it, and then it goes on."""
    session = world.signed_in()
    world.store.fail(*ALL)
    world.passes(LIFE - 100)
    assert isinstance(session.id_token(), Ok)
    world.passes(100)
    for method in (session.id_token, session.access_token, session.refresh):
        result = method()
        assert (result.reason, result.kind) == ("store-unavailable", "temporary")
    assert world.wire.operations == []
    world.store.fail()
    world.passes(60)
    assert isinstance(session.id_token(), Ok)


@pytest.mark.parametrize("failing", [ALL, ("save",)], ids=["away", "full"])
@pytest.mark.parametrize("name", ["login", "logout", "register"])
def test_a_method_sends_nothing_while_the_store_is_away(name: str, failing: tuple[str, ...], world: World) -> None:
    """Also if it can only be read, wherever the method has something to save first."""
    session = world.signed_in()
    world.store.fail(*failing)
    if (name, failing) == ("logout", ("save",)):
        pytest.skip("it has nothing to save before the service's answer")
    result = METHODS[name](session)
    assert (result.reason, result.sent) == ("store-unavailable", "no")
    assert world.wire.operations == []


def test_a_session_that_never_loaded_says_that_the_store_is_away(world: World) -> None:
    """It knows nothing of a session, not even that there is none."""
    world.signed_in()
    world.store.fail(*ALL)
    session = world.session()
    assert session.id_token().reason == "store-unavailable"
    world.store.fail()
    assert isinstance(session.id_token(), Ok)


def test_tokens_that_could_not_be_saved_are_saved_later(world: World) -> None:
    """The disk is full after the answer of the service: the caller has the token, and the store gets it once it can."""
    session = world.signed_in()
    world.passes(LIFE)
    world.wire.during = lambda: world.store.fail("save")
    token = session.id_token().unwrap()
    assert number(token) == "refresh-2"
    assert world.store.tokens()["refresh_token"] == "refresh-1"
    world.store.fail()
    world.passes(1)
    assert session.id_token() == Ok(token)
    assert world.store.tokens()["refresh_token"] == "refresh-2"


def test_a_sign_out_that_could_not_be_saved_says_so(world: World) -> None:
    """It has happened here and at the service, and is saved later."""
    session = world.signed_in()
    world.wire.during = lambda: world.store.fail("save")
    result = session.logout()
    assert (result.reason, result.sent) == ("store-unavailable", "yes")
    assert session.state.tokens is None
    world.store.fail()
    world.passes(31)
    assert session.id_token() == Err("no-session")
    assert world.store.tokens() is None


def test_forgetting_is_saved(world: World) -> None:
    """Also over a refresh of another session, and later if the store is away."""
    first, second = world.signed_in(), world.session()
    second.id_token().unwrap()
    world.passes(LIFE)
    first.id_token().unwrap()
    world.store.fail(*ALL)
    assert second.forget().reason == "store-unavailable"
    assert second.state.tokens is None
    world.store.fail()
    world.passes(1)
    assert second.id_token() == Err("no-session")
    assert world.store.tokens() is None
    assert second.forget() == Ok(None)
