"""What several test modules share: the local server, and both colours of a session behind one manner of calling."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from examples.local_pool import Server, serve
from tests.colours import COLOURS, Colour

_offline = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every connection that leaves this machine, and any at all in a test that is offline."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        if _offline or not str(host).startswith(("127.", "::1", "localhost")):
            raise PermissionError(f"a test may not connect to {host}")


sys.addaudithook(_watch)


@pytest.fixture
def offline() -> Iterator[None]:
    """No connection at all, not even to this machine."""
    global _offline
    _offline = True
    yield
    _offline = False


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The local server that checks SRP proofs, started once."""
    with serve() as running:
        yield running


@pytest.fixture(params=COLOURS, ids=lambda colour: colour.__name__)
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Makes sessions: blocking ones in one run of a test, asynchronous ones in the other."""
    made: Colour = request.param()
    yield made
    made.close()
