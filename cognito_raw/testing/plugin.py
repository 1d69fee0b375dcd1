"""The pytest plugin: tests that replay a cassette, and record it anew with `--cognito-record`.

The cassette lies beside the test: `cassettes/<test module>/<test>.json`, or `cassettes/<name>.json` where the marker
`cognito_replay("<name>")` names it.
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

Stage: TypeAlias = Replay | Recorder

_MARKER: Final = "cognito_replay"
_PASSED: Final = pytest.StashKey[bool]()
_REPLAY: Final = pytest.StashKey[Replay]()
_WRITTEN: Final = pytest.StashKey[dict[Path, list[str]]]()
_NAME: Final = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")


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
    """Remember whether a test passed: only then is its recording kept, or what is left over held against it.

    A failed test is shown the difference that the code under test may have swallowed.
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
    """The pool that `--cognito-record` records. Override it, or set COGNITO_ISS and COGNITO_CLIENT_ID.

    COGNITO_CLIENT_SECRET is for an app client that has one.
    """
    iss, client_id = os.environ.get("COGNITO_ISS"), os.environ.get("COGNITO_CLIENT_ID")
    if not iss or not client_id:
        pytest.fail(
            "to record, set COGNITO_ISS and COGNITO_CLIENT_ID, or override the fixture cognito_config", pytrace=False
        )
    return _told(lambda: Config(iss, client_id, os.environ.get("COGNITO_CLIENT_SECRET") or None))


@pytest.fixture
def cognito_replay(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A transport that replays the test's cassette, or records it with `--cognito-record`.

    It has `config`, `session()`, `async_session()` and `password`, and serves as `transport=` of sync and async
    clients. At the end of a test that passed, recorded exchanges that were left over are an error.
    """
    __tracebackhide__ = True
    node: pytest.Item = request.node
    name, options = _read(node.get_closest_marker(_MARKER))
    path, strict = _path(node, name), options.pop("strict", True)
    endpoint: str | None = request.config.getoption("--cognito-record")
    if endpoint is None:
        replay = node.stash[_REPLAY] = _replay(path, node, strict=strict, proof=options.get("proof", False))
        yield replay
        if node.stash.get(_PASSED, False):
            replay.finish()
    else:
        pool: Config = request.getfixturevalue("cognito_config")
        recorder = _told(lambda: Recorder(path, _at(pool, endpoint), **options))
        yield recorder
        if node.stash.get(_PASSED, False):
            _keep(recorder, path, node)


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
    # The class, if it is in one, and the test; its parameters may hold anything, a file's name should not.
    wanted = node.nodeid.partition("::")[2].replace("::", ".")
    plain = re.sub(r"[^\w.-]+", "-", wanted).strip("-")
    if plain != wanted.replace("[", "-").removesuffix("]"):
        plain = f"{plain}-{hashlib.sha256(wanted.encode()).hexdigest()[:6]}"  # others may come out alike
    return folder / node.path.stem / f"{plain}.json"


def _replay(path: Path, node: pytest.Item, *, strict: bool, proof: bool) -> Replay:
    again = f"record it with: pytest --cognito-record=ENDPOINT '{node.nodeid}'"
    if not path.exists():
        pytest.fail(f"there is no cassette {path}; {again}", pytrace=False)
    replay = _told(lambda: Replay(path, strict=strict))
    if proof and replay.cassette.randomness is None:
        pytest.fail(f"{path} was recorded without its proof, which the marker wants; {again}", pytrace=False)
    return replay


def _at(config: Config, endpoint: str) -> Config:
    """The configuration with the endpoint of the command line; 'aws' leaves it as it is."""
    if endpoint.lower() == "aws":
        return config
    return replace(config, endpoint=endpoint, fips=False, dual_stack=False)


def _keep(recorder: Recorder, path: Path, node: pytest.Item) -> None:
    """Write a recording, unless there is nothing in it, or another test wrote another one there just now."""
    done = [exchange.operation for exchange in recorder.cassette().exchanges]
    if not done:
        pytest.fail("nothing was recorded: the code under test does not use the fixture's session", pytrace=False)
    if node.config.stash.setdefault(_WRITTEN, {}).setdefault(path, done) != done:
        pytest.fail(f"{path} was recorded by another test with other calls: give each its own name", pytrace=False)
    _told(recorder.save)


def _told(make: Callable[[], M]) -> M:
    """What is made; a mistake fails the test with its words alone, since a traceback would show what was given."""
    try:
        return make()
    except (ValueError, TypeError, OSError) as error:
        words = str(error)
    pytest.fail(words, pytrace=False)
