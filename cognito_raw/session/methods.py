"""The methods of a session as flows: each takes a state, and returns the next state with the result.

They are pure functions. A failure changes the state too: a challenge, a user to confirm, a dead refresh token. A state
that a cancellation must not lose is also yielded. A session imports this module with the first method but `login`, and
a method its flows when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ..flow import done
from ..flows.auth_calls import auth_context
from ..models.account import TotpSetup
from ..models.challenge import ChallengeAnswer
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_optional_string, require_string, require_text, require_username
from ..models.frozen import replace
from ..models.sign_up import Delivery, Registration
from ..models.tokens import IdToken
from ..reasons import SAYS_NOTHING_OF_TOKENS, TOKENS_ALREADY_DEAD, USER_GONE
from ..result import Err, Ok
from .signed_in import after_sign_in
from .state import NO_SESSION, SessionFlow, SessionFlows
from .transitions import revoke, revoke_all, usable_tokens

if TYPE_CHECKING:
    from typing import TypedDict

    class Given(TypedDict):
        """The context of a call, as the flows of the client take it."""

        client_metadata: Mapping[str, str] | None
        user_context_data: UserContext | None
        analytics_metadata: AnalyticsMetadata | None


class SessionMethods(SessionFlows):
    """The methods of a session beside `login`."""

    __slots__ = ()

    def register(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[Registration]:
        """Register a user, and remember the user name for the confirmation.

        Standard attribute names stay unchanged; any other key gets the prefix `custom:` unless it has it already.
        password: None if the pool lets users sign in without one.
        Reasons: `username-exists`, `invalid-password`, `invalid-parameter`, `alias-exists`, `code-delivery-failed` (the
        user exists; resend the code), `lambda-refused`.
        """
        from ..flows.registration import named_attributes, sign_up

        require_username(username)
        require_optional_string(password=password)
        named_attributes({} if attributes is None else attributes)
        state = replace(self.state, tried_username=username)
        yield state  # an interrupted call may have created the user, who must then be confirmed
        given = _given(client_metadata, user_context_data, analytics_metadata)
        result = yield from sign_up(self.config, username, password, attributes, **given)
        return (state.with_sign_up(username, result.value.session) if isinstance(result, Ok) else state), result

    def confirm_registration(
        self,
        code: str,
        *,
        username: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[None]:
        """Confirm the user of the last `register`, `login` or reset request with the code that was sent.

        username: another user, for back ends that keep no state.
        In a pool with choice-based sign-in, `login(username)` then signs the user in without a password.
        Reasons: `no-session` (no user is known), `code-mismatch`, `code-expired`, `user-already-confirmed`,
        `user-not-found`, `alias-exists`, `too-many-failed-attempts`.
        """
        from ..flows.registration import confirm_sign_up

        state, username = self.state, self.state.last_username if username is None else username
        if username is None:
            return state, NO_SESSION
        require_username(username)
        given = _given(client_metadata, user_context_data, analytics_metadata)
        confirm = partial(confirm_sign_up, self.config, username, code, **given)
        handle = state.sign_up_session if username == state.sign_up_username else None
        result = yield from confirm(session=handle)
        if handle is not None and isinstance(result, Err) and result.reason == "challenge-session-invalid":
            state = state.with_sign_up(username, None)  # it lives for minutes, the code for a day
            result = yield from confirm()
        return (state.with_sign_up(username, result.value.session) if isinstance(result, Ok) else state), done(result)

    def resend_verification_code(
        self,
        *,
        username: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[Delivery]:
        """Send a new confirmation code to the user of the last `register`, `login` or reset request, or to another.

        Reasons: `no-session` (no user is known), `user-not-found`, `user-already-confirmed`,
        `daily-operations-limit-exceeded`, `code-delivery-failed`.
        """
        from ..flows.registration import resend_confirmation_code

        username = self.state.last_username if username is None else username
        if username is None:
            return self.state, NO_SESSION
        require_username(username)
        given = _given(client_metadata, user_context_data, analytics_metadata)
        return self.state, (yield from resend_confirmation_code(self.config, username, **given))

    def new_password_challenge(
        self,
        new_password: str,
        attributes: Mapping[str, str] | None = None,
        *,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[IdToken]:
        """Answer `new-password-challenge` with a new password and the required attributes.

        `session.challenge.required_attributes` names them; their keys are treated as in `register`. Reasons:
        `no-session` (no such challenge waits), `invalid-password`, `invalid-parameter` (an attribute is missing),
        `password-used-before`, `challenge-session-invalid` (too late: log in again), and the other challenges.
        """
        challenge = self.state.challenge
        if challenge is None or challenge.name != "NEW_PASSWORD_REQUIRED":
            return self.state, NO_SESSION
        require_text(new_password=new_password)
        given = _given(client_metadata, user_context_data, analytics_metadata)
        return (yield from self.answer_challenge(new_password, attributes=attributes, **given))

    def answer_challenge(
        self,
        answer: ChallengeAnswer,
        *,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        friendly_device_name: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[IdToken]:
        """Answer the waiting challenge: with a code, a choice, a passkey's assertion, and so on.

        `Client.answer_challenge` lists the answers. After a refusal, `session.challenge` can be answered again; if it
        is None, only a new login helps. Reasons: `no-session` (no challenge waits), `code-mismatch`, `code-expired`,
        `challenge-session-invalid` (too late), `incorrect-username-or-password`, `software-token-mfa-refused`,
        `invalid-password`, `lambda-refused`, and the next challenge's.
        """
        from ..flows.challenges import run_answer

        challenge = self.state.challenge
        if challenge is None:
            return self.state, NO_SESSION
        metadata = self.state.challenge_metadata if client_metadata is None else client_metadata
        context = auth_context(self.config, self.state.device, metadata, user_context_data, analytics_metadata)
        signed = yield from run_answer(
            context,
            challenge,
            answer,
            password=password,
            attributes=attributes,
            friendly_device_name=friendly_device_name,
        )
        return (yield from after_sign_in(context, self.state, signed, remember=self.remember_device))

    def begin_totp_setup(self) -> SessionFlow[TotpSetup]:
        """Begin to set up an authenticator app in answer to `mfa-setup-challenge`, and return its secret.

        Then `answer_challenge` takes the app's first code. Reasons: `no-session` (no such challenge waits),
        `challenge-session-invalid` (too late: log in again), `concurrent-modification`.
        """
        from ..flows.challenges import begin_totp_setup

        challenge = self.state.challenge
        if challenge is None or challenge.name != "MFA_SETUP":
            return self.state, NO_SESSION
        result = yield from begin_totp_setup(self.config, challenge)
        waits = result.challenge if isinstance(result, Err) else result.value.challenge
        return replace(self.state, challenge=waits), result

    def logout(self, *, everywhere: bool = False) -> SessionFlow[None]:
        """Revoke the refresh token, or with `everywhere` all tokens of the user, and forget the tokens.

        If the failure is not about the tokens, the session stays, so that you can try again. If the service refused
        them, they are forgotten too. That is `Ok` if they were dead already. With `everywhere`, it is a failure,
        since other sign-ins may go on, unless the user is gone. Reasons: `no-session` (signed out already),
        `operation-not-supported` and `request-not-understood` (nobody revokes the tokens, which stay valid until they
        expire), `refresh-token-invalid`, `disabled-user`, `wrong-client-secret` (the session stays).
        """
        if self.state.tokens is None:
            return self.state, NO_SESSION
        end = revoke_all if everywhere else revoke
        state, result = yield from end(self.config, self.state, self.state.tokens, self.refresh_metadata)
        if isinstance(result, Err) and result.reason in (USER_GONE if everywhere else TOKENS_ALREADY_DEAD):
            result = Ok(None)
        over = isinstance(result, Ok) or result.reason not in SAYS_NOTHING_OF_TOKENS
        return (replace(state, tokens=None, challenge=None) if over else state), result

    def request_password_reset(
        self,
        username: str,
        *,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[Delivery]:
        """Send a code to a user who forgot the password.

        Reasons: `user-not-found`, `no-verified-address`, `wrong-user-state`, `password-reset-not-allowed`,
        `disabled-user`, `daily-operations-limit-exceeded`.
        """
        from ..flows.registration import forgot_password

        require_username(username)
        state = replace(self.state, tried_username=username, reset_username=username)
        yield state
        given = _given(client_metadata, user_context_data, analytics_metadata)
        return state, (yield from forgot_password(self.config, username, **given))

    def reset_password_confirmation(
        self,
        new_password: str,
        code: str,
        *,
        username: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> SessionFlow[None]:
        """Set a new password with the code that was sent to the user of the last request.

        If this session requested no reset, it is for the user of the last `register` or `login`, or for `username`.
        Reasons: `no-session` (no user is known), `code-mismatch`, `code-expired`, `invalid-password`,
        `password-used-before`, `user-not-found`, `too-many-failed-attempts`, `daily-operations-limit-exceeded`.
        """
        from ..flows.registration import confirm_forgot_password

        username = self.state.reset_username or self.state.last_username if username is None else username
        if username is None:
            return self.state, NO_SESSION
        require_username(username)
        given = _given(client_metadata, user_context_data, analytics_metadata)
        confirm = confirm_forgot_password(self.config, username, new_password, code, **given)
        return self.state, (yield from confirm)

    def change_password(self, old_password: str, new_password: str) -> SessionFlow[None]:
        """Replace the password of the signed-in user.

        Reasons: `no-session` (nobody is signed in), `incorrect-username-or-password` (the old one is wrong),
        `invalid-password`, `password-used-before`, `daily-operations-limit-exceeded`, `access-token-revoked`.
        """
        from ..flows.registration import change_password

        state, held = yield from usable_tokens(self.config, self.state, self.refresh_metadata)
        if isinstance(held, Err):
            return state, held
        require_string(old_password=old_password)
        return state, (yield from change_password(self.config, held.value.access_token, old_password, new_password))


def _given(
    client_metadata: Mapping[str, str] | None, user: UserContext | None, analytics: AnalyticsMetadata | None
) -> Given:
    return {"client_metadata": client_metadata, "user_context_data": user, "analytics_metadata": analytics}
