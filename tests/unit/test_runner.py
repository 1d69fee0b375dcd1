"""The methods, deadlines and transports of clients and sessions, and how to close them."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
from collections.abc import Callable
from typing import Any, get_type_hints
from unittest.mock import AsyncMock

import pytest

from cognito_raw import AsyncClient, AsyncSession, Client, Ok, Reply, Request, Result, Session, flows
from cognito_raw.flow import Flow
from tests.support.cases import each_case
from tests.support.conversation import Answering, AsyncScript, Clock, Exchange, Script, answered, configured
from tests.support.plays import AllMethods

OF_SESSIONS = [
    "register",
    "confirm_registration",
    "resend_verification_code",
    "login",
    "new_password_challenge",
    "answer_challenge",
    "begin_totp_setup",
    "logout",
    "request_password_reset",
    "reset_password_confirmation",
    "change_password",
]
# A class and a method of it, and the flow that it runs.
METHODS = [
    *[(cls, name, getattr(flows, name)) for cls in (Client, AsyncClient) for name in flows.__all__],
    *[(cls, name, getattr(AllMethods, name)) for cls in (Session, AsyncSession) for name in OF_SESSIONS],
]
of_every_method = each_case(
    ("cls", "name", "flow"), METHODS, ids=[f"{cls.__name__}.{name}" for cls, name, _ in METHODS]
)
Public = type[Client] | type[AsyncClient] | type[Session] | type[AsyncSession]


# --- methods


@of_every_method
def test_a_method_has_the_documentation_of_its_flow(cls: Public, name: str, flow: Callable[..., object]) -> None:
    """`help` shows the flow's own words under the method's name."""
    method = getattr(cls, name)
    assert (method.__name__, method.__doc__) == (name, flow.__doc__)
    assert method.__doc__
    assert method.__doc__.splitlines()[0] in pydoc.render_doc(cls)


@of_every_method
def test_a_method_has_the_arguments_of_its_flow_and_gives_a_result(
    cls: Public, name: str, flow: Callable[..., object]
) -> None:
    """`inspect.signature` of a bound method shows the arguments after the configuration, and the type of the result."""
    transport: Any = Script()
    bound = inspect.signature(getattr(cls(configured(), transport=transport), name))
    arguments = list(inspect.signature(flow).parameters.values())[1:]
    assert list(bound.parameters.values()) == arguments
    held = inspect.signature(flow).return_annotation.partition("[")[2]
    pages = "AsyncPages" if cls is AsyncClient else "Pages"
    listed = held.startswith("Page[")
    assert bound.return_annotation == (f"{pages}[{held.partition('[')[2][:-1]}" if listed else f"Result[{held}")


@of_every_method
def test_the_types_of_a_method_can_be_read(cls: Public, name: str, flow: Callable[..., object]) -> None:
    """`typing.get_type_hints` finds every name in the annotations of a method."""
    hints = get_type_hints(getattr(cls, name))
    assert set(hints) == set(flow.__annotations__) - {"config"}
    # The result is a union of two classes, and names them both; a list is a class of its own.
    shown = str(hints["return"])
    assert "Pages[" in shown or ("Ok[" in shown and "Err" in shown)


@of_every_method
def test_a_method_of_an_async_class_is_a_coroutine_function(
    cls: Public, name: str, flow: Callable[..., object]
) -> None:
    """A method says whether it must be awaited, also unwrapped; the flow stays a generator function."""
    listed = "Page[" in flow.__annotations__["return"]
    for method in (getattr(cls, name), inspect.unwrap(getattr(cls, name))):
        assert inspect.iscoroutinefunction(method) is (cls.__name__.startswith("Async") and not listed)
        assert not inspect.isgeneratorfunction(method)
        assert next(iter(inspect.signature(method).parameters)) == "self"
    assert getattr(cls, name).__qualname__ == f"{cls.__name__}.{name}"
    assert inspect.isgeneratorfunction(flow)
    assert flow.__annotations__["return"].startswith(("Flow[", "SessionFlow["))


def test_a_call_that_is_not_awaited_names_its_method() -> None:
    """Python's warning says which one."""
    call: list[object] = [AsyncClient(configured(), transport=AsyncScript()).get_user("t")]
    with pytest.warns(RuntimeWarning, match=r"coroutine 'AsyncClient\.get_user' was never awaited"):
        call.clear()


# --- deadlines


def timeouts(act: Callable[[Client], object], **changes: Any) -> list[float]:
    """The timeouts of the requests that a client sends."""
    script = Script([Exchange("DeleteUser", {}, answered({}))] * 2)
    act(Client(configured(**changes), transport=script))
    return [request.timeout for request in script.requests]


