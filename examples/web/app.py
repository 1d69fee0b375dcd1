"""The application: its settings, its pages, its files, and what they share."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from cognito_raw import AsyncTokenVerifier, Config
from cognito_raw.store import AsyncRedisStore, AsyncSealed, AsyncStore, FileStore, InThreads

from . import account, security, sign_in, tokens
from .ask import page
from .visits import Visits


def create_app(settings: Mapping[str, str] = os.environ, **changes: Any) -> Starlette:
    """Create the application in each worker process.

    settings: the pool's, as `make pool` prints them. WEB_SECRET: 64 random hexadecimal digits, for all keys. WEB_STORE:
        a folder for the visits, or the address of a Redis server. WEB_USERS: those that the first page names.
    changes: those of the `Config`.
    """
    pool = [settings.get(f"COGNITO_{name}", "") for name in ("ISS", "CLIENT_ID", "CLIENT_SECRET", "ENDPOINT")]
    config = Config(pool[0], pool[1], pool[2] or None, endpoint=pool[3] or None, **changes)
    secret = bytes.fromhex(settings["WEB_SECRET"])
    store = AsyncSealed(_store(settings["WEB_STORE"]), [hashlib.sha256(b"visits" + secret).digest()])
    verifier = AsyncTokenVerifier(config, token_use="access")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with verifier:
            yield

    files = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    routes = [*sign_in.ROUTES, *account.ROUTES, *security.ROUTES, *tokens.ROUTES, files]
    away = PlainTextResponse("The store of the sign-ins cannot be reached at present. Please try again.", 503)
    handlers: dict[Any, Any] = {404: _missing, OSError: lambda *_: away}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.visits = Visits(config, store, secret)
    app.state.verifier = verifier
    app.state.users = json.loads(settings.get("WEB_USERS", "[]"))
    return app


def _store(place: str) -> AsyncStore:
    if "://" not in place:
        return InThreads(FileStore(place))
    client = Redis.from_url(place, socket_timeout=2, retry=Retry(NoBackoff(), 1))
    return AsyncRedisStore(client, lifetime=30 * 86_400)  # as the refresh token's


async def _missing(request: Request, _: Exception) -> Response:
    response = await page(sign_in.home, "missing")(request)
    response.status_code = 404
    return response
