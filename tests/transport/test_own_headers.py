"""Headers of a program's own on the wire, over every transport, and the User-Agent of an own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cognito_raw import Call, Config, Ok, StandardTransport
from cognito_raw.call import render
from cognito_raw.verify import TokenVerifier
from tests.support.conversation import CLIENT_ID, ISS, authentication_result
from tests.support.hostile import Server, reply, replying, serving
from tests.support.modes import Async, Mode, Standard, Sync
from tests.support.transports import HTTPX_SENDERS, Sending, closing_sender


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(replying(reply(json.dumps(authentication_result()).encode()))) as running:
        yield running


@pytest.fixture(params=[Sync, Async, Standard], ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    request.getfixturevalue("server")  # which then ends after the connections to it
    made: Mode = request.param()
    yield made
    made.close()


def configured(server: Server, **changes: Any) -> Config:
    return Config(ISS, CLIENT_ID, endpoint=server.url, **changes)


def seen(server: Server, name: str) -> list[str | None]:
    return [received.headers.get(name) for received in server.received]


def test_every_call_has_the_headers(mode: Mode, server: Server) -> None:
    """A session's refresh too, and others with one call only."""
    config = configured(server, user_agent="engines/1.0", headers={"X-Token": "a"})
    session = mode.session(config)
    assert isinstance(session.login("ada", "pw", flow="USER_PASSWORD_AUTH"), Ok)
    assert isinstance(session.refresh(), Ok)
    one = mode.made(getattr(session, "wrapped", session).within(headers={"X-Token": "b"}))
    assert isinstance(one.refresh(), Ok)
    mode.client(config).call("GetUser", {})
    assert seen(server, "x-token") == ["a", "a", "b", "a"]
    assert seen(server, "user-agent") == ["engines/1.0"] * 4


def test_by_default_we_say_who_we_are(mode: Mode, server: Server) -> None:
    """And nothing else."""
    mode.client(configured(server)).call("GetUser", {})
    assert seen(server, "user-agent") == ["cognito_raw"]


@pytest.mark.parametrize(
    ("own", "given", "sent"),
    [
        ("mine/1.0", None, "mine/1.0"),
        ("mine/1.0", "engines/1.0", "engines/1.0"),
        (None, None, "cognito_raw"),
        (None, "engines/1.0", "engines/1.0"),
    ],
)
@pytest.mark.parametrize("make", HTTPX_SENDERS)
def test_the_agent_of_an_own_client_is_kept(
    make: Sending, server: Server, own: str | None, given: str | None, sent: str
) -> None:
    """Unless the configuration names another one."""
    config = configured(server, user_agent=given)
    call = render(Call("GetUser", {}), config.endpoint, 5.0, config.request_headers)
    with closing_sender(make, headers={} if own is None else {"User-Agent": own}) as sender:
        assert isinstance(sender.send(call), Ok)
    assert seen(server, "user-agent") == [sent]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_key_sets_are_fetched_with_the_headers(server: Server, elsewhere: bool) -> None:
    """From the server of the calls; another one is told the agent alone."""
    iss = f"{server.url}eu-west-1_Headers" if elsewhere else ISS
    endpoint = "http://127.0.0.1:9" if elsewhere else server.url
    config = Config(iss, CLIENT_ID, endpoint=endpoint, user_agent="engines/1.0", headers={"X-Token": "a"})
    transport = StandardTransport()
    TokenVerifier(config, "id", transport=transport).verify("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AA")
    transport.close()
    assert seen(server, "user-agent") == ["engines/1.0"]
    assert seen(server, "x-token") == [None if elsewhere else "a"]
