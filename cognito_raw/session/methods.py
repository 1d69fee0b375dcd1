"""The journeys of a session: each takes what the session knows, and gives what it knows afterwards, with the result.

Pure functions of a state: nothing is remembered here. The state comes back whatever the result is, since a failure
teaches too: a challenge that waits, a user who must be confirmed, a refresh token that is dead. A state that must not
be lost to a cancellation is also yielded as soon as it is known.

What a sign-in does without is asked of `flows`, which imports it when it is first needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from .. import flows
from ..config import Config
from ..flow import done
from ..flows.auth_calls import attempt_of
from ..flows.authentication import AuthFlow, FirstFactor, beginning_of, signing_in
from ..models.challenge import NaturalAnswer, TotpSetup
from ..models.context import AnalyticsMetadata, UserContext
from ..models.fields import require_text
from ..models.frozen import frozen, replace
from ..models.sign_up import Delivery, Registration
from ..models.tokens import IdToken, Tokens
from ..reasons import Reason
from ..result import Err, Ok
from .expiry import MARGIN, Holding
from .signed_in import claims_of, device_for, entered, holding
from .state import Journey, State

T = TypeVar("T")

# The service's definitive words on a refresh token. Anything else may pass, or is our configuration's fault.
_OVER: Final[frozenset[Reason]] = frozenset(
    (
        "refresh-answer-lost",
        "refresh-token-expired",
        "refresh-token-revoked",
        "refresh-token-reused",
        "user-deleted",
        "user-not-found",
    )
)
# Tokens that are dead already need no revoking.
_DEAD: Final[frozenset[Reason]] = _OVER.union(("access-token-revoked",))

# Failures that pass, or that our configuration or a box on the way causes: they say nothing of a token.
_NO_WORD: Final[frozenset[Reason]] = frozenset(
    (
        "client-not-found",
        "connection-failed",
        "connection-lost",
        "malformed-reply",
        "redirect-refused",
        "reply-too-large",
        "request-blocked",
        "request-not-understood",
        "service-unavailable",
        "throttled",
        "timed-out",
        "unknown-error",
        "wrong-client-secret",
    )
)

_NO_SESSION: Final = Err("no-session")


@frozen
class Journeys:
    """What a session can do, as pure methods over its configuration and what it knows."""

    config: Config
    state: State
    remember_device: bool = True

    def register(
        self, username: str, password: str, attributes: Mapping[str, str] | None = None
    ) -> Journey[Registration]:
        """Register a user, whom the session then remembers for the confirmation.

        Standard attribute names go as they are; any other key gets `custom:` in front unless it has it already.
        Reasons: `username-exists`, `invalid-password`, `invalid-parameter`, `alias-exists`, `code-delivery-failed`
        (the user exists; resend the code), `lambda-refused`.
        """
        require_text(password=password)
        state = replace(self.state, username=username, sign_up_session=None)
        yield state  # a call that is interrupted may have made the user, who must then be confirmed
        result = yield from flows.registration.sign_up(self.config, username, password, attributes)
        handle = result.value.session if isinstance(result, Ok) else None
        return replace(state, sign_up_session=handle), result

    def confirm_registration(self, code: str) -> Journey[None]:
        """Confirm the user of the last `register`, `login` or reset request with the code that was sent.

        In a pool with choice-based sign-in, `login(username)` without a password then signs the user in. Reasons:
        `no-session` (no user is known), `code-mismatch`, `code-expired`, `user-already-confirmed`, `user-not-found`,
        `alias-exists`, `too-many-failed-attempts`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        handle = self.state.sign_up_session
        result = yield from flows.registration.confirm_sign_up(self.config, self.state.username, code, session=handle)
        state = replace(self.state, sign_up_session=result.value.session) if isinstance(result, Ok) else self.state
        return state, done(result)

    def resend_verification_code(self) -> Journey[Delivery]:
        """Send a new confirmation code to the user of the last `register`, `login` or reset request.

        Reasons: `no-session` (no user is known), `user-not-found`, `user-already-confirmed`,
        `daily-operations-limit-exceeded`, `code-delivery-failed`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        return self.state, (yield from flows.registration.resend_confirmation_code(self.config, self.state.username))

    def login(
        self,
        username: str,
        password: str | None = None,
        *,
        flow: AuthFlow | None = None,
        preferred: FirstFactor | None = None,
        session: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> Journey[IdToken]:
        """Sign in; with a password alone over SRP, which proves the password and never sends it.

        The other ways are those of `Client.sign_in`: `flow="USER_PASSWORD_AUTH"`, `flow="CUSTOM_AUTH"`,
        `flow="USER_AUTH"`, and `preferred="EMAIL_OTP"` or another; a user whom this session has just registered and
        confirmed needs none of them, nor a password, where the service left a handle. The session's remembered device
        goes with them.
        A challenge is an `Err` whose reason ends in `-challenge`; `session.challenge` and `err.challenge` hold it.
        Tokens of an earlier sign-in stay until this one succeeds. Reasons: `new-password-challenge` and the other
        challenges, `incorrect-username-or-password`, `user-not-found`, `account-unverified`, `disabled-user`,
        `password-reset-required`, `login-attempts-limit-exceeded`, `unsafe-srp-value`.
        """
        if username == self.state.username and (password, flow, preferred, session) == (None, None, None, None):
            session = self.state.sign_up_session
        beginning = beginning_of(username, password, flow, preferred, session)
        device = device_for(self.state, beginning)
        attempt = attempt_of(self.config, device, client_metadata, user_context_data, analytics_metadata)
        state = replace(self.state, username=username, challenge=None, sign_up_session=None)
        yield state
        signed = yield from signing_in(attempt, beginning)
        return (yield from entered(self.config, state, signed, device, remember=self.remember_device))

    def new_password_challenge(
        self, new_password: str, attributes: Mapping[str, str] | None = None
    ) -> Journey[IdToken]:
        """Answer `new-password-challenge` with a new password and the attributes that it requires.

        `session.challenge.required_attributes` names them; their keys are treated as in `register`. Reasons:
        `no-session` (no such challenge waits), `invalid-password`, `invalid-parameter` (an attribute is missing),
        `password-used-before`, `challenge-session-invalid` (too late: log in again), and the other challenges.
        """
        challenge = self.state.challenge
        if challenge is None or challenge.name != "NEW_PASSWORD_REQUIRED":
            return self.state, _NO_SESSION
        require_text(new_password=new_password)
        return (yield from self.answer_challenge(new_password, attributes=attributes))

    def answer_challenge(
        self,
        answer: NaturalAnswer,
        *,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        friendly_device_name: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
        user_context_data: UserContext | None = None,
        analytics_metadata: AnalyticsMetadata | None = None,
    ) -> Journey[IdToken]:
        """Answer the challenge that waits with what it asks for: a code, a choice, a passkey's assertion, and so on.

        What fits which challenge says `Client.answer_challenge`. After a refusal `session.challenge` is what may be
        answered again, or None where only a new login helps. Reasons: `no-session` (no challenge waits),
        `code-mismatch`, `code-expired`, `challenge-session-invalid` (too late), `incorrect-username-or-password`,
        `software-token-mfa-refused`, `invalid-password`, `lambda-refused`, and the next challenge's.
        """
        challenge, device = self.state.challenge, self.state.device
        if challenge is None:
            return self.state, _NO_SESSION
        attempt = attempt_of(self.config, device, client_metadata, user_context_data, analytics_metadata)
        signed = yield from flows.challenges.answering(
            attempt,
            challenge,
            answer,
            password=password,
            attributes=attributes,
            friendly_device_name=friendly_device_name,
        )
        return (yield from entered(self.config, self.state, signed, device, remember=self.remember_device))

    def begin_totp_setup(self) -> Journey[TotpSetup]:
        """Begin to set up an authenticator app in answer to `mfa-setup-challenge`; gives the secret that it needs.

        Then `answer_challenge` takes the app's first code. Reasons: `no-session` (no such challenge waits),
        `challenge-session-invalid` (too late: log in again), `concurrent-modification`.
        """
        challenge = self.state.challenge
        if challenge is None or challenge.name != "MFA_SETUP":
            return self.state, _NO_SESSION
        result = yield from flows.challenges.begin_totp_setup(self.config, challenge)
        waits = result.challenge if isinstance(result, Err) else result.value.challenge
        return replace(self.state, challenge=waits), result

    def logout(self, *, everywhere: bool = False) -> Journey[None]:
        """Revoke the refresh token, or with `everywhere` all tokens of the user, and forget the tokens.

        Where the service gave no word on the tokens, the session stays, so that logging out can be tried again. Where
        it refused them, they are forgotten all the same. Reasons: `no-session` (signed out already),
        `operation-not-supported` (the client revokes no tokens: they stay valid until they expire),
        `refresh-token-invalid`, `disabled-user`, `wrong-client-secret` (the session stays).
        """
        if self.state.tokens is None:
            return self.state, _NO_SESSION
        state, result = yield from (_revoke_all if everywhere else _revoke)(self.config, self.state, self.state.tokens)
        if isinstance(result, Err) and result.reason in _DEAD:
            result = Ok(None)
        over = isinstance(result, Ok) or result.reason not in _NO_WORD
        return (replace(state, tokens=None, challenge=None) if over else state), result

    def request_password_reset(self, username: str) -> Journey[Delivery]:
        """Send a code to a user who forgot the password.

        Reasons: `user-not-found`, `no-verified-address`, `wrong-user-state`, `password-reset-not-allowed`,
        `disabled-user`, `daily-operations-limit-exceeded`.
        """
        state = replace(self.state, username=username)
        yield state
        return state, (yield from flows.passwords.forgot_password(self.config, username))

    def reset_password_confirmation(self, new_password: str, code: str) -> Journey[None]:
        """Set a new password with the code that was sent to the user of the last request.

        Reasons: `no-session` (no user is known), `code-mismatch`, `code-expired`, `invalid-password`,
        `password-used-before`, `user-not-found`, `too-many-failed-attempts`, `daily-operations-limit-exceeded`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        return self.state, (
            yield from flows.passwords.confirm_forgot_password(self.config, self.state.username, new_password, code)
        )

    def change_password(self, old_password: str, new_password: str) -> Journey[None]:
        """Replace the password of the signed-in user.

        Reasons: `no-session` (nobody is signed in), `incorrect-username-or-password` (the old one is wrong),
        `invalid-password`, `password-used-before`, `daily-operations-limit-exceeded`, `access-token-revoked`.
        """
        state, held = yield from _usable(self.config, self.state)
        if isinstance(held, Err):
            return state, held
        require_text(old_password=old_password)
        return state, (
            yield from flows.passwords.change_password(self.config, held.value.access_token, old_password, new_password)
        )

    def renew(self, seen: Tokens, *, over: bool = False) -> Journey[Tokens]:
        """Renew the tokens, unless others than those that were seen are held by now.

        `over` says that the tokens have ended, so that the session ends where nothing renews them.
        """
        held = self.state.tokens
        if held is None:
            return self.state, _NO_SESSION
        if held is not seen:
            return self.state, Ok(held)
        if held.refresh_token is None:
            return (replace(self.state, tokens=None) if over else self.state), _NO_SESSION
        return (yield from _renewed(self.config, self.state, held))


