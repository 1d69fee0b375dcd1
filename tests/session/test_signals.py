"""A signal handler that raises in the midst of other code of the program: the exception is not taken for a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cognito_raw import Config, Err, IdToken, Session
from cognito_raw.store import Entry, MemoryStore
from cognito_raw.verify import TokenVerifier
from cognito_raw.verify.keys import Key
from tests.support.conversation import CLIENT_ID, ISS, configured, signed_in
from tests.support.signals import RAISED, raising
from tests.support.tokens import Clock, key_set, token


@pytest.fixture(params=RAISED, ids=lambda error: error.__name__)
def error(request: pytest.FixtureRequest) -> type[BaseException]:
    made: type[BaseException] = request.param
    return made


@pytest.fixture
def interrupt(error: type[BaseException]) -> Iterator[Callable[[], None]]:
    """Raises the error."""
    with raising(error) as made:
        yield made


def test_it_comes_out_of_a_subscriber(error: type[BaseException], interrupt: Callable[[], None]) -> None:
    """The change was made, and the subscribers after it hear of it with the next call."""
    heard: list[IdToken | None] = []
    session = Session(configured(), state=signed_in())
    unsubscribe = session.subscribe(lambda _: interrupt())
    session.subscribe(heard.append)
    with pytest.raises(error, match="program"):
        session.forget()
    assert session.state.tokens is None
    unsubscribe()
    session.forget()
    assert heard == [None]


def test_it_comes_out_of_a_store(error: type[BaseException], interrupt: Callable[[], None]) -> None:
    """The next call asks the store again."""

    class Interrupted(MemoryStore):
        interrupts = True

        def load(self, key: str) -> Entry | None:
            if self.interrupts:
                interrupt()
            return super().load(key)

    store = Interrupted()
    session = Session(Config(ISS, CLIENT_ID), store=store, key="ada")
    with pytest.raises(error, match="program"):
        session.id_token()
    store.interrupts = False
    assert session.id_token() == Err("no-session")


def test_it_comes_out_of_the_check_of_a_verifier(error: type[BaseException], interrupt: Callable[[], None]) -> None:
    """The token is neither accepted nor refused."""

    def check(_: object) -> bool:
        interrupt()
        return True

    verifier = TokenVerifier(Clock().config(), keys=key_set(), fetch=False, check=check)
    with pytest.raises(error, match="program"):
        verifier.verify(token())


def test_it_comes_out_of_a_signature(error: type[BaseException], interrupt: Callable[[], None]) -> None:
    """It says nothing of the signature."""

    class Slow:
        def verify(self, *_: object) -> None:
            interrupt()

    with pytest.raises(error, match="program"):
        Key({}, Slow()).has_signed(b"message", b"signature")
