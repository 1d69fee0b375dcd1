"""A session's token on the requests of httpx."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import AsyncSession, CognitoError, Err, Reply, Request, Result, Session, State
from cognito_raw.auth import SessionAuth
from tests.support.apis import Caller, Calling, Pool, bearer, seen_by
from tests.support.conversation import NOW, configured, signed_in, tokens
from tests.support.hostile import Server
from tests.support.libraries import LIBRARIES, MODULES, httpx

END = NOW + 3600


def test_the_id_token_is_sent_unless_the_access_token_is_asked_for(caller: Caller, api: Server) -> None:
    """Each goes out as a bearer token, and nothing is refreshed."""
    caller.ask(SessionAuth(caller.session), "GET", api.url)
    caller.ask(SessionAuth(caller.session, token="access"), "GET", f"{api.url}a")
    held = tokens()
    assert seen_by(api)[:2] == [f"Bearer {held.id_token.jwt}", f"Bearer {held.access_token}"]


def test_a_token_at_its_end_is_renewed_before_it_is_sent(calling: Calling, pool: Pool, api: Server) -> None:
    """What is sent is what `id_token()` gives."""
    caller = calling(pool, at=END - 30)
    assert caller.ask(SessionAuth(caller.session), "GET", api.url).status_code == 200
    assert (seen_by(api), pool.refreshes) == ([bearer(2)], 1)
    caller.close()


def test_without_a_token_nothing_is_sent(calling: Calling, pool: Pool, api: Server) -> None:
    """A session that nobody signed in raises what `unwrap` raises."""
    caller = calling(pool, State())
    with pytest.raises(CognitoError) as caught:
        caller.ask(SessionAuth(caller.session), "GET", api.url)
    assert caught.value.err == Err("no-session")
    assert api.received == []
    caller.close()


def test_a_sign_out_at_the_last_moment_counts(calling: Calling, pool: Pool, api: Server) -> None:
    """Tokens that are forgotten while they come are not sent."""
    caller, answer = calling(pool, at=END), pool.send

    def forgotten(request: Request) -> Result[Reply]:
        caller.session._holder.forget()
        return answer(request)

    pool.send = forgotten  # type: ignore[method-assign]  # of this pool alone
    with pytest.raises(CognitoError, match="no-session"):
        caller.ask(SessionAuth(caller.session), "GET", api.url)
    assert (api.received, pool.refreshes) == ([], 1)
    caller.close()


@pytest.mark.parametrize(
    "odd", ["", "two words", "line\nfeed", "na\u00efve"], ids=["nothing", "space", "line", "accent"]
)
def test_a_token_that_no_header_can_carry_is_not_sent(calling: Calling, pool: Pool, api: Server, odd: str) -> None:
    """Nobody's error shows it, and it splits no request in two."""
    state = signed_in()
    assert state.tokens is not None
    caller = calling(pool, replace(state, tokens=replace(state.tokens, access_token=odd)))
    with pytest.raises(CognitoError, match="malformed-reply") as caught:
        caller.ask(SessionAuth(caller.session, token="access"), "GET", api.url)
    assert not odd or odd not in f"{caught.value} {caught.value.err.message}"
    assert api.received == []
    caller.close()


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
def test_it_is_an_auth_of_each_library(library: Any) -> None:
    """Also in a class of one's own."""

    class Own(SessionAuth):
        pass

    for kind in (SessionAuth, Own):
        auth: Any = kind(Session(configured(), state=signed_in()))
        assert isinstance(auth, library.Auth)
        assert isinstance(auth, kind)
        assert isinstance(auth, SessionAuth)
        assert type(auth) is kind
        assert not isinstance(auth, str)


def test_a_session_of_the_other_kind_is_refused(caller: Caller, api: Server) -> None:
    """The words say which one is wanted, and nothing is sent."""
    with pytest.raises(ValueError, match=r"SessionAuth of an? (Async)?Session, not of an? (Async)?Session"):
        caller.ask(SessionAuth(caller.other), "GET", api.url)
    assert api.received == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"session": None}, "session must be a Session or an AsyncSession, not NoneType"),
        ({"token": "refresh"}, 'token must be "id" or "access"'),
        *[
            ({"origins": origins}, 'such as "https://api.example.com"')
            for origins in (
                "api.example.com",
                "https://",
                "https://api.example.com/orders",
                "https://api.example.com?a=b",
                "https://ada:hunter2@api.example.com",
                "https://api.example.com/#a",
                "ftp://api.example.com",
                "https://[::1",
                ["https://api.example.com", 5],
            )
        ],
    ],
    ids=str,
)
def test_a_mistake_raises_with_words(options: dict[str, Any], words: str) -> None:
    """At once, and not at the first request; what was given is not repeated."""
    with pytest.raises(ValueError, match=words) as caught:
        SessionAuth(**{"session": Session(configured()), **options})
    assert "hunter2" not in str(caught.value)


def test_no_token_shows(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the `repr` nor in a log line, nor in what a failing request raises."""
    secret = tokens().id_token.jwt.split(".")[1]
    auth = SessionAuth(AsyncSession(configured(), state=signed_in()), token="access")
    assert repr(auth) == "SessionAuth(token='access')"

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no way", request=request)

    blocking = SessionAuth(Session(configured(), state=signed_in()))
    caplog.set_level(logging.DEBUG)
    client = httpx.Client(auth=blocking, transport=httpx.MockTransport(broken))
    with client, pytest.raises(httpx.ConnectError) as caught:
        client.get("https://api.example.com")
    request = caught.value.request
    assert request.headers["authorization"] == bearer()
    shown = f"{request!r} {request.headers!r} {request.extensions!r} {traceback.format_exception(caught.value)!r}"
    assert secret not in shown + caplog.text
