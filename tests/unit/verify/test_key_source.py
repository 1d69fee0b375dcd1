"""Where verifiers get their keys from: who shares a source, and what each caller is told to do."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from types import SimpleNamespace
from typing import Any, Final

import pytest

from cognito_raw import Config, Err, Ok, Reply
from cognito_raw.concurrency.clock import Instant
from cognito_raw.verify.jws import read_object
from cognito_raw.verify.key_cache import Fetch, KeySource, keys_of, source_of, unavailable
from cognito_raw.verify.keys import LARGEST_KEY_SET, Key, usable
from tests.support.samples import CLIENT
from tests.support.tokens import NOW, Clock, key_set
from tests.support.verifiers import Service

BEGIN: Final = Instant(0.0, NOW)
KEYS: Final = usable(read_object(key_set()))


def pool(name: str, **changes: Any) -> Config:
    """A pool that no other test has."""
    return Config(f"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{name}", CLIENT, **changes)


def source() -> KeySource:
    return KeySource(pool("Mine"), Service())


def ask(asked: KeySource, kid: str = "one", now: Instant = BEGIN, loop: Any = None) -> Any:
    return asked.look_up(kid, now, 10.0, loop)


def land(asked: KeySource, fetch: Fetch, keys: Any) -> None:
    """End a fetch as a verifier does."""
    asked.complete(fetch, BEGIN, keys, 1.0)
    fetch.finish(None)


def test_all_verifiers_of_a_pool_share_one_source() -> None:
    """Whatever else their configurations say, as long as transport and clocks are the usual ones."""
    first = source_of(pool("Shared"), None)
    assert source_of(pool("Shared", deadline=1), None) is first
    assert source_of(pool("Other"), None) is not first
    assert source_of(pool("Shared", endpoint="http://127.0.0.1:1"), None) is not first


def test_the_shared_source_of_a_pool_stays() -> None:
    """A verifier that is made anew for each request finds the keys of the last one."""
    found = weakref.ref(source_of(pool("Stays"), None))
    gc.collect()
    assert found() is source_of(pool("Stays"), None)


def test_a_transport_of_ones_own_has_a_source_of_its_own() -> None:
    """Shared by those who have the same one, and gone with them."""
    own, other = Service(), Service()
    first = source_of(pool("Own"), own)
    assert source_of(pool("Own"), own) is first
    assert source_of(pool("Own"), other) is not first
    assert source_of(pool("Own"), None) is not first
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


def test_a_transport_that_all_share_brings_no_keys_of_its_own() -> None:
    """Whichever of ours fetches the keys of a pool, they are the same."""
    assert source_of(pool("Shared"), "standard") is source_of(pool("Shared"), None)


def test_a_clock_of_ones_own_has_a_source_of_its_own() -> None:
    """Ages by two clocks have nothing to do with each other."""
    clock = Clock()
    config = clock.config()
    first = source_of(config, None)
    assert source_of(config, None) is first
    assert source_of(Clock().config(), None) is not first


def test_the_first_caller_is_told_to_fetch_and_the_others_to_wait() -> None:
    """For the same fetch, whose end they all see; then they have the key."""
    asked = source()
    assert asked.fresh("one", BEGIN) is None
    first = ask(asked)
    assert isinstance(first.start, Fetch)
    assert (first.start.began, first.start.timeout) == (BEGIN, 10.0)
    others = [ask(asked, kid) for kid in ("one", "two", "three")]
    assert [other.start for other in others] == [None] * 3
    assert {id(lookup.outcome) for lookup in (first, *others)} == {id(first.outcome)}
    assert not first.outcome.done
    land(asked, first.start, KEYS)
    assert first.outcome.done
    assert asked.fresh("one", BEGIN) == ask(asked).outcome == KEYS["one"]
    assert ask(asked, "three").outcome == Err("token-key-unknown", "the pool's key set has no key with this kid")


def test_a_known_key_comes_with_its_refresh() -> None:
    """The caller has a key to use and a fetch to run, and waits for nothing."""
    asked = source()
    asked.load({"keys": [dict(key.jwk) for key in KEYS.values()]}, BEGIN)
    later = Instant(3600.0, NOW + 3600)
    lookup = ask(asked, now=later)
    assert isinstance(lookup.outcome, Key)
    assert lookup.start is not None
    assert ask(asked, now=later) == (lookup.outcome, None)
    assert isinstance(ask(asked, "three", later).outcome, Fetch)


def test_a_fetch_that_failed_says_why_until_the_next_one() -> None:
    """All who ask meanwhile are told at once."""
    asked = source()
    land(asked, ask(asked).start, Err("timed-out"))
    assert ask(asked) == (unavailable(Err("timed-out")), None)
    assert unavailable(Err("timed-out")).retryable
    assert ask(asked, now=Instant(1.0, NOW + 1)).start is not None


def test_a_fetch_that_was_stopped_wakes_those_who_wait() -> None:
    """They ask anew, and one of them is told to fetch."""
    asked = source()
    lookup = ask(asked)
    lookup.start.finish(None)
    again = ask(asked)
    assert again.start is not None
    land(asked, again.start, KEYS)
    assert ask(asked).outcome == KEYS["one"]


def test_a_fetch_has_the_longest_deadline_of_those_who_share_it() -> None:
    """That of each configuration, and of the caller."""
    own = Service()
    for deadline, within, expected in ((0.1, 0.05, 0.1), (5.0, 0.1, 5.0), (0.1, 0.1, 5.0), (0.1, 60.0, 60.0)):
        asked = source_of(pool("Deadlines", deadline=deadline), own)
        lookup = asked.look_up("one", BEGIN, within, None)
        assert lookup.start is not None
        assert lookup.start.timeout == expected
        lookup.start.finish(None)


def test_those_who_wait_for_a_lost_fetch_are_woken_by_the_next() -> None:
    """A fetch that took far too long is replaced, and nobody goes on waiting for it."""
    asked = source()
    lost = ask(asked)
    lookup = ask(asked, now=Instant(15.0, NOW + 15))
    assert lookup.start is not None
    assert lost.outcome.done
    assert not lookup.outcome.done


def test_stopping_to_wait_does_not_stop_the_fetch() -> None:
    """A task that waits and is cancelled leaves the fetch alone."""
    asked = source()
    lookup = ask(asked)

    async def main() -> None:
        waiting = asyncio.ensure_future(lookup.outcome.wait_async(60))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((waiting,))

    asyncio.run(main())
    assert not lookup.outcome.done
    land(asked, lookup.start, KEYS)
    assert ask(asked).outcome == KEYS["one"]


def test_a_fetch_of_a_loop_is_reached_from_it_and_from_other_threads() -> None:
    """In the thread of a loop that does not run, nobody could ever see it end, so another one is made."""
    asked = source()
    loop: Any = SimpleNamespace(is_running=lambda: True)
    first = ask(asked, loop=loop)
    assert ask(asked, loop=loop) == (first.outcome, None)
    elsewhere: list[Any] = []
    thread = threading.Thread(target=lambda: elsewhere.append(ask(asked)))
    thread.start()
    thread.join()
    assert elsewhere == [(first.outcome, None)]
    second = ask(asked)  # blocking, in the thread of the loop
    assert second.start is not None
    assert first.outcome.done
    assert ask(asked, loop=loop) == (second.outcome, None)


def test_a_fork_does_not_wait_for_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for a lock nor for a fetch that some thread of the parent's held; its keys it has."""
    asked = source()
    asked.load({"keys": [dict(key.jwk) for key in KEYS.values()]}, BEGIN)
    fetching = ask(asked, "three")
    held = asked._locks
    with held:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert asked.fresh("one", BEGIN) == KEYS["one"]
        lookup = ask(asked, "three")
    assert lookup.start is not None
    assert not fetching.outcome.done


