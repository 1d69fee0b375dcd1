"""How long tokens are good for, whatever our clocks show and whether or not the process ran all the time."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Final

import pytest

from cognito_raw import IdToken, Ok, Tokens
from cognito_raw.concurrency.clock import Instant
from cognito_raw.models.tokens import TokenUse
from cognito_raw.session.expiry import MANDATORY_WINDOW, HeldTokens, issue_time
from tests.support.conversation import NOW, Clock, configured, tokens, unsigned_token

LIFE: Final = 3600
USES: Final[tuple[TokenUse, ...]] = ("id", "access")


class Clocks:
    """The two clocks of a process: one that tells the time, and may be set, and one that only runs."""

    def __init__(self, off: float = 0.0) -> None:
        self.wall, self.running = Clock(NOW + off), Clock(1000.0)
        self.config = configured(clock=self.wall, monotonic=self.running)

    def passes(self, seconds: float) -> None:
        self.wall.now += seconds
        self.running.now += seconds


def held(clocks: Clocks, tokens: Tokens | None = None, *, off: float = 0.0, **choices: int) -> HeldTokens:
    """Tokens that came just now, to a clock that is so many seconds ahead."""
    return HeldTokens(clocks.config, tokens or _tokens(**choices), -off)


def _tokens(**choices: int) -> Tokens:
    return tokens(**choices)  # type: ignore[arg-type]  # the lives of the tokens are numbers


# --- moments


@pytest.mark.parametrize(
    ("wall", "running", "since"),
    [(50, 50, 50), (10_800, 2, 10_800), (2, 10_800, 10_800), (-7200, 50, 50), (7200, 50, 7200), (-5, 0, 0)],
    ids=["both ran", "frozen", "only the other saw it", "set back", "set forth", "set back at once"],
)
def test_time_passes_by_the_clock_that_saw_more_of_it(wall: float, running: float, since: float) -> None:
    """One clock may be set and the other stand still in a frozen process: neither makes time pass more slowly."""
    clocks = Clocks()
    began = Instant.now(clocks.config)
    clocks.wall.now += wall
    clocks.running.now += running
    assert began.age(clocks.config) == Instant.now(clocks.config).since(began) == since


# --- one token


@pytest.mark.parametrize("kind", [float, str])
def test_times_may_be_fractions_or_texts(kind: type) -> None:
    """Such tokens are fresh, valid and over when others are."""
    times = {"iat": kind(NOW), "exp": kind(NOW + LIFE)}
    id_token, access = IdToken.read(unsigned_token(**times)), unsigned_token(**times)
    clocks = Clocks()
    kept = held(clocks, Tokens(id_token, access, "refresh"))
    for use in USES:
        assert kept.fresh(use) is not None
        assert LIFE - 2 <= kept.left(use) <= LIFE


def test_a_time_of_issue_that_is_none_is_left_out() -> None:
    """As in tokens that a program made itself."""
    assert issue_time(Tokens(IdToken("a.b.c", NOW, {"iat": "now"}), "access")) is None


@pytest.mark.parametrize("off", [0, 7200, -7200, 86_400 * 365], ids=["right", "ahead", "behind", "a year ahead"])
def test_a_token_is_fresh_then_valid_then_neither(off: float) -> None:
    """It is renewed after four fifths of its life, and given until a second before its end, whatever our clock says."""
    clocks = Clocks(off)
    held_tokens = held(clocks, off=off)
    assert held_tokens.left("id") == LIFE - 1
    seen = []
    for seconds in (0, 2698, 2881, LIFE - 1, LIFE - 0.5, LIFE, 9e9):
        clocks.wall.now, clocks.running.now = NOW + off + seconds, 1000 + seconds
        seen.append((held_tokens.fresh("id") is not None, held_tokens.valid("id") is not None))
    assert seen == [(True, True)] * 2 + [(False, True)] * 2 + [(False, False)] * 3


@pytest.mark.parametrize("kind", ["id", "access"])
def test_what_is_given_is_the_token_itself(kind: TokenUse) -> None:
    """As the result that a caller gets, made once."""
    clocks = Clocks()
    held_tokens = held(clocks)
    expected = tokens().id_token if kind == "id" else tokens().access_token
    assert held_tokens.fresh(kind) == held_tokens.valid(kind) == Ok(expected)
    assert held_tokens.fresh(kind) is held_tokens.fresh(kind)


@pytest.mark.parametrize("life", [300, 3600, 86_400])
def test_a_token_is_renewed_a_minute_before_its_end_at_least(life: int) -> None:
    """Also the shortest that the service gives."""
    clocks = Clocks()
    held_tokens = held(clocks, lasts=life)
    assert 0.74 * life <= held_tokens.due_in() <= 0.8 * life
    assert held_tokens.due_in() <= life - MANDATORY_WINDOW


@pytest.mark.parametrize("life", [2, 3, 10])
def test_a_token_of_seconds_is_renewed_before_its_end_as_well(life: int) -> None:
    """No service gives one, but tests do."""
    clocks = Clocks()
    held_tokens = held(clocks, lasts=life)
    assert 0 < held_tokens.due_in() < held_tokens.ends_in()


def test_sessions_that_began_together_do_not_renew_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a token is renewed is spread over a twentieth of its life: the same in a process, but not in others."""
    clocks = Clocks()
    signatures = [unsigned_token(iat=NOW, exp=NOW + LIFE)[:-8] + f"{n:08d}" for n in range(500)]
    dues = [held(clocks, _of(jwt, jwt)).due_in() for jwt in signatures]
    assert dues == [held(clocks, _of(jwt, jwt)).due_in() for jwt in signatures]
    spread = 0.75 * (LIFE - 1), 0.8 * (LIFE - 1)
    assert spread[0] <= min(dues) < spread[0] + 9
    assert spread[1] - 9 < max(dues) <= spread[1]
    assert len(set(dues)) > 450
    monkeypatch.setattr(os, "getpid", lambda: 1843)
    assert dues != [held(clocks, _of(jwt, jwt)).due_in() for jwt in signatures]


