"""When keys are used, and when they are fetched: the source alone, stepped by hand."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import pytest

from cognito_raw import Config, Err
from cognito_raw.concurrency.clock import Instant
from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.verify.key_cache import (
    GRACE,
    HARD_LIFE,
    SOFT_LIFE,
    Fetch,
    Held,
    KeySource,
    from_material,
    to_snapshot,
)
from cognito_raw.verify.keys import Key, usable
from tests.support.samples import ISS
from tests.support.tokens import NOW, jwk

ONE, TWO = (Key({"kid": name}, None) for name in ("one", "two"))
BEGIN: Final = Instant(100.0, NOW)
TIMEOUT: Final = 10.0
LATE: Final = Err("timed-out")


def after(seconds: float, *, frozen: bool = False) -> Instant:
    """The beginning and so many seconds; in a frozen process, the monotonic clock stands."""
    return Instant(BEGIN.monotonic + (0 if frozen else seconds), BEGIN.wall + seconds)


def empty() -> KeySource:
    """A source without keys."""
    return KeySource(Config(ISS, "client"), None)


def begin(source: KeySource, now: Instant) -> Fetch:
    """A fetch that starts now."""
    source._fetch = Fetch(now, TIMEOUT)
    return source._fetch


def loaded(since: Instant = BEGIN) -> KeySource:
    """What fetched a set with the one key."""
    source = empty()
    source.complete(begin(source, since), since, {"one": ONE}, 0.0)
    return source


def decide(source: KeySource, kid: str, now: Instant, timeout: float = TIMEOUT) -> tuple[Key | None, str]:
    """The key if it may be used, and the action that a look-up takes, without taking it."""
    outcome, start = copy.copy(source).look_up(kid, now, timeout, None)
    if isinstance(outcome, Key):
        return outcome, "nothing" if start is None else "refresh"
    if isinstance(outcome, Fetch):
        return None, "wait" if start is None else "fetch"
    return None, "unknown" if outcome.reason == "token-key-unknown" else "unavailable"


def test_without_a_set_one_is_fetched_and_all_others_wait() -> None:
    """The first who asks is told to fetch, the others to wait; then the key is there."""
    cache = empty()
    assert not cache.is_alive(BEGIN)
    assert cache.fresh("one", BEGIN) is None
    assert decide(cache, "one", BEGIN) == (None, "fetch")
    fetch = begin(cache, BEGIN)
    assert [decide(cache, kid, after(1)) for kid in ("one", "two")] == [(None, "wait")] * 2
    cache.complete(fetch, after(2), {"one": ONE}, 0.0)
    assert cache.fresh("one", after(2)) is ONE
    assert decide(cache, "one", after(2)) == (ONE, "nothing")
    assert cache.is_alive(after(2))


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
@pytest.mark.parametrize(
    ("age", "fresh", "expected"),
    [
        (SOFT_LIFE - 1, ONE, (ONE, "nothing")),
        (SOFT_LIFE, None, (ONE, "refresh")),
        (HARD_LIFE - 1, None, (ONE, "refresh")),
        (HARD_LIFE, None, (None, "fetch")),
        (30 * HARD_LIFE, None, (None, "fetch")),
        (-SOFT_LIFE, None, (ONE, "refresh")),
        (-HARD_LIFE, None, (None, "fetch")),
    ],
)
def test_a_set_has_a_soft_life_and_a_hard_one(frozen: bool, age: float, fresh: Any, expected: Any) -> None:
    """By whichever clock saw more time pass, also where the one on the wall was set back."""
    cache = loaded()
    assert cache.fresh("one", after(age, frozen=frozen)) is fresh
    assert decide(cache, "one", after(age, frozen=frozen)) == expected


def test_the_age_counts_from_the_beginning_of_the_fetch() -> None:
    """What a process got before it froze is as old as its fetch when it thaws."""
    cache = empty()
    fetch = begin(cache, BEGIN)
    cache.complete(fetch, after(HARD_LIFE, frozen=True), {"one": ONE}, 0.0)
    assert decide(cache, "one", after(HARD_LIFE, frozen=True)) == (None, "fetch")


def test_a_refresh_does_not_keep_known_keys_waiting() -> None:
    """While it is on its way, and after it failed, the old set is used."""
    cache = loaded()
    fetch = begin(cache, after(SOFT_LIFE))
    assert decide(cache, "one", after(SOFT_LIFE + 1)) == (ONE, "nothing")
    assert decide(cache, "two", after(SOFT_LIFE + 1)) == (None, "wait")
    cache.complete(fetch, after(SOFT_LIFE + 2), LATE, 0.0)
    assert decide(cache, "one", after(SOFT_LIFE + 3)) == (ONE, "nothing")
    assert decide(cache, "one", after(SOFT_LIFE + 12)) == (ONE, "refresh")


def test_a_set_is_replaced_as_a_whole() -> None:
    """A key that is not in the new set is gone."""
    cache = loaded()
    cache.complete(begin(cache, after(SOFT_LIFE)), after(SOFT_LIFE), {"two": TWO}, 0.0)
    assert decide(cache, "two", after(SOFT_LIFE)) == (TWO, "nothing")
    assert decide(cache, "one", after(SOFT_LIFE)) == (None, "unknown")


def fetches(cache: KeySource, kid: str, seconds: int, failing: bool, share: float = 1.0) -> list[int]:
    """In which of these seconds a fetch is made, if somebody asks in each of them."""
    made = []
    for second in range(seconds):
        _, action = decide(cache, kid, after(second))
        if action in ("fetch", "refresh"):
            made.append(second)
            fetch = begin(cache, after(second))
            if failing:
                cache.complete(fetch, after(second), LATE, share)
            else:
                cache.complete(fetch, after(second), {"one": ONE}, 0.0)
    return made


def test_an_unknown_key_id_causes_one_fetch_in_ten_seconds() -> None:
    """However often it is asked for; a set that was given and not fetched is looked up at once."""
    assert fetches(loaded(), "two", 35, failing=False) == [10, 20, 30]
    given = empty()
    given._held = Held({"one": ONE}, BEGIN)
    assert fetches(given, "two", 35, failing=False) == [0, 10, 20, 30]


def test_failures_back_off() -> None:
    """Without a set the pauses double up to a minute; with one they are ten seconds at least."""
    assert fetches(empty(), "one", 250, failing=True) == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert fetches(empty(), "one", 100, failing=True, share=0.0) == [0, 1, 2, 4, 8, 16, 32, 62, 92]
    assert fetches(loaded(), "two", 150, failing=True) == [10, 20, 30, 40, 50, 66, 98]


def test_a_success_ends_the_back_off() -> None:
    """The next failure begins anew."""
    cache = empty()
    fetches(cache, "one", 60, failing=True)
    cache.complete(begin(cache, BEGIN), BEGIN, {"one": ONE}, 0.0)
    assert cache._failure is None
    cache.complete(begin(cache, after(HARD_LIFE)), after(HARD_LIFE), LATE, 1.0)
    assert decide(cache, "one", after(HARD_LIFE + 0.9))[1] == "unavailable"
    assert decide(cache, "one", after(HARD_LIFE + 1))[1] == "fetch"


def test_the_back_off_is_over_by_either_clock() -> None:
    """A process that was frozen does not go on waiting."""
    cache = empty()
    cache.complete(begin(cache, BEGIN), BEGIN, LATE, 1.0)
    assert decide(cache, "one", after(0.5)) == (None, "unavailable")
    assert decide(cache, "one", after(60, frozen=True)) == (None, "fetch")


@pytest.mark.parametrize(
    ("failing", "action"), [(False, "unknown"), (True, "unavailable")], ids=["fetched lately", "could not be fetched"]
)
def test_an_unknown_key_is_distinguished_from_one_that_could_not_be_looked_up(failing: bool, action: str) -> None:
    """Whether the set is known to lack it, or the latest one could not be had."""
    cache = loaded()
    fetches(cache, "two", 11, failing=failing)
    assert decide(cache, "two", after(12)) == (None, action)


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
def test_a_fetch_that_never_ends_is_taken_for_lost(frozen: bool) -> None:
    """Its thread froze, or its loop is gone: after its deadline and a grace, another one may be made."""
    cache = empty()
    lost = begin(cache, BEGIN)
    assert decide(cache, "one", after(TIMEOUT + GRACE - 1, frozen=frozen)) == (None, "wait")
    assert decide(cache, "one", after(TIMEOUT + GRACE, frozen=frozen)) == (None, "fetch")
    fetch = begin(cache, after(TIMEOUT + GRACE))
    cache.complete(lost, after(20), {"two": TWO}, 0.0)
    cache.complete(lost, after(20), LATE, 0.0)
    assert cache._fetch is fetch
    assert decide(cache, "two", after(20)) == (None, "wait")
    cache.complete(fetch, after(21), {"one": ONE}, 0.0)
    assert decide(cache, "one", after(21)) == (ONE, "nothing")


def test_a_refresh_that_was_lost_is_made_again() -> None:
    """A known key is used meanwhile."""
    cache = loaded()
    begin(cache, after(SOFT_LIFE))
    assert decide(cache, "one", after(SOFT_LIFE + TIMEOUT)) == (ONE, "nothing")
    assert decide(cache, "one", after(SOFT_LIFE + TIMEOUT + GRACE)) == (ONE, "refresh")


@pytest.mark.parametrize("kid", ["one", "two"])
def test_a_fetch_that_was_stopped_is_none(kid: str) -> None:
    """It is made again at once, with a set and without, and no key is called unknown for it."""
    for cache, since in ((empty(), BEGIN), (loaded(), after(SOFT_LIFE))):
        begin(cache, since).finish(None)
        assert decide(cache, kid, since)[1] in ("fetch", "refresh")


def test_a_fetch_with_more_time_does_not_wait_for_the_pause() -> None:
    """One that timed out says nothing of it; any other failure does."""
    for failure, expected in ((LATE, "fetch"), (Err("malformed-reply"), "unavailable")):
        cache = empty()
        cache.complete(begin(cache, BEGIN), BEGIN, failure, 1.0)
        assert decide(cache, "one", BEGIN, timeout=TIMEOUT) == (None, "unavailable")
        assert decide(cache, "one", BEGIN, timeout=TIMEOUT + 1) == (None, expected)


# --- sets that were given

URI: Final = "https://a.example/jwks.json"
SET: Final[dict[str, Any]] = {"keys": [jwk("one"), jwk("two", x5c=["MIIB"])]}


def snapshot(age: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A snapshot of this age, as it comes out of a file."""
    taken = to_snapshot(Held(usable(SET), after(-age)), URI)
    saved: dict[str, Any] = json.loads(json.dumps({**taken, **changes}))
    return saved


