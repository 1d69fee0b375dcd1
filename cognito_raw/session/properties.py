"""The part of a session that is the same in sync and async, since it needs no request."""

from __future__ import annotations

from typing import NoReturn

from ..config import Config
from ..models.challenge import Challenge
from .holder import SessionHolder
from .state import State


class SessionProperties:
    """The properties of a session, which need no request."""

    config: Config
    _holder: SessionHolder

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
