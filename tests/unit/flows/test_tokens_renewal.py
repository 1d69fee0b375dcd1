"""Which of the two operations renews tokens, and what the older one sends."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Call, Err, Ok, Reply, Result, Tokens
from cognito_raw.flows.tokens import renew
from cognito_raw.models.tokens import RefreshFlow
from tests.support.conversation import (
    CLIENT_ID,
    NOW,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    configured,
    hash_of,
    not_authorized,
    refused,
    step_through,
    tokens,
    unsigned_token,
)

NEW: RefreshFlow = "GetTokensFromRefreshToken"
OLD: RefreshFlow = "REFRESH_TOKEN_AUTH"
OPERATIONS = {NEW: "GetTokensFromRefreshToken", OLD: "InitiateAuth"}
GOOD = answered(authentication_result(n=2))
PAGE: Result[Reply] = Ok(Reply(500, {}, b"<html>an outage</html>"))
UNKNOWN = refused("UnknownOperationException")
REVOKED = not_authorized("Refresh Token has been revoked")
FORGOTTEN = refused("ResourceNotFoundException", "Device does not exist.")
LOST: Result[Reply] = Err("connection-lost", sent="maybe")


@pytest.mark.parametrize(
    ("by", "replies", "worked", "expected"),
    [
        pytest.param(NEW, [GOOD], NEW, "Ok", id="new"),
        pytest.param(OLD, [GOOD], OLD, "Ok", id="old"),
        pytest.param(NEW, [UNKNOWN, GOOD], OLD, "Ok", id="new unknown, old works"),
        pytest.param(OLD, [not_authorized("Rotated"), GOOD], NEW, "Ok", id="old refused, new works"),
        pytest.param(OLD, [refused("InvalidParameterException"), GOOD], NEW, "Ok", id="old invalid, new works"),
        pytest.param(NEW, [REVOKED], NEW, "refresh-token-revoked", id="new revoked"),
        pytest.param(OLD, [REVOKED], OLD, "refresh-token-revoked", id="old revoked"),
        pytest.param(NEW, [LOST], NEW, "connection-lost", id="new lost"),
        pytest.param(NEW, [UNKNOWN, REVOKED], NEW, "refresh-token-revoked", id="new unknown, old revoked"),
        pytest.param(NEW, [PAGE], NEW, "service-unavailable", id="an outage"),
        pytest.param(OLD, [not_authorized("Rotated"), LOST], NEW, "connection-lost", id="old refused, new lost"),
        pytest.param(NEW, [UNKNOWN, LOST], OLD, "connection-lost", id="new unknown, old lost"),
        pytest.param(NEW, [UNKNOWN, FORGOTTEN], OLD, "device-not-found", id="new unknown, old asks without the device"),
        pytest.param(OLD, [not_authorized("Rotated"), REVOKED], OLD, "refresh-token-revoked", id="old refused, dead"),
        pytest.param(OLD, [not_authorized("Rotated"), UNKNOWN], OLD, "not-authorized", id="both refused"),
    ],
)
def test_the_other_operation_is_asked_where_one_is_refused(
    by: RefreshFlow, replies: list[Result[Reply]], worked: RefreshFlow, expected: str
) -> None:
    """And never where the refusal is of the token, or an answer may have got lost."""
    order = [by, OLD if by == NEW else NEW]
    exchanges = [Exchange(OPERATIONS[flow], None, reply) for flow, reply in zip(order, replies, strict=False)]
    flow, result = step_through(renew(configured(), tokens(), by, None), exchanges)
    assert flow == worked
    assert (result.reason if isinstance(result, Err) else "Ok") == expected
    if expected == "Ok":
        assert result == Ok(tokens(n=2))


def _named(**claims: object) -> Tokens:
    body: Any = authentication_result()
    body["AuthenticationResult"]["IdToken"] = unsigned_token(exp=NOW, sub="5u8", **claims)
    return Tokens.read(body)


@pytest.mark.parametrize("device", [None, "device-1"])
@pytest.mark.parametrize("secret", [None, SECRET], ids=["no secret", "secret"])
@pytest.mark.parametrize(
    ("claims", "name"), [({"cognito:username": "jane"}, "jane"), ({}, "5u8")], ids=["a name", "an id alone"]
)
def test_the_older_operation_sends_a_hash_and_the_device(
    claims: dict[str, object], name: str, secret: Any, device: str | None
) -> None:
    """The hash is over the user's own name in the pool."""
    parameters = {"REFRESH_TOKEN": "refresh-1"}
    if device is not None:
        parameters["DEVICE_KEY"] = device
    if secret is not None:
        parameters["SECRET_HASH"] = hash_of(name)
    request = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}
    flow = renew(configured(client_secret=secret), _named(**claims), OLD, device)
    assert step_through(flow, [Exchange("InitiateAuth", request, GOOD)])[1] == Ok(tokens(n=2))


def test_the_newer_operation_sends_the_device() -> None:
    """Without which a pool that tracks devices renews nothing."""
    call = next(renew(configured(), tokens(), NEW, "device-1"))
    parameters = {"ClientId": CLIENT_ID, "RefreshToken": "refresh-1", "DeviceKey": "device-1"}
    assert call == Call("GetTokensFromRefreshToken", parameters)
