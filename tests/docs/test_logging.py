"""The page on logs and traces: its examples are run, and the spans are looked at."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from examples.local_pool import Pool
from tests.support.modes import Async, Mode, Standard, Sync
from tests.support.pages import examples_of, run

PAGE: Final = "docs/logging.md"
PASSWORD: Final = "An-Engine-1843"
VARYING: Final = re.compile(r"\d+\.\d+ s|request id [\w.-]+")


@pytest.fixture(autouse=True)
def silent_again() -> Iterator[None]:
    """What the examples change is changed back."""
    loggers = [logging.getLogger(), logging.getLogger("cognito_raw")]
    kept = [(logger, logger.level, [*logger.handlers]) for logger in loggers]
    yield
    for logger, level, handlers in kept:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(params=[Sync, Async, Standard], ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def test_the_calls_of_a_login_are_logged(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """As the page shows it."""
    logging.getLogger().handlers.clear()  # pytest's own, beside which `basicConfig` does nothing
    example = examples_of(PAGE)[0]
    run(example, pool)
    shown = [line.removeprefix("# ") for line in example.splitlines() if line.startswith("# ")]
    lines = capsys.readouterr().err.splitlines()
    assert [VARYING.sub("", line) for line in lines] == [VARYING.sub("", line) for line in shown]
    assert len(shown) == 2


def test_a_span_is_made_of_each_call(pool: Pool, mode: Mode) -> None:
    """Over every transport, below the span of the caller, and with an error where there was one."""
    trace: Any = pytest.importorskip("opentelemetry.trace")
    sdk: Any = pytest.importorskip("opentelemetry.sdk.trace")
    memory: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    provider, exporter = sdk.TracerProvider(), memory.InMemorySpanExporter()
    provider.add_span_processor(sdk.export.SimpleSpanProcessor(exporter))
    trace._TRACER_PROVIDER = provider
    run(examples_of(PAGE)[1], pool)
    session = mode.session(pool.config())
    with trace.get_tracer("a program").start_as_current_span("request") as outer:
        session.login("ada", PASSWORD).unwrap()
        assert session.login("ada", "Wrong-1843").reason == "incorrect-username-or-password"
    *spans, _ = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["InitiateAuth", "RespondToAuthChallenge"] * 2
    assert {span.parent.span_id for span in spans} == {outer.get_span_context().span_id}
    assert all(outer.start_time <= span.start_time <= span.end_time for span in spans)
    assert spans[-1].attributes["error.type"] == "incorrect-username-or-password"
    assert spans[-1].status.status_code.name == "ERROR"
    assert [span.attributes["http.response.status_code"] for span in spans] == [200, 200, 200, 400]
    assert {span.attributes["server.address"] for span in spans} == {"127.0.0.1"}
