"""The part of a session that is the same in sync and async: the list of its methods, and its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ..config import Config
from ..flow import MethodOfFlow, Methods
from ..models.challenge import Challenge
from .holder import SessionHolder
from .methods import SessionMethods
from .state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from ..flow import Method
    from ..models.tokens import TokenUse
    from ..result import Result
    from .state import SessionFlow

    P = ParamSpec("P")
    T = TypeVar("T")


# needs: a token that is renewed first, so that an interrupted method does not interrupt a refresh.
def _method(
    flow: Callable[Concatenate[SessionMethods, P], SessionFlow[T]], *, needs: TokenUse | None = None
) -> Method[P, Result[T], Coroutine[Any, Any, Result[T]]]:
    return MethodOfFlow(flow, lambda self, start: self._call(lambda state: start(self._methods(state)), needs))


class SessionMembers(Methods):
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

    def _methods(self, state: State) -> SessionMethods:
        return SessionMethods(self.config, state, self._remember_device, self._holder.refresh_metadata)
