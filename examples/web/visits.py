"""Visits: one browser's session with the pool, behind a signed cookie.

The cookie holds a random id alone. The session's state lies in an encrypted store, so that a restart loses nothing. A
visit gets a new id at each sign-in and sign-out, so that nobody can plant one.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cognito_raw import AsyncSession, Config, State
from cognito_raw.store import EntryRefused, Store

COOKIE = "visit"
MOST_IN_MEMORY = 1000


@dataclass(eq=False)
class Visit:
    """A browser's visit. `data` is what the pages remember of it, as JSON."""

    id: str
    session: AsyncSession
    data: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    signed_in: bool = False
    listeners: set[asyncio.Queue[str]] = field(default_factory=set)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)


class Visits:
    """All visits: those of late in memory, the others in the store."""

    def __init__(self, config: Config, store: Store, secret: bytes) -> None:
        self._config, self._store, self._secret = config, store, secret
        self._recent: dict[str, Visit] = {}

    def cookie(self, visit: Visit) -> str:
        """Return the value of the visit's cookie."""
        return f"{visit.id}.{self._sign('cookie', visit.id)}"

    def form_token(self, visit: Visit) -> str:
        """Return the token that the forms of this visit carry. Other sites cannot know it."""
        return self._sign("form", visit.id)

    def is_form_token(self, visit: Visit, given: str) -> bool:
        """Tell if a form came from a page of this visit."""
        return hmac.compare_digest(self.form_token(visit).encode(), given.encode())

    async def of(self, cookie: str) -> Visit:
        """Return the visit of a cookie: a new one if its signature is wrong, or if nothing is known of it."""
        visit_id, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("cookie", visit_id).encode()):
            return self._new(secrets.token_urlsafe(24))
        visit = self._recent.pop(visit_id, None) or await self._load(visit_id)
        self._recent[visit_id] = visit
        return visit

    async def renew_id(self, visit: Visit) -> None:
        """Give the visit another id, and forget the old one."""
        async with visit.saving:
            self._recent.pop(visit.id, None)
            if visit.version:
                await asyncio.to_thread(self._store.save, visit.id, b"", after=visit.version)
            visit.id, visit.version = secrets.token_urlsafe(24), 0
            self._recent[visit.id] = visit
        await self.save(visit)

    async def save(self, visit: Visit) -> None:
        """Save the visit, unless there is nothing to save."""
        async with visit.saving:
            state = visit.session.state
            if visit.version or visit.data or state != State():
                value = json.dumps({"data": visit.data, "state": state.to_dict()}).encode()
                saved = await asyncio.to_thread(self._store.save, visit.id, value, after=visit.version)
                visit.version = visit.version if saved is None else saved
                self._recent[visit.id] = visit
                self._drop_old()

    async def _load(self, visit_id: str) -> Visit:
        with suppress(EntryRefused, ValueError):  # another key or another pool: the visit starts anew
            entry = await asyncio.to_thread(self._store.load, visit_id)
            if entry is None:
                return self._new(visit_id)  # it has seen pages, and done nothing yet
            if entry.value:
                saved = json.loads(entry.value)
                return self._new(visit_id, State.from_dict(saved["state"]), saved["data"], entry.version)
        return self._new(secrets.token_urlsafe(24))

    def _new(self, visit_id: str, state: State | None = None, data: Any = None, version: int = 0) -> Visit:
        visit = Visit(visit_id, AsyncSession(self._config, state=state), data or {}, version)
        visit.signed_in = visit.session.state.tokens is not None

        async def heard(now: State) -> None:
            what = "ended" if now.tokens is None else "renewed" if visit.signed_in else "signed in"
            visit.signed_in = now.tokens is not None
            visit.data["events"] = [*visit.data.get("events", ()), [time.time(), what]][-12:]
            for listener in visit.listeners:
                listener.put_nowait(what)
            await self.save(visit)

        visit.session.subscribe(heard, state=True)
        return visit

    def _drop_old(self) -> None:
        for visit in list(self._recent.values())[:-MOST_IN_MEMORY]:
            if not visit.listeners:
                del self._recent[visit.id]

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.digest(self._secret, f"{purpose} {text}".encode(), "sha256").hex()
