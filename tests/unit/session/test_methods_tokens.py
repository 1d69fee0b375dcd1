"""Fresh tokens and changed passwords, as plays by hand and on both sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cognito_raw import Challenge, Err, Ok, Reply, Result, State
from cognito_raw.session.expiry import MANDATORY_WINDOW
from tests.support.cases import each_case
from tests.support.conversation import (
    NOW,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    not_authorized,
    refused,
    signed_in,
    tokens,
    unsigned_token,
)
from tests.support.plays import Act, play
from tests.support.renewals import (
    CONFIGURATION,
    DEFINITIVE,
    END,
    LATER,
    LOST,
    NO_USER,
    PASSING,
    again,
    ask,
    reason,
    refresh,
)
from tests.support.sign_ins import srp_sign_in


def test_a_token_is_given_without_a_call_for_three_quarters_of_its_life() -> None:
    """Until it is time to renew it, a token costs nothing. Some processes renew it after exactly three quarters."""
    at = NOW + 2690
    outcome = play(ask(at=at), ask(at=at, method="access_token"), state=signed_in())
    assert outcome.results == [Ok(tokens().id_token), Ok(tokens().access_token)]
    assert outcome.told == []


@pytest.mark.parametrize(
    "at",
    [NOW + 2880, END - MANDATORY_WINDOW, END, END + 9e9],
    ids=["at four fifths of its life", "a minute left", "at its end", "long after"],
)
def test_a_token_is_renewed_ahead_of_its_end(at: float) -> None:
    """After four fifths of its life at the latest a token is renewed; the subscribers hear of the new one."""
    outcome = play(ask(refresh(), at=at), state=signed_in())
    assert outcome.results == [Ok(LATER.id_token)]
    assert outcome.state.tokens == LATER
    assert outcome.told == [LATER.id_token]


def test_a_refresh_takes_the_client_secret_in_clear() -> None:
    """A client with a secret refreshes with it."""
    outcome = play(ask(refresh(ClientSecret=SECRET), at=END), state=signed_in(), client_secret=SECRET)
    assert outcome.results == [Ok(LATER.id_token)]


@pytest.mark.parametrize(
    ("came", "held"), [("refresh-2", "refresh-2"), (None, "refresh-1")], ids=["rotated", "not rotated"]
)
def test_the_newest_refresh_token_is_kept(came: str | None, held: str) -> None:
    """A rotated refresh token replaces the old one; where none comes, the old one stays."""
    outcome = play(ask(refresh(answered(authentication_result(at=END, refresh=came))), at=END), state=signed_in())
    assert outcome.state.tokens is not None
    assert outcome.state.tokens.refresh_token == held


@pytest.mark.parametrize("hours", [-9, -1, 1, 9])
def test_a_wrong_local_clock_neither_ages_tokens_nor_keeps_them_young(hours: int) -> None:
    """The session measures how far its clock is off when tokens come, and computes with the service's time."""
    off = hours * 3600
    outcome = play(
        Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(authentication_result())), NOW + off),
        ask(at=NOW + 2690 + off),
        ask(refresh(), at=END + off),
        ask(at=END + 2690 + off),
    )
    assert outcome.results == [Ok(tokens().id_token)] * 2 + [Ok(LATER.id_token)] * 2
    assert outcome.state.drift == -off


def test_tokens_that_do_not_say_when_they_were_issued_are_measured_by_the_local_clock() -> None:
    """Without an `iat` the local clock is taken at its word."""
    body = {"AuthenticationResult": {"IdToken": unsigned_token(exp=END), "AccessToken": "opaque"}}
    outcome = play(Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(body)), NOW - 50))
    assert outcome.state.drift == 0.0


@pytest.mark.parametrize(
    ("lasts", "access_lasts", "method"),
    [(3600, 300, "access_token"), (300, 3600, "id_token")],
    ids=["access token", "ID token"],
)
def test_each_token_is_fresh_by_its_own_end(lasts: int, access_lasts: int, method: str) -> None:
    """The app client may give the two tokens different lives: the one that is asked for decides."""
    state = signed_in(lasts=lasts, access_lasts=access_lasts)
    other = "id_token" if method == "access_token" else "access_token"
    outcome = play(ask(at=NOW + 290, method=other), ask(refresh(), at=NOW + 290, method=method), state=state)
    assert outcome.results[0] == Ok(getattr(state.tokens, other))
    assert outcome.results[1] == Ok(getattr(LATER, method))


def test_an_access_token_without_an_end_lives_as_long_as_the_id_token() -> None:
    """Of an opaque access token nothing is known but its companion."""
    held = replace(tokens(), access_token="opaque")
    outcome = play(
        ask(at=NOW + 2690, method="access_token"),
        ask(refresh(), at=END, method="access_token"),
        state=State(tokens=held),
    )
    assert outcome.results == [Ok("opaque"), Ok(LATER.access_token)]


