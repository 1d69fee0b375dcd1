"""Tokens after the sign-in: what renews and revokes them on the wire, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cognito_raw import Err, Ok, advance, flows
from tests.support.conversation import (
    CLIENT_ID,
    NOW,
    SECRET,
    Exchange,
    answered,
    authentication_result,
    configured,
    converse,
    not_authorized,
    refused,
    tokens,
    unsigned_token,
)

REFRESH = ("get_tokens_from_refresh_token", "old")
CLIENT = {"ClientId": CLIENT_ID}
IN_CLEAR = {"ClientSecret": SECRET}

CALLS = [
    pytest.param(
        "GetTokensFromRefreshToken",
        REFRESH,
        {**CLIENT, "RefreshToken": "old"},
        IN_CLEAR,
        authentication_result(),
        tokens(),
        id="get_tokens_from_refresh_token",
    ),
    pytest.param(
        "RevokeToken", ("revoke_token", "old"), {**CLIENT, "Token": "old"}, IN_CLEAR, {}, None, id="revoke_token"
    ),
    pytest.param("GlobalSignOut", ("global_sign_out", "a"), {"AccessToken": "a"}, {}, {}, None, id="global_sign_out"),
]


@pytest.mark.parametrize(("operation", "asked", "parameters", "secrets", "body", "value"), CALLS)
@pytest.mark.parametrize("secret", [None, SECRET], ids=["no secret", "secret"])
def test_a_call_carries_its_token_and_the_client_secret(
    operation: str,
    asked: tuple[str, ...],
    parameters: Mapping[str, object],
    secrets: Mapping[str, object],
    body: object,
    value: object,
    secret: Any,
) -> None:
    """These operations take the client secret itself, and no hash; a global sign-out takes neither."""
    exchanges = [Exchange(operation, {**parameters, **(secrets if secret else {})}, answered(body))]
    assert converse(configured(client_secret=secret), *asked, exchanges=exchanges) == Ok(value)


@pytest.mark.parametrize(
    ("sent", "held"), [("new", "new"), (None, "old"), ("", "old")], ids=["rotated", "absent", "empty"]
)
def test_the_refresh_token_is_the_newest_that_the_service_gave(sent: str | None, held: str) -> None:
    """A rotated refresh token takes the place of the old one, which otherwise stays."""
    body = authentication_result(refresh=sent)
    result = converse(configured(), *REFRESH, exchanges=[Exchange("GetTokensFromRefreshToken", None, answered(body))])
    assert result == Ok(tokens(refresh=held))
    assert result.unwrap().refresh_token == held


GOOD = unsigned_token(exp=NOW)


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param({}, id="empty"),
        pytest.param({"IdToken": GOOD}, id="no access token"),
        pytest.param({"AccessToken": "a"}, id="no ID token"),
        pytest.param({"AccessToken": "a", "IdToken": "opaque"}, id="not a web token"),
        pytest.param({"AccessToken": "a", "IdToken": f"a.{'é' * 8}.b"}, id="not base64"),
        pytest.param({"AccessToken": "a", "IdToken": "a.b.c.d"}, id="too many parts"),
        pytest.param({"AccessToken": "a", "IdToken": unsigned_token()}, id="without an end"),
        pytest.param({"AccessToken": "a", "IdToken": unsigned_token(exp="soon")}, id="its end a word"),
        pytest.param({"AccessToken": "a", "IdToken": unsigned_token(exp=float("nan"))}, id="its end no number"),
        pytest.param({"AccessToken": "a", "IdToken": unsigned_token(exp=10**400)}, id="its end beyond computing"),
        pytest.param({"AccessToken": "a", "IdToken": unsigned_token(exp=1, iat=[])}, id="its beginning a list"),
        pytest.param({"AccessToken": 7, "IdToken": GOOD}, id="access token a number"),
        pytest.param({"AccessToken": "\ud800", "IdToken": GOOD}, id="access token that cannot be sent"),
        pytest.param({"AccessToken": "a", "IdToken": GOOD, "RefreshToken": 7}, id="refresh token a number"),
        pytest.param({"AccessToken": "a", "IdToken": GOOD, "ExpiresIn": "1h"}, id="lifetime a word"),
    ],
)
def test_tokens_that_make_no_sense_are_reported(result: object) -> None:
    """A reply whose tokens are missing or broken is `malformed-reply`."""
    reply = answered({"AuthenticationResult": result})
    told = converse(configured(), *REFRESH, exchanges=[Exchange("GetTokensFromRefreshToken", None, reply)])
    assert isinstance(told, Err)
    assert (told.reason, told.sent, told.retryable) == ("malformed-reply", "maybe", False)


@pytest.mark.parametrize(
    ("operation", "asked", "reply", "reason"),
    [
        pytest.param(
            "GetTokensFromRefreshToken",
            REFRESH,
            not_authorized("Refresh Token has been revoked"),
            "refresh-token-revoked",
            id="refresh, revoked",
        ),
        pytest.param(
            "GetTokensFromRefreshToken",
            REFRESH,
            refused("RefreshTokenReuseException"),
            "refresh-token-reused",
            id="refresh, reused",
        ),
        pytest.param(
            "RevokeToken",
            ("revoke_token", "old"),
            refused("UnsupportedTokenTypeException"),
            "token-type-not-supported",
            id="revoke, not a refresh token",
        ),
        pytest.param(
            "GlobalSignOut",
            ("global_sign_out", "a"),
            not_authorized("Access Token has expired"),
            "access-token-expired",
            id="sign out, expired",
        ),
    ],
)
def test_a_refusal_comes_back_under_its_reason(operation: str, asked: tuple[str, ...], reply: Any, reason: str) -> None:
    """The ends of a token are told apart."""
    result = converse(configured(), *asked, exchanges=[Exchange(operation, None, reply)])
    assert isinstance(result, Err)
    assert result.reason == reason


@pytest.mark.parametrize("value", [None, b"hidden", "hidden\ud800"], ids=["none", "bytes", "surrogate"])
@pytest.mark.parametrize(
    ("flow", "named"),
    [
        (flows.get_tokens_from_refresh_token, "refresh_token"),
        (flows.revoke_token, "refresh_token"),
        (flows.global_sign_out, "access_token"),
    ],
)
def test_what_is_no_text_raises(flow: Any, named: str, value: Any) -> None:
    """A token that is not text is the caller's mistake, named in the error without its value."""
    with pytest.raises(ValueError, match=f"^{named} ") as caught:
        advance(flow(configured(), value))
    assert "hidden" not in str(caught.value)


def test_a_remembered_device_is_named_in_a_refresh() -> None:
    """The device's key and metadata for the pool's triggers are sent where they are given."""
    parameters = {**CLIENT, "RefreshToken": "old", "DeviceKey": "eu-west-1_d", "ClientMetadata": {"from": "web"}}
    exchanges = [Exchange("GetTokensFromRefreshToken", parameters, answered(authentication_result()))]
    options: dict[str, Any] = {"device_key": "eu-west-1_d", "client_metadata": {"from": "web"}}
    assert converse(configured(), *REFRESH, exchanges=exchanges, **options) == Ok(tokens())


def test_the_sessions_that_came_from_a_token_may_be_revoked_with_it() -> None:
    """`LINKED` is sent where it is given."""
    parameters = {**CLIENT, "Token": "old", "RevokeAssociatedSessions": "LINKED"}
    exchanges = [Exchange("RevokeToken", parameters, answered({}))]
    result = converse(configured(), "revoke_token", "old", exchanges=exchanges, revoke_associated_sessions="LINKED")
    assert result == Ok(None)
