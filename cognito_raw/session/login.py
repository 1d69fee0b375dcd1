"""The login of a session, as a flow that takes a state and returns the next state with the result."""

from __future__ import annotations

from collections.abc import Mapping

from ..flows.auth_calls import auth_context
from ..flows.authentication import FirstFactor, SignInFlow, first_call_of, run_sign_in
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_username
from ..models.frozen import replace
from ..models.tokens import IdToken
from ..result import Err
from .signed_in import after_sign_in, device_for
from .state import NO_SESSION, SessionFlow, SessionFlows


class LoginMethod(SessionFlows):
    """The first method of a session. It needs no module of the others."""

    __slots__ = ()

    def login(
        self,
        username: str,
        password: str | None = None,
        *,
        flow: SignInFlow | None = None,
        preferred: FirstFactor | None = None,
        session: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[IdToken]:
        """Sign in. A password alone goes over SRP, which proves the password and never sends it.

        The other ways are those of `Client.sign_in`: `flow="USER_PASSWORD_AUTH"`, `flow="CUSTOM_AUTH"`,
        `flow="USER_AUTH"`, and `preferred="EMAIL_OTP"` or another. Just after `confirm_registration`, the user name is
        enough in a pool with choice-based sign-in. All ways use the session's remembered device.
        A challenge is an `Err` whose reason ends in `-challenge`; `session.challenge` and `err.challenge` hold it.
        Tokens of an earlier sign-in stay until this one succeeds. Reasons: `new-password-challenge` and the other
        challenges, `incorrect-username-or-password`, `user-not-found`, `account-unverified`, `disabled-user`,
        `password-reset-required`, `login-attempts-limit-exceeded`, `unsafe-srp-value`, `no-session` (no password).
        """
        require_username(username)
        handle = self.state.sign_up_session if username == self.state.sign_up_username else None
        if (password, flow, preferred, session) == (None, None, None, None):
            session = handle
            if handle is None:
                return self.state, NO_SESSION
        first_call = first_call_of(username, password, flow, preferred, session)
        device = device_for(self.state, username, proves_password=first_call.srp_password is not None)
        context = auth_context(self.config, device, client_metadata, user_context_data, analytics_metadata)
        state = replace(self.state, tried_username=username, challenge=None).with_sign_up(username, None)
        yield state
        signed = yield from run_sign_in(context, first_call)
        if isinstance(signed[0], Err) and signed[0].kind == "temporary" and signed[0].sent != "maybe":
            state = state.with_sign_up(username, handle)  # the service has not used it
        return (yield from after_sign_in(context, state, signed, remember=self.remember_device))
