"""The FastAPI example behind uvicorn, asked with tokens of the local pool."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI

from cognito_raw import AsyncSession, AsyncTokenVerifier, Claims, Session
from cognito_raw.auth import SessionAuth
from examples import fastapi_app
from examples.local_pool import Pool, Server
from tests.support.deadlines import wait_until

PASSWORD: Final = "An-Engine-1843"


@pytest.fixture(scope="module")
def pool(server: Server) -> Pool:
    """A pool where ada is an admin, and charles is not."""
    made = server.pool()
    made.add_user("ada", PASSWORD)
    made.add_user("charles", PASSWORD)
    made.admin.create_group(UserPoolId=made.id, GroupName="admins")
    made.admin.admin_add_user_to_group(UserPoolId=made.id, Username="ada", GroupName="admins")
    return made


def signed_in(pool: Pool, username: str = "ada") -> Session:
    session = Session(pool.config())
    session.login(username, PASSWORD).unwrap()
    return session


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """The address of an application that uvicorn runs."""
    config = uvicorn.Config(application, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert wait_until(lambda: server.started, 30.0)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def url(pool: Pool) -> Iterator[str]:
    """The example, as its environment configures it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COGNITO_ISS", pool.config().iss)
        patch.setenv("COGNITO_CLIENT_ID", pool.client_id)
        patch.setenv("COGNITO_ENDPOINT", pool.endpoint)
        application = fastapi_app.app()
    with serving(application) as address:
        yield address


def test_a_signed_in_user_is_known(pool: Pool, url: str) -> None:
    """The route has the claims of the token that the session sends."""
    session = signed_in(pool)
    with httpx.Client(auth=SessionAuth(session, token="access"), base_url=url, trust_env=False) as client:
        assert client.get("/me").json() == {"sub": session.id_token().unwrap().payload["sub"], "username": "ada"}
        assert client.get("/reports").json() == {"groups": ["admins"]}


def test_an_asynchronous_session_is_known_as_well(pool: Pool, url: str) -> None:
    """Many requests at once, through one application."""

    async def scene() -> set[int]:
        async with AsyncSession(pool.config()) as session:
            await session.login("charles", PASSWORD)
            auth = SessionAuth(session, token="access")
            async with httpx.AsyncClient(auth=auth, base_url=url, trust_env=False) as client:
                answers = await asyncio.gather(*[client.get("/me") for _ in range(20)])
                return {answer.status_code for answer in answers}

    assert asyncio.run(scene()) == {200}


def test_what_a_route_demands_is_403_where_it_is_missing(pool: Pool, url: str) -> None:
    """Scopes and groups, each with its challenge."""
    auth = SessionAuth(signed_in(pool, "charles"), token="access")
    with httpx.Client(auth=auth, base_url=url, trust_env=False) as client:
        for path, reason in (("/orders", "token-scope-missing"), ("/reports", "token-group-missing")):
            answer = client.get(path)
            assert (answer.status_code, answer.json()) == (403, {"detail": reason})
            assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
        assert client.get("/orders").headers["WWW-Authenticate"].endswith(', scope="orders/read"')


def test_a_request_without_a_good_token_is_401(pool: Pool, url: str) -> None:
    """Without one, with an ID token, with two headers, with anything else; the challenge says which."""
    token = signed_in(pool).access_token().unwrap()
    requests: dict[str, list[tuple[str, str]]] = {
        "token-missing": [],
        "token-malformed": [("Authorization", "Bearer abc")],
        "token-use-refused": [("Authorization", f"Bearer {signed_in(pool).id_token().unwrap().jwt}")],
    }
    with httpx.Client(base_url=url, trust_env=False) as client:
        for reason, headers in requests.items():
            answer = client.get("/me", headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"detail": reason})
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
        twice = client.get("/me", headers=[("Authorization", f"Bearer {token}")] * 2)
        assert twice.status_code == 401


def test_a_scope_that_the_token_has_lets_it_in(pool: Pool) -> None:
    """A dependency of one's own is one line."""
    bearer = fastapi_app.Bearer(
        AsyncTokenVerifier(pool.config(), token_use="access"), scopes=["aws.cognito.signin.user.admin"]
    )
    application = FastAPI()

    def whoami(claims: Any) -> str | None:
        assert isinstance(claims, Claims)
        return claims.username

    whoami.__annotations__["claims"] = Annotated[Claims, Depends(bearer)]
    application.get("/whoami")(whoami)
    token = signed_in(pool).access_token().unwrap()

    async def ask() -> Any:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/whoami", headers={"Authorization": f"Bearer {token}"})).json()

    assert asyncio.run(ask()) == "ada"


def test_the_openapi_page_has_a_field_for_the_token(url: str) -> None:
    """Each route names the scheme, once described."""
    page = httpx.get(f"{url}/openapi.json", trust_env=False).json()
    assert page["components"]["securitySchemes"] == {
        "Bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    assert page["paths"]["/me"]["get"]["security"] == [{"Bearer": []}]
