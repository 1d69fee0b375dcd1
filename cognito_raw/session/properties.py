"""The arguments, properties and methods that sync and async sessions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, NoReturn, Self, TypeVar, overload

from ..config import Config
from ..flow import MethodOfFlow, Methods
from ..models.context import RefreshMetadata
from ..models.lazy import LateClass
from ..models.tokens import RememberedDevice, Tokens
from ..result import Err
from .holder import SessionHolder, Subscriber
from .state import State

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Concatenate, ParamSpec

    from ..flow import Method
    from ..models.challenge import Challenge
    from ..models.tokens import TokenUse
    from ..result import Result
    from .login import LoginMethod
    from .methods import SessionMethods
    from .refresh import Refresher
    from .state import SessionFlow, SessionFlows
    from .transitions import Start

    M = TypeVar("M", bound=SessionFlows)
    P = ParamSpec("P")
    T = TypeVar("T")
else:  # imported with the first use of a method: a login needs only its own
    LoginMethod = LateClass(f"{__package__}.login", "LoginMethod")
    SessionMethods = LateClass(f"{__package__}.methods", "SessionMethods")

S = TypeVar("S")
W = TypeVar("W")

NO_TURN: Final = Err("timed-out", "another call of this session took all the time there was", retryable=True)


# kind: the class of the flow. needs: a token that is renewed first, so that an interrupted method does not interrupt a
# refresh.
def _method(
    flow: Callable[Concatenate[M, P], SessionFlow[T]], kind: type[M], *, needs: TokenUse | None = None
) -> Method[P, Result[T], Coroutine[Any, Any, Result[T]]]:
    def perform(self: SessionMembers[Any, Any], start: Callable[[M], SessionFlow[T]]) -> Any:
        given = self._remember_device, self._holder.refresh_metadata
        return self._call(lambda state: start(kind(self.config, state, *given)), needs)

    return MethodOfFlow(flow, perform)


class SessionMembers(Methods, Generic[W, S]):
    """The members that sync and async sessions share. W is a transport, and S a store."""

    config: Config
    _is_async: ClassVar[bool] = False

    register = _method(SessionMethods.register, SessionMethods)
    confirm_registration = _method(SessionMethods.confirm_registration, SessionMethods)
    resend_verification_code = _method(SessionMethods.resend_verification_code, SessionMethods)
    login = _method(LoginMethod.login, LoginMethod)
    new_password_challenge = _method(SessionMethods.new_password_challenge, SessionMethods)
    answer_challenge = _method(SessionMethods.answer_challenge, SessionMethods)
    begin_totp_setup = _method(SessionMethods.begin_totp_setup, SessionMethods)
    logout = _method(SessionMethods.logout, SessionMethods)
    request_password_reset = _method(SessionMethods.request_password_reset, SessionMethods)
    reset_password_confirmation = _method(SessionMethods.reset_password_confirmation, SessionMethods)
    change_password = _method(SessionMethods.change_password, SessionMethods, needs="access")

    def __init__(
        self,
        config: Config,
        *,
        state: State | None = None,
        transport: W | None = None,
        remember_device: bool = True,
        refresh_metadata: RefreshMetadata | None = None,
        store: S | None = None,
        key: str | None = None,
        staleness: float = 30.0,
        lease: float = 6.0,
    ) -> None:
        """Begin or continue the session of a user.

        config: the pool and the app client.
        state: the state of an earlier session, to continue it.
        transport: sends the requests: "httpx2", "standard" (sync only, faster to start), or a transport of your own. By
            default, the whole process shares one over httpx.
        remember_device: whether to confirm a device that the pool tracks, and keep it in the state. The user's next
            login with it may need no second factor.
        refresh_metadata: the ClientMetadata of refreshes, for the pool's triggers, or a function that returns it. None
            keeps that of the sign-in; an empty mapping sends none.
        store, key: a store of `cognito_raw.store`, and the name of the entry in it that holds the state for all
            processes. The given state is used if the store has none. In an async session, a sync store runs in threads.
        staleness: seconds for which a fresh token is returned without a look at the store. A sign-out in another
            process is noticed after that time.
        lease: seconds after which other processes refresh, if one has died during a refresh. At least 4, since nothing
            is sent in the last 3. Choose less than the deadline, or those who wait get no token.
        """
        super().__init__(config, transport=transport)  # type: ignore[call-arg]  # that of the runner beside this class
        state = State() if state is None else state
        if store is None and key is None:
            self._holder = SessionHolder(config, state, refresh_metadata)
        else:
            from .shared import SharedHolder  # here: most sessions have no store
            from .store_calls import StoreCalls

            ask = StoreCalls(store, key, lease, is_async=self._is_async)
            self._holder = SharedHolder(config, state, refresh_metadata, ask, staleness)
        self._refreshers: list[Refresher] = []  # one at most, which the copies of the session share
        self._remember_device = remember_device
        self._make_locks()

    if TYPE_CHECKING:  # each session has its own

        def _make_locks(self) -> None: ...

        def _call(self, flow: Callable[[State], SessionFlow[T]], needs: TokenUse | None) -> Any: ...

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
        store: S | None = None,
        key: str | None = None,
        staleness: float = 30.0,
        lease: float = 6.0,
    ) -> Self:
        """Return the session of a user who signed in elsewhere: by a `Client`, or in a browser.

        username: the name that the user typed, if it is known.
        device: the device that signed in, if the pool tracks devices.
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
        store: S | None = None,
        key: str | None = None,
        staleness: float = 30.0,
        lease: float = 6.0,
    ) -> Self:
        """Return the session of a refresh token. The first method that needs another token fetches it.

        username: the service's own name of the user. An app client with a secret needs it where the pool lacks
            GetTokensFromRefreshToken.
        device: the device that signed in, if the pool tracks devices.
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

    @overload
    def subscribe(self, callback: Subscriber) -> Callable[[], None]: ...
    @overload
    def subscribe(self, callback: Callable[[State], object], *, state: Literal[True]) -> Callable[[], None]: ...
    def subscribe(self, callback: Callable[[Any], object], *, state: bool = False) -> Callable[[], None]:
        """Call `callback` with the ID token of each sign-in and refresh, and with None when the session ends.

        state: whether it gets the session's state instead, to save it before a refresh token is lost.
        Returns a function that ends this. Only an async session takes coroutine functions, and awaits them. Exceptions
        of a callback are logged, and change nothing. After a refresh, callbacks run in a new thread or task. Only
        `close` or `aclose` waits for it.
        """
        if not self._is_async:
            import inspect  # here: importing it costs more than a sign-in's arithmetic

            if inspect.iscoroutinefunction(callback):
                raise ValueError("callback is a coroutine function, which a sync session cannot await")
        return self._holder.subscribers.add(callback, (lambda: self.state) if state else None)

    @property
    def _refresher(self) -> Refresher:
        """The object that renews the tokens, made when first needed. Two threads may make one at the same time."""
        if not self._refreshers:
            from .refresh import Refresher

            self._refreshers.append(Refresher(self.config, self._holder))
        return self._refreshers[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._holder.state!r})"

    def __reduce_ex__(self, _: object) -> NoReturn:
        """Refuse to be pickled or copied: the copy would renew the same tokens."""
        raise TypeError(
            "a session cannot be pickled or copied: save session.state.to_dict(), "
            "and continue with Session(config, state=State.from_dict(saved))"
        )

    def _as_user(self, flow: Start[T]) -> Any:
        return self._call(lambda state: flow(self.config, state, self._holder.refresh_metadata), "access")