def test_a_given_set_may_wait_for_its_turn() -> None:
    """Where it is only a beginning, one that may still be used stays."""
    asked = source()
    assert asked.snapshot() is None
    for if_needed, kid in ((True, "one"), (True, "one"), (False, "two")):
        name = "one" if asked.snapshot() is None else "two"
        asked.load({"keys": [dict(KEYS[name].jwk)]}, BEGIN, if_needed=if_needed)
        assert asked.fresh(kid, BEGIN) == KEYS[kid]
    saved = asked.snapshot()
    assert saved is not None
    assert (saved["jwks_uri"], saved["fetched_at"]) == (pool("Mine").jwks_uri, NOW)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Err("connection-failed", "words"), "connection-failed"),
        (Ok(Reply(200, {}, b"<html>")), "malformed-reply"),
        (Ok(Reply(201, {}, key_set())), "service-unavailable"),
        (Ok(Reply(301, {}, key_set())), "redirect-refused"),
        (Ok(Reply(308, {}, key_set())), "redirect-refused"),
        (Ok(Reply(404, {}, key_set())), "service-unavailable"),
        (Ok(Reply(500, {}, key_set())), "service-unavailable"),
    ],
)
def test_only_a_whole_key_set_is_one(reply: Any, reason: str) -> None:
    """A reply of another status or with another content has no keys."""
    found = keys_of(reply)
    assert isinstance(found, Err)
    assert found.reason == reason
    assert keys_of(Ok(Reply(200, {}, key_set()))) == KEYS


def test_a_fetched_key_set_has_128_kb_at_most() -> None:
    """The failure says how a larger one can be used."""
    raw = key_set()
    assert keys_of(Ok(Reply(200, {}, raw.ljust(LARGEST_KEY_SET)))) == KEYS
    failure = keys_of(Ok(Reply(200, {}, raw.ljust(LARGEST_KEY_SET + 1))))
    assert isinstance(failure, Err)
    assert unavailable(failure).message == (
        "the key set could not be fetched: reply-too-large, of more than 128 kB: give it as keys="
    )
