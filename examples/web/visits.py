"""Visits: one browser's session with the pool, behind a signed cookie.

The cookie holds a random id alone. The session, and what the pages remember beside it, are in an encrypted store that
all processes share. A visit gets a new id before each sign-in, so that nobody can plant one.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cognito_raw import AsyncSession, Config, Err, IdToken, Result, State
from cognito_raw.store import AsyncStore

COOKIE = "visit"
LONGEST_TURN = 10.0  # seconds


@dataclass(eq=False)
class Visit:
    """A browser's visit. `data` is what the pages remember of it, as JSON; `found` tells if its user is signed in."""

    id: str
    session: AsyncSession
    found: Result[IdToken]
    data: dict[str, Any]
    saved: Mapping[str, Any]
    version: int


class Visits:
    """All visits. Each request makes the session of its visit, which costs two looks at the store."""

    def __init__(self, config: Config, store: AsyncStore, secret: bytes) -> None:
        self._config, self._store, self._secret = config, store, secret

    def cookie(self, visit: Visit) -> str:
        """Return the value of the visit's cookie."""
        return f"{visit.id}.{self._sign('cookie', visit.id)}"

    def id_of(self, cookie: str) -> str:
        """Return the id in a cookie: a new one if its signature is wrong."""
        visit_id, _, signature = cookie.partition(".")
        is_ours = hmac.compare_digest(signature.encode(), self._sign("cookie", visit_id).encode())
        return visit_id if is_ours else secrets.token_urlsafe(24)

    def form_token(self, visit: Visit) -> str:
        """Return the token that the forms of this visit carry. Other sites cannot know it."""
        return self._sign("form", visit.id)

    def is_form_token(self, visit: Visit, given: str) -> bool:
        """Tell if a form came from a page of this visit."""
        return hmac.compare_digest(self.form_token(visit).encode(), given.encode())

    @asynccontextmanager
    async def visit(self, cookie: str, *, alone: bool) -> AsyncIterator[Visit]:
        """Load a visit, and save it. Those that are alone take turns: a second click finds what the first one did."""
        visit_id, owner = self.id_of(cookie), secrets.token_hex(8)
        while alone and await self._store.acquire(f"page {visit_id}", owner, LONGEST_TURN) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        try:
            visit = await self.load(visit_id)
            yield visit
            await self.save(visit)
        finally:
            if alone:
                await self._store.release(f"page {visit_id}", owner)

    async def load(self, visit_id: str) -> Visit:
        """Return a visit with fresh tokens, if its user is signed in."""
        session, (saved, version) = self._session(visit_id), await self._remembered(visit_id)
        visit = Visit(visit_id, session, await session.id_token(), {**saved}, saved, version)
        if isinstance(visit.found, Err) and visit.found.reason == "store-entry-refused":  # of another pool
            self.renew_id(visit)
        return visit

    def renew_id(self, visit: Visit) -> None:
        """Give the visit another id, for a user who is about to sign in."""
        visit.id, visit.saved, visit.version = secrets.token_urlsafe(24), {}, 0
        visit.session = self._session(visit.id, visit.session.state)

    async def save(self, visit: Visit) -> None:
        """Save what the pages changed. The changes of other requests stay."""
        old, new = visit.saved, visit.data
        changed = {name: new.get(name) for name in {**old, **new} if new.get(name) != old.get(name)}
        while (data := _with_event({**visit.saved, **changed}, visit.session.state)) != visit.saved:
            version = await self._store.save(f"page {visit.id}", json.dumps(data).encode(), after=visit.version)
            now = await self._remembered(visit.id) if version is None else (data, version)
            visit.saved, visit.version = now
        visit.data = {**visit.saved}

    async def _remembered(self, visit_id: str) -> tuple[dict[str, Any], int]:
        entry = await self._store.load(f"page {visit_id}")
        return ({}, 0) if entry is None else (json.loads(entry.value), entry.version)

    def _session(self, visit_id: str, state: State | None = None) -> AsyncSession:
        return AsyncSession(self._config, state=state, store=self._store, key=visit_id, staleness=1.0)

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.digest(self._secret, f"{purpose} {text}".encode(), "sha256").hex()


def _with_event(data: dict[str, Any], state: State) -> dict[str, Any]:
    """Return the data with what happened to the session since, once for all processes."""
    before, now = data.get("token"), state.tokens.id_token.jwt[-16:] if state.tokens else None
    if before != now:
        what = "ended" if now is None else "signed in" if before is None else "renewed"
        data |= {"token": now, "events": [*data.get("events", ()), [time.time(), what]][-12:]}
        data["app"] = data.get("app") if what == "renewed" else None
    return {name: value for name, value in data.items() if value is not None}
