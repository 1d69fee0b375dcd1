"""Sessions that share a store: what they load and save, when, and who wins."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, Config, Err, Ok, Session, State, Tokens
from cognito_raw.store import InThreads, MemoryStore, Sealed
from tests.store.shared import LIFE, METHODS, Watched, World, number
from tests.support.conversation import ISS, NOW, Clock, answered, authentication_result, unsigned_token
from tests.support.modes import Mode


def test_a_session_goes_on_with_another_ones_sign_in(world: World) -> None:
    """It loads at its first use, and asks the service nothing."""
    first = world.signed_in()
    second = world.session()
    assert second.state == State()
    assert second.id_token() == first.id_token()
    assert second.access_token() == first.access_token()
    assert second.state == first.state
    assert world.store.calls == ["load"]
    assert world.service.requests == 0


def test_nobody_hears_of_tokens_before_they_are_saved(world: World) -> None:
    """Each change is saved before anything else happens with it."""
    session = world.signed_in()
    heard: list[tuple[str, str]] = []
    session.subscribe(lambda token: heard.append((token.jwt, world.store.tokens()["id_token"])))
    world.passes(LIFE)
    token = session.id_token().unwrap()
    session.aclose() if hasattr(session, "wrapped") else session.close()
    assert heard == [(token.jwt, token.jwt)]
    assert world.store.calls == ["load", "load", "acquire", "load", "save", "save", "release"]


@pytest.mark.parametrize("staleness", [30.0, 5.0])
def test_a_fresh_token_costs_one_look_at_the_store_now_and_then(staleness: float, world: World) -> None:
    """None before so many seconds, and one after them."""
    session = world.signed_in(staleness=staleness)
    for expected in ([], ["load"], ["load", "load"]):
        for _ in range(3):
            session.id_token().unwrap()
            session.access_token().unwrap()
        assert world.store.calls == expected
        world.passes(staleness - 0.1)
        session.id_token().unwrap()
        assert world.store.calls == expected
        world.passes(0.2)


def test_without_staleness_each_token_is_looked_up(world: World) -> None:
    """And none of the looks begins a refresh."""
    session = world.signed_in(staleness=0)
    session.id_token().unwrap()
    session.id_token().unwrap()
    assert world.store.calls == ["load", "load"]
    assert world.service.requests == 0


def test_a_sign_out_elsewhere_is_noticed(world: World) -> None:
    """After the staleness, with its news for the subscribers."""
    first, second = world.signed_in(), world.session()
    told: list[object] = []
    second.id_token().unwrap()
    second.subscribe(told.append)
    assert first.logout() == Ok(None)
    assert world.store.tokens() is None
    assert isinstance(second.id_token(), Ok)
    world.passes(31)
    assert second.id_token() == Err("no-session")
    assert told == [None]
    assert world.session().id_token() == Err("no-session")


def test_one_of_several_sessions_refreshes(world: World) -> None:
    """The others load its tokens."""
    sessions = [world.signed_in(), *(world.session() for _ in range(4))]
    for round_ in range(1, 4):
        world.passes(LIFE)
        tokens = {session.id_token().unwrap().jwt for session in sessions}
        assert len(tokens) == 1
        assert world.service.refreshes == round_


def test_the_first_use_of_many_threads_is_one_look(mode: Mode) -> None:
    """They all wait for it."""
    world = World(mode)
    world.signed_in()
    if not isinstance(session := world.session(), Session):
        pytest.skip("an async session has one thread")
    gate = threading.Barrier(20)

    def ask() -> object:
        gate.wait(20)
        return session.id_token()

    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(ask) for _ in range(20)]
    assert {type(one.result()) for one in asked} == {Ok}
    assert world.store.calls == ["load"]


def test_waiting_for_a_look_of_another_thread_is_part_of_the_deadline(mode: Mode) -> None:
    """The store hangs in one, and the other goes on."""
    world = World(mode)
    world.signed_in()
    if not isinstance(session := world.session(), Session):
        pytest.skip("an async session has one thread")
    asked, go_on = threading.Event(), threading.Event()

    def hang(_: str) -> None:
        asked.set()
        go_on.wait(60)

    world.store.before = hang
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(session.id_token)
        assert asked.wait(60)
        late = session.within(0.05).id_token()
        go_on.set()
        assert isinstance(first.result(60), Ok)
    assert isinstance(late, Err)
    assert (late.reason, late.sent) == ("timed-out", "no")


@pytest.mark.parametrize("when", ["before", "after"])
def test_two_changes_at_the_same_time_are_both_kept(when: str, mode: Mode) -> None:
    """One thread forgets the tokens while the other saves: the newer state stays in memory too."""
    world = World(mode)
    if not isinstance(session := world.signed_in(), Session):
        pytest.skip("an async session has one thread")

    def forget(_: str = "save") -> None:
        world.store.before = lambda _: None
        assert session.forget() == Ok(None)

    if when == "before":
        world.store.before = lambda name: forget() if name == "save" else None
    else:
        world.store.saved = forget
    session.request_password_reset("grace")
    assert session.state.tokens is None
    assert session.state.reset_username == "grace"
    assert world.store.tokens() is None
    assert world.session().id_token() == Err("no-session")


def of(iss: str, client: str) -> bytes:
    """The entry of a user of this pool and client."""
    store = Watched()
    said = {"iss": iss, "iat": NOW, "exp": NOW + LIFE, "sub": "5u8"}
    result = {"IdToken": unsigned_token(aud=client, **said), "AccessToken": unsigned_token(client_id=client, **said)}
    state = State("ada", tokens=Tokens.read({"AuthenticationResult": result}))
    session = Session(Config(iss, client, clock=Clock()), state=state, store=store, key="ada")
    session.id_token().unwrap()
    entry = store.load("ada")
    assert entry is not None
    return entry.value


REFUSED: Final[dict[str, Callable[[], bytes]]] = {
    "another pool": lambda: of(f"{ISS}4", "client1id"),
    "another client": lambda: of(ISS, "another"),
    "a later version": lambda: json.dumps({**State().to_dict(), "version": 1000}).encode(),
    "no JSON": lambda: b"secret",
    "no text": lambda: b"\xff",
    "another kind": lambda: b"[1]",
    "an endless list": lambda: b"[" * 100_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_entry_that_is_not_ours_is_refused_and_kept(name: str, world: World) -> None:
    """Nothing is overwritten, and nothing sent, by no method, also not later."""
    value = REFUSED[name]()
    world.store.save("ada", value, after=0)
    for method in METHODS.values():
        session = world.session(world.state)
        for _ in range(2):
            result = method(session)
            assert (result.reason, result.kind) == ("store-entry-refused", "configuration")
            assert "secret" not in result.message
    assert world.store.calls.count("save") == 1
    assert world.wire.operations == []


def test_an_entry_that_no_key_opens_is_refused(world: World) -> None:
    """As one that was sealed for another user."""
    world.session(world.state, store=Sealed(world.store, [b"o" * 32])).id_token().unwrap()
    result = world.session(store=Sealed(world.store, [b"n" * 32])).id_token()
    assert (result.reason, result.kind) == ("store-entry-refused", "configuration")


def test_an_entry_of_an_older_version_is_loaded(world: World) -> None:
    """And not saved before it changes, so that old programs can still read it."""
    saved = {**world.state.to_dict(), "version": 1}
    for name in ("device", "refresh_flow", "unanswered"):
        saved.pop(name)
    world.store.save("ada", json.dumps(saved).encode(), after=0)
    world.store.calls.clear()
    assert isinstance(world.session().id_token(), Ok)
    assert world.store.calls == ["load"]


def test_a_given_state_is_saved_where_the_store_has_none(world: World) -> None:
    """And gives way to an entry."""
    assert isinstance(world.session(world.state).id_token(), Ok)
    assert world.store.tokens()["refresh_token"] == "refresh-1"
    _, other = world.service.sign_in()
    assert number(world.session(other).id_token().unwrap()) == "refresh-1"


def test_a_session_without_anything_saves_nothing(world: World) -> None:
    """Only to ask makes no entry."""
    assert world.session().id_token() == Err("no-session")
    assert world.store.calls == ["load"]


def test_a_sign_in_wins_over_a_refresh(mode: Mode) -> None:
    """Which happened elsewhere while the user typed the password: it is a new sign-in."""
    world = World(mode)
    world.signed_in()
    session = mode.session(world.config, transport=Scripted(world), store=world.store, key="ada")
    assert isinstance(session.login("ada", "secret", flow="USER_PASSWORD_AUTH"), Ok)
    assert world.store.tokens()["refresh_token"] == "own"
    assert number(session.id_token().unwrap()) == 9


def test_a_change_of_something_else_keeps_the_tokens_of_a_refresh(mode: Mode) -> None:
    """What one session remembers of a registration takes no tokens from another."""
    world = World(mode)
    world.signed_in()
    session = mode.session(world.config, transport=Scripted(world), store=world.store, key="ada")
    assert isinstance(session.request_password_reset("grace"), Ok)
    assert isinstance(session.register("grace", "secret"), Ok)
    assert world.store.tokens()["refresh_token"] == "refresh-2"
    assert number(session.id_token().unwrap()) == "refresh-2"


def test_a_sign_out_wins_over_a_refresh(world: World) -> None:
    """The user is signed out, whatever another session has saved meanwhile."""
    session, other = world.signed_in(), world.session()
    other.id_token().unwrap()
    world.wire.during = lambda: renewed_by_hand(world)
    assert session.logout() == Ok(None)
    assert world.store.tokens() is None


def renewed_by_hand(world: World) -> None:
    """Renew the tokens as another process does."""
    session = Session(world.config, transport=world.wire, store=world.store, key="ada")
    session.refresh()


class Scripted:
    """Answers any operation; while it answers, another session refreshes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, request: Any) -> Any:
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        if self._world.service.refreshes == 0:
            renewed_by_hand(self._world)
        if operation == "InitiateAuth":
            return answered(authentication_result(at=self._world.clock(), n=9, refresh="own"))
        if operation == "SignUp":
            return answered({"UserSub": "s", "UserConfirmed": False})
        return answered({"CodeDeliveryDetails": {}})

    def as_async(self) -> Any:
        return AsyncScripted(self)


