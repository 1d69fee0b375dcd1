"""What the type checkers must refuse: a test takes each `type: ignore` away and expects an error just there.

So the file as a whole checks, and fails to check as soon as one of these mistakes would go through.
"""

from __future__ import annotations

import cognito_raw
from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    AsyncSession,
    AsyncTokenVerifier,
    Client,
    Config,
    Err,
    HttpxTransport,
    IdToken,
    Ok,
    Reason,
    Result,
    Session,
    State,
    TokenVerifier,
)
from cognito_raw.auth import SessionAuth

config = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "abc")


def misspelt_words(result: Result[IdToken]) -> bool:
    """A reason is one of a closed list, and so is a public name."""
    reason: Reason = "code-missmatch"  # type: ignore[assignment]  # refused: misspelt
    Err("wrong-password")  # type: ignore[arg-type]  # refused: not of the list
    if isinstance(result, Ok):
        return False
    cognito_raw.Sesion  # type: ignore[attr-defined]  # noqa: B018  # refused: no such name
    return result.reason == reason == "code-missmatch"  # type: ignore[comparison-overlap]  # refused: never so


def wrong_arguments(session: Session, client: Client) -> None:
    """Arguments have types, and those that must be named are named."""
    Config(5, "abc")  # type: ignore[arg-type]  # refused: not a text
    Config("https://...", "abc", deadline="10")  # type: ignore[arg-type]  # refused: not a number
    Config("https://...", "abc", fips="true")  # type: ignore[arg-type]  # refused: not a truth value
    Config("https://...", "abc", region="eu-west-1")  # type: ignore[call-arg]  # refused: the issuer tells it
    Session("https://...")  # type: ignore[arg-type]  # refused: not a configuration
    Session(config, State())  # type: ignore[call-arg]  # refused: must be named
    session.login()  # type: ignore[call-arg]  # refused: nobody
    session.login("bob", 5)  # type: ignore[arg-type]  # refused: not a text
    session.login("bob", "hunter2", "more")  # type: ignore[call-arg, arg-type]  # refused: one too many
    session.login("bob", flow="REFRESH_TOKEN_AUTH")  # type: ignore[arg-type]  # refused: no way to sign in
    session.login("bob", preferred="EMAIL")  # type: ignore[arg-type]  # refused: no first factor
    session.answer_challenge(123456)  # type: ignore[arg-type]  # refused: a code is a text
    session.register("bob", "hunter2", {"age": 5})  # type: ignore[dict-item]  # refused: attributes are texts
    session.logout(True)  # type: ignore[call-arg]  # refused: must be named
    session.sign_in("bob", "hunter2")  # type: ignore[attr-defined]  # refused: that is the client's
    session.subscribe(lambda: None)  # type: ignore[arg-type, misc]  # refused: takes no token
    client.sign_in("bob", password=5)  # type: ignore[arg-type]  # refused: not a text
    client.call("GetUser")  # type: ignore[call-arg]  # refused: no parameters
    SessionAuth(config)  # type: ignore[arg-type]  # refused: not a session
    SessionAuth(session, token="refresh")  # type: ignore[arg-type]  # refused: that one goes to nobody else
    client.get_user()  # type: ignore[call-arg]  # refused: no token
    client.initiate_auth("USER_MAGIC")  # type: ignore[arg-type]  # refused: no such flow
    client.update_device_status("token", "key", "forgotten")  # type: ignore[arg-type]  # refused: no such status
    client.sign_up("bob", "hunter2", {}, {})  # type: ignore[call-arg]  # refused: must be named
    client.forgot_password("bob", user_context_data="192.0.2.1")  # type: ignore[arg-type]  # refused: not a context
    Session(config, transport=object())  # type: ignore[arg-type]  # refused: sends nothing
    AsyncSession(config, transport=HttpxTransport())  # type: ignore[arg-type]  # refused: would hold the event loop


def wrong_demands(token: str) -> None:
    """What is demanded of a token is spelt right, and said by name."""
    TokenVerifier(config, "refresh")  # type: ignore[arg-type]  # refused: no such use
    TokenVerifier(config, "id", ["abc"])  # type: ignore[call-arg]  # refused: must be named
    TokenVerifier(config, client_ids=True)  # type: ignore[arg-type]  # refused: say ANY_CLIENT
    TokenVerifier(config, check=lambda: True)  # type: ignore[arg-type, misc]  # refused: takes no claims
    TokenVerifier(config).verify(token.encode())  # type: ignore[arg-type]  # refused: not a text
    TokenVerifier(config, transport=AsyncHttpxTransport())  # type: ignore[arg-type]  # refused: the other mode's
    AsyncTokenVerifier(config).verify(token).unwrap()  # type: ignore[attr-defined]  # refused: no await


async def missing_awaits(session: AsyncSession, client: AsyncClient) -> None:
    """An asynchronous method gives nothing until it is awaited."""
    session.login("bob", "hunter2").unwrap()  # type: ignore[attr-defined]  # refused: no await
    token: Result[IdToken] = session.id_token()  # type: ignore[assignment]  # refused: no await
    [device for device in client.list_devices("token")]  # type: ignore[attr-defined]  # noqa: C416  # refused: async for
    client.sign_in("bob", "hunter2").on(print)  # type: ignore[attr-defined]  # refused: no await
    await Client(config).sign_up("bob", "hunter2")  # type: ignore[misc]  # refused: the blocking one
    with session:  # type: ignore[attr-defined]  # refused: async with
        await session.login("bob", token)  # type: ignore[arg-type]  # refused: not a text


def wrong_results(result: Result[IdToken]) -> str:
    """A result must be looked at before its value is there."""
    result.value  # type: ignore[union-attr]  # noqa: B018  # refused: it may be a failure
    result.unwrap().jwt = "x"  # type: ignore[misc]  # refused: frozen
    result.on(success=lambda token: token.email)  # type: ignore[attr-defined]  # refused: no such part
    return result.unwrap()  # type: ignore[return-value]  # refused: not a text
