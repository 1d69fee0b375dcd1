"""The journeys of a session: each takes what the session knows, and gives what it knows afterwards, with the result.

Pure functions of a state: nothing is remembered here. The state comes back whatever the result is, since a failure
teaches too: a challenge that waits, a user who must be confirmed, a refresh token that is dead. A state that must not
be lost to a cancellation is also yielded as soon as it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeVar

from ..call import Call, require_text
from ..challenge import Challenge
from ..config import Config
from ..flow import done
from ..members import Misfit, integer
from ..reason import Reason, challenge_reason
from ..result import Err, Ok, Result
from ..shapes import Delivery, IdToken, Registration, Tokens, claims
from ..state import State
from . import authentication, passwords, registration, tokens

T = TypeVar("T")

Journey: TypeAlias = Generator[Call | State, Any, tuple[State, Result[T]]]
"""Yields calls, and is sent their results, as a flow; and states, to be kept whatever comes of the rest."""

# Seconds before its end from which a token counts as used up: time for the API that it goes to, and for clocks.
MARGIN: Final = 60.0

# The service's definitive words on a refresh token. Anything else may pass, or is our configuration's fault.
_OVER: Final[frozenset[Reason]] = frozenset(
    ("refresh-token-expired", "refresh-token-revoked", "refresh-token-reused", "user-deleted", "user-not-found")
)
# Tokens that are dead already need no revoking.
_DEAD: Final[frozenset[Reason]] = _OVER.union(("access-token-revoked", "access-token-expired"))

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


@dataclass(frozen=True, slots=True)
class Journeys:
    """What a session can do, as pure methods over its configuration and what it knows."""

    config: Config
    state: State

    def register(
        self, username: str, password: str, attributes: Mapping[str, str] | None = None
    ) -> Journey[Registration]:
        """Register a user, whom the session then remembers for the confirmation.

        Standard attribute names go as they are; any other key gets `custom:` in front unless it has it already.
        Reasons: `username-exists`, `invalid-password`, `invalid-parameter`, `alias-exists`, `code-delivery-failed`
        (the user exists; resend the code), `lambda-refused`.
        """
        require_text(password=password)
        state = replace(self.state, username=username)
        yield state  # a call that is interrupted may have made the user, who must then be confirmed
        return state, (yield from registration.sign_up(self.config, username, password, attributes))

    def confirm_registration(self, code: str) -> Journey[None]:
        """Confirm the user of the last `register`, `login` or reset request with the code that was sent.

        Reasons: `no-session` (no user is known), `code-mismatch`, `code-expired`, `user-already-confirmed`,
        `user-not-found`, `alias-exists`, `too-many-failed-attempts`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        confirmed = yield from registration.confirm_sign_up(self.config, self.state.username, code)
        return self.state, done(confirmed)

    def resend_verification_code(self) -> Journey[Delivery]:
        """Send a new confirmation code to the user of the last `register`, `login` or reset request.

        Reasons: `no-session` (no user is known), `user-not-found`, `user-already-confirmed`,
        `daily-operations-limit-exceeded`, `code-delivery-failed`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        return self.state, (yield from registration.resend_confirmation_code(self.config, self.state.username))

    def login(self, username: str, password: str) -> Journey[IdToken]:
        """Sign in over SRP: the password is proven, never sent.

        A challenge is an `Err` whose reason ends in `-challenge`; `session.challenge` and `err.challenge` hold it.
        Tokens of an earlier sign-in stay until this one succeeds. Reasons: `new-password-challenge` and the other
        challenges, `incorrect-username-or-password`, `user-not-found`, `account-unverified`, `disabled-user`,
        `password-reset-required`, `login-attempts-limit-exceeded`, `unsafe-srp-value`.
        """
        state = replace(self.state, username=username, challenge=None)
        yield state
        return _signed_in(self.config, state, (yield from authentication.sign_in(self.config, username, password)))

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
        outcome = yield from authentication.respond_to_new_password_required(
            self.config, challenge, new_password, attributes
        )
        return _signed_in(self.config, self.state, outcome)

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
        return state, (yield from passwords.forgot_password(self.config, username))

    def reset_password_confirmation(self, new_password: str, code: str) -> Journey[None]:
        """Set a new password with the code that was sent to the user of the last request.

        Reasons: `no-session` (no user is known), `code-mismatch`, `code-expired`, `invalid-password`,
        `password-used-before`, `user-not-found`, `too-many-failed-attempts`, `daily-operations-limit-exceeded`.
        """
        if self.state.username is None:
            return self.state, _NO_SESSION
        return self.state, (
            yield from passwords.confirm_forgot_password(self.config, self.state.username, new_password, code)
        )

    def change_password(self, old_password: str, new_password: str) -> Journey[None]:
        """Replace the password of the signed-in user.

        Reasons: `no-session` (nobody is signed in), `incorrect-username-or-password` (the old one is wrong),
        `invalid-password`, `password-used-before`, `daily-operations-limit-exceeded`, `access-token-revoked`.
        """
        state, fresh = yield from _fresh(self.config, self.state, _access_end)
        if isinstance(fresh, Err):
            return state, fresh
        require_text(old_password=old_password)
        return state, (
            yield from passwords.change_password(self.config, fresh.value.access_token, old_password, new_password)
        )

    def id_token(self) -> Journey[IdToken]:
        """The ID token, refreshed first when it is near its end.

        Where the refresh fails without ending the session, a token that is still valid is given all the same. Reasons:
        `no-session` (nobody is signed in), `refresh-token-expired`, `refresh-token-revoked`, `refresh-token-reused`,
        `user-deleted` and `user-not-found` (each ends the session), `refresh-token-invalid`, `disabled-user`.
        """
        state, fresh = yield from _fresh(self.config, self.state, _id_end)
        return state, (fresh if isinstance(fresh, Err) else Ok(fresh.value.id_token))

    def access_token(self) -> Journey[str]:
        """The access token, which the service's own operations take; refreshed, and failing, as `id_token`."""
        state, fresh = yield from _fresh(self.config, self.state, _access_end)
        return state, (fresh if isinstance(fresh, Err) else Ok(fresh.value.access_token))


