"""How tokens are renewed: the two operations for it, lost answers, and tokens that are somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cognito_raw import Call, Err, Ok, RememberedDevice, Reply, Result, State, Tokens, advance
from cognito_raw.session.state import Exclusive
from cognito_raw.session.transitions import renew
from tests.support.conversation import (
    CLIENT_ID,
    ISS,
    NOW,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    configured,
    hash_of,
    not_authorized,
    refused,
    signed_in,
    step_through,
    tokens,
    unsigned_token,
)
from tests.support.plays import calls_of

END = NOW + 3600
FRESH = authentication_result(at=END, n=2, refresh=None)
LATER = tokens(at=END, n=2, kept="refresh-1")
LOST: Result[Reply] = Err("connection-lost", sent="maybe")
REUSED = refused("RefreshTokenReuseException")


def new_way(reply: Result[Reply], **more: str) -> Exchange:
    parameters = {"ClientId": CLIENT_ID, "RefreshToken": "refresh-1", **more}
    return Exchange("GetTokensFromRefreshToken", parameters, reply)


def old_way(reply: Result[Reply], **more: str) -> Exchange:
    parameters = {"REFRESH_TOKEN": "refresh-1", **more}
    request = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}
    return Exchange("InitiateAuth", request, reply)


def renewed(*exchanges: Exchange, state: State | None = None, over: bool = False, **changes: Any) -> tuple[State, Any]:
    """What a renewal in this conversation makes of a session."""
    held = state or signed_in()
    assert held.tokens is not None
    flow = renew(configured(**changes), held, seen=held.tokens, ended=over)
    result: tuple[State, Any] = step_through(calls_of(flow), exchanges)
    return result


# --- which operation


@pytest.mark.parametrize(
    "refusal",
    [
        refused("OperationNotEnabledException"),
        refused("UnsupportedOperationException"),
        refused("FeatureUnavailableInTierException"),
        refused("UnknownOperationException"),
        Ok(Reply(501, {}, b"<html>not implemented</html>")),
    ],
    ids=["not enabled", "unsupported", "not in this tier", "unknown", "an emulator's page"],
)
def test_a_pool_that_refuses_the_new_operation_is_asked_by_the_old_one(refusal: Result[Reply]) -> None:
    """GetTokensFromRefreshToken comes first, then REFRESH_TOKEN_AUTH; the one that worked is remembered."""
    state, result = renewed(new_way(refusal), old_way(answered(FRESH)))
    assert result == Ok(LATER)
    assert (state.tokens, state.refresh_flow) == (LATER, "REFRESH_TOKEN_AUTH")
    again, result = renewed(old_way(answered(FRESH)), state=replace(state, tokens=signed_in().tokens))
    assert (again.refresh_flow, result) == ("REFRESH_TOKEN_AUTH", Ok(LATER))


@pytest.mark.parametrize(
    "refusal",
    [
        not_authorized("Rotation, or such"),
        refused("UnsupportedOperationException"),
        refused("InvalidParameterException"),
    ],
)
def test_a_client_that_begins_to_rotate_is_asked_by_the_new_operation_again(refusal: Result[Reply]) -> None:
    """Rotation switched on later makes the service refuse REFRESH_TOKEN_AUTH, and is met without a new sign-in."""
    state = replace(signed_in(), refresh_flow="REFRESH_TOKEN_AUTH")
    state, result = renewed(old_way(refusal), new_way(answered(FRESH)), state=state)
    assert (state.refresh_flow, result) == ("GetTokensFromRefreshToken", Ok(LATER))


@pytest.mark.parametrize("name", ["5u8", 58])
def test_the_old_operation_takes_a_hash_over_the_name_of_the_service(name: object) -> None:
    """The secret hash of a refresh is over the user's own name in the pool, not over what was typed."""
    body: Any = authentication_result()
    body["AuthenticationResult"]["IdToken"] = unsigned_token(**{"cognito:username": name, "exp": END, "iat": NOW})
    state = State("jane@example.com", tokens=Tokens.read(body), refresh_flow="REFRESH_TOKEN_AUTH")
    fresh = answered({**body})
    _, result = renewed(old_way(fresh, SECRET_HASH=hash_of(str(name))), state=state, client_secret=SECRET)
    assert isinstance(result, Ok)


def test_without_a_name_in_the_token_the_hash_is_over_the_id_of_the_user() -> None:
    """In pools without user names they are the same."""
    state = replace(signed_in(), refresh_flow="REFRESH_TOKEN_AUTH")
    _, result = renewed(old_way(answered(FRESH), SECRET_HASH=hash_of("5u8")), state=state, client_secret=SECRET)
    assert result == Ok(LATER)


@pytest.mark.parametrize("said", [True, False], ids=["named in the access token", "remembered"])
def test_the_device_that_signed_in_is_named(said: bool) -> None:
    """A pool that tracks devices renews nothing without the device's key."""
    state = replace(signed_in(), device=RememberedDevice("device-1", "group", "secret", "5u8"))
    if said:
        access = unsigned_token(exp=END, device_key="device-1", n=1)
        state = State("jane", tokens=replace(tokens(), access_token=access))
    fresh: Any = authentication_result(at=END, n=2, refresh=None)
    _, result = renewed(new_way(answered(fresh), DeviceKey="device-1"), state=state)
    assert result == Ok(LATER)
    older = replace(state, refresh_flow="REFRESH_TOKEN_AUTH")
    assert renewed(old_way(answered(fresh), DEVICE_KEY="device-1"), state=older)[1] == Ok(LATER)


