"""The lease of a shared session: one refresh at a time, and what happens where the lease is not enough."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import Config, Err, Ok, State
from cognito_raw.store import MemoryStore
from tests.store.shared import LIFE, World, number
from tests.support.conversation import CLIENT_ID, ISS
from tests.support.modes import Mode
from tests.support.rotation import Fault

REAL: Final = time.monotonic


@pytest.fixture
def world(mode: Mode) -> World:
    """A user whose tokens have just ended."""
    world = World(mode, grace=30.0)
    world.signed_in()
    world.passes(LIFE)
    return world


def really(world: World, **options: Any) -> Any:
    """A session that waits by the real clock."""
    config = Config(ISS, CLIENT_ID, clock=world.clock, monotonic=REAL, **options)
    return world.session(config=config)


@contextmanager
def beside(job: Callable[[], object]) -> Iterator[None]:
    """Do something in another thread."""
    thread = threading.Thread(target=job)
    thread.start()
    try:
        yield
    finally:
        thread.join(20)


def test_a_session_waits_for_the_holder_of_the_lease(world: World) -> None:
    """And uses its tokens, without a request."""
    session = really(world)
    world.store.acquire("ada", "other", 60)
    seen = threading.Event()
    world.store.before = lambda name: seen.set() if name == "acquire" else None

    def finish() -> None:
        assert seen.wait(20)
        world.overtake()

    with beside(finish):
        token = session.id_token().unwrap()
    assert number(token) == "refresh-2"
    assert world.wire.operations == []


def test_a_holder_that_never_ends_is_waited_for_within_the_deadline(world: World) -> None:
    """Nothing is refreshed without the lease."""
    session = really(world, deadline=0.3)
    world.store.acquire("ada", "other", 60)
    result = session.refresh()
    assert (result.reason, result.kind) == ("timed-out", "temporary")
    assert world.wire.operations == []


@pytest.mark.parametrize("failing", ["acquire", "load"])
def test_a_store_that_fails_while_a_session_waits_is_reported(failing: str, world: World) -> None:
    """Nothing is refreshed."""
    session = really(world)
    world.store.acquire("ada", "other", 60)
    world.store.before = lambda name: world.store.fail(failing) if name == "acquire" else None
    assert session.refresh().reason == "store-unavailable"
    assert world.wire.operations == []


def test_a_dead_holder_is_taken_over(world: World) -> None:
    """Its answer may be lost: the refresh token goes once more, within the grace period."""
    world.store.acquire("ada", "other", 0.3)
    world.overtake(save=False)
    token = really(world).id_token().unwrap()
    assert number(token) == "refresh-3"
    assert world.wire.operations == ["GetTokensFromRefreshToken"]


def test_without_a_grace_period_a_dead_holder_is_the_end(mode: Mode) -> None:
    """The reason says that an answer was lost, and the end is saved."""
    world = World(mode)
    world.signed_in()
    world.passes(LIFE)
    world.store.acquire("ada", "other", 0.1)
    noted = json.dumps(replace(world.state, unanswered=True).to_dict()).encode()
    world.store.save("ada", noted, after=1)
    world.overtake(save=False)
    assert really(world).id_token().reason == "refresh-answer-lost"
    assert world.store.tokens() is None
    assert world.session().id_token() == Err("no-session")


def test_a_request_ends_with_the_lease(world: World) -> None:
    """Six seconds from before the lease was asked for."""
    world.store.before = lambda name: world.passes(2) if name == "acquire" else None
    world.session().id_token().unwrap()
    assert world.wire.timeouts == [4.0]


@pytest.mark.parametrize("lease", [4.0, 9.0])
def test_a_lease_may_be_of_another_length(lease: float, world: World) -> None:
    """The store is asked for it, and the request ends with it."""
    held: list[float] = []
    world.wire.before = lambda: held.extend(one.lease.seconds for one in [world.store._read("ada")] if one.lease)
    world.session(lease=lease).id_token().unwrap()
    assert (held, world.wire.timeouts) == ([lease], [lease])


def test_nothing_is_sent_at_the_end_of_a_lease(world: World) -> None:
    """The store took so long that somebody may take over soon."""
    world.store.before = lambda name: world.passes(3.5) if name == "acquire" else None
    session = world.session()
    result = session.id_token()
    assert (result.reason, result.sent) == ("timed-out", "no")
    assert world.wire.operations == []
    assert not session.state.unanswered
    world.store.before = lambda _: None
    world.passes(2)
    assert number(session.id_token().unwrap()) == "refresh-2"


@pytest.mark.parametrize("overtaken", [False, True])
def test_a_lease_that_came_late_is_taken_once_more(overtaken: bool, world: World) -> None:
    """Otherwise nobody would refresh with a store that many ask at once. A newer entry is used then."""
    late: list[Callable[[], object]] = [world.overtake if overtaken else lambda: None, lambda: world.passes(3.5)]
    world.store.before = lambda name: late.pop()() if name == "acquire" and late else None
    assert number(world.session().id_token().unwrap()) == "refresh-2"
    assert world.store.calls.count("acquire") == 2
    assert world.wire.timeouts == ([] if overtaken else [6.0])


def test_a_newer_entry_after_the_lease_is_used(world: World) -> None:
    """Another session has refreshed just before: nothing is sent."""
    session = world.session()
    world.store.before = lambda name: world.overtake() if name == "acquire" else None
    assert number(session.id_token().unwrap()) == "refresh-2"
    assert world.wire.operations == []


def test_a_newer_entry_before_the_request_is_used(world: World) -> None:
    """Another session took over before this one has noted its refresh."""
    saves: list[str] = []

    def overtake(name: str) -> None:
        if name == "save":
            saves.append(name)
            if len(saves) == 1:
                world.overtake()

    world.store.before = overtake
    assert number(world.session().id_token().unwrap()) == "refresh-2"
    assert world.wire.operations == []


def test_a_newer_entry_wins_over_a_refusal(mode: Mode) -> None:
    """Another session has used the refresh token first."""
    world = World(mode)
    world.signed_in()
    world.passes(LIFE)
    session = world.session()
    world.wire.before = world.overtake
    assert number(session.id_token().unwrap()) == "refresh-2"
    assert world.store.tokens()["refresh_token"] == "refresh-2"


def test_without_a_newer_entry_a_refusal_is_saved(world: World) -> None:
    """The next session knows that it has ended."""
    world.service.end(world.family)
    assert world.session().id_token().reason == "refresh-token-revoked"
    assert world.session().id_token() == Err("no-session")
    assert len(world.wire.operations) == 1


@pytest.mark.parametrize("asked", ["id_token", "refresh"])
def test_tokens_that_were_saved_second_are_dropped(asked: str, world: World) -> None:
    """The other session's are used. Its own are not revoked, since they belong to the same sign-in."""
    session = world.session()
    world.wire.during = world.overtake
    assert number(getattr(session, asked)().unwrap()) == "refresh-3"
    assert session.state.tokens.refresh_token == "refresh-3"
    assert world.store.tokens()["refresh_token"] == "refresh-3"
    assert world.wire.operations == ["GetTokensFromRefreshToken"]