def is_lost(failure: Err) -> bool:
    """Whether the service may have renewed the tokens, and its answer did not arrive."""
    return failure.sent == "maybe" or failure.reason == "service-unavailable"


def _revoke(config: Config, state: State, held: Tokens) -> Journey[None]:
    if held.refresh_token is None:
        return state, Ok(None)
    return state, (yield from flows.tokens.revoke_token(config, held.refresh_token))


def _revoke_all(config: Config, state: State, held: Tokens) -> Journey[None]:
    state, usable = yield from _usable(config, state)
    if isinstance(usable, Err):
        return state, usable
    result = yield from flows.tokens.global_sign_out(config, usable.value.access_token)
    if isinstance(result, Err) and result.reason == "access-token-expired" and held.refresh_token is not None:
        # Our clock is wrong: nothing was revoked yet.
        state, usable = yield from _renewed(config, state, usable.value)
        if isinstance(usable, Err):
            return state, usable
        result = yield from flows.tokens.global_sign_out(config, usable.value.access_token)
    return state, result


def _usable(config: Config, state: State) -> Journey[Tokens]:
    """Tokens with an access token that is good for a while yet."""
    held = state.tokens
    if held is None:
        return state, _NO_SESSION
    life = Holding(config, held, state.drift)
    left = life.left("access")
    if left > MARGIN or life.fresh("access"):
        return state, Ok(held)
    if held.refresh_token is None:
        return (state, Ok(held)) if left > 0 else (replace(state, tokens=None), _NO_SESSION)
    state, renewed = yield from _renewed(config, state, held)
    if isinstance(renewed, Err) and state.tokens is not None and left > 0:
        return state, Ok(held)
    return state, renewed


