"""Clients: every flow as a method, sync and async."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cognito_raw import AsyncClient, Challenge, Client, Err, Ok, Reply, Request, Result, Tokens, ask, flows
from cognito_raw.flow import Flow
from tests.support.conversation import (
    Answering,
    AsyncScript,
    Clock,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    converse,
    refused,
    tokens,
)
from tests.support.sign_ins import srp_sign_in


@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_every_flow_is_a_method(cls: type[object]) -> None:
    """Both clients have a method for each flow, `run` for flows of one's own, and no more operations than that."""
    public = {name for name in dir(cls) if not name.startswith("_")}
    assert public - {"run", "within", "close", "aclose"} == set(flows.__all__)


@pytest.mark.parametrize(
    ("exchanges", "outcome"),
    [
        pytest.param(srp_sign_in(answered(authentication_result())), Ok(tokens()), id="tokens"),
        pytest.param(
            srp_sign_in(answered({"ChallengeName": "SMS_MFA", "Session": "s"})),
            Ok(Challenge("SMS_MFA", "5u8-of-jane", "s")),
            id="a challenge",
        ),
        pytest.param(
            srp_sign_in(refused("UserNotConfirmedException", "User is not confirmed.")),
            Err(
                "account-unverified",
                "User is not confirmed.",
                "UserNotConfirmedException",
                "RespondToAuthChallenge",
                400,
                sent="yes",
            ),
            id="a refusal",
        ),
    ],
)
def test_a_conversation_ends_the_same_sync_and_async(
    exchanges: tuple[Exchange, ...], outcome: Result[Tokens | Challenge]
) -> None:
    """A sign-in gives tokens, a challenge or a failure, whichever client holds it."""
    assert converse(configured(), "sign_in", "jane", "Passw0rd!", exchanges=exchanges) == outcome


def greeting(name: str) -> Flow[str]:
    """A flow of one's own, made of two operations."""
    user = yield from ask("GetUser", {"AccessToken": name})
    if isinstance(user, Err):
        return user
    devices = yield from ask("ListDevices", {"AccessToken": name})
    return devices if isinstance(devices, Err) else Ok(f"{name} has {len(devices.value.body['Devices'])}")


def test_a_flow_of_ones_own_is_run() -> None:
    """`run` takes any flow, and gives what it returns."""
    table = [
        Exchange("GetUser", {"AccessToken": "t"}, answered({})),
        Exchange("ListDevices", {"AccessToken": "t"}, answered({"Devices": [1, 2]})),
    ]
    assert Client(configured(), transport=Script(table)).run(greeting("t")) == Ok("t has 2")
    assert asyncio.run(AsyncClient(configured(), transport=AsyncScript(table)).run(greeting("t"))) == Ok("t has 2")


def test_a_failure_that_may_pass_is_tried_again() -> None:
    """A call that only reads survives a lost connection, sync and async."""
    table = [Exchange("GetUser", {}, Err("connection-lost", sent="maybe")), Exchange("GetUser", {}, answered({"a": 1}))]
    assert Client(configured(), transport=Script(table)).call("GetUser", {}) == Ok({"a": 1})
    assert asyncio.run(AsyncClient(configured(), transport=AsyncScript(table)).call("GetUser", {})) == Ok({"a": 1})


DEVICES = [
    Exchange(
        "ListDevices",
        {"AccessToken": "t", "Limit": 1},
        answered({"Devices": [{"DeviceKey": "a"}], "PaginationToken": "p"}),
    ),
    Exchange(
        "ListDevices",
        {"AccessToken": "t", "Limit": 1, "PaginationToken": "p"},
        answered({"Devices": [{"DeviceKey": "b"}]}),
    ),
]


def test_a_list_pages_itself_sync_and_async() -> None:
    """Every page is asked for with the same arguments, and is one call with its own deadline."""
    script, async_script = Script(DEVICES), AsyncScript(DEVICES)
    devices = Client(configured(), transport=script).within(2.5).list_devices("t", limit=1)
    assert [device.key for device in devices] == ["a", "b"]

    async def scene() -> list[str]:
        client = AsyncClient(configured(), transport=async_script).within(2.5)
        return [device.key async for device in client.list_devices("t", limit=1)]

    assert asyncio.run(scene()) == ["a", "b"]
    assert script.requests == async_script.script.requests
    assert [request.timeout for request in script.requests] == [2.5, 2.5]


def test_all_of_a_list_has_one_deadline() -> None:
    """What the first page took is missing to the second; iterating gives each page the whole time."""
    clock = Clock(0.0)
    replies = [exchange.reply for exchange in DEVICES]
    seen: list[float] = []

    def slow(request: Request) -> Result[Reply]:
        seen.append(request.timeout)
        clock.now += 4
        return replies[len(seen) % 2 - 1]

    devices = Client(configured(monotonic=clock), transport=Answering(slow)).list_devices("t")
    assert len(devices.all().unwrap()) == 2
    assert seen == [10.0, 6.0]
    assert len(list(devices)) == 2
    assert seen[2:] == [10.0, 10.0]


def test_a_list_begins_at_a_given_page() -> None:
    """The token of an earlier page is an argument as any, and the pages after it are asked for as ever."""
    client = Client(configured(), transport=Script(DEVICES[1:]))
    assert client.list_devices("t", limit=1, pagination_token="p").all().unwrap()[0].key == "b"


@pytest.mark.parametrize("arguments", [(), ("jane", "p", "q", "r")], ids=["too few", "too many"])
def test_wrong_arguments_raise_as_of_any_function(arguments: tuple[str, ...]) -> None:
    """A missing or superfluous argument is a `TypeError`, and nothing is sent."""
    client: Any = Client(configured(), transport=Script())
    async_client: Any = AsyncClient(configured(), transport=AsyncScript())
    with pytest.raises(TypeError, match="sign_in"):
        client.sign_in(*arguments)
    with pytest.raises(TypeError, match="sign_in"):
        asyncio.run(async_client.sign_in(*arguments))


def test_a_client_serves_many_threads_and_tasks() -> None:
    """Calls of one client do not wait for one another, and none gets another's answer."""
    client = Client(configured(), transport=Answering(lambda request: answered({"echo": request.body.decode()})))

    def echoed(number: int) -> bool:
        return client.call("GetUser", {"n": number}) == Ok({"echo": f'{{"n":{number}}}'})

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(echoed, range(64)))


def test_asynchronous_calls_go_side_by_side() -> None:
    """All calls of an asynchronous client are under way at once."""
    under_way = 0

    async def scene() -> list[Result[object]]:
        everybody = asyncio.Event()

        async def send(_: object) -> object:
            nonlocal under_way
            under_way += 1
            if under_way == 5:
                everybody.set()
            await everybody.wait()
            return answered({})

        client = AsyncClient(configured(), transport=Answering(send))
        return list(await asyncio.wait_for(asyncio.gather(*(client.call("GetUser", {}) for _ in range(5))), 10))

    assert asyncio.run(scene()) == [Ok({})] * 5
