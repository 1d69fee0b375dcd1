"""The part of a session that is the same in sync and async: the list of its methods, and its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, Self, TypeVar

from ..config import Config
from ..flow import MethodOfFlow, Methods
from ..models.challenge import Challenge
from ..models.context import RefreshMetadata
from ..models.tokens import RememberedDevice, Tokens
from .holder import SessionHolder
from .methods import SessionMethods
from .state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec

    from ..flow import Method
    from ..models.tokens import TokenUse
    from ..result import Result
    from ..store.protocol import AsyncStore, Store
    from .renewal import Start
    from .state import SessionFlow

    P = ParamSpec("P")
    T = TypeVar("T")

W = TypeVar("W")


# needs: a token that is renewed first, so that an interrupted method does not interrupt a refresh.
def _method(
    flow: Callable[Concatenate[SessionMethods, P], SessionFlow[T]], *, needs: TokenUse | None = None
) -> Method[P, Result[T], Coroutine[Any, Any, Result[T]]]:
    return MethodOfFlow(flow, lambda self, start: self._call(lambda state: start(self._methods(state)), needs))


class SessionMembers(Methods, Generic[W]):
    """The members of a session that are the same in sync and async: its methods made of flows, and its properties."""

    config: Config
    _holder: SessionHolder
    _remember_device: bool

    register = _method(SessionMethods.register)
    confirm_registration = _method(SessionMethods.confirm_registration)
    resend_verification_code = _method(SessionMethods.resend_verification_code)
    login = _method(SessionMethods.login)
    new_password_challenge = _method(SessionMethods.new_password_challenge)
    answer_challenge = _method(SessionMethods.answer_challenge)
    begin_totp_setup = _method(SessionMethods.begin_totp_setup)
    logout = _method(SessionMethods.logout)
    request_password_reset = _method(SessionMethods.request_password_reset)
    reset_password_confirmation = _method(SessionMethods.reset_password_confirmation)
    change_password = _method(SessionMethods.change_password, needs="access")

    if TYPE_CHECKING:  # the arguments that both sessions take, and what each does in its own way

        def _call(self, flow: Callable[[State], SessionFlow[T]], needs: TokenUse | None) -> Any: ...

        def __init__(
            self,
            config: Config,
            *,
            state: State | None = None,
            transport: W | None = None,
            remember_device: bool = True,
            refresh_metadata: RefreshMetadata | None = None,
            store: Store | AsyncStore | None = None,
            key: str | None = None,
            staleness: float = 30.0,
            lease: float = 6.0,
        ) -> None: ...

    @classmethod
    def from_tokens(
        cls,
        config: Config,
        tokens: Tokens,
        *,
        username: str | None = None,
        device: RememberedDevice | None = None,
        transport: W | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
        store: Store | AsyncStore | None = None,
        key: str | None = None,
        staleness: float = 30.0,
        lease: float = 6.0,
    ) -> Self:
        """Return the session of a user who signed in elsewhere: by a `Client`, or in a browser.

        username: the name that the user typed, if it is known. device: the one that signed in, if the pool tracks them.
        Tokens of another pool or app client are a `ValueError`. With empty ones, every method is `no-session`.
        """
        return cls(
            config,
            state=State.of_tokens(tokens, username, device),
            transport=transport,
            remember_device=remember_device,
            refresh_metadata=refresh_metadata,
            store=store,
            key=key,
            staleness=staleness,
            lease=lease,
        )

    @classmethod
    def from_refresh_token(
        cls,
        config: Config,
        refresh_token: str,
        *,
        username: str | None = None,
        device: RememberedDevice | None = None,
        transport: W | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
        store: Store | AsyncStore | None = None,
        key: str | None = None,
        staleness: float = 30.0,
        lease: float = 6.0,
    ) -> Self:
        """Return the session of a refresh token. The first method that needs another token fetches it.

        username: the service's own name of the user. An app client with a secret needs it where the pool lacks
            GetTokensFromRefreshToken. device: the one that signed in, if the pool tracks them.
        With an empty token, or one that cannot be sent, every method is `no-session`.
        """
        return cls(
            config,
            state=State.of_refresh_token(refresh_token, username, device),
            transport=transport,
            remember_device=remember_device,
            refresh_metadata=refresh_metadata,
            store=store,
            key=key,
            staleness=staleness,
            lease=lease,
        )

    @property
    def state(self) -> State:
        """The state of the session, to continue it elsewhere: `Session(config, state=State.from_dict(saved))`."""
        return self._holder.state

    @property
    def challenge(self) -> Challenge | None:
        """The challenge that must be answered to finish signing in, if any."""
        return self._holder.state.challenge

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._holder.state!r})"

    def __reduce_ex__(self, _: object) -> NoReturn:
        """Refuse to be pickled or copied: the copy would renew the same tokens."""
        raise TypeError(
            "a session cannot be pickled or copied: carry session.state.to_dict(), and State.from_dict() it"
        )

    def _as_user(self, flow: Start[T]) -> Any:
        return self._call(lambda state: flow(self.config, state, self._holder.refresh_metadata), "access")

    def _methods(self, state: State) -> SessionMethods:
        return SessionMethods(self.config, state, self._remember_device, self._holder.refresh_metadata)


def new_holder(
    config: Config,
    state: State,
    metadata: RefreshMetadata | None,
    store: Store | AsyncStore | None,
    key: str | None,
    staleness: float,
    lease: float,
    *,
    is_async: bool,
) -> SessionHolder:
    """Return the holder of a session's state, with a store if there is one."""
    if store is None and key is None:
        return SessionHolder(config, state, metadata)
    from .shared import SharedHolder  # here: most sessions have no store
    from .store_calls import StoreCalls

    if not isinstance(key, str):
        raise ValueError("a session with a store needs the key of its entry, such as the user's id")
    return SharedHolder(config, state, metadata, StoreCalls(store, key, lease, is_async=is_async), staleness)
