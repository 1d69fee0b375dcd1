"""Locks that forget event loops which have ended."""

from __future__ import annotations

import asyncio
import gc
import weakref

from cognito_raw.concurrency.event_loops import LoopLock


def test_a_lock_keeps_no_event_loop_that_was_closed() -> None:
    """A serverless function may run thousands of loops, one after the other, with one session."""
    lock = LoopLock()
    seen: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def once() -> None:
        seen.append(weakref.ref(asyncio.get_running_loop()))
        release = await lock.acquire()
        release()

    for _ in range(4):
        asyncio.run(once())
    gc.collect()
    assert sum(loop() is not None for loop in seen) <= 1
