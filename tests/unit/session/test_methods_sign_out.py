"""Signing out, here and everywhere, as plays by hand and on both sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cognito_raw import Challenge, Err, Ok, Reply, Result, State
from tests.support.conversation import (
    CLIENT_ID,
    NOW,
    Exchange,
    answered,
    not_authorized,
    refused,
    signed_in,
    tokens,
)
from tests.support.plays import Act, play
from tests.support.renewals import (
    CONFIGURATION,
    DEFINITIVE,
    EMPTY,
    END,
    INTERNAL,
    LATER,
    LOST,
    NO_USER,
    PASSING,
    reason,
    refresh,
)


def sign_out(reply: Result[Reply], *, everywhere: bool) -> Act:
    revoke = Exchange("RevokeToken", {"ClientId": CLIENT_ID, "Token": "refresh-1"}, reply)
    exchange = Exchange("GlobalSignOut", {"AccessToken": tokens().access_token}, reply) if everywhere else revoke
    return Act("logout", (), (exchange,), NOW, {"everywhere": everywhere})


BOTH = pytest.mark.parametrize("everywhere", [False, True], ids=["here", "everywhere"])


@BOTH
@pytest.mark.parametrize(
    "reply",
    [answered({}), EMPTY, not_authorized("Access Token has been revoked"), NO_USER, *DEFINITIVE.values()],
    ids=["revoked", "revoked, empty body", "access token dead", "no user", *DEFINITIVE],
)
def test_signing_out_forgets_the_tokens(reply: Result[Reply], everywhere: bool) -> None:
    """Tokens that are revoked now, or were dead already, are forgotten; the subscribers hear None.

    Everywhere, it is done only if the service did it, or if the user is gone: other sign-ins may go on.
    """
    state = replace(signed_in(), challenge=Challenge("SMS_MFA", "jane", "s"))
    outcome = play(sign_out(reply, everywhere=everywhere), Act("logout"), state=state)
    done = not everywhere or reply in (answered({}), EMPTY, NO_USER, DEFINITIVE["user-deleted"])
    assert (reason(outcome.results[0]) == "ok") is done
    assert outcome.results[1] == Err("no-session")
    assert outcome.state == State("jane")
    assert outcome.told == [None]


@BOTH
@pytest.mark.parametrize(
    "expected",
    [
        "timed-out",
        "daily-operations-limit-exceeded",
        "malformed-reply",
        "request-blocked",
        "wrong-client-secret",
        "unknown-error",
    ],
)
def test_a_sign_out_that_fails_can_be_tried_again(expected: str, everywhere: bool) -> None:
    """Where nothing was revoked the session stays, and the next sign-out ends it."""
    failing = sign_out({**PASSING, **CONFIGURATION}[expected], everywhere=everywhere)
    outcome = play(failing, sign_out(answered({}), everywhere=everywhere), state=signed_in())
    assert [reason(result) for result in outcome.results] == [expected, "ok"]
    assert outcome.told == [None]


@BOTH
def test_tokens_that_cannot_be_revoked_are_forgotten(everywhere: bool) -> None:
    """A client that revokes no tokens says so; the session is over here, and the reason tells the rest."""
    outcome = play(sign_out(refused("UnsupportedOperationException"), everywhere=everywhere), state=signed_in())
    assert reason(outcome.last) == "operation-not-supported"
    assert outcome.state == State("jane")
    assert outcome.told == [None]


def test_without_a_refresh_token_there_is_nothing_to_revoke() -> None:
    """Signing out is then a matter of forgetting."""
    outcome = play(Act("logout"), state=signed_in(refresh=None))
    assert (outcome.results, outcome.state) == ([Ok(None)], State("jane"))


def test_signing_out_everywhere_needs_a_fresh_access_token() -> None:
    """An access token near its end is refreshed first, and its successor is what signs out."""
    exchanges = (refresh(), Exchange("GlobalSignOut", {"AccessToken": LATER.access_token}, answered({})))
    outcome = play(Act("logout", (), exchanges, END, {"everywhere": True}), state=signed_in())
    assert (outcome.results, outcome.told) == ([Ok(None)], [LATER.id_token, None])


def test_signing_out_everywhere_goes_on_with_a_token_that_is_valid_yet() -> None:
    """A refresh that fails in the token's last minute hinders nothing."""
    exchanges = (refresh(LOST), everywhere_by(tokens().access_token, answered({})))
    outcome = play(Act("logout", (), exchanges, END - 30, {"everywhere": True}), state=signed_in())
    assert (outcome.results, outcome.state.tokens) == ([Ok(None)], None)


@pytest.mark.parametrize(("at", "expected"), [(END - 30, "ok"), (END, "no-session")], ids=["valid", "ended"])
def test_signing_out_everywhere_without_a_refresh_token(at: float, expected: str) -> None:
    """The access token signs out as long as it lives; after that nobody is signed in."""
    exchanges = (everywhere_by(tokens().access_token, answered({})),) if expected == "ok" else ()
    outcome = play(Act("logout", (), exchanges, at, {"everywhere": True}), state=signed_in(refresh=None))
    assert (reason(outcome.last), outcome.state) == (expected, State("jane"))


EXPIRED = not_authorized("Access Token has expired")


def everywhere_by(token: str, reply: Result[Reply]) -> Exchange:
    return Exchange("GlobalSignOut", {"AccessToken": token}, reply)


@pytest.mark.parametrize(
    ("exchanges", "expected", "state"),
    [
        ((refresh(), everywhere_by(LATER.access_token, answered({}))), "ok", State("jane")),
        ((refresh(), everywhere_by(LATER.access_token, EXPIRED)), "access-token-expired", State("jane")),
        ((refresh(INTERNAL),), "service-unavailable", replace(signed_in(), unanswered=True)),
    ],
    ids=["renewed", "ended again", "not renewed"],
)
def test_signing_out_everywhere_with_a_token_that_ended_unnoticed(
    exchanges: tuple[Exchange, ...], expected: str, state: State
) -> None:
    """Our clock was wrong, and nothing was revoked: a new token signs out, or the failure is told."""
    refused_at_first = everywhere_by(tokens().access_token, EXPIRED)
    act = Act("logout", (), (refused_at_first, *exchanges), NOW, {"everywhere": True})
    outcome = play(act, state=signed_in())
    assert (reason(outcome.last), outcome.state.tokens) == (expected, state.tokens)


def test_signing_out_everywhere_without_a_refresh_token_tells_that_it_ended() -> None:
    """Nothing can renew it."""
    act = Act("logout", (), (everywhere_by(tokens().access_token, EXPIRED),), NOW, {"everywhere": True})
    assert reason(play(act, state=signed_in(refresh=None)).last) == "access-token-expired"


@pytest.mark.parametrize("expected", DEFINITIVE)
def test_signing_out_everywhere_with_a_dead_refresh_token_forgets_it(expected: str) -> None:
    """The session is over, and others may go on: GlobalSignOut was never sent."""
    act = Act("logout", (), (refresh(DEFINITIVE[expected]),), END, {"everywhere": True})
    outcome = play(act, state=signed_in())
    said = "ok" if expected == "user-deleted" else expected
    assert (reason(outcome.last), outcome.state, outcome.told) == (said, State("jane"), [None])


def test_signing_out_everywhere_that_cannot_refresh_can_be_tried_again() -> None:
    """A refresh that fails for a passing reason leaves the session as it was."""
    outcome = play(Act("logout", (), (refresh(LOST),), END, {"everywhere": True}), state=signed_in())
    assert (reason(outcome.last), outcome.state) == ("connection-lost", replace(signed_in(), unanswered=True))