def test_a_method_may_take_the_deadline_of_the_configuration() -> None:
    """Without more ado, ten seconds."""
    assert timeouts(lambda client: client.call("DeleteUser", {})) == [10.0]
    assert timeouts(lambda client: client.call("DeleteUser", {}), deadline=3) == [3]


def test_within_gives_the_same_with_another_deadline() -> None:
    """`within` changes no deadline but that of what it gives."""

    def both(client: Client) -> None:
        client.within(2.5).call("DeleteUser", {})
        client.call("DeleteUser", {})

    assert timeouts(both) == [2.5, 10.0]


def test_within_is_for_async_classes_too() -> None:
    """An asynchronous call within some seconds hands them to its transport."""
    script = AsyncScript([Exchange("DeleteUser", {}, answered({}))])
    asyncio.run(AsyncClient(configured(), transport=script).within(2.5).call("DeleteUser", {}))
    assert [request.timeout for request in script.script.requests] == [2.5]


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), "5", None, True], ids=repr)
def test_a_deadline_is_a_number_of_seconds_above_zero(seconds: Any) -> None:
    """Anything else is the caller's mistake: `ValueError`."""
    with pytest.raises(ValueError, match=r"^deadline .*: must be a number of seconds above 0"):
        Client(configured()).within(seconds)


def test_a_deadline_includes_every_call_of_a_method() -> None:
    """The second call of a flow gets what the first left."""
    clock = Clock(0.0)
    seen: list[float] = []

    def slow(request: Request) -> Result[Reply]:
        seen.append(request.timeout)
        clock.now += 4
        return answered({})

    def two() -> Flow[None]:
        yield from flows.global_sign_out(configured(), "a")
        return (yield from flows.revoke_token(configured(), "r"))

    assert Client(configured(monotonic=clock), transport=Answering(slow)).run(two()) == Ok(None)
    assert seen == [10.0, 6.0]


# --- transports


class Empty(Script):
    """A transport that counts what it holds, and so is false when it is empty."""

    def __len__(self) -> int:
        return 0


class AsyncEmpty(AsyncScript):
    def __len__(self) -> int:
        return 0


def test_a_transport_of_ones_own_is_used_whatever_its_truth() -> None:
    """An empty container is still a transport: nothing goes to the shared one, which has a network."""
    table = [Exchange("DeleteUser", {}, answered({}))]
    assert Client(configured(), transport=Empty(table)).call("DeleteUser", {}) == Ok({})
    assert asyncio.run(AsyncClient(configured(), transport=AsyncEmpty(table)).call("DeleteUser", {})) == Ok({})


def test_closing_closes_a_transport_of_ones_own() -> None:
    """`close` and the end of a `with` block close a transport that can be closed."""
    script, async_script = Script(), AsyncScript()
    with Client(configured(), transport=script) as client:
        client.close()

    async def scene() -> None:
        async with AsyncClient(configured(), transport=async_script) as async_client:
            await async_client.aclose()

    asyncio.run(scene())
    assert (script.closed, async_script.script.closed) == (2, 2)


def test_a_with_block_lets_exceptions_out() -> None:
    """A block that raises closes the transport and keeps its exception."""
    script = Script()
    with pytest.raises(KeyError), Session(configured(), transport=script):
        raise KeyError
    assert script.closed == 1


def test_a_transport_that_cannot_be_closed_is_left_alone() -> None:
    """A transport is one method; `close` asks for no more."""
    unclosable: Any = Answering(lambda _: answered({}))
    with Client(configured(), transport=unclosable) as client:
        assert client.call("DeleteUser", {}) == Ok({})

    async def scene() -> None:
        async with AsyncClient(configured(), transport=unclosable):
            pass

    asyncio.run(scene())


def test_a_mock_is_a_transport_like_any_other() -> None:
    """It has whatever attribute one asks for, and is used as it is."""
    mock = AsyncMock()
    mock.send.return_value = answered({})

    async def scene() -> Result[Any]:
        return await AsyncClient(configured(), transport=mock).call("DeleteUser", {})

    assert asyncio.run(scene()) == Ok({})


@pytest.mark.parametrize("word", ["", "Standard", "http.client", "requests"])
def test_an_unknown_word_is_the_callers_mistake(word: Any) -> None:
    """`ValueError`, which says which words there are."""
    with pytest.raises(ValueError, match='must be "httpx", "httpx2", "standard", or an object with a send method'):
        Client(configured(), transport=word)


@pytest.mark.parametrize("word", ["standard", "x"])
def test_the_standard_transport_is_for_sync_programs(word: Any) -> None:
    """The standard library has no asynchronous client: `ValueError`."""
    for cls in (AsyncClient, AsyncSession):
        with pytest.raises(ValueError, match='must be "httpx", "httpx2", or an object with a send method'):
            cls(configured(), transport=word)
