"""A session's state, as one frozen value that JSON can carry to another process."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from ..call import Call
from ..config import Config
from ..models.context import RefreshMetadata
from ..models.fields import InputRefused, require_optional_string, require_string
from ..models.frozen import Frozen, field, replace
from ..models.lazy import LateType
from ..models.tokens import IdToken, RefreshFlow, RememberedDevice, Tokens, username_of
from ..result import Err, Result
from .expiry import issue_time

if TYPE_CHECKING:
    from ..models.challenge import Challenge
else:  # for tools that evaluate the annotations
    Challenge = LateType("cognito_raw.models.challenge", "Challenge")

T = TypeVar("T")

NO_SESSION: Final = Err("no-session")


class State(Frozen):
    """One user's session at one moment.

    username: the signed-in user, or else the one who is being tried, as typed.
    challenge: the challenge that must be answered to finish signing in.
    tokens: those of the signed-in user. With a refresh token alone, the others are empty ones that have ended.
    device: the device for the user's next sign-in, once the service knows it.
    drift: seconds that the service's clock is ahead of ours, at the last tokens. A loaded state drops a negative one.
    refresh_flow: `GetTokensFromRefreshToken`, or `REFRESH_TOKEN_AUTH` if the pool does not know that operation.
    unanswered: whether the reply to a refresh never came, and with it perhaps a new refresh token.
    sign_up_session: the service's session of a sign-up. It signs the user in without a second code.
    challenge_username, sign_up_username: the users of the challenge and of the sign-up; by default `username`.
    reset_username: the user of the last reset request.
    tried_username: the user of the last register, login or reset request, while another one is signed in.
    client_metadata: the ClientMetadata of the sign-in, which goes with each refresh.
    challenge_metadata: that of the sign-in that the challenge belongs to.
    pool_id, client_id: the pool and the app client that the state belongs to. A session sets them.
    """

    username: str | None = None
    challenge: Challenge | None = None
    tokens: Tokens | None = None
    drift: float = field(default=0.0, repr=False)
    device: RememberedDevice | None = None
    refresh_flow: RefreshFlow = field(default="GetTokensFromRefreshToken", repr=False)
    unanswered: bool = field(default=False, repr=False)
    sign_up_session: str | None = field(default=None, repr=False)
    challenge_username: str | None = field(default=None, repr=False)
    sign_up_username: str | None = field(default=None, repr=False)
    reset_username: str | None = field(default=None, repr=False)
    tried_username: str | None = field(default=None, repr=False)
    client_metadata: Mapping[str, str] | None = field(default=None, repr=False, hash=False)
    challenge_metadata: Mapping[str, str] | None = field(default=None, repr=False, hash=False)
    pool_id: str | None = field(default=None, repr=False, compare=False)
    client_id: str | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        tried = self.last_username
        if self.tokens is None:
            object.__setattr__(self, "username", tried)
            object.__setattr__(self, "client_metadata", None)
        object.__setattr__(self, "tried_username", None if tried == self.username else tried)
        if self.challenge is None:
            object.__setattr__(self, "challenge_metadata", None)
        for name, owned in (("challenge_username", self.challenge), ("sign_up_username", self.sign_up_session)):
            object.__setattr__(self, name, None if owned is None else getattr(self, name) or tried)

    @property
    def last_username(self) -> str | None:
        """The user of the last register, login or reset request, whom a confirmation is for."""
        return self.username if self.tried_username is None else self.tried_username

    def bound_to(self, pool_id: str, client_id: str) -> State:
        """Return the state as one of this pool and app client. Another's raises `ValueError`.

        If the state names none, as those of earlier versions, the claims of its tokens do.
        """
        pool, client = (None, None) if self.tokens is None else _issued_for(self.tokens)
        _require_same("pool", self.pool_id or pool, pool_id)
        _require_same("app client", self.client_id or client, client_id)
        return replace(self, pool_id=pool_id, client_id=client_id)

    def with_sign_up(self, username: str, session: str | None) -> State:
        """Return the state with the handle of this user's sign-up. Without one, another user's stays."""
        if session is None and username != self.sign_up_username:
            return self
        return replace(self, sign_up_session=session, sign_up_username=username)

    def with_tokens(self, fresh: Tokens, now: float) -> State:
        """Return the state with new tokens. They were issued just now, which shows the drift between the clocks."""
        issued = issue_time(fresh)
        drift = 0.0 if issued is None else issued - now
        username = username_of(fresh) if self.username is None else self.username
        return replace(self, tokens=fresh, drift=drift, unanswered=False, username=username)

    @classmethod
    def of_tokens(cls, tokens: Tokens, username: str | None = None, device: RememberedDevice | None = None) -> State:
        """Return the state of a user who signed in elsewhere. An empty token counts as no token."""
        if not isinstance(tokens, Tokens):
            raise ValueError(f"tokens must be Tokens(...), not {type(tokens).__name__}")
        if not (tokens.id_token.jwt and tokens.access_token):
            return cls.of_refresh_token(tokens.refresh_token or "", username, device)
        kept = replace(tokens, refresh_token=tokens.refresh_token or None, new_device=None)
        return cls(username_of(kept) if username is None else username, tokens=kept, device=device)

    @classmethod
    def of_refresh_token(
        cls, refresh_token: str, username: str | None = None, device: RememberedDevice | None = None
    ) -> State:
        """Return the state of a refresh token alone. One that is empty or cannot be sent counts as no token."""
        try:
            require_string(refresh_token=refresh_token)
            require_optional_string(username=username)
        except InputRefused:  # a browser sent it, and no service gave it
            return cls()
        named = username if device is None else device.username
        tokens = Tokens(_ended_token(named), "", refresh_token) if refresh_token else None
        return cls(named if username is None else username, tokens=tokens, device=device)

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON that `from_dict` reads back. It holds tokens: encrypt it wherever you store it."""
        from .saved_state import plain  # here, as below: a sign-in does not need it

        return plain({name: getattr(self, name) for name in State.__match_args__})

    @classmethod
    def from_dict(cls, saved: Mapping[str, object]) -> State:
        """Return the state that `to_dict` wrote, in this version of the library or an earlier one.

        Anything else raises `ValueError`, without its content.
        """
        from .saved_state import members

        return cls(**members(saved))


