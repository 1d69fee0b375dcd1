"""The cold start of a whole sign-in: the modules that it loads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Final

import httpx
import pytest

from tests.support.programs import PACKAGES, modules_after
from tests.support.samples import ISS, jwt

DEPENDENCIES: Final = str(Path(httpx.__file__).parents[1])


REPLIES: Final[dict[str, dict[str, Any]]] = {
    "InitiateAuth": {
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {"SALT": "1f", "SRP_B": "2b", "SECRET_BLOCK": "AAAA", "USER_ID_FOR_SRP": "bob"},
    },
    "RespondToAuthChallenge": {
        "AuthenticationResult": {"IdToken": jwt({"exp": 4102444800, "email": "bob@e"}), "AccessToken": "access"}
    },
}


class _Service(BaseHTTPRequestHandler):
    """Answers each operation with its canned reply, and checks nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(REPLIES[self.headers["X-Amz-Target"].rpartition(".")[2]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Be quiet."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The address of the canned service."""
    with TCPServer(("127.0.0.1", 0), _Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


# What only other calls need, or a sign-in that fails or meets a challenge.
LATE: Final = {
    *(f"cognito_raw.flows.{name}" for name in ("responses", "challenges", "passwords", "registration", "tokens")),
    *(f"cognito_raw.session.{name}" for name in ("methods", "refresh", "saved_state", "shared", "transitions")),
    *(f"cognito_raw.{name}" for name in ("models.challenge", "models.sign_up", "reasons", "reply.failure")),
    *(f"cognito_raw.transport.{name}" for name in ("httpx_errors", "no_proxy", "tls_in_tls")),
}
SIGN_IN: Final = f"""
from cognito_raw import Config, Ok, Session
with Session(Config("{ISS}", "client", "s3cret", argument)) as session:
    match session.login("bob", "hunter2"):
        case Ok(token):
            assert token.payload["email"] == "bob@e"
        case err:
            raise SystemExit(repr(err))
"""


def test_a_sign_in_needs_no_cryptography(endpoint: str) -> None:
    """A whole sign-in loads httpx, but neither pyjwt nor cryptography, nor what only other calls need."""
    loaded = modules_after(SIGN_IN, PACKAGES, DEPENDENCIES, argument=endpoint)
    assert "httpx" in loaded
    assert loaded & {"jwt", "cryptography", "boto3", "botocore"} == set()
    assert loaded & LATE == set()


def test_a_sign_in_over_the_standard_library_needs_nothing_else(endpoint: str) -> None:
    """The one word that chooses it leaves httpx out, and what Python has that only httpx would need."""
    chosen = SIGN_IN.replace("argument))", 'argument), transport="standard")')
    assert chosen != SIGN_IN
    loaded = modules_after(chosen, PACKAGES, argument=endpoint)
    late = {
        "httpx",
        "jwt",
        "cryptography",
        "asyncio",
        "email",
        "datetime",
        "calendar",
        *LATE,
        "concurrent",
        "urllib.request",
        "tempfile",
        "encodings.idna",
    }
    late |= {"dataclasses", "inspect", "copy", "http.client", "email.parser"}
    assert loaded & late == set()
