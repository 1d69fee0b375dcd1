"""A signal handler that raises where the transports expect errors of their own: its exception comes out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from cognito_raw.transport.addresses import look_up
from cognito_raw.transport.httpx_blocking import Stream
from cognito_raw.transport.limits import from_environment
from cognito_raw.transport.sockets import CurrentDeadline, Deadline
from tests.support.signals import RAISED, raising

Interrupt = Callable[..., None]


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """One end of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


class Interrupted:
    """A socket of which every use is interrupted."""

    def __init__(self, connection: socket.socket, interrupt: Interrupt) -> None:
        self.fileno, self.send = connection.fileno, interrupt
        self.gettimeout, self.settimeout = connection.gettimeout, connection.settimeout


def write(connection: Any, interrupt: Interrupt) -> None:
    """Send a request."""
    current = CurrentDeadline()
    current.deadline = Deadline(60)
    stream = Stream(Interrupted(connection, interrupt), current)
    stream.write(b"x")
    stream.write(b"")


def find(_: object, interrupt: Interrupt) -> None:
    """Look a host up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "inet_pton", interrupt)
        look_up("pool.test", 80, Deadline(60).remaining)


PLACES: Final[dict[str, Callable[[Any, Interrupt], object]]] = {
    "a request": write,
    "a look-up": find,
    "a wait": lambda connection, interrupt: Deadline(60).wait(interrupt, connection),
    "settings": lambda _, interrupt: from_environment(interrupt),
}


@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
@pytest.mark.parametrize("place", PLACES)
def test_it_comes_out_at_once(place: str, error: type[BaseException], connection: socket.socket) -> None:
    """Also if it is an `OSError` or a `TimeoutError`."""
    with raising(error) as interrupt, pytest.raises(error, match="program"):
        PLACES[place](connection, lambda *_: interrupt())