def _of(jwt: str, access: str = "opaque") -> Tokens:
    body = {"AuthenticationResult": {"IdToken": jwt, "AccessToken": access}}
    return Tokens.read(body)


# --- clocks that are wrong, set, or stand still


@pytest.mark.parametrize("step", [-86_400, -7200, -60, 60])
def test_a_clock_that_is_set_keeps_no_token_young(step: float) -> None:
    """Set back after the sign-in, it does not lengthen a token's life; set forth, it does not outlast it either."""
    clocks = Clocks()
    held_tokens = held(clocks)
    clocks.passes(LIFE / 2)
    clocks.wall.now += step
    assert held_tokens.valid("id") is not None
    assert held_tokens.fresh("id") is not None
    clocks.passes(LIFE / 2)
    assert held_tokens.valid("id") is None


def test_a_frozen_process_finds_its_tokens_dead() -> None:
    """The clock that only runs stood still for hours; the other tells."""
    clocks = Clocks()
    held_tokens = held(clocks)
    clocks.wall.now += 3 * LIFE
    clocks.running.now += 1
    assert held_tokens.valid("id") is None
    assert held_tokens.ends_in() < 0


def test_a_clock_that_shows_a_time_before_the_tokens_is_behind() -> None:
    """Where a state was carried to another machine, that much is sure of its clock."""
    clocks = Clocks(-7200)
    held_tokens = held(clocks)
    assert held_tokens.left("id") == LIFE - 1


# --- both tokens


@pytest.mark.parametrize(("lasts", "access_lasts"), [(300, 3600), (3600, 300)])
def test_both_count_for_keep_fresh(lasts: int, access_lasts: int) -> None:
    """The app client may give the two different lives: the shorter is due first, and ends first."""
    clocks = Clocks()
    held_tokens = held(clocks, lasts=lasts, access_lasts=access_lasts)
    assert held_tokens.due_in() <= 0.8 * 300
    assert held_tokens.ends_in() == 299
    assert (held_tokens.left("id"), held_tokens.left("access")) == (lasts - 1, access_lasts - 1)


def test_an_opaque_access_token_lives_as_long_as_the_id_token() -> None:
    """Some emulators give one, of which nothing is known."""
    clocks = Clocks()
    held_tokens = held(clocks, replace(tokens(), access_token="opaque"))
    assert held_tokens.left("access") == held_tokens.left("id")


def test_a_token_that_does_not_say_when_it_was_issued_is_renewed_in_its_last_minute() -> None:
    """Nothing is known of its life but the end."""
    clocks = Clocks()
    held_tokens = held(clocks, _of(unsigned_token(exp=NOW + LIFE)))
    assert math.isclose(held_tokens.due_in(), LIFE - 1 - MANDATORY_WINDOW)
