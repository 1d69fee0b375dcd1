"""The working part of the pytest plugin, which `pytest_cognito_raw` imports when a test uses a fixture."""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from pytest_cognito_raw import MARKER, OUTCOMES, REPLAYS

from ..config import Config
from .recorder import Recorder
from .replay import Replay

M = TypeVar("M")

_PLAIN: Final = re.compile(r"[\w.:]+(?:\[[\w.-]*[\w.]\])?")
_NAME: Final = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")


@contextmanager
def use_cassette(
    request: pytest.FixtureRequest,
    name: str | None = None,
    *,
    strict: bool = True,
    proof: bool = False,
    password: str | None = None,
    keep: Iterable[str] = (),
) -> Iterator[Replay | Recorder]:
    """Replay a cassette in a fixture of any scope, or record it with `--cognito-record`.

        @pytest.fixture(scope="module")
        def session(request):
            with use_cassette(request, "signed_in") as replay:
                yield replay.session()

    name: of the cassette beside the test's module; for a fixture of a whole session, below pytest's root.
        Without one, the cassette is named after the test.
    strict, proof, password, keep: as in the marker `cognito_replay`.

    The recording is kept if no test has failed while the fixture was in use.
    """
    __tracebackhide__ = True
    node, passed = request.node, _outcome(request)
    path, owner = _path(node, name), node.nodeid or "the whole session"
    endpoint: str | None = request.config.getoption("--cognito-record")
    claim = None if endpoint is None else _Claim(request, path, owner)
    if endpoint is None or claim is None or claim.is_recorded():
        if claim is not None and isinstance(node, pytest.Item):
            node.add_report_section("setup", MARKER, f"{claim.other} has just recorded {path}, which this test replays")
        replay, replays = _replay(path, owner, strict=strict, proof=proof), request.config.stash[REPLAYS]
        replays.append(replay)
        try:
            yield replay
        finally:
            replays.remove(replay)
        if passed():
            replay.finish()
        return
    try:
        pool: Config = request.getfixturevalue("cognito_config")
        recorder = _or_fail(lambda: Recorder(path, _at(pool, endpoint), proof=proof, password=password, keep=keep))
        yield recorder
        if passed():
            _keep(recorder)
            claim.recorded()
    finally:
        claim.release()


def config_of(environment: Mapping[str, str]) -> Config:
    """Return the pool that the environment names."""
    iss, client_id = environment.get("COGNITO_ISS"), environment.get("COGNITO_CLIENT_ID")
    if not iss or not client_id:
        pytest.fail(
            "to record, set COGNITO_ISS and COGNITO_CLIENT_ID, or override the fixture cognito_config", pytrace=False
        )
    return _or_fail(lambda: Config(iss, client_id, environment.get("COGNITO_CLIENT_SECRET") or None))


def options_of(marker: pytest.Mark | None) -> dict[str, Any]:
    """Return the arguments of the marker. A mistake in them fails the test."""
    if marker is None:
        return {}
    try:
        options = inspect.signature(use_cassette).bind(None, *marker.args, **marker.kwargs).arguments
    except TypeError:
        pytest.fail(f"the marker {MARKER} takes a name, strict, proof, password and keep", pytrace=False)
    if not all(isinstance(options.get(flag, False), bool) for flag in ("strict", "proof")):
        pytest.fail(f"strict and proof of the marker {MARKER} are True or False", pytrace=False)
    return {name: value for name, value in options.items() if name != "request"}


def _outcome(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """Return a function for the end of a fixture: it tells if all tests that could use the fixture have passed."""
    node, failed = request.node, request.session.testsfailed

    def passed() -> bool:
        outcomes = node.stash.get(OUTCOMES, list[bool]())
        return True in outcomes and False not in outcomes

    return passed if isinstance(node, pytest.Item) else lambda: request.session.testsfailed == failed


class _Claim:
    """The right to record a cassette. One test or fixture of a run has it, among all workers of xdist."""

    def __init__(self, request: pytest.FixtureRequest, path: Path, owner: str) -> None:
        folder: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
        if hasattr(request.config, "workerinput"):
            folder = folder.parent
        # Some file systems ignore the case of a name.
        name = hashlib.sha256(str(path).casefold().encode()).hexdigest()
        self._path, self._owner = path, f"{os.getpid()} {owner}"
        self._claim, self._recorded = folder / f"{name}.claim", folder / f"{name}.recorded"
        self.other = ""

    def is_recorded(self) -> bool:
        """Tell whether another test has recorded the cassette, which is then replayed. Otherwise take the right."""
        try:
            with self._claim.open("x", encoding="utf-8") as file:
                file.write(self._owner)
        except FileExistsError:
            self.other = self._claim.read_text(encoding="utf-8").partition(" ")[2] or "another test"
            if self._claim.read_text(encoding="utf-8") != self._owner:
                if not self._recorded.exists():
                    words = f"{self.other} is recording {self._path} at the same time"
                    pytest.fail(f"{words}: name another cassette, or run both in one worker", pytrace=False)
                return True
        return False

    def recorded(self) -> None:
        """Let others replay the cassette."""
        self._recorded.touch()

    def release(self) -> None:
        """Let others record it, unless it is recorded."""
        if not self._recorded.exists():
            self._claim.unlink()


def _path(node: pytest.Item | pytest.Collector, name: str | None) -> Path:
    folder = (node.path if isinstance(node, pytest.Session) else node.path.parent) / "cassettes"
    if name is not None:
        if not _NAME.fullmatch(str(name)):
            pytest.fail(f"{name!r} is no name of a cassette, such as login or folder/login", pytrace=False)
        return folder / f"{name.removesuffix('.json')}.json"
    if not isinstance(node, pytest.Item):
        pytest.fail("a cassette that tests share needs a name", pytrace=False)
    # The class, if any, and the test. Its parameters may have characters that a file's name should not have.
    wanted = node.nodeid.partition("::")[2].replace("::", ".")
    plain = re.sub(r"[^\w.-]+", "-", wanted).strip("-")
    if not _PLAIN.fullmatch(node.nodeid.partition("::")[2]):
        plain = f"{plain}-{hashlib.sha256(wanted.encode()).hexdigest()[:6]}"  # other tests may get the same name
    return folder / node.path.stem / f"{plain}.json"


def _replay(path: Path, owner: str, *, strict: bool, proof: bool) -> Replay:
    again = f"record it with: pytest --cognito-record=ENDPOINT '{owner}'"
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
