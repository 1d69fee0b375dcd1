"""Frameworks that read a function's signature take the methods as they are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response

from cognito_raw import AsyncSession, Client, Session
from cognito_raw.testing import Scripted, password_verifier, tokens
from tests.support.programs import run


def scripted() -> Scripted:
    return Scripted(
        ("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", tokens("ada")), ("RevokeToken", {})
    )


def signed_in() -> Session:
    session = scripted().session()
    session.login("ada", "An-Engine-1843").unwrap()
    return session


async def signed_in_async() -> AsyncSession:
    session = scripted().async_session()
    (await session.login("ada", "An-Engine-1843")).unwrap()
    return session


async def posted(dependency: Any) -> Response:
    """The reply of an application whose only path depends on the callable."""
    app = FastAPI()

    @app.post("/")
    def path(result: Any = Depends(dependency)) -> str:  # noqa: B008  # as FastAPI wants it
        return type(result).__name__

    async with AsyncClient(transport=ASGITransport(app), base_url="http://app.test") as client:
        return await client.post("/")


def test_fastapi_takes_a_method_as_a_dependency() -> None:
    """Sync and async methods, whether they take arguments or not, give their result to the path."""
    for name in ("logout", "id_token"):
        assert asyncio.run(posted(getattr(signed_in(), name))).json() == "Ok"

    async def scene() -> list[str]:
        return [(await posted(getattr(await signed_in_async(), name))).json() for name in ("logout", "id_token")]

    assert asyncio.run(scene()) == ["Ok", "Ok"]


def test_fastapi_reads_arguments_of_a_method_from_the_request() -> None:
    """A missing argument is the client's mistake, by the name that the method gives it."""
    client = Client(scripted().config, transport=scripted())
    reply = asyncio.run(posted(client.get_user))
    assert (reply.status_code, reply.json()["detail"][0]["loc"]) == (422, ["query", "access_token"])


def test_typer_makes_a_command_of_a_method() -> None:
    """The options and their help come from the signature and the docstring."""
    typer = pytest.importorskip("typer")
    from typer.testing import CliRunner

    session = signed_in()
    app = typer.Typer()
    app.command()(session.logout)
    assert CliRunner().invoke(app, ["--everywhere", "--help"]).exit_code == 0
    assert "--no-everywhere" in CliRunner().invoke(app, ["--help"], color=False, env={"TERM": "dumb"}).output
    assert session.state.tokens is not None
    assert CliRunner().invoke(app, []).exit_code == 0
    assert session.state.tokens is None


def test_click_makes_a_command_of_a_method() -> None:
    """Click passes the options by name, and takes the command's name and help from the method."""
    click = pytest.importorskip("click")
    from click.testing import CliRunner

    session = signed_in()
    command = click.command(params=[click.Option(["--everywhere"], is_flag=True)])(session.logout)
    assert command.name == "logout"
    assert "Revoke the refresh token" in CliRunner().invoke(command, ["--help"]).output
    assert CliRunner().invoke(command, []).exit_code == 0
    assert session.state.tokens is None


CELERY = """
from celery import Celery
from cognito_raw import Client
from cognito_raw.testing import Scripted
app = Celery(set_as_current=False)
scripted = Scripted(("GetUser", {"Username": "ada", "UserAttributes": []}))
client = Client(scripted.config, transport=scripted)
task = app.task(typing=False)(client.get_user)  # Celery's check of arguments demands the `self` of any method
print(task.name, task.__doc__.split()[0], type(task.apply(("access",)).get()).__name__)
"""


def test_celery_makes_a_task_of_a_method() -> None:
    """A task has the method's name and documentation, and its arguments are the method's."""
    pytest.importorskip("celery")
    assert run(CELERY) == "cognito_raw.client.get_user Return Ok"
