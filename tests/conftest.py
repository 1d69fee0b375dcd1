"""What several test modules share: the local server, a certificate, and sync and async behind one manner of calling."""

from __future__ import annotations

import gc
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from examples.local_pool import Server, serve
from tests.support.modes import MODES, Mode
from tests.support.transports import SENDERS, Sender, closing_sender, leaving_nothing
from tests.support.workers import dealt

# Names that cannot exist, which the tests of the transports look up.
_NOWHERE = (".invalid", "a..b")

# The certificates of whoever runs the tests.
for _bundle in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
    os.environ.pop(_bundle, None)

_offline = False
_refused: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every connection that leaves this machine, and any at all in a test that is offline.

    A name that would have to be looked up elsewhere is refused as well: without a network nothing else is tried.
    """
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    here = name in ("localhost", "::1") or name.startswith("127.") or name.endswith(_NOWHERE)
    if not here or (_offline and event == "socket.connect"):
        _refused.append(name)
        raise PermissionError(f"a test may not connect to {name}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def nothing_was_refused() -> Iterator[None]:
    """The library makes an `Err` of a refused connection, so that a test alone would not notice that it tried."""
    yield
    tried = _refused.copy()
    _refused.clear()
    assert not tried, f"the test, or one before it, tried to connect to {', '.join(tried)}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests to the workers."""
    items[:] = dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """Have Python's collections, of which many tests ask for one, pass over what lives to the end: the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def offline() -> Iterator[None]:
    """No connection at all, not even to this machine."""
    global _offline
    _offline = True
    yield
    _offline = False


# The same cases in every run: a failure that only sometimes shows is nobody's.
settings.register_profile("fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The local server that checks SRP proofs, started once."""
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, with its key, in one file."""
    from tests.support.certificates import self_signed  # here: most tests do without cryptography

    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS under that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def tidy() -> Iterator[None]:
    """The test leaves no thread of ours and no socket behind."""
    with leaving_nothing():
        yield


@pytest.fixture(params=SENDERS)
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Each of the three transports behind one manner of sending."""
    with closing_sender(request.param) as made:
        yield made


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    """Makes sessions: blocking ones in one run of a test, asynchronous ones in the other."""
    made: Mode = request.param()
    yield made
    made.close()
