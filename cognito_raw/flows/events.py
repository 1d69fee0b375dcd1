"""Feedback of a user on a sign-in that threat protection reported."""

from __future__ import annotations

from typing import Literal

from ..config import Config
from ..flow import Flow, ask, done
from ..models.fields import require_string


def update_auth_event_feedback(
    config: Config, username: str, event_id: str, feedback_token: str, feedback_value: Literal["Valid", "Invalid"]
) -> Flow[None]:
    """Tell the service if a sign-in was the user's own. The message about it has the event id and the token.

    Reasons: `not-authorized`, `user-not-found`, `user-pool-add-on-not-enabled`, `invalid-parameter`.
    """
    value: str = feedback_value
    require_string(username=username, event_id=event_id, feedback_token=feedback_token, feedback_value=value)
    parameters = {
        "UserPoolId": config.pool_id,
        "Username": username,
        "EventId": event_id,
        "FeedbackToken": feedback_token,
        "FeedbackValue": value,
    }
    answer = yield from ask("UpdateAuthEventFeedback", parameters)
    return done(answer)
