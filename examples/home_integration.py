"""A config flow in the manner of home-automation integrations: the user signs in once, and the home stays signed in.

The program keeps an *entry* on the disk: the user name and the session, and never the password. The entry is the
session's store, so each new refresh token is in it before anybody uses the new tokens. When the program starts,
`Home.start` continues the session. If the pool refuses the refresh token, `NeedsUser` asks the user to sign in again,
and `ConfigFlow(reauth=entry)` replaces the session in the entry. If the pool cannot be reached, `TryLater` says so, and
nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from cognito_raw import AsyncSession, AsyncTransport, Config, Err, IdToken, Ok, Result, State
from cognito_raw.store import Acquired
from cognito_raw.store import Entry as Saved


class NeedsUser(Exception):
    """The refresh token is of no use any more: the user must sign in again."""


class TryLater(Exception):
    """The pool cannot be reached at present. The entry stays as it is."""


@dataclass(frozen=True)
class Entry:
    """All that is kept of the user. The session is JSON, with its tokens and the remembered device."""

    username: str
    session: str = field(repr=False)
    version: int = 1


class EntryStore:
    """The store of the session in an entry, for the one process that has the entry.

    changed: keeps a changed entry. It is called before anybody hears of the change.
    """

    def __init__(self, entry: Entry, changed: Callable[[Entry], object]) -> None:
        self._entry = entry
        self._changed = changed

    async def load(self, key: str) -> Saved:  # noqa: ARG002  # an entry has one session
        """Return the session."""
        return Saved(self._entry.session.encode(), self._entry.version)

    async def save(self, key: str, value: bytes, *, after: int) -> int | None:  # noqa: ARG002
        """Save the session, if it is newer."""
        if self._entry.version > after:
            return None
        self._entry = replace(self._entry, session=value.decode(), version=after + 1)
        self._changed(self._entry)
        return self._entry.version

    async def acquire(self, key: str, owner: str, seconds: float) -> Acquired:  # noqa: ARG002
        """Take the lease, which no other process can have."""
        return "free"

    async def release(self, key: str, owner: str) -> None:
        """End the lease."""


@dataclass(frozen=True)
class Form:
    """A form to show: its fields, and a reason for each field that was wrong. The program translates reasons."""

    step: Literal["user", "code", "new_password"]
    fields: tuple[str, ...]
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Abort:
    """The end of a flow that made no entry."""

    reason: str


Step = Form | Abort | Entry
FIELDS: Mapping[Literal["user", "code", "new_password"], tuple[str, ...]] = {
    "user": ("username", "password"),
    "code": ("code",),
    "new_password": ("new_password",),
}


class ConfigFlow:
    """The forms between a user and an entry: user name and password, then whatever the pool asks for.

    reauth: the entry of a user who must sign in again. Its remembered device spares the second factor. Somebody else's
        sign-in does not replace it.
    """

    def __init__(self, config: Config, *, reauth: Entry | None = None, transport: AsyncTransport | None = None) -> None:
        before = None if reauth is None else State.from_dict(json.loads(reauth.session))
        self._session = AsyncSession(config, state=before, transport=transport)
        self._reauth = reauth

    async def step_user(self, given: Mapping[str, str] | None = None) -> Step:
        """Show the first form, or sign in with what the user typed into it."""
        if given is None:
            return Form("user", FIELDS["user"])
        return self._after(await self._session.login(given["username"], given["password"]), "user")

    async def step_code(self, given: Mapping[str, str]) -> Step:
        """Answer a challenge with the code that the user typed."""
        return self._after(await self._session.answer_challenge(given["code"]), "code")

    async def step_new_password(self, given: Mapping[str, str]) -> Step:
        """Replace a temporary password."""
        return self._after(await self._session.new_password_challenge(given["new_password"]), "new_password")

    def _after(self, result: Result[IdToken], step: Literal["user", "code", "new_password"]) -> Step:
        match result:
            case Ok():
                return self._entry()
            case Err("new-password-challenge"):
                return Form("new_password", FIELDS["new_password"])
            case Err("software-token-mfa-challenge" | "sms-mfa-challenge" | "email-otp-challenge"):
                return Form("code", FIELDS["code"])
            case Err(kind="challenge"):
                return Abort(result.reason)  # of a kind that this program has no form for
            case Err(kind="input") if step == "user" or self._session.challenge is not None:
                return Form(step, FIELDS[step], {FIELDS[step][-1]: result.reason})
            case Err(kind="temporary"):
                return Form(step, FIELDS[step], {"base": result.reason})
            case _:
                return Form("user", FIELDS["user"], {"base": result.reason})

    def _entry(self) -> Step:
        state = self._session.state
        entry = entry_of(state)
        if entry is None:
            return Abort("no-refresh-token")
        if self._reauth is not None and self._reauth.username != entry.username:
            return Abort("wrong-account")
        return entry


def entry_of(state: State) -> Entry | None:
    """Return what to keep of a signed-in session; None if there is nothing that would continue it."""
    if state.tokens is None or state.tokens.refresh_token is None or state.username is None:
        return None
    return Entry(state.username, json.dumps(state.to_dict()))


class Home:
    """A running integration: a session that is kept in an entry, and renews itself."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @classmethod
    async def start(
        cls,
        config: Config,
        entry: Entry,
        changed: Callable[[Entry], object],
        *,
        transport: AsyncTransport | None = None,
    ) -> Self:
        """Continue the session. Raises `NeedsUser` or `TryLater`.

        changed: keeps a changed entry, as whenever the pool rotates the refresh token.
        """
        store = EntryStore(entry, changed)
        home = cls(AsyncSession(config, store=store, key=entry.username, transport=transport))
        await home.token()
        return home

    async def token(self) -> str:
        """Return a fresh access token, for the cloud's API. Raises `NeedsUser` or `TryLater`."""
        match await self.session.access_token():
            case Ok(token):
                return token
            case Err(kind="signed-out") as err:
                raise NeedsUser(err.reason)
            case err:
                raise TryLater(err.reason)

    async def stop(self) -> None:
        """End the integration. The entry stays good."""
        await self.session.aclose()

    async def remove(self) -> None:
        """Sign out, for an entry that the user removes."""
        await self.session.logout()
        await self.stop()
