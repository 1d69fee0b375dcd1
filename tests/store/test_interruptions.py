"""An exception at any line of a sync method of a session with a store: the next call works, and so does the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import pytest

from cognito_raw import Err, IdToken, Ok, Session
from cognito_raw.store import MemoryStore
from tests.session.test_interruptions import Service
from tests.support.conversation import NOW, Clock, configured, signed_in
from tests.support.interruptions import interrupt

METHODS: Final[dict[str, Callable[[Session], Any]]] = {
    "login": lambda session: session.login("jane", "secret", flow="USER_PASSWORD_AUTH"),
    "logout": lambda session: session.logout(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
    "register": lambda session: session.register("jane", "secret"),
    "id_token": lambda session: session.id_token(),
    "forget": lambda session: session.forget(),
}
# Each line takes a session of its own. `make fleet` interrupts every one, other runs some.
STRIDE: Final = 1 if "FLEET" in os.environ else 9


@pytest.mark.parametrize("name", METHODS)
def test_after_an_interruption_the_next_call_works(name: str) -> None:
    """Whichever line was interrupted: no lock and no lease stays taken, and another session finds what this one has."""
    at, was_interrupted = 0, True
    while was_interrupted:
        store = MemoryStore()
        config = configured(clock=Clock(NOW + 3300), deadline=5.0)
        made = Session(config, state=signed_in(), transport=Service(), store=store, key="ada", staleness=0)
        was_interrupted = interrupt(lambda made=made: METHODS[name](made), at)  # type: ignore[misc]  # bound at once
        other = Session(configured(), store=store, key="ada", staleness=0)
        told: list[IdToken | None] = []
        made.subscribe(told.append)
        after = made.login("jane", "secret", flow="USER_PASSWORD_AUTH")
        assert isinstance(after, Ok), (at, after)
        assert told[-1] == after.value, at
        assert other.id_token() == after
        renewed = made.refresh()
        assert isinstance(renewed, Ok), (at, renewed)
        made.close()  # which waits for the subscribers
        assert told[-1] == renewed.value, at
        assert other.id_token() == renewed
        assert made.logout() == Ok(None)
        assert told[-1] is None
        assert other.id_token() == Err("no-session")
        at += STRIDE
    assert at > 20
