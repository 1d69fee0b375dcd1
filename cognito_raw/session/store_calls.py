"""Calls of a store as steps of a flow: what a store raises becomes an `Err`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ..flow import Action
from ..result import Err, Ok, Result
from ..store.protocol import EntryRefused
from ..store.threads import InThreads

T = TypeVar("T")
Ask: TypeAlias = Callable[..., Action]
"""Makes the step that calls a method of the store, given its name and arguments."""


def calls_of(store: Any, *, is_async: bool) -> Ask:
    """Return a function that makes steps of the store's methods. For an async session, a sync store runs in threads."""
    if not is_async and _is_async(store):
        raise ValueError("store is an async store: a sync session needs a sync one")
    able = InThreads(store) if is_async and not _is_async(store) else store
    attempt: Callable[[Any], object] = _attempt_async if is_async else _attempt
    return lambda method, *args, **named: Action(partial(attempt, partial(getattr(able, method), *args, **named)))


def _is_async(store: object) -> bool:
    import inspect

    load = getattr(store, "load", None)
    if not callable(load):
        raise ValueError(f"store must follow the protocol of stores, not {type(store).__name__}")
    return inspect.iscoroutinefunction(load)


def _attempt(call: Callable[[], T]) -> Result[T]:
    try:
        return Ok(call())
    except (OSError, EntryRefused) as error:
        return _failure(error)


async def _attempt_async(call: Callable[[], Awaitable[T]]) -> Result[T]:
    try:
        return Ok(await call())
    except (OSError, EntryRefused) as error:
        return _failure(error)


def _failure(error: OSError | EntryRefused) -> Err:
    if isinstance(error, EntryRefused):
        return Err("store-entry-refused", str(error))
    return Err("store-unavailable", f"{type(error).__name__}: {error}", retryable=True)
