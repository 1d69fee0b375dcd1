"""The example of a bearer-token check, on tokens of the local pool and behind a server of Python's own library."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, get_args
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest

from cognito_raw import Claims, Config, Err, Session, TokenVerifier
from cognito_raw.auth import SessionAuth
from cognito_raw.reasons import TokenReason
from examples.bearer import Refusal, bearer_token, check, judge
from examples.local_pool import Pool, Server
from tests.support.hostile import refusing

SCOPE: Final = "aws.cognito.signin.user.admin"  # which the service puts into every user's token
PASSWORD: Final = "An-Engine-1843"


@pytest.fixture(scope="module")
def pool(server: Server) -> Pool:
    """A pool where ada is an admin."""
    made = server.pool()
    made.add_users_of_the_readme()
    made.admin.create_group(UserPoolId=made.id, GroupName="admins")
    made.admin.admin_add_user_to_group(UserPoolId=made.id, Username="ada", GroupName="admins")
    return made


@pytest.fixture(scope="module")
def session(pool: Pool) -> Session:
    """Ada, signed in."""
    made = Session(pool.config())
    made.login("ada", PASSWORD).unwrap()
    return made


@pytest.fixture
def header(session: Session) -> str:
    """What her client sends."""
    return f"Bearer {session.access_token().unwrap()}"


@pytest.fixture
def verifier(pool: Pool) -> TokenVerifier:
    return TokenVerifier(pool.config(), token_use="access")


def test_a_good_token_gives_its_claims(verifier: TokenVerifier, header: str) -> None:
    """With all scopes and groups that are demanded; the scheme is written as one likes."""
    for value in (header, header.replace("Bearer ", "bearer   "), f" {header} "):
        claims = check(verifier, value, scopes=[SCOPE], groups=["admins"])
        assert isinstance(claims, Claims)
        assert (claims.username, claims.groups) == ("ada", ("admins",))


def refused(found: Claims | Refusal) -> tuple[int, str | None]:
    """The status of a refusal, and its challenge."""
    assert isinstance(found, Refusal)
    return found.status, found.headers.get("WWW-Authenticate")


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer  ", "Basic YWRhOmg=", "Bearerabc", "abc"])
def test_a_request_without_a_token_is_asked_for_one(verifier: TokenVerifier, value: str | None) -> None:
    """401, without an error code, as RFC 6750 (3.1) wants it."""
    assert refused(check(verifier, value)) == (401, 'Bearer realm="api"')


def test_a_bad_token_is_refused_with_the_reason(pool: Pool, verifier: TokenVerifier, header: str) -> None:
    """401 and invalid_token, and why in one word."""
    late = TokenVerifier(pool.config(clock=in_a_day), token_use="access")
    of_another = TokenVerifier(Config(pool.config().iss, "other", endpoint=pool.endpoint), token_use="access")
    for_clients = TokenVerifier(pool.config())
    for asked, value, reason in (
        (verifier, f"{header}x", "token-malformed"),
        (verifier, f"{header} {header}", "token-malformed"),
        (verifier, f"{header}, {header}", "token-malformed"),
        (verifier, 'Bearer "\r\nSet-Cookie: a=b', "token-malformed"),
        (verifier, header[:-8] + "AAAAAAAA", "token-signature-invalid"),
        (for_clients, header, "token-use-refused"),
        (late, header, "token-expired"),
        (of_another, header, "token-client-refused"),
    ):
        status, challenge = refused(check(asked, value))
        assert status == 401
        assert challenge == f'Bearer realm="api", error="invalid_token", error_description="{reason}"'


def in_a_day() -> float:
    return time.time() + 86_400


def test_a_token_that_is_not_enough_is_forbidden(verifier: TokenVerifier, header: str) -> None:
    """403 and insufficient_scope, with the scopes that are."""
    begin = 'Bearer realm="api", error="insufficient_scope", error_description='
    found = check(verifier, header, scopes=["orders/write", SCOPE])
    assert refused(found) == (403, f'{begin}"token-scope-missing", scope="{SCOPE} orders/write"')
    assert refused(check(verifier, header, groups=["admin"])) == (403, f'{begin}"token-group-missing"')


def test_a_verifier_may_demand_scopes_and_groups_itself(pool: Pool, header: str) -> None:
    """They are 403 all the same."""
    for demands in ({"scopes": ["orders/write"]}, {"groups": ["admin"]}):
        strict = TokenVerifier(pool.config(), token_use="access", **demands)  # type: ignore[arg-type]
        assert refused(check(strict, header))[0] == 403


def test_keys_that_cannot_be_had_are_nobodys_fault(pool: Pool, header: str) -> None:
    """503, and when to come again, without a challenge: a client must not throw its token away."""
    with refusing() as nowhere:
        lost = TokenVerifier(Config(pool.config().iss, pool.client_id, endpoint=nowhere), token_use="access")
        found = check(lost, header)
    assert refused(found) == (503, None)
    assert isinstance(found, Refusal)
    assert (found.reason, found.headers) == ("key-set-unavailable", {"Retry-After": "5"})


@pytest.mark.parametrize("reason", get_args(TokenReason))
def test_every_reason_of_a_verifier_has_its_status(reason: Any) -> None:
    """None of them is taken for a good token."""
    assert refused(judge(Err(reason)))[0] == (403 if reason in ("token-scope-missing", "token-group-missing") else 401)


def test_the_token_of_a_header_is_what_follows_the_scheme() -> None:
    """Without the spaces around it."""
    assert bearer_token("Bearer a.b.c") == "a.b.c"


@contextmanager
def serving(verifier: TokenVerifier) -> Iterator[str]:
    """A WSGI application behind Python's own server."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        found = check(verifier, environ.get("HTTP_AUTHORIZATION"), groups=["admins"])
        if isinstance(found, Refusal):
            start_response(f"{found.status} Refused", list(found.headers.items()))
            return [found.reason.encode()]
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"sub": found.sub}).encode()]

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            """Be quiet."""

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_client_with_a_session_is_let_in(session: Session, verifier: TokenVerifier) -> None:
    """`SessionAuth` on one side, the check on the other; the ID token, which is for the client alone, is refused."""
    token = session.id_token().unwrap()
    with serving(verifier) as url, httpx.Client(trust_env=False) as client:
        good = client.get(url, auth=SessionAuth(session, token="access"))
        assert (good.status_code, good.json()) == (200, {"sub": token.payload["sub"]})
        bad = client.get(url, auth=SessionAuth(session))
        assert (bad.status_code, bad.text) == (401, "token-use-refused")
        assert client.get(url).headers["WWW-Authenticate"] == 'Bearer realm="api"'
