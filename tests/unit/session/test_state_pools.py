"""The pool and the app client of a state: no token of one is given or sent for another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import Config, Ok, Session, State, Tokens
from tests.support.conversation import CLIENT_ID, ISS, NOW, Script, configured, unsigned_token
from tests.support.modes import MODES, Mode

POOL: Final = ISS.rpartition("/")[2]
NEW: Final = ("tried_username", "pool_id", "client_id")
OTHERS: Final = {
    "pool": (Config(ISS.replace(POOL, "eu-west-1_Other"), CLIENT_ID), f"of the pool {POOL}, not of eu-west-1_Other"),
    "app client": (Config(ISS, "other"), f"of the app client {CLIENT_ID}, not of other"),
}
# Every form of the issuer is one pool: the two of the service, an emulator's on any port, and a replica's.
SAME: Final = {
    "the other issuer": Config(ISS.replace("cognito-idp", "issuer-cognito-idp"), CLIENT_ID),
    "an emulator": Config(f"http://127.0.0.1:4566/{POOL}", CLIENT_ID, endpoint="http://127.0.0.1:4567"),
    "a replica": Config(ISS.replace(".eu-west-1", ".eu-west-3"), CLIENT_ID, endpoint="https://replica.example"),
}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def signed_in(**changes: object) -> State:
    claims = {"sub": "5u8", "iss": ISS, "aud": CLIENT_ID, "iat": NOW, "exp": NOW + 3600, **changes}
    body = {"IdToken": unsigned_token(**claims), "AccessToken": unsigned_token(exp=NOW + 3600), "RefreshToken": "r"}
    return State("ada", tokens=Tokens.read({"AuthenticationResult": body}))


def saved(state: State, *, older: bool = False) -> State:
    """The state as another process loads it, also as an earlier version of the library wrote it."""
    members = Session(configured(), state=state).state.to_dict()
    if older:
        members = {name: value for name, value in members.items() if name not in NEW}
    return State.from_dict(json.loads(json.dumps(members)))


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("case", OTHERS)
def test_a_state_of_another_pool_is_refused(mode: Mode, case: str, older: bool) -> None:
    """At once. A state that an earlier version saved is known by its tokens' claims."""
    config, words = OTHERS[case]
    with pytest.raises(ValueError, match=f"^the state is {words}: continue it with its own configuration$"):
        mode.session(config, state=saved(signed_in(), older=older), transport=Script())


@pytest.mark.parametrize("case", OTHERS)
def test_a_state_without_tokens_is_bound_too(mode: Mode, case: str) -> None:
    """It holds a device, perhaps, and a challenge."""
    with pytest.raises(ValueError, match=r"^the state is of the "):
        mode.session(OTHERS[case][0], state=saved(State("ada")), transport=Script())


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("case", SAME)
def test_a_pool_has_many_addresses(mode: Mode, case: str, older: bool) -> None:
    """The text of the issuer does not count."""
    session = mode.session(SAME[case], state=saved(signed_in(), older=older), transport=Script())
    assert (session.state.pool_id, session.state.client_id) == (POOL, CLIENT_ID)


@pytest.mark.parametrize("claims", [{"iss": None}, {"iss": "floci"}, {"iss": 5, "aud": ["a"]}, {"aud": None}])
def test_claims_that_name_no_pool_bind_nothing(mode: Mode, claims: dict[str, Any]) -> None:
    """As of some emulators: the tokens are used."""
    session = mode.session(configured(), state=signed_in(**claims), transport=Script())
    assert isinstance(session.id_token(), Ok)


def test_the_ids_are_the_last_members(mode: Mode) -> None:
    """Of the value and of its JSON. The members that follow in later versions are ignored."""
    state = mode.session(configured(), state=signed_in(), transport=Script()).state
    members = {**state.to_dict(), "later": {"a": [1]}}
    assert type(state).__match_args__[-2:] == ("pool_id", "client_id")
    members["tokens"] = {**members["tokens"], "later": 5}
    again = State.from_dict(members)
    assert (again, again.pool_id, again.client_id) == (state, POOL, CLIENT_ID)


@pytest.mark.parametrize("given", [{}, {"version": 2}, "hunter2", b"{}", Session(configured())])
def test_a_state_is_a_state(mode: Mode, given: Any) -> None:
    """Its JSON must be read first."""
    words = f"^state must be a State, as of State.from_dict\\(\\), not {type(given).__name__}$"
    with pytest.raises(ValueError, match=words):
        mode.session(configured(), state=given, transport=Script())