def test_a_snapshot_holds_the_usable_keys_and_their_age() -> None:
    """As plain JSON, in which only the members that matter are."""
    keys = [jwk("one"), jwk("two")]
    assert snapshot() == {"version": 1, "jwks_uri": URI, "fetched_at": NOW, "keys": keys}


@pytest.mark.parametrize(
    ("age", "as_new", "expected"),
    [
        (0, False, 0),
        (7200, False, 7200),
        (-60, False, 60),
        (30 * 3600, False, 30 * 3600),
        (-30 * 3600, False, 30 * 3600),
        (30 * 3600, True, 0),
    ],
)
def test_a_snapshot_keeps_its_age(age: float, as_new: bool, expected: float) -> None:
    """Unless it is said to be new; one from the future is as old as it is far away."""
    held = from_material(snapshot(age), URI, BEGIN, as_new=as_new)
    assert BEGIN.since(held.since) == expected
    assert set(held.keys) == {"one", "two"}


def test_a_bare_key_set_is_as_of_now() -> None:
    """Whoever gives it says that it is good."""
    assert from_material(SET, URI, BEGIN, as_new=False) == Held(usable(SET), BEGIN)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "another version"),
        ({"version": None}, "another version"),
        ({"jwks_uri": "https://b.example/jwks.json"}, "another pool"),
        ({"fetched_at": "yesterday"}, "time"),
        ({"fetched_at": True}, "time"),
        ({"fetched_at": None}, "time"),
        ({"keys": []}, "no usable key"),
        ({"keys": None}, "list of keys"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    """Another version, another pool, damaged, or without a usable key."""
    with pytest.raises(UnexpectedJson, match=words):
        from_material(snapshot(**changes), URI, BEGIN, as_new=False)