def test_a_sign_out_during_a_refresh_stays(world: World) -> None:
    """The new tokens are dropped."""
    session = world.session()

    def sign_out() -> None:
        world.store.save("ada", json.dumps(State().to_dict()).encode(), after=99)

    world.wire.during = sign_out
    assert session.id_token() == Err("no-session")
    assert world.store.tokens() is None


def test_another_change_during_a_refresh_loses_no_tokens(world: World) -> None:
    """Both are kept."""
    session = world.session()

    def remember() -> None:
        entry = MemoryStore.load(world.store, "ada")
        assert entry is not None
        state = replace(State.from_dict(json.loads(entry.value)), reset_username="grace")
        world.store.save("ada", json.dumps(state.to_dict()).encode(), after=entry.version)

    world.wire.during = remember
    assert number(session.id_token().unwrap()) == "refresh-2"
    assert session.state.reset_username == "grace"
    assert world.store.tokens()["refresh_token"] == "refresh-2"


def test_forgetting_during_a_refresh_stays(world: World) -> None:
    """A call under way does not bring the tokens back, neither here nor in the store."""
    session = world.session()
    session.access_token()
    world.passes(LIFE)
    world.wire.during = session.wrapped._holder.forget if hasattr(session, "wrapped") else session.forget
    session.refresh()
    world.passes(1)
    assert session.id_token() == Err("no-session")
    assert world.store.tokens() is None


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_method_that_refreshes_first_takes_the_lease(everywhere: bool, world: World) -> None:
    """As signing out everywhere does with an ended access token."""
    session = world.session()
    session.logout(everywhere=everywhere)
    assert ("acquire" in world.store.calls) == everywhere