@pytest.mark.parametrize("expected", DEFINITIVE)
@pytest.mark.parametrize("method", ["id_token", "access_token"])
def test_a_definitive_refusal_ends_the_session(expected: str, method: str) -> None:
    """The service's last word on a refresh token ends the session, and the subscribers hear None."""
    outcome = play(ask(refresh(DEFINITIVE[expected]), at=END, method=method), ask(at=END), state=signed_in())
    assert [reason(result) for result in outcome.results] == [expected, "no-session"]
    assert outcome.state == State("jane")
    assert outcome.told == [None]


def test_a_refresh_whose_user_is_not_found_says_that_the_user_was_deleted() -> None:
    """The user was there at the sign-in; the session ends."""
    outcome = play(ask(refresh(NO_USER), at=END), ask(at=END), state=signed_in())
    assert [reason(result) for result in outcome.results] == ["user-deleted", "no-session"]
    assert outcome.told == [None]


@each_case("expected", [*PASSING, *CONFIGURATION])
@each_case("method", ["id_token", "access_token"])
def test_any_other_failure_keeps_the_session(expected: str, method: str) -> None:
    """What may pass, and what our own configuration got wrong, costs nobody the session; the next refresh may work."""
    failing = refresh({**PASSING, **CONFIGURATION}[expected])
    outcome = play(
        ask(*again(failing), at=END, method=method),
        ask(at=END, method=method),
        ask(refresh(), at=END + 1),
        state=signed_in(),
    )
    assert [reason(result) for result in outcome.results[:2]] == [expected, expected]
    assert outcome.results[2] == Ok(LATER.id_token)
    assert outcome.told == [LATER.id_token]


@pytest.mark.parametrize("expected", [*PASSING, *CONFIGURATION])
def test_a_token_that_is_still_valid_is_given_when_its_refresh_fails(expected: str) -> None:
    """The old token is given to its end; the refresh is tried again after one second, two, four and so on."""
    failing = again(refresh({**PASSING, **CONFIGURATION}[expected]))
    outcome = play(
        ask(*failing, at=END - 600),
        ask(at=END - 599.5, method="access_token"),
        ask(*failing, at=END - 599, method="access_token"),
        ask(at=END - 597.5),
        ask(*failing, at=END - 597),
        ask(at=END - 593.5),
        ask(refresh(), at=END - 593),
        state=signed_in(),
    )
    old, old_access = Ok(tokens().id_token), Ok(tokens().access_token)
    assert outcome.results == [old, old_access, old_access, old, old, old, Ok(LATER.id_token)]
    assert outcome.told == [LATER.id_token]


def test_without_a_refresh_token_the_session_ends_with_its_token() -> None:
    """A token that cannot be refreshed is given to its last second; after that nobody is signed in."""
    outcome = play(ask(at=END - 1), ask(at=END), state=signed_in(refresh=None))
    assert outcome.results == [Ok(tokens().id_token), Err("no-session")]
    assert outcome.state == State("jane")
    assert outcome.told == [None]


@pytest.mark.parametrize(
    ("method", "arguments"), [("id_token", ()), ("access_token", ()), ("change_password", ("a", "b")), ("logout", ())]
)
def test_without_a_sign_in_there_is_no_session(method: str, arguments: tuple[str, ...]) -> None:
    """What needs a signed-in user sends nothing where there is none."""
    state = State("jane", Challenge("SMS_MFA", "jane", "s"))
    outcome = play(Act(method, arguments), state=state)
    assert (outcome.results, outcome.state) == ([Err("no-session")], state)


def change(reply: Result[Reply], token: str) -> Exchange:
    return Exchange("ChangePassword", {"AccessToken": token, "PreviousPassword": "0", "ProposedPassword": "1"}, reply)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answered({}), "ok"),
        (not_authorized("Incorrect username or password."), "incorrect-username-or-password"),
        (refused("InvalidPasswordException"), "invalid-password"),
        (not_authorized("Access Token has been revoked"), "access-token-revoked"),
        (LOST, "connection-lost"),
    ],
)
def test_a_password_is_changed_with_the_access_token(reply: Result[Reply], expected: str) -> None:
    """Whatever the service says to it, the tokens stay."""
    exchange = change(reply, tokens().access_token)
    outcome = play(Act("change_password", ("0", "1"), (exchange,)), state=signed_in())
    assert reason(outcome.last) == expected
    assert outcome.state == signed_in()


def test_a_password_is_changed_with_a_fresh_access_token() -> None:
    """An access token near its end is refreshed first; the new tokens stay also when the change is refused."""
    exchanges = (refresh(), change(refused("InvalidPasswordException"), LATER.access_token))
    state = signed_in(access_lasts=300)
    outcome = play(Act("change_password", ("0", "1"), exchanges, NOW + 290), state=state)
    assert reason(outcome.last) == "invalid-password"
    assert outcome.state.tokens == LATER
    assert outcome.told == [LATER.id_token]


def test_no_password_is_changed_where_the_refresh_fails() -> None:
    """Without a valid access token the passwords are not sent."""
    outcome = play(Act("change_password", ("0", "1"), again(refresh(LOST)), END), state=signed_in())
    assert reason(outcome.last) == "connection-lost"
    assert outcome.state == replace(signed_in(), unanswered=True)
