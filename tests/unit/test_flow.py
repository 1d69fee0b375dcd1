"""The flow contract: stepping one by hand, driving one sync and async, and what becomes of one that is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from cognito_raw import Call, Client, Err, Ok, Pause, Reply, Request, Result, ServiceReply, advance, ask
from cognito_raw.flow import Flow, Steps, done, malformed, parse
from cognito_raw.models.fields import string
from cognito_raw.retry import with_retries
from cognito_raw.runner import arun, run
from tests.support.conversation import Answering, AsyncScript, Exchange, Script, answered, configured

REQUEST = Request("http://127.0.0.1/", {"X-Amz-Target": "x.GetUser"}, b"{}", 1.0)
ANSWER = ServiceReply("GetUser", {"Username": "jane"}, 200, "id-1")


class Broken(Exception):
    """What a transport raises that does not keep its contract."""


def two_calls() -> Flow[str]:
    first = yield from ask("GetUser", {"AccessToken": "1"})
    second = yield from ask("ListDevices", {"AccessToken": "2"})
    return Ok(f"{type(first).__name__} {type(second).__name__}")


def sends(closed: list[str]) -> Steps[Result[Reply] | None]:
    """Steps of one request, which note when they are closed."""
    try:
        reply: Result[Reply] | None = yield REQUEST
        return reply
    finally:
        closed.append("closed")


def in_both(steps: Callable[[], Steps[Any]], script: Script | None = None) -> list[Any]:
    """What both drivers make of the same steps."""
    replies = Script() if script is None else script
    waiting = list(replies.waiting)
    return [run(steps(), replies), asyncio.run(arun(steps(), AsyncScript(waiting)))]


def test_a_flow_is_stepped_from_call_to_call_to_its_result() -> None:
    """`advance` gives each call in turn, and after the last answer what the flow returns."""
    flow = two_calls()
    assert advance(flow) == Call("GetUser", {"AccessToken": "1"})
    assert advance(flow, Ok(ANSWER)) == Call("ListDevices", {"AccessToken": "2"})
    assert advance(flow, Err("timed-out")) == Ok("Ok Err")


def test_a_flow_that_asks_nothing_ends_at_once() -> None:
    """The first step of a flow without calls is its result."""

    def nothing() -> Flow[int]:
        yield from ()
        return Ok(3)

    assert advance(nothing()) == Ok(3)


def test_what_a_flow_raises_goes_to_whoever_steps_it() -> None:
    """A caller's mistake that a flow finds raises out of `advance`."""

    def mistaken() -> Flow[int]:
        yield from ()
        raise ValueError("yours")

    with pytest.raises(ValueError, match="yours"):
        advance(mistaken())


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        pytest.param(Ok(ANSWER), Ok("jane"), id="fits"),
        pytest.param(Err("throttled"), Err("throttled"), id="a failure passes"),
        pytest.param(
            Ok(ServiceReply("GetUser", {"Username": 3}, 200, "id-2")),
            Err("malformed-reply", "Username is not a string", None, "GetUser", 200, "id-2", sent="maybe"),
            id="does not fit",
        ),
    ],
)
def test_an_answer_is_read_into_a_value_or_reported(answer: Result[ServiceReply], result: Result[str]) -> None:
    """An answer that does not fit its shape is `malformed-reply`, with the status and request id it came with."""
    assert parse(answer, lambda body: string(body, "Username")) == result


def test_a_malformed_answer_may_have_been_acted_upon() -> None:
    """The failure of an answer that makes no sense says that the service may have done what it was asked."""
    assert malformed(ANSWER, "why").sent == "maybe"


def test_an_answer_that_holds_nothing_is_none() -> None:
    """`done` keeps a failure, and gives None for any success."""
    assert done(Ok(ANSWER)) == Ok(None)
    assert done(Err("throttled")) == Err("throttled")


def test_both_drivers_hand_each_reply_to_the_steps() -> None:
    """A driver sends each request, hands its reply back, and gives what the steps return."""

    def twice() -> Steps[list[object]]:
        return [(yield REQUEST), (yield REQUEST)]

    table = [Exchange("GetUser", {}, answered({})), Exchange("GetUser", {}, Err("timed-out"))]
    assert in_both(twice, Script(table)) == [[answered({}), Err("timed-out")]] * 2


def test_both_drivers_wait_through_a_pause() -> None:
    """A pause takes its seconds, and is answered with None."""

    def waits() -> Steps[tuple[object, float]]:
        began = time.monotonic()
        answer = yield Pause(0.05)
        return answer, time.monotonic() - began

    for answer, took in in_both(waits):
        assert answer is None
        assert took >= 0.04


def test_a_transport_that_raises_leaves_no_open_flow() -> None:
    """When a transport raises, its exception goes to the caller and the flow is closed."""

    def raises(_: Request) -> Result[Reply]:
        raise Broken

    async def raises_later(request: Request) -> Result[Reply]:
        return raises(request)

    closed: list[str] = []
    # The exceptions are kept, and with them the frames that hold the flows: nothing but closing ends those.
    with pytest.raises(Broken) as first:
        run(sends(closed), Answering(raises))
    with pytest.raises(Broken) as second:
        asyncio.run(arun(sends(closed), Answering(raises_later)))
    assert closed == ["closed", "closed"]
    assert first.value is not second.value


def test_a_cancelled_task_leaves_no_open_flow() -> None:
    """Cancelling a task cancels the transport's request and closes the flow."""
    cancelled: list[str] = []

    async def hangs(_: Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("request")

    async def scene() -> None:
        task = asyncio.create_task(arun(sends(cancelled), Answering(hangs)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    assert cancelled == ["request", "closed"]


def test_closing_the_steps_closes_the_flow_beneath() -> None:
    """A flow with something to clean up does so when the steps that drive it are closed."""
    closed: list[str] = []

    def flow() -> Generator[Call, Result[ServiceReply], None]:
        try:
            yield from ask("GetUser", {})
        finally:
            closed.append("closed")

    steps = with_retries(flow(), configured())
    advance(steps)
    steps.close()
    assert closed == ["closed"]


def test_a_transport_must_answer() -> None:
    """A transport that answers None, or is async for a sync client, breaks its contract: `TypeError`."""

    async def mute(_: Request) -> None:
        return None

    with pytest.raises(TypeError, match="a transport must answer"):
        Client(configured(), transport=Answering(lambda _: None)).call("GetUser", {})
    unawaited = mute(Request("", {}, b"", 1.0))
    with pytest.raises(TypeError, match=r"a transport must answer .* not coroutine"):
        Client(configured(), transport=Answering(lambda _: unawaited)).call("GetUser", {})
    unawaited.close()
    with pytest.raises(TypeError, match="a transport must answer"):
        asyncio.run(arun(with_retries(two_calls(), configured()), Answering(mute)))
