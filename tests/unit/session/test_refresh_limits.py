"""The refresh of a session's tokens, stepped by hand: its limits of time, and the results of odd endings."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cognito_raw import Err, Ok, State, Tokens, advance
from cognito_raw.session.holder import SessionHolder
from cognito_raw.session.refresh import Refresher, RefreshTask, Wait
from tests.support.conversation import NOW, Clock, configured, signed_in, tokens

LIFE: Final = 3600
# A second before the end that the tokens give, from which they are not handed out any more.
END: Final = LIFE - 1
DEADLINE: Final = 10.0
FAILURE: Final = Err("service-unavailable", sent="yes")
ENDED: Final = Err("malformed-reply", "the new tokens had expired already when they came", sent="yes")
LATE: Final = Err(
    "timed-out", "the refresh did not finish in time, and may still succeed", sent="maybe", retryable=True
)


class Renewing:
    """The refresher of a session that has just signed in, and its clocks."""

    def __init__(self, state: State | None = None) -> None:
        self.wall, self.running = Clock(NOW), Clock(1000.0)
        config = configured(clock=self.wall, monotonic=self.running, deadline=DEADLINE)
        self.holder = SessionHolder(config, signed_in() if state is None else state)
        self.refresher = Refresher(config, self.holder)

    def passes(self, seconds: float) -> None:
        self.wall.now += seconds
        self.running.now += seconds

    def begins(self) -> RefreshTask:
        """Begin a refresh, which nobody has begun before."""
        task = self.refresher.join_or_start()
        assert task is not None
        return task

    def fails(self, failure: Err | None = FAILURE) -> None:
        """Make a refresh that fails; with None, one that is broken off."""
        task = self.begins()
        self.refresher.finish(task, failure)
        if failure is not None:
            task.finish(failure)

    def comes(self, new: Tokens) -> RefreshTask:
        """Make a refresh that brings these tokens."""
        task = self.begins()
        self.holder.keep(State("jane", tokens=new))
        self.refresher.finish(task, Ok(new))
        task.finish(Ok(new))
        return task

    def asks(self) -> Any:
        """The first step of a caller who wants the ID token: what to wait for, or the result."""
        return advance(self.refresher.token("id", DEADLINE))


# --- a caller


def test_a_refresh_ahead_of_the_end_keeps_a_caller_for_half_a_second() -> None:
    """The caller who begins it waits so long at most; others get the present token at once."""
    renewing = Renewing()
    renewing.passes(0.8 * LIFE)
    step = renewing.asks()
    assert isinstance(step, Wait)
    assert step.seconds == 0.5
    assert renewing.asks() == Ok(tokens().id_token)


@pytest.mark.parametrize(("before", "seconds"), [(60.5, 0.5), (60.0, DEADLINE), (1.0, DEADLINE)])
def test_a_refresh_in_the_last_minute_keeps_a_caller_up_to_the_deadline(before: float, seconds: float) -> None:
    """From 60 seconds before the end of the token, its callers wait for the new one."""
    renewing = Renewing()
    renewing.passes(END - before)
    first = renewing.asks()
    assert isinstance(first, Wait)
    assert first.seconds == seconds
    if seconds == DEADLINE:
        second = renewing.asks()
        assert isinstance(second, Wait)
        assert (second.task, second.seconds) == (first.task, DEADLINE)


def test_a_caller_who_has_waited_in_vain_may_try_again() -> None:
    """A refresh that is still under way at the deadline is `timed-out`, retryable, and may have been sent."""
    renewing = Renewing()
    renewing.passes(END + 1)
    for waiting in (
        renewing.refresher.token("id", DEADLINE),
        renewing.refresher.token("access", DEADLINE),
        renewing.refresher.renewed(None, DEADLINE),
    ):
        step = advance(waiting)
        assert isinstance(step, Wait)
        assert step.seconds == DEADLINE
        assert advance(waiting) == LATE


def test_a_caller_gets_the_present_token_where_the_refresh_is_not_done_yet() -> None:
    """A token that is valid yet is given at the end of the short wait."""
    renewing = Renewing()
    renewing.passes(0.8 * LIFE)
    waiting = renewing.refresher.token("id", DEADLINE)
    assert isinstance(advance(waiting), Wait)
    assert advance(waiting) == Ok(tokens().id_token)


def test_a_caller_whose_session_ends_meanwhile_has_no_session() -> None:
    """A sign-out during the wait is `no-session`."""
    renewing = Renewing()
    renewing.passes(END + 1)
    waiting = renewing.refresher.token("id", DEADLINE)
    advance(waiting)
    renewing.holder.keep(State("jane"))
    assert advance(waiting) == Err("no-session")


@pytest.mark.parametrize("use", ["id", "access"])
def test_a_caller_gets_the_new_token_also_after_a_sign_out(use: Any) -> None:
    """A refresh that was done before the sign-out gives its own tokens to those who waited for it."""
    renewing = Renewing()
    renewing.passes(END + 1)
    waiting = renewing.refresher.token(use, DEADLINE)
    step = advance(waiting)
    assert isinstance(step, Wait)
    new = tokens(at=renewing.wall.now, n=2)
    renewing.comes(new)
    renewing.holder.keep(State("jane"))
    assert advance(waiting) == Ok(new.id_token if use == "id" else new.access_token)


# --- one at a time


def test_a_refresh_is_taken_for_lost_after_three_deadlines() -> None:
    """Until then all callers join it; then another one may begin."""
    renewing = Renewing()
    task = renewing.begins()
    renewing.passes(3 * DEADLINE - 0.5)
    assert renewing.refresher.join_or_start() is task
    renewing.passes(0.5)
    assert renewing.refresher.join_or_start() is not task


def test_the_end_of_a_lost_refresh_leaves_its_successor_alone() -> None:
    """A refresh that ends after it was taken for lost does not end the one under way."""
    renewing = Renewing()
    lost = renewing.begins()
    renewing.passes(3 * DEADLINE)
    task = renewing.begins()
    renewing.refresher.finish(lost, FAILURE)
    assert renewing.refresher.join_or_start() is task


@pytest.mark.parametrize(("at", "ended"), [(0, False), (END, False), (END + 0.5, True)])
def test_a_refresh_knows_if_its_tokens_have_ended(at: float, ended: bool) -> None:
    """Tokens that are past their end cannot outlive a refresh that nothing can make."""
    renewing = Renewing()
    renewing.passes(at)
    flow = advance(renewing.refresher.attempts(renewing.begins()))
    assert flow.keywords["ended"] is ended  # type: ignore[union-attr]


def test_a_refresh_whose_tokens_are_held_has_succeeded() -> None:
    """Also where the caller's time ends just before the refresh does."""
    renewing = Renewing()
    caller = renewing.refresher.renewed(None, DEADLINE)
    assert isinstance(advance(caller), Wait)
    renewing.holder.keep(State("jane", tokens=tokens(n=2)))
    assert advance(caller) == Ok(tokens(n=2).id_token)