def test_a_device_that_the_service_forgot_is_left_out() -> None:
    """The refresh goes on without it, and the next sign-in too."""
    state = replace(signed_in(), device=RememberedDevice("device-1", "group", "secret", "5u8"))
    gone = refused("ResourceNotFoundException", "Device does not exist.")
    state, result = renewed(new_way(gone, DeviceKey="device-1"), new_way(answered(FRESH)), state=state)
    assert (result, state.device) == (Ok(LATER), None)


def test_an_outage_is_not_taken_for_a_refusal() -> None:
    """Only a refusal has the other operation asked, whose failure is told then; nothing is forgotten."""
    state, result = renewed(new_way(Ok(Reply(503, {}, b"<html>later</html>"))))
    assert (result.reason, state.tokens) == ("service-unavailable", signed_in().tokens)
    state, result = renewed(
        new_way(refused("OperationNotEnabledException")), old_way(not_authorized("Refresh Token has been revoked"))
    )
    assert (result.reason, state) == ("refresh-token-revoked", State("jane"))


# --- lost answers


def test_a_refresh_is_noted_before_it_is_sent() -> None:
    """A state that is carried away in the middle of a refresh knows that an answer may be missing."""
    held = signed_in()
    assert held.tokens is not None
    flow = renew(configured(), held, seen=held.tokens)
    noted = advance(flow)
    assert noted == Exclusive(replace(held, unanswered=True))
    assert isinstance(advance(flow), Call)
    flow.close()


@pytest.mark.parametrize(
    "reply", [LOST, Err("timed-out", sent="maybe"), Ok(Reply(200, {}, b"{")), refused("InternalErrorException")]
)
def test_a_refresh_token_that_a_lost_answer_replaced_is_recognised(reply: Result[Reply]) -> None:
    """The service calls the old token reused; the truth is that nobody ever saw the new one."""
    state, _ = renewed(new_way(reply))
    assert state == replace(signed_in(), unanswered=True)
    state, result = renewed(new_way(REUSED), state=state)
    assert (result.reason, result.code) == ("refresh-answer-lost", "RefreshTokenReuseException")
    assert state == State("jane")


def test_a_refresh_token_that_somebody_else_used_is_reused() -> None:
    """Without a lost answer it was not this session."""
    state, result = renewed(new_way(REUSED))
    assert (result.reason, state) == ("refresh-token-reused", State("jane"))


@pytest.mark.parametrize(
    "reply", [Err("connection-failed", sent="no"), refused("TooManyRequestsException")], ids=["not sent", "throttled"]
)
@pytest.mark.parametrize("before", [False, True])
def test_what_was_surely_not_done_loses_nothing(reply: Result[Reply], before: bool) -> None:
    """A refresh that never left, or was refused, leaves open what was open before."""
    held = replace(signed_in(), unanswered=before)
    assert renewed(new_way(reply), state=held)[0] == held


def test_new_tokens_make_good_for_a_lost_answer() -> None:
    """Within the grace period the old refresh token works once more, and all is well."""
    held = replace(signed_in(), unanswered=True)
    state, _ = renewed(new_way(answered(FRESH)), state=held)
    assert (state.tokens, state.unanswered) == (LATER, False)


# --- whose tokens


def owned(**changes: object) -> dict[str, Any]:
    """The body of a refresh for tokens that name everything, with some of it changed."""
    claims = {"sub": "5u8", "iss": ISS, "iat": NOW, "exp": END}
    said = {"aud": CLIENT_ID, **claims}
    access = {"client_id": CLIENT_ID, **claims}
    for where, name in ((said, "id_"), (access, "access_")):
        where.update({key.removeprefix(name): value for key, value in changes.items() if key.startswith(name)})
    body: dict[str, Any] = {"IdToken": unsigned_token(**said), "AccessToken": unsigned_token(**access)}
    return {"AuthenticationResult": {**body, "RefreshToken": "refresh-1"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"id_sub": "0the8"},
        {"access_sub": "0the8"},
        {"id_aud": "another"},
        {"access_client_id": "another"},
        {"id_iss": ISS + "4"},
        {"access_iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_0the8"},
        {"id_sub": None},
    ],
    ids=str,
)
def test_tokens_of_somebody_else_are_refused(changes: dict[str, object]) -> None:
    """New tokens must be of the same user, client and pool; else the old ones are kept."""
    state = State("jane", tokens=Tokens.read(owned()))
    after, result = renewed(new_way(answered(owned(**changes))), state=state)
    assert (result.reason, after) == ("foreign-tokens", state)


def test_a_pool_may_change_the_form_of_its_issuer() -> None:
    """Both official forms of the issuer name the same pool."""
    state = State("jane", tokens=Tokens.read(owned()))
    other = ISS.replace("https://", "https://issuer-")
    _, result = renewed(new_way(answered(owned(id_iss=other, access_iss=other))), state=state)
    assert isinstance(result, Ok)


# --- nothing to do


def test_tokens_that_were_renewed_already_are_given() -> None:
    """Who waited for its turn while another renewed the tokens gets those."""
    assert step_through(calls_of(renew(configured(), signed_in(), seen=LATER)), ()) == (
        signed_in(),
        Ok(tokens()),
    )
    assert step_through(calls_of(renew(configured(), State(), seen=LATER)), ()) == (
        State(),
        Err("no-session"),
    )


@pytest.mark.parametrize("over", [False, True])
def test_without_a_refresh_token_a_session_ends_with_its_tokens(over: bool) -> None:
    """They are kept until their end, and then given up."""
    held = signed_in(refresh=None)
    assert renewed(state=held, over=over) == (State("jane") if over else held, Err("no-session"))
