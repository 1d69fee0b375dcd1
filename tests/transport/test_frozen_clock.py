"""Sync deadlines hold while a test has frozen the clocks, as freezegun and time-machine do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from cognito_raw import Client, Config, Err, HttpxTransport, Session, StandardTransport
from tests.support.conversation import CLIENT_ID, ISS, signed_in
from tests.support.deadlines import wait_until
from tests.support.hostile import deaf, serving
from tests.support.programs import run

pytestmark = pytest.mark.usefixtures("tidy")

FREEZERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "freezegun": lambda: freeze_time("2026-07-07"),
    "time-machine": lambda: time_machine.travel("2026-07-07", tick=False),
}

freezers = pytest.mark.parametrize("freezer", FREEZERS)


@contextmanager
def slow(headers: bytes) -> Iterator[str]:
    """A server in a thread, which needs no clock: it writes a header's bytes one by one, or nothing."""
    over = threading.Event()

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(headers)
            while not over.wait(0.02):
                try:
                    peer.sendall(headers[-1:])
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving_it = threading.Thread(target=serve)
        serving_it.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()  # a call that was too late has made none
            serving_it.join()


@freezers
@pytest.mark.parametrize("headers", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: a"], ids=["silent", "byte by byte"])
@pytest.mark.parametrize("kind", [HttpxTransport, StandardTransport])
def test_a_call_ends_at_its_deadline(
    freezer: str, headers: bytes, kind: type[HttpxTransport | StandardTransport]
) -> None:
    """Whether the server says nothing, or a byte now and then."""
    with slow(headers) as url:
        config = Config(ISS, CLIENT_ID, endpoint=url, deadline=0.5)
        with Client(config, transport=kind()) as client, FREEZERS[freezer]():
            failed = client.get_user("token")
    assert isinstance(failed, Err)
    assert failed.reason == "timed-out"


@freezers
def test_a_session_whose_turn_never_comes_waits_no_longer(freezer: str) -> None:
    """Another call of the session has all the time there is."""
    with serving(deaf) as running:
        config = Config(ISS, CLIENT_ID, endpoint=running.url, deadline=30.0)
        session = Session(config, state=signed_in(), transport=StandardTransport())
        first = threading.Thread(target=session.login, args=("ada", "secret"))
        first.start()
        assert wait_until(lambda: running.connections == 1)
        with FREEZERS[freezer]():
            waited = session.within(0.2).login("ada", "secret")
            assert first.is_alive()
    first.join()  # the server's end is its own
    assert isinstance(waited, Err)
    assert (waited.reason, waited.sent) == ("timed-out", "no")


@freezers
def test_a_program_that_froze_the_clocks_first_has_deadlines_too(freezer: str) -> None:
    """The clock of deadlines is not the one that was patched before the import."""
    program = {
        "freezegun": "from freezegun import freeze_time; freeze_time('2026-07-07').start()",
        "time-machine": "import time_machine; time_machine.travel('2026-07-07', tick=False).start()",
    }[freezer]
    read = f"monotonic = Config({ISS!r}, {CLIENT_ID!r}).monotonic; began = monotonic(); print(monotonic() > began)"
    assert run(f"{program}\nfrom cognito_raw import Config\n{read}") == "True"
