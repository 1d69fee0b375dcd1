"""The transition of a session's state at a sign-in: the tokens, a challenge before them, and the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ..flow import ask
from ..flows.auth_calls import AuthContext, confirmation
from ..models.frozen import replace
from ..models.tokens import IdToken, RememberedDevice, Tokens, username_of
from ..result import Err, Ok, Result
from ..retry import is_lost
from .state import SessionFlow, State

if TYPE_CHECKING:
    from ..models.challenge import Challenge

Signed: TypeAlias = "tuple[Result[Tokens | Challenge], RememberedDevice | None]"
"""The result of a sign-in or an answer, and its device; None if the service has forgotten the device."""


def device_for(state: State, username: str, *, proves_password: bool) -> RememberedDevice | None:
    """Return the session's device if it may belong to the user who signs in.

    proves_password: the sign-in proves a password. It names the device only after the service has named the user.
    """
    device = state.device
    if device is None or proves_password or username in (device.alias, device.username):
        return device
    return None


def after_sign_in(context: AuthContext, state: State, signed: Signed, *, remember: bool) -> SessionFlow[IdToken]:
    """Return the state after a sign-in or an answer in this context, and confirm a new device."""
    (outcome, left), config = signed, context.config
    metadata = context.members.get("ClientMetadata")
    typed = state.challenge_username or state.last_username
    if context.device is not None and left is None:
        state = replace(state, device=None)
    if isinstance(outcome, Err):
        return replace(state, challenge=outcome.challenge, challenge_metadata=metadata), outcome
    value = outcome.value
    if not isinstance(value, Tokens):
        return replace(state, challenge=value, challenge_metadata=metadata), _asked(value)
    state = replace(
        state.with_tokens(replace(value, new_device=None), config.clock()),
        challenge=None,
        username=typed,
        tried_username=state.last_username,
        client_metadata=metadata,
    )
    username = username_of(value)
    if remember and value.new_device is not None and username is not None:
        device, request = confirmation(config, value.access_token, value.new_device, username)
        known = replace(state, device=replace(device, alias=typed))
        yield known  # before the call, which may lose neither the tokens nor a device that the service then knows
        answer = yield from ask("ConfirmDevice", request)
        if isinstance(answer, Ok) or is_lost(answer):  # a refusal does no harm: the next sign-in gets another device
            state = known
    return state, Ok(value.id_token)


def _asked(challenge: Challenge) -> Err:
    from ..reasons import challenge_reason  # here: only a challenge needs it

    return Err(challenge_reason(challenge.name), challenge=challenge, sent="yes")
