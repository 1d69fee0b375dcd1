"""An exception at any line of a sync method: the next call works, and subscribers hear of all that follows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from cognito_raw import Err, IdToken, Ok, Reply, Request, Result, Session, State
from tests.support.conversation import NOW, Clock, answered, authentication_result, configured, signed_in
from tests.support.deadlines import wait_until
from tests.support.interruptions import interrupt
from tests.support.threads import living


class Service:
    """A service that accepts everything, whose tokens are new each time."""

    def __init__(self) -> None:
        self.count = 1

    def send(self, request: Request) -> Result[Reply]:
        operation = request.headers["X-Amz-Target"].partition(".")[2]
        if operation in ("InitiateAuth", "GetTokensFromRefreshToken"):
            self.count += 1
            return answered(authentication_result(at=NOW, n=self.count))
        if operation == "SignUp":
            return answered({"UserSub": "s", "UserConfirmed": False})
        return answered({})


METHODS: Final[dict[str, Callable[[Session], Any]]] = {
    "register": lambda session: session.register("jane", "secret"),
    "confirm_registration": lambda session: session.confirm_registration("1"),
    "resend_verification_code": lambda session: session.resend_verification_code(),
    "login": lambda session: session.login("jane", "secret", flow="USER_PASSWORD_AUTH"),
    "logout": lambda session: session.logout(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
    "request_password_reset": lambda session: session.request_password_reset("jane"),
    "reset_password_confirmation": lambda session: session.reset_password_confirmation("secret", "1"),
    "change_password": lambda session: session.change_password("old", "new"),
    "id_token": lambda session: session.id_token(),
    "access_token": lambda session: session.access_token(),
    "refresh": lambda session: session.refresh(),
    "answer_challenge": lambda session: session.answer_challenge("1"),
}


# Each line takes a session of its own. `make fleet` interrupts every one, other runs a third of each method's.
STRIDE: Final = 1 if "FLEET" in os.environ else 3


def lines_of(session: Callable[[], Session], method: Callable[[Session], Any], first: int) -> Iterator[Session]:
    """Sessions in which the method was interrupted, at one line after the other."""
    at = first % STRIDE
    while True:
        made = session()
        if not interrupt(lambda made=made: method(made), at):  # type: ignore[misc]  # bound at once
            return
        yield made
        at += STRIDE


@pytest.mark.parametrize("due", [False, True], ids=["fresh", "due"])
@pytest.mark.parametrize("name", METHODS)
def test_after_an_interruption_the_next_call_works(name: str, *, due: bool) -> None:
    """Whichever line was interrupted: no lock stays taken, and every later change of the tokens is told."""
    interrupted = 0

    def session() -> Session:
        config = configured(clock=Clock(NOW + (3300 if due else 0)), deadline=5.0)
        return Session(config, state=signed_in(), transport=Service())

    for made in lines_of(session, METHODS[name], first=list(METHODS).index(name) + due):
        interrupted += 1
        told: list[IdToken | None] = []
        made.subscribe(told.append)
        after = made.login("jane", "secret", flow="USER_PASSWORD_AUTH")
        assert isinstance(after, Ok), (interrupted, after)
        made.close()  # an earlier refresh's thread may be calling the subscribers, and goes on with this sign-in
        assert told[-1] == after.value, interrupted
        renewed = made.refresh()
        assert isinstance(renewed, Ok), (interrupted, renewed)
        made.close()
        assert told[-1] == renewed.value, interrupted
        assert made.change_password("old", "new") == Ok(None)
        assert made.logout() == Ok(None)
        made.close()
        assert told[-1] is None
        assert made.refresh() == Err("no-session")
    assert interrupted * STRIDE > 5
    assert session().state != State()


def test_an_interruption_does_not_stop_keep_fresh() -> None:
    """Its thread hears of the news that follow, and ends with the block."""
    at, more = 0, True
    while more:
        made = Session(configured(), state=signed_in(), transport=Service())
        with made.keep_fresh():
            more = interrupt(made.forget, at)
            assert isinstance(made.login("jane", "secret", flow="USER_PASSWORD_AUTH"), Ok)
        at += 1
    assert at > 5


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")  # a finalizer's
def test_after_an_interrupted_keep_fresh_another_one_works() -> None:
    """Whichever line of its beginning or end was interrupted."""
    at, more = 0, True

    def keep(session: Session) -> None:
        with session.keep_fresh():
            pass

    while more:
        made = Session(configured(clock=Clock(NOW + 3300)), state=signed_in(), transport=Service())
        told = threading.Event()
        more = interrupt(lambda made=made: keep(made), at)  # type: ignore[misc]  # bound at once
        made.subscribe(lambda _, told=told: told.set())  # type: ignore[misc]
        with made.keep_fresh():
            made.refresh().unwrap()
            assert told.wait(60)
        at += 1
    assert at > 20
    assert wait_until(lambda: "cognito_raw keep_fresh" not in {thread.name for thread in living()})
