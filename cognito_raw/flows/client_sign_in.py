"""The sign-in of a client: one flow that remembers nothing. A session's login makes the same calls."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import Config
from ..flow import Flow
from ..models.challenge import Challenge
from ..models.context import AnalyticsMetadata, UserContext
from ..models.tokens import RememberedDevice, Tokens
from .auth_calls import auth_context
from .authentication import FirstFactor, SignInFlow, first_call_of, run_sign_in


def sign_in(
    config: Config,
    username: str,
    password: str | None = None,
    *,
    flow: SignInFlow | None = None,
    preferred: FirstFactor | None = None,
    session: str | None = None,
    device: RememberedDevice | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> Flow[Tokens | Challenge]:
    """Sign in. With a password alone, USER_SRP_AUTH proves the password and never sends it.

    flow: USER_PASSWORD_AUTH sends the password. CUSTOM_AUTH runs the pool's own triggers, after an SRP proof if there
        is a password. USER_AUTH lets the user choose, and proves a password if there is one.
    preferred: the first factor that USER_AUTH tries first. Without it and a password, SELECT_CHALLENGE comes back.
    session: of `sign_up` or `confirm_sign_up`. USER_AUTH continues it without a second code.
    device: a remembered device of this user, which may skip the second factor. A forgotten device is ignored.
    client_metadata: for the pool's triggers. user_context_data: the end user's data, for threat protection.

    Returns the tokens, or the challenge that must be answered first. Reasons: `incorrect-username-or-password`,
    `user-not-found`, `account-unverified`, `disabled-user`, `password-reset-required`,
    `login-attempts-limit-exceeded`, `unsafe-srp-value`, `invalid-parameter` (the app client does not allow the flow).
    """
    first_call = first_call_of(username, password, flow, preferred, session)
    context = auth_context(config, device, client_metadata, user_context_data, analytics_metadata)
    result, _ = yield from run_sign_in(context, first_call)
    return result