def test_an_interrupted_holder_gets_its_lease_again(world: World) -> None:
    """At once, as taken over."""
    session = world.session()
    owner = (session.wrapped if hasattr(session, "wrapped") else session)._holder.owner
    world.store.acquire("ada", owner, 60)
    assert number(session.id_token().unwrap()) == "refresh-2"


def test_a_lost_answer_is_asked_for_again(mode: Mode) -> None:
    """Under another lease, within the grace period."""
    faults: list[Fault] = ["none", "lost"]
    world = World(mode, grace=30.0, fault=faults.pop)
    world.signed_in()
    world.passes(LIFE)
    world.store.calls.clear()
    assert number(world.session().id_token().unwrap()) == "refresh-3"
    assert world.store.calls.count("acquire") == 2
    assert world.store.calls.count("release") == 2


@pytest.mark.parametrize("ahead", [-LIFE, LIFE])
def test_the_tokens_of_a_machine_with_another_clock_are_as_new_as_they_are(ahead: float, mode: Mode) -> None:
    """Who saw the entry before them knows that they are newer, whatever the clocks say."""
    world = World(mode)
    first = world.signed_in()
    clock = Shifted(world.clock, ahead)
    second = world.session(config=Config(ISS, CLIENT_ID, clock=clock, monotonic=world.clock))
    second.refresh().unwrap()
    for session, other in 2 * [(first, second), (second, first)]:
        world.passes(31)
        session.id_token().unwrap()
        world.passes(31)
        token = other.refresh().unwrap()
        requests = len(world.wire.operations)
        assert session.id_token() == Ok(token)
        world.passes(0.7 * LIFE)
        assert session.id_token() == Ok(token)
        assert len(world.wire.operations) == requests
        world.passes(0.27 * LIFE)
        assert session.id_token() != Ok(token)


@pytest.mark.parametrize("ahead", [-2 * LIFE, -60, 60])
def test_a_clock_that_is_set_changes_nothing(ahead: float, mode: Mode) -> None:
    """Tokens are given in time, refreshed once for both sessions, and looked up as often as before."""
    world = World(mode)
    clock = Shifted(world.clock, 0)
    config = Config(ISS, CLIENT_ID, clock=clock, monotonic=world.clock)
    sessions = world.signed_in(config=config), world.session(config=config)
    clock.ahead = ahead
    for _ in range(12):
        world.passes(LIFE / 6)
        world.store.calls.clear()
        tokens = [session.id_token().unwrap() for session in sessions]
        assert tokens[0] == tokens[1]
        assert tokens[0].exp > world.clock()
        assert world.store.calls.count("load") <= 4
    assert world.service.refreshes == 2


class Shifted:
    """A clock that is ahead of another."""

    def __init__(self, clock: Callable[[], float], ahead: float) -> None:
        self._clock = clock
        self.ahead = ahead

    def __call__(self) -> float:
        return self._clock() + self.ahead
