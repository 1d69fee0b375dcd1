"""Sessions of users who signed in elsewhere: by tokens, or by a refresh token alone."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from cognito_raw import Config, Err, IdToken, Ok, RememberedDevice, State, Tokens
from cognito_raw.models.frozen import replace
from cognito_raw.models.tokens import NewDevice
from cognito_raw.testing import Refusal, Scripted, Timeout, tokens
from tests.support.cases import each_case
from tests.support.conversation import unsigned_token
from tests.support.modes import MODES, Mode

HELD: Final = Tokens.read(tokens())
DEVICE: Final = RememberedDevice("device-1", "group", "hunter2", "id-of-ada")
GONE: Final = Refusal("UnknownOperationException")
RENEWED: Final = ("GetTokensFromRefreshToken", tokens())
NOBODY: Final = Err("no-session")


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def by_refresh_token(mode: Mode, script: Scripted, token: str = "hunter2", **options: Any) -> Any:
    return mode.made(mode.kind.from_refresh_token(script.config, token, transport=script, **options))


def by_tokens(mode: Mode, script: Scripted, held: Tokens = HELD, **options: Any) -> Any:
    return mode.made(mode.kind.from_tokens(script.config, held, transport=script, **options))


def test_a_refresh_token_is_enough(mode: Mode) -> None:
    """The first token that is asked for is fetched, once, and names the user."""
    script = Scripted(RENEWED)
    session = by_refresh_token(mode, script)
    assert session.state.username is None
    assert "hunter2" not in f"{getattr(session, 'wrapped', session)!r}"
    assert session.id_token() == Ok(HELD.id_token)
    assert session.access_token() == Ok(HELD.access_token)
    assert session.state.username == "ada"
    assert script.calls[0][1]["RefreshToken"] == "hunter2"
    script.finish()


def test_it_may_be_carried_before_its_first_token(mode: Mode) -> None:
    """As any state."""
    script = Scripted(RENEWED)
    state = by_refresh_token(mode, script, username="ada", device=DEVICE).state
    carried = State.from_dict(json.loads(json.dumps(state.to_dict())))
    assert carried == state
    session = mode.session(script.config, state=carried, transport=script)
    assert isinstance(session.id_token(), Ok)
    assert script.calls[0][1]["DeviceKey"] == "device-1"


def test_its_refresh_goes_the_other_way_too(mode: Mode) -> None:
    """Where the pool lacks the newer operation; the secret's hash is over the given name."""
    config = Config(Scripted().config.iss, "scripted1client2id3", "secret")
    script = Scripted(("GetTokensFromRefreshToken", GONE), ("InitiateAuth", tokens()), config=config)
    assert isinstance(by_refresh_token(mode, script, username="id-of-ada").id_token(), Ok)
    sent = script.calls[1][1]["AuthParameters"]
    assert (sent["REFRESH_TOKEN"], sent["SECRET_HASH"]) == ("hunter2", config.secret_hash("id-of-ada"))


def test_a_lost_reply_is_asked_for_again(mode: Mode) -> None:
    """As in every session."""
    script = Scripted(("GetTokensFromRefreshToken", Timeout()), RENEWED)
    assert isinstance(by_refresh_token(mode, script).id_token(), Ok)


def test_a_refused_refresh_token_ends_the_session(mode: Mode) -> None:
    """And no token of nothing is ever given."""
    refusal = Refusal("NotAuthorizedException", "Refresh Token has expired")
    session = by_refresh_token(mode, Scripted(("GetTokensFromRefreshToken", Refusal("LimitExceededException"))))
    for _ in range(2):
        assert session.id_token().kind == "temporary"
    session = by_refresh_token(mode, Scripted(("GetTokensFromRefreshToken", refusal)))
    assert session.access_token().reason == "refresh-token-expired"
    assert (session.id_token(), session.state.tokens) == (NOBODY, None)


def test_a_session_of_a_refresh_token_ends_as_others(mode: Mode) -> None:
    """Its token is revoked; the access token, for all others, is fetched before."""
    script = Scripted(("RevokeToken", {}), RENEWED, ("GlobalSignOut", {}))
    assert by_refresh_token(mode, script).logout() == Ok(None)
    assert by_refresh_token(mode, script).logout(everywhere=True) == Ok(None)
    script.finish()


