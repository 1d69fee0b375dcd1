"""Servers that lack an operation, each in its own words: a session takes the other way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from cognito_raw import Config, Ok, Reply
from tests.support.conversation import CLIENT_ID, ISS, answered, authentication_result, configured, signed_in
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode, Standard

NEWER: Final = "GetTokensFromRefreshToken"
GOOD: Final = json.dumps(authentication_result(n=2)).encode()
PAGE: Final = b"<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>"


def said(status: int, name: str | None, message: str | None = None, **headers: str) -> Reply:
    body = {"__type": name, "message": message}
    return Reply(status, headers, json.dumps({key: value for key, value in body.items() if value}).encode())


def wordings(operation: str) -> Mapping[str, Reply]:
    """The replies of servers that lack the operation."""
    return {
        "floci": said(400, "UnsupportedOperation", f"Operation {operation} is not supported."),
        "LocalStack": said(
            501,
            "InternalFailure",
            f"The API action '{operation}' for service 'cognito-idp' is either not available in your current license "
            "plan or has not yet been emulated by LocalStack.",
        ),
        "LocalStack, with another status": said(
            500, "InternalFailure", f"The API action '{operation}' is not available in your current license plan"
        ),
        "moto": Reply(500, {"server": "Werkzeug/3.1.9 Python/3.11.7"}, PAGE),
        "ministack": said(400, "InvalidAction", f"Unknown Cognito IDP action: {operation}"),
        "ministack, later": said(400, "MissingAuthenticationTokenException"),
        "cognito-local": said(
            500,
            "CognitoLocal#Unsupported",
            f'Cognito Local unsupported feature: Unsupported x-amz-target header "{operation}"',
        ),
        "501 with a name for everything": said(501, "InternalFailure"),
        "501 alone": Reply(501, {}, b"<html>no</html>"),
        "Not Implemented": said(400, "NotImplementedException", "not implemented"),
        "Not Implemented, shorter": said(400, "NotImplemented"),
        "Not Implemented, as Python says it": said(500, "NotImplementedError"),
        "an unknown operation": said(404, "UnknownOperationException"),
        "an unknown action": said(400, "UnknownAction"),
        "an action that is not found": said(404, "ActionNotFoundException"),
        "an operation that is not found": said(400, "OperationNotFound"),
        "a feature": said(400, "UnsupportedFeatureException"),
        "a validation": said(400, "ValidationException", f"Unknown action {operation}"),
        "a parameter": said(400, "InvalidParameterException", f"Operation {operation} is not implemented"),
        "something not found": said(404, "NotFoundException", f"{operation} was not found"),
        "in Python's letters": said(500, "InternalError", "The get_tokens_from_refresh_token / revoke_token / "
            "global_sign_out action has not been implemented"),
    }  # fmt: skip


# What only sounds like it.
OTHERS: Final = {
    "a user": said(400, "UserNotFoundException", "User does not exist."),
    "a resource": said(400, "ResourceNotFoundException", "Resource not found"),
    "a token": said(400, "UnsupportedTokenTypeException"),
    "an outage": said(500, "InternalErrorException", "Unknown error"),
    "a page": Reply(500, {}, PAGE),
    "nothing but not found": said(404, "NotFoundException"),
    "something unknown": said(400, "UnknownFailureException", "not found"),
}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


@pytest.mark.parametrize("server", wordings(""))
def test_a_refresh_takes_the_older_operation(mode: Mode, server: str) -> None:
    """And remembers it."""
    transport = Failing(Ok(wordings(NEWER)[server]), answered(authentication_result(n=2)))
    session = mode.session(configured(), state=signed_in(), transport=transport)
    session.refresh().unwrap()
    assert transport.operations == [NEWER, "InitiateAuth"]
    assert session.state.refresh_flow == "REFRESH_TOKEN_AUTH"


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("server", wordings(""))
def test_a_logout_is_local(mode: Mode, server: str, everywhere: bool) -> None:
    """The tokens are forgotten, and the failure says that nobody revoked them."""
    operation = "GlobalSignOut" if everywhere else "RevokeToken"
    transport = Failing(Ok(wordings(operation)[server]))
    session = mode.session(configured(), state=signed_in(), transport=transport)
    heard: list[object] = []
    session.subscribe(heard.append)
    result = session.logout(everywhere=everywhere)
    assert (result.reason, result.kind) == ("request-not-understood", "configuration")
    assert (transport.operations, session.state.tokens, heard) == ([operation], None, [None])


@pytest.mark.parametrize("case", OTHERS)
def test_other_failures_are_not_about_the_operation(mode: Mode, case: str) -> None:
    """The other operation is not asked."""
    transport = Failing(Ok(OTHERS[case]))
    session = mode.session(configured(randomness=bytes), state=signed_in(), transport=transport)
    assert session.refresh().reason != "request-not-understood"
    assert set(transport.operations) == {NEWER}


@contextmanager
def lacking(replies: Mapping[str, Reply]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these replies to operations, and tokens to all others."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def version_string(self) -> str:
            return replies.get(seen[-1], Reply(200, {}, GOOD)).headers.get("server", "a test")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["X-Amz-Target"].rpartition(".")[2])
            reply = replies.get(seen[-1], Reply(200, {}, GOOD))
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("server", ["floci", "LocalStack", "moto", "ministack", "cognito-local"])
@pytest.mark.parametrize("kind", [*MODES, Standard], ids=lambda kind: kind.__name__)
def test_over_sockets_too(kind: type[Mode], server: str) -> None:
    """A session refreshes and signs out, over each transport."""
    replies = {name: wordings(name)[server] for name in (NEWER, "RevokeToken")}
    made = kind()
    try:
        with lacking(replies) as (endpoint, seen):
            session = made.session(Config(ISS, CLIENT_ID, endpoint=endpoint), state=signed_in())
            session.refresh().unwrap()
            assert session.logout().reason == "request-not-understood"
            assert session.state.tokens is None
            assert seen == [NEWER, "InitiateAuth", "RevokeToken"]
    finally:
        made.close()
