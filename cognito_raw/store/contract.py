"""The contract of stores, as checks that anyone's store can be run through, sync or async.

Each check is a generator that yields calls and receives their values. Keys are random, so a store may hold more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeAlias

from .protocol import AsyncStore, Entry, InThreads, Store

Call: TypeAlias = Callable[[], Any]
Check: TypeAlias = Generator["Call | Sequence[Call] | float", Any, None]

_LONG: Final = 60.0
_SHORT: Final = 0.2
_AT_ONCE: Final = 8
_VALUES: Final = (b"", bytes(range(256)), b"\0" * 100_000)
_NAMES: Final = ("", "Ada", "ada", "../ada", "ada/../ada", "ä", "a\u0308", "a" * 2000, "a\0b", "a b\n")


def check_store(store: Store) -> None:
    """Raise `AssertionError`, naming the law, if the store does not keep the contract. It takes about a second."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:  # whose event loop is no other's
        thread.submit(lambda: asyncio.run(check_async_store(InThreads(store)))).result()


async def check_async_store(store: AsyncStore) -> None:
    """Check an async store in the same way."""
    import asyncio

    for check in _CHECKS:
        steps = check(store, secrets.token_hex(8))
        value = None
        with suppress(StopIteration):
            while True:
                step = steps.send(value)
                if isinstance(step, (float, int)):
                    await asyncio.sleep(step)
                elif isinstance(step, Sequence):
                    value = await asyncio.gather(*(call() for call in step))
                else:
                    value = await step()


def _require(held: bool, law: str) -> None:
    if not held:
        raise AssertionError(f"the store breaks a law: {law}")


def _keeps_what_is_saved(store: Any, key: str) -> Check:
    _require((yield partial(store.load, key)) is None, "load gives None for a key that was never saved")
    version = 0
    for value in _VALUES:
        before, version = version, (yield partial(store.save, key, value, after=version))
        _require(isinstance(version, int) and version > before, "save gives a greater version than the one before")
        entry = yield partial(store.load, key)
        _require(entry == Entry(value, version), "load gives the value that was saved last, and its version")


def _lets_the_first_save_win(store: Any, key: str) -> Check:
    first = yield partial(store.save, key, b"1", after=0)
    second = yield partial(store.save, key, b"2", after=first)
    for after in (0, first):
        refused = yield partial(store.save, key, b"3", after=after)
        _require(refused is None, "save gives None after a version that is not the newest")
    _require((yield partial(store.load, key)) == Entry(b"2", second), "a save that gives None changes nothing")
    saves = [partial(store.save, key, b"%d" % number, after=second) for number in range(_AT_ONCE)]
    given = yield saves
    won = [version for version in given if version is not None]
    _require(len(won) == 1, "of several saves after the same version, one succeeds")
    entry = yield partial(store.load, key)
    _require(entry == Entry(b"%d" % given.index(won[0]), won[0]), "the save that succeeds is the one that is kept")


def _takes_back_what_it_lost(store: Any, key: str) -> Check:
    saved = yield partial(store.save, key, b"1", after=0)
    ahead = saved + 5
    restored = yield partial(store.save, key, b"2", after=ahead)
    _require(restored is not None and restored > ahead, "save succeeds after a version that the store has lost")
    other = f"{key} lost"
    restored = yield partial(store.save, other, b"2", after=ahead)
    _require(restored is not None and restored > ahead, "save succeeds where the store has lost the entry")


def _keeps_keys_apart(store: Any, key: str) -> Check:
    saved = {}
    for number, name in enumerate(_NAMES):
        saved[name] = yield partial(store.save, key + name, b"%d" % number, after=0)
    for number, name in enumerate(_NAMES):
        entry = yield partial(store.load, key + name)
        _require(entry == Entry(b"%d" % number, saved[name]), f"keys are kept apart, also {name[:20]!r}")
    yield partial(store.acquire, f"{key}Ada", "one", _LONG)
    other = yield partial(store.acquire, f"{key}ada", "two", _LONG)
    _require(other == "free", "the lease of one key is not that of another")


def _lends_to_one_owner(store: Any, key: str) -> Check:
    yield partial(store.release, key, "one")
    _require((yield partial(store.acquire, key, "one", _LONG)) == "free", 'acquire gives "free" where nobody holds it')
    _require((yield partial(store.acquire, key, "two", _LONG)) is None, "acquire gives None while another holds it")
    again = yield partial(store.acquire, key, "one", _LONG)
    _require(again == "taken over", 'acquire gives "taken over" to the owner who holds it')
    yield partial(store.release, key, "two")
    _require((yield partial(store.acquire, key, "two", _LONG)) is None, "only the owner releases a lease")
    yield partial(store.release, key, "one")
    given = yield [partial(store.acquire, key, f"{number}", _LONG) for number in range(_AT_ONCE)]
    _require(sorted(given, key=str) == [None] * (_AT_ONCE - 1) + ["free"], "of several owners at once, one gets it")


def _ends_leases_in_time(store: Any, key: str) -> Check:
    yield partial(store.acquire, key, "one", _SHORT)
    yield _SHORT * 2
    taken = yield partial(store.acquire, key, "two", _LONG)
    _require(taken == "taken over", 'acquire gives "taken over" after a lease that was not released')
    yield partial(store.release, key, "one")
    _require((yield partial(store.acquire, key, "one", _LONG)) is None, "a former owner releases nothing")


def _saves_whoever_holds_the_lease(store: Any, key: str) -> Check:
    yield partial(store.acquire, key, "one", _LONG)
    _require((yield partial(store.load, key)) is None, "a lease saves nothing")
    saved = yield partial(store.save, key, b"1", after=0)
    _require(saved is not None, "save does not ask for the lease")
    _require((yield partial(store.acquire, key, "two", _LONG)) is None, "save does not end a lease")
    yield partial(store.release, key, "one")
    _require((yield partial(store.load, key)) == Entry(b"1", saved), "release changes no entry")


_CHECKS: Final[Sequence[Callable[[Any, str], Check]]] = (
    _keeps_what_is_saved,
    _lets_the_first_save_win,
    _takes_back_what_it_lost,
    _keeps_keys_apart,
    _lends_to_one_owner,
    _ends_leases_in_time,
    _saves_whoever_holds_the_lease,
)