def test_tokens_are_taken_as_they_are(mode: Mode) -> None:
    """Nothing is sent while they are fresh; a device that was never confirmed is left out."""
    script = Scripted(RENEWED)
    session = by_tokens(
        mode, script, replace(HELD, new_device=NewDevice("d", "g")), username="ada@example.com", device=DEVICE
    )
    assert (session.id_token(), session.access_token()) == (Ok(HELD.id_token), Ok(HELD.access_token))
    assert session.state.tokens == HELD
    assert (session.state.username, session.state.device) == ("ada@example.com", DEVICE)
    assert by_tokens(mode, script).state.username == "ada"
    assert script.calls == []
    assert isinstance(session.refresh(), Ok)


def test_the_name_of_a_user_may_be_a_number(mode: Mode) -> None:
    """Some servers write such a name without its quotes."""
    named = IdToken.read(unsigned_token(exp=2_000_000_000, **{"cognito:username": 1843}))
    assert by_tokens(mode, Scripted(), replace(HELD, id_token=named, access_token="opaque")).state.username == "1843"


def test_tokens_of_another_pool_are_refused(mode: Mode) -> None:
    """And what is no tokens."""
    other = replace(HELD, id_token=IdToken.read(unsigned_token(exp=2_000_000_000, iss="https://a/eu-west-1_Other")))
    with pytest.raises(ValueError, match="of the pool eu-west-1_Other, not of"):
        by_tokens(mode, Scripted(), other)
    wrong: Any = {"IdToken": "hunter2"}
    with pytest.raises(ValueError, match=r"^tokens must be Tokens\(...\), not dict$"):
        by_tokens(mode, Scripted(), wrong)


EMPTY: Final[dict[str, Callable[[Mode, Scripted], Any]]] = {
    "a refresh token": lambda mode, script: by_refresh_token(mode, script, ""),
    "half a character": lambda mode, script: by_refresh_token(mode, script, "hunter2\ud800", username="ada"),
    "half a character in a name": lambda mode, script: by_refresh_token(mode, script, username="\ud800"),
    "all tokens": lambda mode, script: by_tokens(mode, script, Tokens(IdToken("", 0, {}), "", "")),
    "no refresh token": lambda mode, script: by_tokens(mode, script, Tokens(HELD.id_token, "")),
}
METHODS: Final[dict[str, tuple[Any, ...]]] = {
    "id_token": (),
    "access_token": (),
    "refresh": (),
    "logout": (),
    "change_password": ("old", "new"),
    "answer_challenge": ("1",),
    "new_password_challenge": ("new",),
    "begin_totp_setup": (),
    "confirm_registration": ("1",),
    "resend_verification_code": (),
    "reset_password_confirmation": ("new", "1"),
}


@each_case("method", METHODS)
@each_case("case", EMPTY)
def test_an_empty_token_is_no_session(mode: Mode, case: str, method: str) -> None:
    """As of a cookie that is not there, or that a browser made up; nothing is sent."""
    script = Scripted()
    session = EMPTY[case](mode, script)
    assert getattr(session, method)(*METHODS[method]) == NOBODY
    assert script.calls == []


def test_an_empty_refresh_token_is_none(mode: Mode) -> None:
    """Beside tokens that are good for a while."""
    session = by_tokens(mode, Scripted(), replace(HELD, refresh_token=""))
    assert isinstance(session.id_token(), Ok)
    assert session.state.tokens.refresh_token is None


@pytest.mark.parametrize("token", [None, 5, b"hunter2"])
def test_a_refresh_token_is_a_string(mode: Mode, token: Any) -> None:
    """At once, and its value is not shown."""
    with pytest.raises(ValueError, match=r"^refresh_token ") as caught:
        by_refresh_token(mode, Scripted(), token)
    assert "hunter2" not in str(caught.value)


def test_the_options_are_those_of_a_session(mode: Mode) -> None:
    """Each of them takes all but the state."""
    options = set(inspect.signature(mode.kind).parameters) - {"config", "state"}
    for name in ("from_tokens", "from_refresh_token"):
        assert options <= set(inspect.signature(getattr(mode.kind, name)).parameters)
