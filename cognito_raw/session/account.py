"""The account of a session's user: profile, second factors, passkeys, devices and sign-ins.

Each method runs a flow of the client with the session's access token, which is renewed first if it is due. A session
loads this module when its `account` is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..config import Config
from ..flow import Flow, MethodOfFlow, Methods
from ..flows import account, factors
from ..models.account import Device, MfaSettings, SoftwareToken, UserSession, WebAuthnCredential
from ..models.context import RefreshMetadata
from ..models.frozen import replace
from ..pages import everything
from ..result import Err, Ok
from .state import SessionFlow, State
from .transitions import Start, usable_tokens

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Concatenate, ParamSpec

    from ..flow import Method
    from ..result import Result

    P = ParamSpec("P")

T = TypeVar("T")


def _method(
    flow: Callable[Concatenate[Config, str, P], Flow[T]], *, ends: bool = False
) -> Method[P, Result[T], Coroutine[Any, Any, Result[T]]]:
    return MethodOfFlow(flow, lambda self, start: self._run(_as_user(start, ends=ends)), given=2)


def _as_user(flow: Callable[[Config, str], Flow[T]], *, ends: bool) -> Start[T]:
    """Run a flow of the client with an access token that is valid for a while. With `ends`, its success signs out."""

    def start(config: Config, state: State, metadata: RefreshMetadata | None) -> SessionFlow[T]:
        state, held = yield from usable_tokens(config, state, metadata)
        if isinstance(held, Err):
            return state, held
        result = yield from flow(config, held.value.access_token)
        return (replace(state, tokens=None) if ends and isinstance(result, Ok) else state), result

    return start


# The flows that are more than one operation of the client.


def enable_totp(config: Config, access_token: str) -> Flow[SoftwareToken]:
    """Begin to set up an authenticator app. Return its secret, which can show itself as a URI or QR code.

    Then `confirm_totp` takes the app's first code. Reasons: `software-token-mfa-not-found`, and those of access tokens.
    """
    return (yield from factors.associate_software_token(config, access_token=access_token))


def confirm_totp(
    config: Config, access_token: str, code: str, *, preferred: bool = True, friendly_device_name: str | None = None
) -> Flow[None]:
    """Verify the authenticator app with its first code, and use it as a second factor from now on.

    preferred: whether sign-ins ask for it, rather than for another factor. friendly_device_name: the user's name for
    the app. Reasons: `software-token-mfa-refused` (a wrong code), `code-mismatch`, and those of access tokens.
    """
    verified = yield from factors.verify_software_token(
        config, code, access_token=access_token, friendly_device_name=friendly_device_name
    )
    if isinstance(verified, Err):
        return verified
    chosen = MfaSettings(enabled=True, preferred_mfa=preferred)
    return (yield from factors.set_user_mfa_preference(config, access_token, software_token_mfa_settings=chosen))


def list_devices(config: Config, access_token: str) -> Flow[list[Device]]:
    """Return all devices that the pool remembers for the user. Reasons: those of access tokens."""
    return (yield from everything(lambda after: factors.list_devices(config, access_token, pagination_token=after)))


def list_web_authn_credentials(config: Config, access_token: str) -> Flow[list[WebAuthnCredential]]:
    """Return all passkeys of the user. Reasons: those of access tokens."""
    ask = factors.list_web_authn_credentials
    return (yield from everything(lambda after: ask(config, access_token, next_token=after)))


def list_user_sessions(config: Config, access_token: str) -> Flow[list[UserSession]]:
    """Return all sign-ins of the user that have not ended, in a pool that tracks sessions.

    Reasons: `operation-not-enabled`, and those of access tokens.
    """
    ask = account.list_user_sessions
    return (yield from everything(lambda after: ask(config, access_token, next_token=after)))


class _Operations(Methods):
    def __init__(self, run: Callable[[Start[Any]], Any], close: Callable[[], Any]) -> None:
        self._run = run
        self._close = close

    get_user = _method(account.get_user)
    update_user_attributes = _method(account.update_user_attributes)
    delete_user_attributes = _method(account.delete_user_attributes)
    get_user_attribute_verification_code = _method(account.get_user_attribute_verification_code)
    verify_user_attribute = _method(account.verify_user_attribute)
    get_user_auth_factors = _method(account.get_user_auth_factors)
    delete_user = _method(account.delete_user, ends=True)
    enable_totp = _method(enable_totp)
    confirm_totp = _method(confirm_totp)
    set_user_mfa_preference = _method(factors.set_user_mfa_preference)
    start_web_authn_registration = _method(factors.start_web_authn_registration)
    complete_web_authn_registration = _method(factors.complete_web_authn_registration)
    list_web_authn_credentials = _method(list_web_authn_credentials)
    delete_web_authn_credential = _method(factors.delete_web_authn_credential)
    get_device = _method(factors.get_device)
    list_devices = _method(list_devices)
    update_device_status = _method(factors.update_device_status)
    forget_device = _method(factors.forget_device)
    list_user_sessions = _method(list_user_sessions)
    revoke_user_session = _method(account.revoke_user_session)


class Account(_Operations):
    """The account of a session's user: `session.account.get_user()`.

    The methods are those of a `Client`, without the access token, which the session renews if it is due. Lists come
    whole. Each returns `Ok` or `Err`, also with the reasons of `id_token`.
    """

    def close(self) -> None:
        """Close the session, as its own `close` does."""
        self._close()


class AsyncAccount(_Operations):
    """The same for an `AsyncSession`, awaited."""

    async def aclose(self) -> None:
        """Close the session, as its own `aclose` does."""
        await self._close()
