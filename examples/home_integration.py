"""A config flow in the manner of home-automation integrations: the user signs in once, and the home stays signed in.

The program keeps an *entry* on the disk: the user name and the refresh token, and never the password. When the program
starts, `Home.start` restores the session from it. If the pool refuses the refresh token, `NeedsUser` asks the user to
sign in again, and `ConfigFlow(reauth=entry)` replaces the token in the entry. If the pool cannot be reached,
`TryLater` says so, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from cognito_raw import AsyncSession, AsyncTransport, Config, Err, IdToken, Ok, RememberedDevice, Result, State


class NeedsUser(Exception):
    """The refresh token is of no use any more: the user must sign in again."""


class TryLater(Exception):
    """The pool cannot be reached at present. The entry stays as it is."""


@dataclass(frozen=True)
class Entry:
    """All that is kept of the user. A remembered device spares the second factor at the next sign-in."""

    username: str
    refresh_token: str = field(repr=False)
    device: Mapping[str, str] | None = field(default=None, repr=False)

    def remembered(self) -> RememberedDevice | None:
        """Return the device, if the pool tracks them."""
        return None if self.device is None else RememberedDevice(**self.device)


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

    reauth: the entry of a user who must sign in again. Somebody else's sign-in does not replace it.
    """

    def __init__(self, config: Config, *, reauth: Entry | None = None, transport: AsyncTransport | None = None) -> None:
        self._session = AsyncSession(config, transport=transport)
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
    """Return what to keep of a signed-in session; None if there is nothing that would restore it."""
    tokens, device = state.tokens, state.device
    if tokens is None or tokens.refresh_token is None or state.username is None:
        return None
    kept = None
    if device is not None:
        kept = {"key": device.key, "group_key": device.group_key, "password": device.password}
        kept |= {"username": device.username}
    return Entry(state.username, tokens.refresh_token, kept)


class Home:
    """A running integration: a session that is restored from an entry, and renews itself.

    save: keeps a changed entry. It is called whenever the pool rotates the refresh token.
    """

    def __init__(self, session: AsyncSession, entry: Entry, save: Callable[[Entry], object]) -> None:
        self.session = session
        self._entry = entry
        self._save = save
        self._unsubscribe = session.subscribe(self._changed, state=True)

    @classmethod
    async def start(
        cls, config: Config, entry: Entry, save: Callable[[Entry], object], *, transport: AsyncTransport | None = None
    ) -> Self:
        """Restore the session. Raises `NeedsUser` or `TryLater`."""
        session = AsyncSession.from_refresh_token(
            config, entry.refresh_token, username=entry.username, device=entry.remembered(), transport=transport
        )
        home = cls(session, entry, save)
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
        self._unsubscribe()

    async def remove(self) -> None:
        """Sign out, for an entry that the user removes."""
        await self.session.logout()
        await self.stop()

    def _changed(self, state: State) -> None:
        if state.tokens is not None and state.tokens.refresh_token not in (None, self._entry.refresh_token):
            self._entry = replace(self._entry, refresh_token=state.tokens.refresh_token or "")
            self._save(self._entry)