def _renewed(config: Config, state: State, held: Tokens) -> Journey[Tokens]:
    """New tokens in place of those that are held, which stay unless the service's definitive word ends the session."""
    yield replace(state, unanswered=True)  # so that an interruption is known for what it is
    key = _device_key(state, held)
    flow, result = yield from flows.tokens.renew(config, held, state.refresh_flow, key)
    if key is not None and isinstance(result, Err) and result.reason == "device-not-found":
        state = replace(state, device=None)
        flow, result = yield from flows.tokens.renew(config, held, state.refresh_flow, None)
    state = replace(state, refresh_flow=flow)
    if isinstance(result, Ok):
        fresh = result.value
        if not _of_same_user(held, fresh):
            return state, Err("foreign-tokens", "the new tokens are of another user, client or pool", sent="yes")
        state = holding(config, state, fresh)
        yield state  # the old refresh token may be dead now: nothing that follows may lose the new one
        return state, result
    if is_lost(result):
        return replace(state, unanswered=True), result
    if result.reason == "refresh-token-reused" and state.unanswered:
        result = replace(result, reason="refresh-answer-lost")
    return (replace(state, tokens=None, unanswered=False) if result.reason in _OVER else state), result


def _device_key(state: State, held: Tokens) -> str | None:
    """The device that signed in, without which a pool that tracks devices renews nothing."""
    said = claims_of(held.access_token).get("device_key")
    if isinstance(said, str):
        return said
    return None if state.device is None else state.device.key


def _of_same_user(held: Tokens, fresh: Tokens) -> bool:
    return _owner(held) == _owner(fresh)


def _owner(held: Tokens) -> tuple[object, ...]:
    """User, pool and client of both tokens. Of the issuer only the pool: it may change from one form to the other."""
    said, access = held.id_token.payload, claims_of(held.access_token)
    pools = (str(payload.get("iss")).rpartition("/")[2] for payload in (said, access))
    return (said.get("sub"), said.get("aud"), access.get("sub"), access.get("client_id"), *pools)
