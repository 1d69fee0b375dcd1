"""The pytest plugin: tests that replay a cassette, or record it with `--cognito-record`.

The cassette is beside the test, in `cassettes/<test module>/<test>.json`. The marker `cognito_replay("<name>")` makes
it `cassettes/<name>.json`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import pytest

from ..config import Config
from ..session.asynchronous import AsyncSession
from ..session.blocking import Session
from .recorder import Recorder
from .replay import Replay

M = TypeVar("M")

ReplayOrRecorder: TypeAlias = Replay | Recorder

_MARKER: Final = "cognito_replay"
_PASSED: Final = pytest.StashKey[bool]()
_REPLAY: Final = pytest.StashKey[Replay]()
_WRITTEN: Final = pytest.StashKey[dict[str, str]]()
_PLAIN: Final = re.compile(r"[\w.:]+(?:\[[\w.-]*[\w.]\])?")
_NAME: Final = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cognito-record`."""
    parser.getgroup("cognito_raw").addoption(
        "--cognito-record",
        metavar="ENDPOINT",
        help="record the cassettes of the chosen tests against this endpoint, or 'aws' for the service's own; "
        "the fixture cognito_config names the pool",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse an empty endpoint, as of a shell's variable that is not set."""
    endpoint: str | None = config.getoption("--cognito-record")
    if endpoint is not None and not endpoint.strip():
        raise pytest.UsageError("--cognito-record is empty: give an endpoint, or 'aws' for the service's own")
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(name=None, *, strict=True, proof=False, password=None, keep=()): the cassette that "
        f"the fixture {_MARKER} replays, and how; the last three are for its recording.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the outcome of a test. Only a passed test saves its recording, or fails for exchanges that are left over.

    A failed test's report shows the mismatch, since the code under test may have caught it.
    """
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
        replay = item.stash.get(_REPLAY, None)
        if report.failed and replay is not None and replay.mismatch is not None:
            report.sections.append((_MARKER, str(replay.mismatch)))
    return report


@pytest.fixture
def cognito_config() -> Config:
    """Return the pool that `--cognito-record` records. Override it, or set COGNITO_ISS and COGNITO_CLIENT_ID.

    COGNITO_CLIENT_SECRET is for an app client that has one.
    """
    iss, client_id = os.environ.get("COGNITO_ISS"), os.environ.get("COGNITO_CLIENT_ID")
    if not iss or not client_id:
        pytest.fail(
            "to record, set COGNITO_ISS and COGNITO_CLIENT_ID, or override the fixture cognito_config", pytrace=False
        )
    return _or_fail(lambda: Config(iss, client_id, os.environ.get("COGNITO_CLIENT_SECRET") or None))


@pytest.fixture
def cognito_replay(request: pytest.FixtureRequest) -> Iterator[ReplayOrRecorder]:
    """A transport that replays the test's cassette, or records it with `--cognito-record`.

    It has `config`, `session()`, `async_session()` and `password`. Sync and async clients take it as `transport=`. A
    passed test fails if recorded exchanges are left over.
    """
    __tracebackhide__ = True
    node: pytest.Item = request.node
    name, options = _read(node.get_closest_marker(_MARKER))
    path, strict = _path(node, name), options.pop("strict", True)
    endpoint: str | None = request.config.getoption("--cognito-record")
    # Some file systems ignore the case of a name.
    written, key = node.config.stash.setdefault(_WRITTEN, {}), str(path).casefold()
    other = written.get(key, node.nodeid)
    if other != node.nodeid:
        node.add_report_section("setup", _MARKER, f"{other} has just recorded {path}, which this test replays")
    if endpoint is None or other != node.nodeid:
        replay = node.stash[_REPLAY] = _replay(path, node, strict=strict, proof=options.get("proof", False))
        yield replay
        if node.stash.get(_PASSED, False):
            replay.finish()
    else:
        pool: Config = request.getfixturevalue("cognito_config")
        recorder = _or_fail(lambda: Recorder(path, _at(pool, endpoint), **options))
        yield recorder
        if node.stash.get(_PASSED, False):
            _keep(recorder)
            written[key] = node.nodeid


@pytest.fixture
def cognito_session(cognito_replay: ReplayOrRecorder) -> Session:
    """A session on the test's cassette."""
    return cognito_replay.session()


@pytest.fixture
def cognito_async_session(cognito_replay: ReplayOrRecorder) -> AsyncSession:
    """An async session on the test's cassette."""
    return cognito_replay.async_session()


def _read(marker: pytest.Mark | None) -> tuple[str | None, dict[str, Any]]:
    """Return the marker's name and options. A mistake in them fails the test."""
    if marker is None:
        return None, {}
    options = dict(marker.kwargs)
    names = [*marker.args, *([options.pop("name")] if "name" in options else [])]
    if len(names) > 1 or set(options) - {"strict", "proof", "password", "keep"}:
        pytest.fail(f"the marker {_MARKER} takes a name, strict, proof, password and keep", pytrace=False)
    name = names[0] if names else None
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        pytest.fail(f"{name!r} is no name of a cassette, such as login or folder/login", pytrace=False)
    if not all(isinstance(options.get(flag, False), bool) for flag in ("strict", "proof")):
        pytest.fail(f"strict and proof of the marker {_MARKER} are True or False", pytrace=False)
    return name, options


def _path(node: pytest.Item, name: str | None) -> Path:
    folder = node.path.parent / "cassettes"
    if name is not None:
        return folder / f"{name.removesuffix('.json')}.json"
    # The class, if any, and the test. Its parameters may have characters that a file's name should not have.
    wanted = node.nodeid.partition("::")[2].replace("::", ".")
    plain = re.sub(r"[^\w.-]+", "-", wanted).strip("-")
    if not _PLAIN.fullmatch(node.nodeid.partition("::")[2]):
        plain = f"{plain}-{hashlib.sha256(wanted.encode()).hexdigest()[:6]}"  # other tests may get the same name
    return folder / node.path.stem / f"{plain}.json"


def _replay(path: Path, node: pytest.Item, *, strict: bool, proof: bool) -> Replay:
    again = f"record it with: pytest --cognito-record=ENDPOINT '{node.nodeid}'"
    if not path.exists():
        pytest.fail(f"there is no cassette {path}; {again}", pytrace=False)
    replay = _or_fail(lambda: Replay(path, strict=strict))
    if proof and replay.cassette.randomness is None:
        pytest.fail(f"{path} was recorded without its proof, which the marker needs; {again}", pytrace=False)
    return replay


def _at(config: Config, endpoint: str) -> Config:
    """Return the configuration with the endpoint of the command line. 'aws' changes nothing."""
    if endpoint.lower() == "aws":
        return config
    return replace(config, endpoint=endpoint, fips=False, dual_stack=False)


def _keep(recorder: Recorder) -> None:
    """Save a recording, unless it is empty."""
    if not recorder.cassette().exchanges:
        pytest.fail("nothing was recorded: the code under test does not use the fixture's session", pytrace=False)
    _or_fail(recorder.save)


def _or_fail(make: Callable[[], M]) -> M:
    """Return the result. An error fails the test without a traceback, which would show secret arguments."""
    try:
        return make()
    except (ValueError, TypeError, OSError) as error:
        message = str(error)
    pytest.fail(message, pytrace=False)
