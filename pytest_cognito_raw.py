"""The pytest plugin: tests that replay a cassette, or record it with `--cognito-record`.

The cassette is beside the test, in `cassettes/<test module>/<test>.json`. The marker `cognito_replay("<name>")` makes
it `cassettes/<name>.json`. This module is imported by every run of pytest. So it imports nothing of the library, which
a test that uses a fixture loads.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from cognito_raw import AsyncSession, Config, Session
    from cognito_raw.testing import Recorder, Replay, SigningKey

MARKER: Final = "cognito_replay"
# For each test False for a failure, also of a subtest, and True for its end without one.
OUTCOMES: Final = pytest.StashKey[list[bool]]()
# The replays that are in use.
REPLAYS: Final = pytest.StashKey["list[Replay]"]()


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
    config.stash[REPLAYS] = []
    config.addinivalue_line(
        "markers",
        f"{MARKER}(name=None, *, strict=True, proof=False, password=None, keep=()): the cassette that "
        f"the fixture {MARKER} replays, and how; the last three are for its recording.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note the end of a test. Only a passed test saves its recording, or fails for exchanges that are left over."""
    outcomes = item.stash[OUTCOMES] = list[bool]()
    result = yield
    outcomes.append(True)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the failure of a test or a subtest, and show the mismatch, which the code under test may have caught."""
    report = yield
    if report.when == "call" and not report.passed:
        item.stash.setdefault(OUTCOMES, []).append(False)
        mismatches = [replay.mismatch for replay in item.config.stash[REPLAYS] if replay.mismatch is not None]
        report.sections += [(MARKER, str(mismatch)) for mismatch in mismatches if report.failed]
    return report


@pytest.fixture(scope="session")
def cognito_config() -> Config:
    """Return the pool that `--cognito-record` records. Override it, or set COGNITO_ISS and COGNITO_CLIENT_ID.

    COGNITO_CLIENT_SECRET is for an app client that has one.
    """
    from cognito_raw.testing.plugin import config_of

    return config_of(os.environ)


@pytest.fixture
def cognito_replay(request: pytest.FixtureRequest) -> Iterator[Replay | Recorder]:
    """A transport that replays the test's cassette, or records it with `--cognito-record`.

    It has `config`, `session()`, `async_session()` and `password`. Sync and async clients take it as `transport=`. A
    passed test fails if recorded exchanges are left over.
    """
    __tracebackhide__ = True
    from cognito_raw.testing.plugin import options_of, use_cassette

    with use_cassette(request, **options_of(request.node.get_closest_marker(MARKER))) as replay:
        yield replay


@pytest.fixture
def cognito_session(cognito_replay: Replay | Recorder) -> Session:
    """A session on the test's cassette."""
    return cognito_replay.session()


@pytest.fixture
def cognito_async_session(cognito_replay: Replay | Recorder) -> AsyncSession:
    """An async session on the test's cassette."""
    return cognito_replay.async_session()


@pytest.fixture(scope="session")
def cognito_signing_key() -> SigningKey:
    """A key pair that signs tokens as a pool does."""
    from cognito_raw.testing import SigningKey

    return SigningKey()


@pytest.fixture
def cognito_reset() -> Iterator[None]:
    """Forget what the process shares, such as keys and connections, before the test and after it."""
    from cognito_raw.testing import reset

    reset()
    yield
    reset()