def test_a_refresh_whose_session_is_signed_out_meanwhile_is_no_session() -> None:
    """And one whose tokens have not come is late."""
    renewing = Renewing()
    caller, other = (renewing.refresher.renewed(None, DEADLINE) for _ in range(2))
    assert isinstance(advance(caller), Wait)
    assert isinstance(advance(other), Wait)
    assert advance(caller) == LATE
    renewing.holder.forget()
    assert advance(other) == Err("no-session")


@pytest.mark.parametrize("at", [0.8 * LIFE, END + 0.5], ids=["valid", "ended"])
def test_a_refresh_under_way_outweighs_an_earlier_failure(at: float) -> None:
    """All callers wait for it where they need it, in the pause after the failure too, and get what it brings."""
    renewing = Renewing()
    renewing.passes(at)
    renewing.fails()
    task = renewing.begins()
    assert renewing.refresher.join_or_start(seen=task.held.tokens) is task
    step = renewing.asks()
    if at > END:
        assert isinstance(step, Wait)
        assert step.task is task
    else:
        assert step == Ok(tokens().id_token)


# --- after a failure


def test_the_pauses_after_failures_double_up_to_half_a_minute() -> None:
    """After the first failure 1 second, then 2, 4, 8, 16 and 32; after more than six, 32 again."""
    renewing = Renewing()
    renewing.passes(END + 1)
    for pause in (1, 2, 4, 8, 16, 32, 32, 32):
        renewing.fails()
        renewing.passes(pause - 0.5)
        assert renewing.asks() == FAILURE
        renewing.passes(0.5)
        assert isinstance(renewing.refresher.decide("id"), float)


def test_a_token_that_is_valid_is_given_during_the_pause() -> None:
    """The failure is told only where there is no valid token."""
    renewing = Renewing()
    renewing.passes(END - 1)
    renewing.fails()
    assert renewing.asks() == Ok(tokens().id_token)


def test_a_refresh_that_was_broken_off_tells_no_failure() -> None:
    """The next caller begins another at once, and the pauses still grow."""
    renewing = Renewing()
    renewing.passes(END + 1)
    renewing.fails(None)
    assert renewing.refresher.seconds_until_refresh() == 1
    assert isinstance(renewing.asks(), Wait)


def test_new_tokens_make_the_pause_void() -> None:
    """A back-off belongs to the tokens whose refresh failed."""
    renewing = Renewing()
    renewing.passes(END + 1)
    renewing.fails()
    renewing.holder.keep(State("jane", tokens=tokens(at=renewing.wall.now - END - 1, n=2)))
    assert isinstance(renewing.asks(), Wait)


def test_a_failure_of_old_tokens_is_not_held_against_new_ones() -> None:
    """A sign-in during the refresh brings tokens that may be renewed at once."""
    renewing = Renewing()
    task = renewing.begins()
    new = tokens(n=2)
    renewing.holder.keep(State("jane", tokens=new))
    renewing.refresher.finish(task, FAILURE)
    assert renewing.refresher.join_or_start(seen=new) is not None


