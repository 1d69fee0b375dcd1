"""Sessions of a user: what goes on the wire, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Err, Location, Ok, Page, advance, flows
from tests.support.conversation import Exchange, answered, configured, converse, refused
from tests.support.documented import POOL, TOKEN, documented

ID = "tkn0000000000000000000000000"


def test_the_documented_sessions_are_read() -> None:
    """With their location and their times."""
    page = converse(POOL, "list_user_sessions", TOKEN, exchanges=[documented("ListUserSessions")]).unwrap()
    [session] = page.items
    assert (session.id, session.type, session.is_current_session) == (ID, "TOKEN", True)
    assert session.last_location == Location("Example City", "United States")
    assert (session.create_date.year, session.create_date.utcoffset().total_seconds()) == (2025, 0)


def test_the_documented_session_is_revoked() -> None:
    """By its id."""
    exchanges = [documented("RevokeUserSession")]
    assert converse(POOL, "revoke_user_session", TOKEN, ID, exchanges=exchanges) == Ok(None)


def test_the_sessions_that_came_from_one_may_be_revoked_with_it() -> None:
    """`LINKED` is sent where it is given."""
    parameters = {"AccessToken": "t", "SessionId": "i", "RevokeAssociatedSessions": "LINKED"}
    exchanges = [Exchange("RevokeUserSession", parameters, answered({}))]
    options = {"revoke_associated_sessions": "LINKED"}
    assert converse(configured(), "revoke_user_session", "t", "i", exchanges=exchanges, **options) == Ok(None)


def test_a_page_is_asked_for_as_the_one_before_says() -> None:
    """The token of a page asks for the next one."""
    exchange = Exchange("ListUserSessions", {"AccessToken": "t", "NextToken": "n"}, answered({"NextToken": "m"}))
    result = converse(configured(), "list_user_sessions", "t", exchanges=[exchange], next_token="n")
    assert result == Ok(Page((), "m"))


@pytest.mark.parametrize(
    ("operation", "flow", "names"),
    [
        ("ListUserSessions", "list_user_sessions", ["access_token"]),
        ("RevokeUserSession", "revoke_user_session", ["access_token", "session_id"]),
    ],
)
def test_refusals_and_mistakes_are_reported(operation: str, flow: str, names: list[str]) -> None:
    """A pool that tracks no sessions refuses; what is no text raises and is named without its value."""
    exchanges = [Exchange(operation, None, refused("OperationNotEnabledException"))]
    result = converse(configured(), flow, *names, exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "operation-not-enabled"
    wrong: Any = b"hidden"
    for name in names:
        given = {**dict.fromkeys(names, "fine"), name: wrong}
        with pytest.raises(ValueError, match=f"^{name} must be a string, not bytes"):
            advance(getattr(flows, flow)(configured(), **given))


def test_a_session_that_makes_no_sense_is_reported() -> None:
    """No session is left out of a page silently."""
    exchange = Exchange("ListUserSessions", None, answered({"Sessions": [{}]}))
    result = converse(configured(), "list_user_sessions", "t", exchanges=[exchange])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"
