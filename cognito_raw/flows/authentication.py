"""The first call of a sign-in, and the SRP proof of a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from ..flow import Flow
from ..models.fields import InputRefused, require_optional_string, require_string
from ..models.frozen import Frozen, replace
from ..models.tokens import Tokens
from ..result import Ok
from ..srp import exchange as srp
from .auth_calls import AuthContext, Signing, finish, initiate, is_forgotten, prove_password, with_exponent
from .parameters import Hidden

if TYPE_CHECKING:
    from ..models.challenge import Challenge

SignInFlow: TypeAlias = Literal["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "CUSTOM_AUTH", "USER_AUTH"]
FirstFactor: TypeAlias = Literal["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]

_FLOWS: Final = get_args(SignInFlow)
_FACTORS: Final = get_args(FirstFactor)
_WITH_PASSWORD: Final = ("PASSWORD", "PASSWORD_SRP")


class FirstCall(Hidden, Frozen):
    """The first call of a sign-in: its flow, its parameters, and a password to prove over SRP."""

    flow: SignInFlow
    parameters: Mapping[str, str]
    srp_password: str | None = None
    session: str | None = None


def first_call_of(
    username: str,
    password: str | None,
    flow: SignInFlow | None = None,
    preferred: FirstFactor | None = None,
    session: str | None = None,
) -> FirstCall:
    """Return the first call for these arguments. Raise `ValueError` if they contradict each other."""
    require_string(username=username)
    by_choice = preferred is not None or session is not None
    flow = flow or ("USER_AUTH" if by_choice else "USER_SRP_AUTH")
    if flow not in _FLOWS:
        raise ValueError(f"flow {flow!r}: must be one of {', '.join(_FLOWS)}")
    if by_choice and flow != "USER_AUTH":
        raise ValueError(f"preferred and session belong to USER_AUTH, not to {flow}")
    if password is None and flow in ("USER_SRP_AUTH", "USER_PASSWORD_AUTH"):
        raise ValueError("password must be a string; to sign in without one, choose a way with flow= or preferred=")
    require_optional_string(password=password)
    if flow == "USER_AUTH":
        return _by_choice(username, password, preferred, session)
    if password is None:
        return FirstCall(flow, {"USERNAME": username})
    if flow == "USER_PASSWORD_AUTH":
        return FirstCall(flow, {"USERNAME": username, "PASSWORD": password})
    asks = {"CHALLENGE_NAME": "SRP_A"} if flow == "CUSTOM_AUTH" else {}
    return FirstCall(flow, {"USERNAME": username, **asks}, srp_password=password)


def _by_choice(username: str, password: str | None, preferred: FirstFactor | None, session: str | None) -> FirstCall:
    if session is not None:
        require_string(session=session)
    if preferred is None and password is not None:
        if session is not None:
            raise ValueError("a sign-in that goes on from a sign-up takes no password: leave it out")
        preferred = "PASSWORD_SRP"
    if preferred is None:
        return FirstCall("USER_AUTH", {"USERNAME": username}, session=session)
    given: object = preferred
    choice = given.strip().upper() if isinstance(given, str) else ""
    if choice not in _FACTORS:
        refused = InputRefused if isinstance(given, str) else ValueError
        raise refused(f"preferred must be one of {', '.join(_FACTORS)}")
    if (choice in _WITH_PASSWORD) != (password is not None):
        wrong = "is not used: leave it out" if password is not None else "is missing"
        raise InputRefused(f"password {wrong}, where {choice} is preferred")
    parameters = {"USERNAME": username, "PREFERRED_CHALLENGE": choice}
    if choice == "PASSWORD" and password is not None:
        return FirstCall("USER_AUTH", {**parameters, "PASSWORD": password}, session=session)
    return FirstCall("USER_AUTH", parameters, password, session)


def run_sign_in(context: AuthContext, first_call: FirstCall) -> Signing:
    """Sign in. If the service has forgotten the device, sign in without it."""
    result = yield from _sign_in(context, first_call)
    if is_forgotten(context, result):
        return (yield from _sign_in(replace(context, device=None), first_call)), None
    return result, context.device


def _sign_in(context: AuthContext, first_call: FirstCall) -> Flow[Tokens | Challenge]:
    parameters, username = dict(first_call.parameters), first_call.parameters["USERNAME"]
    if first_call.srp_password is None:
        # This flow has no second request that could carry the device key.
        if context.device is not None:
            parameters["DEVICE_KEY"] = context.device.key
        answer = yield from initiate(context, first_call.flow, parameters, first_call.session)
        return (yield from finish(context, answer, username))
    pair = srp.Ephemeral.draw(context.config.randomness)
    parameters["SRP_A"] = f"{pair.A:x}"
    answer = yield from initiate(context, first_call.flow, parameters, first_call.session)
    result = yield from prove_password(context, pair, answer, first_call.srp_password, username)
    asks_first = isinstance(answer, Ok) and answer.value.body.get("ChallengeName") == "CUSTOM_CHALLENGE"
    return with_exponent(result, f"{pair.a:x}") if asks_first and first_call.flow == "CUSTOM_AUTH" else result
