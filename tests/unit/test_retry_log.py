"""The log of the calls: one record for each request, and never a value."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cognito_raw import Client, Err, Ok, Reply
from tests.support.conversation import Answering, Clock, answered, configured
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode
from tests.support.programs import PACKAGES, modules_after

TOLD = ("operation", "duration", "status", "reason", "request_id", "attempt", "host")
HOST = "cognito-idp.eu-west-1.amazonaws.com"


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    return [tuple(vars(record)[name] for name in TOLD) for record in caplog.records if record.name == "cognito_raw"]


def call(mode: Mode, *replies: Any, **changes: Any) -> Any:
    config = configured(randomness=bytes, **changes)
    return mode.client(config, transport=Failing(*replies)).call("GetUser", {"AccessToken": "hunter2"})


def test_each_request_is_logged(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    """What it was and how it went, with the number of the attempt."""
    body = b'{"__type": "InternalErrorException", "message": "hunter2"}'
    failures = Ok(Reply(500, {"x-amzn-requestid": "id-1"}, body)), Err("connection-lost", "hunter2", sent="maybe")
    with caplog.at_level(logging.DEBUG, "cognito_raw"):
        assert call(mode, *failures, answered({"a": "hunter2"})) == Ok({"a": "hunter2"})
    assert told(caplog) == [
        ("GetUser", 0.0, 500, "service-unavailable", "id-1", 1, HOST),
        ("GetUser", 0.0, None, "connection-lost", None, 2, HOST),
        ("GetUser", 0.0, 200, None, None, 3, HOST),
    ]
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert "hunter2" not in f"{caplog.text} {[vars(record) for record in caplog.records]}"
    assert "GetUser: 0.000 s, status 500, reason service-unavailable, request id id-1, attempt 1" in caplog.text


def test_the_duration_is_that_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """By the clock that no library freezes."""
    clock = Clock(0.0)

    def slow(_: object) -> Any:
        clock.now += 1.5
        return answered({})

    with caplog.at_level(logging.DEBUG, "cognito_raw"):
        Client(configured(monotonic=clock), transport=Answering(slow)).call("GetUser", {})
    assert told(caplog)[0][1] == 1.5


def test_nothing_is_logged_above_debug(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    """Calls are no news."""
    with caplog.at_level(logging.INFO, "cognito_raw"):
        call(mode, answered({}))
    assert caplog.records == []


def test_a_handler_that_fails_costs_no_answer(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise TypeError(record.name)

    logger, broken = logging.getLogger("cognito_raw"), Broken()
    logger.addHandler(broken)
    try:
        with caplog.at_level(logging.DEBUG, "cognito_raw"):
            assert call(mode, answered({"a": 1})) == Ok({"a": 1})
    finally:
        logger.removeHandler(broken)


def test_logging_is_not_imported_for_it() -> None:
    """A program without it pays nothing."""
    code = """
from cognito_raw import Client, Config, Ok, Reply
class Answering:
    def send(self, request):
        return Ok(Reply(200, {}, b"{}"))
config = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123", "abc")
assert Client(config, transport=Answering()).call("GetUser", {}) == Ok({})
"""
    assert "logging" not in modules_after(code, PACKAGES)


def test_without_the_module_nothing_is_logged(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has not imported it listens to nothing."""
    monkeypatch.delitem(sys.modules, "logging")
    assert call(mode, answered({"a": 1})) == Ok({"a": 1})