def _require_same(what: str, found: str | None, own: str) -> None:
    if found not in (None, own):
        raise ValueError(f"the state is of the {what} {found}, not of {own}: continue it with its own configuration")


def _issued_for(tokens: Tokens) -> tuple[str | None, str | None]:
    """Return the pool id and the client id in the claims. The rest of the issuer differs for one pool."""
    issuer, client = tokens.id_token.payload.get("iss"), tokens.id_token.payload.get("aud")
    pool = issuer.rpartition("/")[2] if isinstance(issuer, str) else ""
    return pool if "_" in pool else None, client if isinstance(client, str) else None


class Exclusive(Frozen):
    """A state before a refresh: sessions that share a store refresh one at a time, until the next state is kept."""

    state: State


SessionFlow: TypeAlias = Generator[Call | State | Exclusive, Any, tuple[State, Result[T]]]
"""Yields calls and receives their results, as a flow does. Also yields states, to be kept at once."""


class SessionFlows(Frozen):
    """The base of the methods of a session, which are flows: pure functions of its configuration and state."""

    config: Config
    state: State
    remember_device: bool = True
    refresh_metadata: RefreshMetadata | None = field(default=None, repr=False)


def _ended_token(username: str | None) -> IdToken:
    """Return an ID token of nothing but a user's name, which any version of the library can read."""
    import base64  # here: only a session that begins with a refresh token needs it
    import json

    claims = {"exp": 0} if username is None else {"exp": 0, "cognito:username": username}
    return IdToken.read(f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.")
