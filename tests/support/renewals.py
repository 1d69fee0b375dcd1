"""Refreshes of a session's tokens, for plays."""

from __future__ import annotations

from typing import Any

from cognito_raw import Err, Ok, Reply, Result
from tests.support.conversation import (
    CLIENT_ID,
    NOW,
    Exchange,
    answered,
    authentication_result,
    not_authorized,
    refused,
    tokens,
)
from tests.support.plays import Act

LOST: Result[Reply] = Err("connection-lost", sent="maybe")

INTERNAL = refused("InternalErrorException")

END = NOW + 3600  # of the first tokens

LATER = tokens(at=END, n=2)  # what a refresh gives


def refresh(reply: Result[Reply] | None = None, **secret: str) -> Exchange:
    body = authentication_result(at=END, n=2, refresh=None)
    parameters = {"ClientId": CLIENT_ID, "RefreshToken": "refresh-1", **secret}
    return Exchange("GetTokensFromRefreshToken", parameters, answered(body) if reply is None else reply)


def ask(*exchanges: Exchange, at: float = NOW, method: str = "id_token") -> Act:
    return Act(method, (), exchanges, at)


def again(exchange: Exchange) -> tuple[Exchange, ...]:
    """The exchange, and once more where its answer may have got lost: a refresh is repeated at once."""
    reply = exchange.reply
    lost = reply in (LOST, PASSING["timed-out"], INTERNAL, PASSING["malformed-reply"])
    return (exchange,) * (2 if lost else 1)


def reason(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "ok"


PASSING = {
    "connection-lost": LOST,
    "timed-out": Err("timed-out", sent="maybe"),
    "service-unavailable": INTERNAL,
    "malformed-reply": Ok(Reply(200, {}, b"<html>")),
    "request-blocked": Ok(Reply(403, {}, b"")),
    "daily-operations-limit-exceeded": refused("LimitExceededException"),
}

EMPTY: Result[Reply] = Ok(Reply(200, {}, b""))

NO_USER = refused("UserNotFoundException", "User does not exist.")

DEFINITIVE = {
    "refresh-token-expired": not_authorized("Refresh Token has expired"),
    "refresh-token-revoked": not_authorized("Refresh Token has been revoked"),
    "refresh-token-reused": refused("RefreshTokenReuseException"),
    "user-deleted": not_authorized("User has been deleted for the associated refresh token"),
}

CONFIGURATION = {
    "wrong-client-secret": not_authorized("SecretHash does not match for the client: 1"),
    "client-not-found": refused("ResourceNotFoundException", "User pool client 1 does not exist."),
    "refresh-token-invalid": not_authorized("Invalid Refresh Token"),
    "disabled-user": not_authorized("User is disabled."),
    "invalid-parameter": refused("InvalidParameterException", "no"),
    "not-authorized": not_authorized("Something new"),
    "unknown-error": refused("SomethingNewException"),
}
