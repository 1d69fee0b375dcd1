"""The pytest plugin: tests that replay a cassette, and record it anew with `--cognito-record`.

The cassette lies beside the test: `cassettes/<test module>/<test>.json`, or `cassettes/<name>.json` where the marker
`cognito_replay("<name>")` names it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from ..config import Config
from ..session import AsyncSession, Session
from .recorder import Recorder
from .replay import Replay

Stage: TypeAlias = Replay | Recorder

_MARKER: Final = "cognito_replay"
_PASSED: Final = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cognito-record`."""
    parser.getgroup("cognito_raw").addoption(
        "--cognito-record",
        metavar="ENDPOINT",
        help="record the cassettes of the chosen tests anew, against this endpoint, or 'aws' for the service's own; "
        "the pool is what the fixture cognito_config gives",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Explain the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(name=None, *, strict=True, proof=False, password=None, keep=()): the cassette that "
        f"the fixture {_MARKER} replays, and how; the last three are for its recording.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test passed: only then is its recording kept, or what is left over held against it."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def cognito_config() -> Config:
    """The pool that `--cognito-record` records. Override it, or set COGNITO_ISS and COGNITO_CLIENT_ID.

    COGNITO_CLIENT_SECRET is for an app client that has one.
    """
    iss, client_id = os.environ.get("COGNITO_ISS"), os.environ.get("COGNITO_CLIENT_ID")
    if not iss or not client_id:
        pytest.fail(
            "to record, set COGNITO_ISS and COGNITO_CLIENT_ID, or override the fixture cognito_config", pytrace=False
        )
    return Config(iss, client_id, os.environ.get("COGNITO_CLIENT_SECRET") or None)


@pytest.fixture
def cognito_replay(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A transport that replays the test's cassette, or records it with `--cognito-record`.

    It has `config`, `session()` and `async_session()`, and serves as `transport=` in both colours. At the end of a
    test that passed, recorded exchanges that were left over are an error.
    """
    marker = request.node.get_closest_marker(_MARKER)
    name, options = _read(marker)
    path, strict = _path(request.node, name), options.pop("strict", True)
    endpoint = request.config.getoption("--cognito-record")
    if endpoint is None:
        replay = _replay(path, request.node, strict=strict)
        yield replay
        end = replay.finish
    else:
        config: Config = request.getfixturevalue("cognito_config")
        recorder = Recorder(path, config if endpoint == "aws" else replace(config, endpoint=endpoint), **options)
        yield recorder
        end = recorder.save
    if request.node.stash.get(_PASSED, False):
        end()


@pytest.fixture
def cognito_session(cognito_replay: Stage) -> Session:
    """A session on the test's cassette."""
    return cognito_replay.session()


@pytest.fixture
def cognito_async_session(cognito_replay: Stage) -> AsyncSession:
    """An asynchronous session on the test's cassette."""
    return cognito_replay.async_session()


def _read(marker: pytest.Mark | None) -> tuple[str | None, dict[str, Any]]:
    """What the marker says; a slip in it fails the test with words."""
    if marker is None:
        return None, {}
    unknown = set(marker.kwargs) - {"name", "strict", "proof", "password", "keep"}
    if len(marker.args) > 1 or unknown:
        pytest.fail(f"the marker {_MARKER} takes a name, strict, proof, password and keep", pytrace=False)
    options = dict(marker.kwargs)
    name = options.pop("name", None)
    return (marker.args[0] if marker.args else name), options


def _path(node: pytest.Item, name: str | None) -> Path:
    folder = node.path.parent / "cassettes"
    if name is not None:
        return folder / f"{name}.json"
    # A test's parameters may hold anything; a file's name should not.
    plain = re.sub(r"[^\w.-]+", "-", node.name).strip("-")
    return folder / node.path.stem / f"{plain}.json"


def _replay(path: Path, node: pytest.Item, *, strict: bool) -> Replay:
    if not path.exists():
        pytest.fail(
            f"there is no cassette {path}; record it with: pytest --cognito-record=ENDPOINT '{node.nodeid}'",
            pytrace=False,
        )
    return Replay(path, strict=strict)
