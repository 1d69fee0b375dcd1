"""Endpoints of key sets that fail: few fetches, and nothing repeated that cannot help."""

from __future__ import annotations

import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import certifi
import pytest

from cognito_raw import (
    AsyncHttpxTransport,
    Err,
    HttpxTransport,
    Ok,
    Reply,
    Result,
    StandardTransport,
)
from tests.support.certificates import self_signed
from tests.support.tokens import Clock as Time
from tests.support.tokens import key_set, token
from tests.support.transports import handshakes, leaving_nothing, surroundings
from tests.support.verifiers import AsyncVerifying, BlockingVerifying, Service, Verifying, told

VERIFIERS = [
    (BlockingVerifying, HttpxTransport),
    (BlockingVerifying, StandardTransport),
    (AsyncVerifying, AsyncHttpxTransport),
]
FAILED: Result[Reply] = Err("connection-failed", sent="no")


def answering(*answers: bytes | Result[Reply], clock: Time | None = None, lasting: float = 0.0) -> Service:
    """A service that answers each fetch with the next of these, and takes its time."""
    left = list(answers)

    def answer() -> Result[Reply]:
        if clock is not None:
            clock.go_on(lasting)
        given = left.pop(0)
        return Ok(Reply(200, {}, given)) if isinstance(given, bytes) else given

    return Service(answer)


def test_one_failed_connection_of_the_first_fetch_is_made_again(verifying: Verifying) -> None:
    """Within what is left of the time."""
    clock = Time()
    service = answering(FAILED, key_set(), clock=clock, lasting=1.0)
    assert told(verifying.verifier(clock.config(), transport=service).verify(token())) == "Ok"
    assert [request.timeout for request in service.requests] == [10.0, 9.0]
    assert {request.method for request in service.requests} == {"GET"}


@pytest.mark.parametrize(
    "failure", [Err("timed-out"), Err("malformed-reply"), Ok(Reply(503, {}, b""))], ids=["late", "senseless", "outage"]
)
def test_no_other_failure_of_a_fetch_is_repeated(verifying: Verifying, failure: Result[Reply]) -> None:
    """The next token's fetch comes later."""
    service = answering(failure)
    verifier = verifying.verifier(Time().config(), transport=service)
    assert told(verifier.verify(token())) == "key-set-unavailable"
    assert len(service.requests) == 1


def test_no_later_fetch_is_repeated(verifying: Verifying) -> None:
    """Those that failed before come ever more seldom."""
    service, clock = answering(FAILED, FAILED, FAILED), Time()
    verifier = verifying.verifier(clock.config(), transport=service)
    assert told(verifier.verify(token())) == "key-set-unavailable"
    assert len(service.requests) == 2
    clock.go_on(60)
    assert told(verifier.verify(token())) == "key-set-unavailable"
    assert len(service.requests) == 3


def test_no_fetch_is_repeated_out_of_time(verifying: Verifying) -> None:
    """The first took all of it."""
    clock = Time()
    service = answering(FAILED, clock=clock, lasting=10.0)
    assert told(verifying.verifier(clock.config(), transport=service).verify(token())) == "key-set-unavailable"
    assert len(service.requests) == 1


@pytest.mark.parametrize(("kind", "transport"), VERIFIERS)
def test_a_key_set_under_a_refused_certificate_is_fetched_once(
    kind: type[Verifying], transport: type[Any], tmp_path: Path, server_side: ssl.SSLContext
) -> None:
    """As any call, and nothing tells to try again."""
    other = str(self_signed(tmp_path / "other.pem"))
    with leaving_nothing(), closing(kind()) as verifying, handshakes(server_side) as server:
        for file, expected in ((other, 1), (certifi.where(), 3)):
            config = Time().config(endpoint=server.url.replace("http", "https"))
            with surroundings({"SSL_CERT_FILE": file, "SSL_CERT_DIR": None}):
                result = verifying.verifier(config, transport=transport()).verify(token())
            assert (result.reason, result.retryable) == ("key-set-unavailable", False)
            assert server.connections == expected