class AsyncScripted:
    def __init__(self, scripted: Scripted) -> None:
        self._scripted = scripted

    async def send(self, request: Any) -> Any:
        return self._scripted.send(request)


@pytest.mark.parametrize("kind", [Session, AsyncSession])
@pytest.mark.parametrize(
    "options",
    [
        {"store": MemoryStore()},
        {"key": "ada"},
        {"store": MemoryStore(), "key": 7},
        {"store": MemoryStore(), "key": "ada", "staleness": -1},
        {"store": MemoryStore(), "key": "ada", "staleness": float("nan")},
        {"store": MemoryStore(), "key": "ada", "lease": 3.9},
        {"store": MemoryStore(), "key": "ada", "lease": float("nan")},
        {"store": MemoryStore(), "key": "ada", "lease": float("inf")},
        {"store": "redis://", "key": "ada"},
    ],
    ids=[
        "no key",
        "no store",
        "a number",
        "negative",
        "not a number",
        "too short",
        "no lease",
        "endless",
        "an address",
    ],
)
def test_options_that_make_no_sense_are_a_mistake(kind: Any, options: dict[str, Any], world: World) -> None:
    """Said at once."""
    with pytest.raises(ValueError, match=r"store|staleness|lease .*: must be 4 seconds or more"):
        kind(world.config, **options)


def test_a_sync_session_takes_no_async_store(world: World) -> None:
    """It could not await it."""
    with pytest.raises(ValueError, match="async store"):
        Session(world.config, store=InThreads(MemoryStore()), key="ada")  # type: ignore[arg-type]