def _revoke(config: Config, state: State, held: Tokens) -> Journey[None]:
    if held.refresh_token is None:
        return state, Ok(None)
    return state, (yield from tokens.revoke_token(config, held.refresh_token))


def _revoke_all(config: Config, state: State, held: Tokens) -> Journey[None]:
    state, fresh = yield from _fresh(config, state, _access_end)
    if isinstance(fresh, Err):
        return state, fresh
    return state, (yield from tokens.global_sign_out(config, fresh.value.access_token))


def _signed_in(config: Config, state: State, outcome: Result[Tokens | Challenge]) -> tuple[State, Result[IdToken]]:
    if isinstance(outcome, Err):
        dead = outcome.reason == "challenge-session-invalid"
        return (replace(state, challenge=None) if dead else state), outcome
    value = outcome.value
    if isinstance(value, Challenge):
        reason = challenge_reason(value.name)
        return replace(state, challenge=value), Err(reason, challenge=value, sent="yes")
    return _holding(config, replace(state, challenge=None), value), Ok(value.id_token)


def _holding(config: Config, state: State, fresh: Tokens) -> State:
    """The state with new tokens. They were issued just now, which tells how far the two clocks are apart."""
    issued = fresh.id_token.payload.get("iat")
    drift = issued - config.clock() if isinstance(issued, int) else 0.0
    return replace(state, tokens=fresh, drift=drift)


def _id_end(held: Tokens) -> int:
    return held.id_token.exp


def _access_end(held: Tokens) -> int:
    """When the access token ends: the app client may give it another life than the ID token."""
    try:
        return integer(claims(held.access_token), "exp")
    except Misfit:
        return held.id_token.exp


def _fresh(config: Config, state: State, end: Callable[[Tokens], int]) -> Journey[Tokens]:
    """Tokens of which the one that `end` looks at is good for a while yet."""
    held = state.tokens
    if held is None:
        return state, _NO_SESSION
    left = end(held) - (config.clock() + state.drift)
    if left > MARGIN:
        return state, Ok(held)
    if held.refresh_token is None:
        return (state, Ok(held)) if left > 0 else (replace(state, tokens=None), _NO_SESSION)
    result = yield from tokens.get_tokens_from_refresh_token(config, held.refresh_token)
    if isinstance(result, Ok):
        state = _holding(config, state, result.value)
        yield state  # the old refresh token may be dead now: nothing that follows may lose the new one
        return state, result
    if result.reason in _OVER:
        return replace(state, tokens=None), result
    return state, (Ok(held) if left > 0 else result)
