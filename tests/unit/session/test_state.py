"""What a session knows, carried as JSON: it comes back as it went, and nothing else is taken for it."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Challenge, IdToken, RememberedDevice, State, Tokens
from cognito_raw.models.challenge import EXPONENT
from tests.support.cases import each_case
from tests.support.samples import jwt

TOKEN: Final = IdToken.read(jwt({"exp": 1783418703, "iat": 1783415103, "name": "hunter2"}))
TOKENS: Final = Tokens(TOKEN, "hunter2-access", "hunter2-refresh", 3600)
CHALLENGE: Final = Challenge("NEW_PASSWORD_REQUIRED", "id-1", "hunter2-session", {"a": "hunter2", "b": ""})
DEVICE: Final = RememberedDevice("eu-west-1_d3v", "-gr0up", "hunter2-device", "id-1")
STATES: Final = {
    "nothing": State(),
    "a user": State("Zo\u00eb \U0001f511"),
    "a challenge": State("bob", CHALLENGE),
    "a bare challenge": State("bob", Challenge("SMS_MFA", "bob")),
    "tokens": State("bob", tokens=TOKENS, drift=1.25),
    "tokens without refresh": State(tokens=Tokens(TOKEN, "access")),
    "a sign-up to go on from": State("bob", sign_up_session="hunter2-session"),
    "a device": State("bob", device=DEVICE),
    "a refresh without an answer": State("bob", tokens=TOKENS, unanswered=True),
    "a pool of the older refresh": State("bob", tokens=TOKENS, refresh_flow="REFRESH_TOKEN_AUTH"),
    "metadata": State("bob", CHALLENGE, TOKENS, client_metadata={"a": "hunter2"}, challenge_metadata={}),
    "all": State(
        "bob", CHALLENGE, TOKENS, 86_400.0, DEVICE, "REFRESH_TOKEN_AUTH", unanswered=True, sign_up_session="hunter2-s"
    ),
}
SAVED: Final = STATES["all"].to_dict()


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_a_state_comes_back_from_json_as_it_went(state: State) -> None:
    """`from_dict` reads what `to_dict` wrote, also after JSON carried it in any spelling."""
    for carried in (json.dumps(state.to_dict()), json.dumps(state.to_dict(), ensure_ascii=False, allow_nan=False)):
        back = State.from_dict(json.loads(carried.encode()))
        assert (back, back.to_dict(), hash(back)) == (state, state.to_dict(), hash(state))
    assert pickle.loads(pickle.dumps(state)) == state


def test_a_clock_that_was_ahead_makes_no_token_young_elsewhere() -> None:
    """The clock of the machine that loads a state may be right: only one that was behind is still allowed for."""
    for drift, kept in ((-18_000.0, 0.0), (18_000.0, 18_000.0)):
        assert State.from_dict(State("bob", tokens=TOKENS, drift=drift).to_dict()).drift == kept


def test_claims_come_back_too() -> None:
    """A token that was carried is read again, claims and all."""
    back = State.from_dict(SAVED)
    assert back.tokens is not None
    assert back.tokens.id_token.payload == TOKEN.payload


def test_a_saved_state_shares_nothing_with_the_state() -> None:
    """Who changes the saved one changes nothing of the session."""
    saved = STATES["all"].to_dict()
    parameters: Any = saved["challenge"]
    parameters["parameters"]["a"] = "changed"
    assert CHALLENGE.parameters["a"] == "hunter2"


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_left_out_of_a_saved_state_is_empty(version: int) -> None:
    """The version alone is the state of a session that knows nothing."""
    assert State.from_dict({"version": version}) == State()


def test_a_state_that_the_first_version_saved_is_read() -> None:
    """Sessions that an earlier version of the library saved go on."""
    saved = {
        "version": 1,
        "username": "bob",
        "challenge": {"name": "SMS_MFA", "username": "id-1", "session": "s", "parameters": {"a": "b"}},
        "tokens": {"id_token": TOKEN.jwt, "access_token": "a", "refresh_token": "r", "expires_in": 3600},
        "drift": 2.5,
    }
    challenge = Challenge("SMS_MFA", "id-1", "s", {"a": "b"})
    assert State.from_dict(saved) == State("bob", challenge, Tokens(TOKEN, "a", "r", 3600), 2.5)


def _changed(path: str, value: object) -> dict[str, Any]:
    """A saved state with one part exchanged, or taken away where the value is `...`."""
    saved: dict[str, Any] = json.loads(json.dumps(SAVED))
    *outer, name = path.split(".")
    part = saved
    for step in outer:
        part = part[step]
    if value is ...:
        del part[name]
    else:
        part[name] = value
    return saved


# Parts of a saved state, and what they must not be; `...` is for a part that is not there.
PARTS: Final[dict[str, list[object]]] = {
    "version": [..., None, True, 0, 3, 1.0, "1", [1]],
    "username": [5, ["hunter2"], "hunter2\ud800"],
    "challenge": [5, "hunter2", [], {}, True],
    "challenge.name": [..., None, 5],
    "challenge.username": [..., None, 5],
    "challenge.session": [5, ["hunter2"], "\ud800"],
    "challenge.parameters": [
        *(5, [], {"a": 5}, {5: "a"}, {"\ud800": "a"}),
        *({EXPONENT: text} for text in ("", "0", "-1", "hunter2", "1" * 65)),
    ],
    "tokens": [5, "hunter2", [], {}, False],
    "tokens.id_token": [..., None, 5, "a.b.c", jwt({"exp": "hunter2"}), jwt(None, raw=b"hunter2")],
    "tokens.access_token": [..., None, 5, "\ud800"],
    "tokens.refresh_token": [5, ["hunter2"]],
    "tokens.expires_in": ["3600", 1.5, True, 10**20],
    "device": [5, "hunter2", [], {}, True],
    "device.key": [..., None, 5],
    "device.group_key": [..., None, 5],
    "device.password": [..., None, 5, "hunter2\ud800"],
    "device.username": [..., None, 5],
    "refresh_flow": [None, 5, "hunter2", ["REFRESH_TOKEN_AUTH"]],
    "unanswered": [None, 0, "hunter2"],
    "sign_up_session": [5, ["hunter2"], "\ud800"],
    "sign_up_username": [5, ["hunter2"], "hunter2\ud800"],
    "client_metadata": [5, "hunter2", [], {"a": 5}, {"a": "hunter2\ud800"}],
    "challenge_metadata": [True, ["hunter2"]],
    "device.alias": [5, ["hunter2"], "hunter2\ud800"],
    "drift": [None, "0", True, float("nan"), float("inf"), -float("inf"), [], 1e300, 10**400],
}
DAMAGED: Final = [(path, value) for path, values in PARTS.items() for value in values]


def _everything_said(error: BaseException | None) -> str:
    """All that an exception and those behind it can show, and the values that they keep."""
    said = ""
    while error is not None:
        said += f"{error!r} {error} {error.args} {vars(error)}"
        error = error.__cause__ or error.__context__
    return said


@each_case(("path", "value"), DAMAGED, ids=lambda part: repr(part)[:30])
def test_a_damaged_state_is_refused_and_not_repeated(path: str, value: object) -> None:
    """Another version, or a part that does not fit, is a ValueError that says no word of what is held."""
    with pytest.raises(ValueError, match="saved session") as caught:
        State.from_dict(_changed(path, value))
    said = _everything_said(caught.value)
    assert "hunter2" not in said
    assert TOKEN.jwt not in said


@pytest.mark.parametrize("saved", [None, [], "hunter2", 5, b"{}", [("version", 1)]], ids=repr)
def test_what_is_no_mapping_is_refused(saved: Any) -> None:
    """A text of JSON, say, must be read first; the message says what came instead."""
    with pytest.raises(ValueError, match=type(saved).__name__) as caught:
        State.from_dict(saved)
    assert "hunter2" not in _everything_said(caught.value)


NAMES: Final = st.sampled_from(
    [
        "version",
        "username",
        "challenge",
        "tokens",
        "drift",
        "device",
        "refresh_flow",
        "unanswered",
        "sign_up_session",
        "name",
        "key",
        "session",
        "parameters",
        "id_token",
        "access_token",
        "refresh_token",
        "expires_in",
    ]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(TOKEN.jwt),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(JSON | st.dictionaries(NAMES, JSON).map(lambda saved: {**saved, "version": 2}))
def test_garbage_is_a_state_or_a_value_error(saved: Any) -> None:
    """Whatever was saved, it is a state that can be saved again, or a ValueError."""
    try:
        state = State.from_dict(saved)
    except ValueError:
        return
    carried = json.dumps(state.to_dict(), ensure_ascii=False, allow_nan=False).encode()
    assert State.from_dict(json.loads(carried)) == state


def test_the_repr_shows_who_and_what_and_no_secret() -> None:
    """User, name of the challenge and end of the tokens are shown; what opens the account is not."""
    shown = repr(replace(STATES["all"]))
    assert "hunter2" not in shown
    assert TOKEN.jwt not in shown
    assert all(part in shown for part in ("bob", "NEW_PASSWORD_REQUIRED", "1783418703"))
