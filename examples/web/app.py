"""The application: its pages, its files, and what they share."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from cognito_raw import AsyncTokenVerifier, Config
from cognito_raw.store import FileStore, Sealed

from . import account, security, sign_in, tokens
from .ask import page
from .visits import Visits


def create_app(config: Config, folder: Path, secret: bytes, users: Sequence[tuple[str, str, str]] = ()) -> Starlette:
    """Create the application.

    folder: for the visits. secret: at least 32 random bytes, which sign cookies and encrypt visits. users: those that
        the first page names, with their passwords and what each is for.
    """
    store = Sealed(FileStore(folder / "visits"), [hashlib.sha256(b"visits" + secret).digest()])
    verifier = AsyncTokenVerifier(config, token_use="access")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with verifier:
            yield

    files = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    routes = [*sign_in.ROUTES, *account.ROUTES, *security.ROUTES, *tokens.ROUTES, files]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _missing})
    app.state.visits = Visits(config, store, secret)
    app.state.verifier = verifier
    app.state.users = users
    return app


async def _missing(request: Request, _: Exception) -> Response:
    response = await page(sign_in.home, "missing")(request)
    response.status_code = 404
    return response