def test_tokens_that_are_refused_just_after_a_refresh_are_renewed_again() -> None:
    """A refresh that succeeded causes no pause."""
    renewing = Renewing()
    new = tokens(n=2)
    renewing.comes(new)
    assert isinstance(advance(renewing.refresher.renewed(new, DEADLINE)), Wait)


def test_tokens_that_had_ended_when_they_came_are_a_failure() -> None:
    """They are `malformed-reply`, and the next refresh waits for the pause."""
    renewing = Renewing()
    renewing.passes(END + 1)
    waiting = renewing.refresher.token("id", DEADLINE)
    advance(waiting)
    dead = signed_in(lasts=0, n=2).tokens
    assert dead is not None
    task = renewing.begins()
    renewing.holder.keep(State("jane", tokens=dead))
    renewing.refresher.finish(task, Ok(dead))
    task.finish(Ok(dead))
    assert advance(waiting) == ENDED
    assert renewing.asks() == ENDED
    assert renewing.refresher.seconds_until_refresh() == 1
    renewing.passes(1)
    assert isinstance(renewing.asks(), Wait)


def test_tokens_that_end_as_they_come_are_no_failure() -> None:
    """A token is valid up to the instant of its end, and is renewed at once if an API refuses it."""
    renewing = Renewing()
    new = tokens(lasts=1, n=2)
    renewing.comes(new)
    assert renewing.refresher.seconds_until_refresh() == 0
    assert isinstance(advance(renewing.refresher.renewed(new, DEADLINE)), Wait)


@pytest.mark.parametrize("result", [Ok(tokens(n=2)), FAILURE, None], ids=["renewed", "failed", "broken off"])
def test_a_refresh_may_end_after_the_sign_out(result: Any) -> None:
    """The session stays signed out, and nothing of the refresh is remembered."""
    renewing = Renewing()
    task = renewing.begins()
    renewing.holder.keep(State("jane"))
    renewing.refresher.finish(task, result)
    assert renewing.asks() == Err("no-session")
    renewing.holder.keep(signed_in())
    assert renewing.refresher.join_or_start() is not task


# --- tokens that an API refused


def test_tokens_that_were_replaced_need_no_refresh() -> None:
    """The session's own tokens are given instead of those that were refused."""
    renewing = Renewing()
    assert advance(renewing.refresher.renewed(tokens(n=2), DEADLINE)) == Ok(tokens().id_token)
    assert advance(Renewing(State()).refresher.renewed(tokens(), DEADLINE)) == Err("no-session")
    assert advance(Renewing(State()).refresher.renewed(None, DEADLINE)) == Err("no-session")


def test_refused_tokens_are_not_renewed_during_the_pause() -> None:
    """The failure of a moment ago is given; who names no tokens makes a refresh all the same."""
    renewing = Renewing()
    held = renewing.holder.state.tokens
    renewing.fails()
    assert advance(renewing.refresher.renewed(held, DEADLINE)) == FAILURE
    assert isinstance(advance(renewing.refresher.renewed(None, DEADLINE)), Wait)


# --- without being asked


@pytest.mark.parametrize(("at", "seconds"), [(0, 30), (LIFE - 1 - 0.75 * (LIFE - 1) - 40, 30), (END, 0), (END + 99, 0)])
def test_keep_fresh_looks_at_the_clocks_every_half_minute(at: float, seconds: float) -> None:
    """It sleeps for 30 seconds at most, and not at all where the tokens are due."""
    renewing = Renewing()
    renewing.passes(at)
    assert renewing.refresher.seconds_until_refresh() == seconds


def test_keep_fresh_wakes_when_the_tokens_are_due() -> None:
    """In their last half minute before that, it sleeps for the rest."""
    renewing = Renewing()
    held = renewing.holder.held
    assert held is not None
    renewing.passes(held.due_in() - 12.5)
    assert renewing.refresher.seconds_until_refresh() == pytest.approx(12.5)


def test_keep_fresh_waits_for_the_end_of_tokens_that_nothing_renews() -> None:
    """Without a refresh token it wakes at their end; without tokens it sleeps for 30 seconds."""
    renewing = Renewing(signed_in(refresh=None))
    renewing.passes(END - 20)
    assert renewing.refresher.seconds_until_refresh() == pytest.approx(20)
    assert Renewing(State()).refresher.seconds_until_refresh() == 30


def test_keep_fresh_waits_for_the_pause_after_a_failure() -> None:
    """A pause ends when it ends, and one of 32 seconds is looked at after 30."""
    renewing = Renewing()
    renewing.passes(END)
    pauses = []
    for _ in range(6):
        renewing.fails()
        pauses.append(renewing.refresher.seconds_until_refresh())
    assert pauses == [1, 2, 4, 8, 16, 30]
