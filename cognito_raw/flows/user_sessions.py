"""The open sessions of a signed-in user, in a pool that tracks sessions."""

from __future__ import annotations

from typing import Literal

from ..config import Config
from ..flow import Flow, ask, done, parse
from ..models.fields import require_string
from ..models.user_sessions import UserSession
from ..pages import Page
from .parameters import optional


def list_user_sessions(config: Config, access_token: str, *, next_token: str | None = None) -> Flow[Page[UserSession]]:
    """List the user's sessions, page by page, in a pool that tracks sessions.

    next_token: the `next` of the page before. Reasons: `operation-not-enabled`, `user-not-found`, and those of access
    tokens.
    """
    require_string(access_token=access_token)
    parameters = {"AccessToken": access_token, **optional(next_token=("NextToken", next_token))}
    answer = yield from ask("ListUserSessions", parameters)
    return parse(answer, lambda body: Page.read(body, "Sessions", "NextToken", UserSession.read))


def revoke_user_session(
    config: Config,
    access_token: str,
    session_id: str,
    *,
    revoke_associated_sessions: Literal["NONE", "LINKED"] | None = None,
) -> Flow[None]:
    """Revoke one session of the user, but not that of the access token.

    revoke_associated_sessions: `LINKED` also revokes the sessions that came from it. Reasons: `resource-not-found`,
    `operation-not-enabled`, and those of access tokens.
    """
    require_string(access_token=access_token, session_id=session_id)
    parameters = {"AccessToken": access_token, "SessionId": session_id}
    linked = optional(revoke_associated_sessions=("RevokeAssociatedSessions", revoke_associated_sessions))
    answer = yield from ask("RevokeUserSession", {**parameters, **linked})
    return done(answer)
