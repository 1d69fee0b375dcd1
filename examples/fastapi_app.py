"""A FastAPI application with routes that accept Cognito's access tokens.

    COGNITO_ISS=https://cognito-idp... COGNITO_CLIENT_ID=... uvicorn --factory examples.fastapi_app:app

One `AsyncTokenVerifier` serves the whole process. It fetches the pool's keys once, and keeps them fresh. Each route
names the scopes and groups that it needs. (FastAPI reads annotations at run time, so this file does not import
`annotations` from `__future__`.)
"""

import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from cognito_raw import AsyncTokenVerifier, Claims, Config
from examples.bearer import MISSING, Refusal, bearer_token, judge


class Bearer(SecurityBase):
    """A dependency that returns the claims of the request's token, or refuses the request."""

    def __init__(
        self, verifier: AsyncTokenVerifier, *, scopes: Collection[str] = (), groups: Collection[str] = ()
    ) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")  # for the OpenAPI page, with its field for a token
        self.scheme_name = "Bearer"
        self._verifier = verifier
        self._scopes = scopes
        self._groups = groups

    async def __call__(self, request: Request) -> Claims:
        """Return the claims, or raise the HTTP error that refuses the request."""
        values = request.headers.getlist("Authorization")
        token = bearer_token(values[0]) if len(values) == 1 else None
        if token is None:
            raise _error(MISSING)
        found = judge(await self._verifier.verify(token), scopes=self._scopes, groups=self._groups)
        if isinstance(found, Refusal):
            raise _error(found)
        return found


def create_app(config: Config) -> FastAPI:
    """Create the application, for the access tokens of one app client of one pool."""
    verifier = AsyncTokenVerifier(config, token_use="access")
    caller = Bearer(verifier)
    reader = Bearer(verifier, scopes=["orders/read"])
    admin = Bearer(verifier, groups=["admins"])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with verifier:  # closes its connections at the end
            yield

    made = FastAPI(lifespan=lifespan)

    @made.get("/me")
    async def me(claims: Annotated[Claims, Depends(caller)]) -> dict[str, str | None]:
        return {"sub": claims.sub, "username": claims.username}

    @made.get("/orders")
    async def orders(claims: Annotated[Claims, Depends(reader)]) -> dict[str, str]:
        return {"orders of": claims.sub}

    @made.get("/reports")
    async def reports(claims: Annotated[Claims, Depends(admin)]) -> dict[str, list[str]]:
        return {"groups": list(claims.groups)}

    return made


def app() -> FastAPI:
    """Create the application with the environment's settings."""
    client_id = os.environ["COGNITO_CLIENT_ID"]
    return create_app(Config(os.environ["COGNITO_ISS"], client_id, endpoint=os.environ.get("COGNITO_ENDPOINT")))


def _error(refusal: Refusal) -> HTTPException:
    return HTTPException(refusal.status, refusal.reason, dict(refusal.headers))
