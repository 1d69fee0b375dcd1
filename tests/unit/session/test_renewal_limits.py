"""The access token with which a session calls the service, near its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cognito_raw import Err, Ok, RememberedDevice, State
from tests.support.conversation import (
    NOW,
    Exchange,
    answered,
    authentication_result,
    not_authorized,
    refused,
    signed_in,
    tokens,
)
from tests.support.plays import Act, play

LIFE = 3600
# A second before the end that the token gives, from which it is not sent any more.
END = NOW + LIFE - 1


def everywhere(token: str) -> Exchange:
    return Exchange("GlobalSignOut", {"AccessToken": token}, answered({}))


def sign_out(*exchanges: Exchange, at: float) -> Act:
    return Act("logout", (), exchanges, at, {"everywhere": True})


@pytest.mark.parametrize(("before", "renewed"), [(60.5, False), (60.0, True), (0.5, True)])
def test_a_call_renews_its_token_in_the_last_minute_alone(before: float, renewed: bool) -> None:
    """A token that is due, but good for more than 60 seconds yet, is sent as it is."""
    new = tokens(at=END - before, n=2)
    body = authentication_result(at=END - before, n=2)
    exchanges = [Exchange("GetTokensFromRefreshToken", None, answered(body))] if renewed else []
    used = new.access_token if renewed else tokens().access_token
    outcome = play(sign_out(*exchanges, everywhere(used), at=END - before), state=signed_in())
    assert (outcome.last, outcome.state.tokens) == (Ok(None), None)


def test_a_token_with_a_life_of_seconds_is_sent_while_it_is_fresh() -> None:
    """Its last minute is all of its life, and no reason to renew it at once."""
    outcome = play(sign_out(everywhere(tokens(lasts=30).access_token), at=NOW + 1), state=signed_in(lasts=30))
    assert outcome.last == Ok(None)


@pytest.mark.parametrize(("before", "sent"), [(0.5, True), (0, True), (-0.5, False)], ids=["valid", "last", "ended"])
def test_a_token_that_nothing_renews_is_sent_until_its_end(before: float, sent: bool) -> None:
    """After that, the session is over without a call."""
    exchanges = [everywhere(tokens().access_token)] if sent else []
    outcome = play(sign_out(*exchanges, at=END - before), state=signed_in(refresh=None))
    assert outcome.last == (Ok(None) if sent else Err("no-session"))
    assert outcome.state == State("jane")


@pytest.mark.parametrize("before", [30, -0.5], ids=["valid", "ended"])
def test_a_session_that_a_refresh_ends_sends_its_token_no_more(before: float) -> None:
    """Also where the access token is valid yet: whoever revoked the refresh token revoked it as well."""
    refusal = Exchange("GetTokensFromRefreshToken", None, not_authorized("Refresh Token has been revoked"))
    outcome = play(sign_out(refusal, at=END - before), state=signed_in())
    assert isinstance(outcome.last, Err)
    assert (outcome.last.reason, outcome.state) == ("refresh-token-revoked", State("jane"))


def test_a_refresh_of_the_last_minute_that_fails_leaves_the_token_to_be_sent() -> None:
    """A passing failure hinders no call while the token is valid, and stops it after that."""
    lost = Exchange("GetTokensFromRefreshToken", None, Err("connection-lost", sent="maybe"))
    valid = play(sign_out(lost, everywhere(tokens().access_token), at=END - 0.5), state=signed_in())
    assert valid.last == Ok(None)
    ended = play(sign_out(lost, at=END + 0.5), state=signed_in())
    assert isinstance(ended.last, Err)
    assert (ended.last.reason, ended.state) == ("connection-lost", replace(signed_in(), unanswered=True))


def test_a_forgotten_device_costs_no_request_of_the_operation_that_a_pool_lacks() -> None:
    """Three requests of a method may fail. The last is free for the refresh without the device."""
    replies = (
        ("GetTokensFromRefreshToken", refused("UnknownOperationException")),
        ("InitiateAuth", refused("ResourceNotFoundException", "Device does not exist.")),
        ("InitiateAuth", answered(authentication_result(at=END, n=2))),
    )
    state = replace(signed_in(), device=RememberedDevice("device-1", "group", "secret", "5u8"))
    exchanges = tuple(Exchange(name, None, reply) for name, reply in replies)
    outcome = play(Act("refresh", (), exchanges, END), state=state)
    assert outcome.last == Ok(tokens(at=END, n=2).id_token)
    assert (outcome.state.device, outcome.state.refresh_flow) == (None, "REFRESH_TOKEN_AUTH")
