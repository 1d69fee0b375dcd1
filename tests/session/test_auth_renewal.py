"""Requests whose token an API refuses: one refresh, and one more attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from io import BytesIO
from typing import Any

import pytest

from cognito_raw import CognitoError, IdToken, State, Tokens
from cognito_raw.auth import SessionAuth
from tests.support.apis import AsyncCaller, BlockingCaller, Caller, Calling, Pool, bearer, seen_by
from tests.support.conversation import (
    NOW,
    answered,
    authentication_result,
    not_authorized,
    refused,
    tokens,
    unsigned_token,
)
from tests.support.hostile import Peer, Server, reply, replying, serving
from tests.support.libraries import httpx

OUTAGE = refused("InternalErrorException")


REVOKED = not_authorized("Refresh Token has been revoked")


def test_a_refused_token_is_renewed_and_the_request_sent_once_more(
    caller: Caller, pool: Pool, later_api: Server
) -> None:
    """With its body and its method, and the caller sees only the second answer."""
    response = caller.ask(SessionAuth(caller.session), "POST", later_api.url, json={"engine": 1843})
    assert (response.status_code, response.json()) == (200, {"engine": 1843})
    assert seen_by(later_api) == [bearer(1), bearer(2)]
    assert [received.line for received in later_api.received] == ["POST / HTTP/1.1"] * 2
    assert [received.body for received in later_api.received] == [response.content] * 2
    assert pool.refreshes == 1


def test_the_access_token_is_renewed_likewise(caller: Caller, pool: Pool) -> None:
    """The second request has the new access token."""
    with serving(replying(reply(status=401), reply())) as api:
        auth = SessionAuth(caller.session, token="access")
        assert caller.ask(auth, "GET", api.url).status_code == 200
        assert seen_by(api) == [f"Bearer {tokens(n=n).access_token}" for n in (1, 2)]
    assert pool.refreshes == 1


def test_an_api_that_refuses_every_token_causes_one_refresh(caller: Caller, pool: Pool) -> None:
    """The second 401 is the answer; the tokens that it refused are not renewed for a third, but newer ones are."""
    auth = SessionAuth(caller.session)
    with serving(replying(reply(b"never", 401))) as api:
        assert [caller.ask(auth, "GET", api.url).text for _ in range(3)] == ["never"] * 3
        assert (seen_by(api), pool.refreshes) == ([bearer(1), *[bearer(2)] * 3], 1)
        caller.run(caller.session.refresh())
        caller.ask(auth, "GET", api.url)
        assert (seen_by(api)[4:], pool.refreshes) == ([bearer(3), bearer(4)], 3)


def test_newer_tokens_are_sent_without_another_refresh(caller: Caller, pool: Pool, later_api: Server) -> None:
    """Where somebody else refreshed while the request was on its way, its 401 says nothing about the new tokens."""
    renewed: list[object] = []

    def refresh() -> Any:
        renewed.append(None)
        return caller.session.refresh() if len(renewed) == 1 else None

    assert caller.ask(SessionAuth(caller.session), "GET", later_api.url, hook=refresh).status_code == 200
    assert (seen_by(later_api), pool.refreshes) == ([bearer(1), bearer(2)], 1)


def of_bob() -> State:
    """The state of another user, signed in."""
    token = IdToken.read(unsigned_token(sub="bob", iat=NOW, exp=NOW + 3600))
    return State("bob", tokens=Tokens(token, "opaque", "refresh-b"))


@pytest.mark.parametrize("use", ["id", "access"])
def test_a_request_is_not_repeated_for_another_user(caller: Caller, pool: Pool, later_api: Server, use: Any) -> None:
    """Where somebody else has signed in when the 401 comes, it is the answer, and nothing is renewed."""

    def signs_in() -> None:
        caller.session._holder.keep(of_bob())

    auth = SessionAuth(caller.session, token=use)
    assert caller.ask(auth, "POST", later_api.url, hook=signs_in).status_code == 401
    assert (len(later_api.received), pool.refreshes) == (1, 0)


def test_where_the_new_tokens_are_dead_the_401_is_the_answer(calling: Calling, later_api: Server) -> None:
    """A refresh that brings tokens without a life renews nothing, and raises nothing."""
    pool = Pool(answered(authentication_result(lasts=0, n=2)))
    caller = calling(pool)
    response = caller.ask(SessionAuth(caller.session), "GET", later_api.url)
    assert (response.status_code, seen_by(later_api)) == (401, [bearer(1)])
    caller.close()


@pytest.mark.parametrize("answer", [OUTAGE, REVOKED], ids=["an outage", "the end of the session"])
def test_where_the_refresh_fails_the_401_is_the_answer(calling: Calling, later_api: Server, answer: Any) -> None:
    """The API's own answer reaches the caller; where the session ended with it, the next request raises."""
    pool = Pool(answer)
    caller = calling(pool)
    auth = SessionAuth(caller.session)
    response = caller.ask(auth, "GET", later_api.url)
    assert (response.status_code, response.text) == (401, "who are you?")
    assert seen_by(later_api) == [bearer(1)]
    refreshes = pool.refreshes
    if answer is REVOKED:
        with pytest.raises(CognitoError, match="no-session"):
            caller.ask(auth, "GET", later_api.url)
    else:  # the service is not asked with every request that is refused while it cannot answer
        assert caller.ask(auth, "GET", later_api.url).status_code == 401
    assert pool.refreshes == refreshes
    caller.close()


@pytest.mark.parametrize("status", [200, 403, 500])
def test_any_other_answer_is_the_answer(caller: Caller, pool: Pool, status: int) -> None:
    """Only a 401 is about the token."""
    with serving(replying(reply(status=status))) as api:
        assert caller.ask(SessionAuth(caller.session), "GET", api.url).status_code == status
        assert len(api.received) == 1
    assert pool.refreshes == 0


BODIES: dict[str, Callable[[Caller], dict[str, Any]]] = {
    "a generator": lambda caller: {"content": caller.stream(b"eng", b"ine"), "headers": {"Content-Length": "6"}},
    "a form with a file": lambda _: {"files": {"it": BytesIO(b"engine")}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_sent_twice_is_not(
    caller: Caller, pool: Pool, later_api: Server, body: Callable[[Caller], dict[str, Any]]
) -> None:
    """The 401 is the answer, and the next request has new tokens."""
    auth = SessionAuth(caller.session)
    assert caller.ask(auth, "POST", later_api.url, **body(caller)).status_code == 401
    assert b"engine" in later_api.received[0].body
    assert caller.ask(auth, "POST", later_api.url, **body(caller)).status_code == 200
    assert (seen_by(later_api), pool.refreshes) == ([bearer(1), bearer(2)], 1)


def test_a_file_is_not_sent_twice(pool: Pool, later_api: Server) -> None:
    """A file that was read to its end would be an empty body."""
    caller = BlockingCaller(pool)
    response = caller.ask(SessionAuth(caller.session), "PUT", later_api.url, content=BytesIO(b"engine"))
    assert (response.status_code, len(later_api.received), pool.refreshes) == (401, 1, 1)


def test_a_form_that_was_read_before_is_sent_twice(pool: Pool, later_api: Server) -> None:
    """Whoever takes the body into memory has it repeated."""
    caller = BlockingCaller(pool)
    request = httpx.Request("POST", later_api.url, files={"it": BytesIO(b"engine")})
    request.read()
    assert caller.send(SessionAuth(caller.session), request).status_code == 200
    bodies = [received.body for received in later_api.received]
    assert bodies[0] == bodies[1] != b""


def wave(size: int, refusals: list[None]) -> Any:
    """An API that takes the second tokens only, and answers no refusal before so many have come."""
    gate = asyncio.Event()

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            if received.headers["authorization"] == bearer(2):
                await peer.send(reply())
                continue
            refusals.append(None)
            if len(refusals) >= size:
                gate.set()
            await gate.wait()
            await peer.send(reply(status=401))

    return behaviour


# None expires: httpx may close one that another thread is about to use.
LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=None)


FEW = httpx.Limits(max_connections=5)


@pytest.mark.once
def test_a_thousand_threads_that_are_refused_make_one_refresh(pool: Pool) -> None:
    """All requests succeed, those of the wave at the second attempt."""
    session = BlockingCaller(pool).session
    refusals: list[None] = []
    with (
        serving(wave(50, refusals)) as api,
        httpx.Client(auth=SessionAuth(session), limits=LIMITS, timeout=60, trust_env=False) as client,
        ThreadPoolExecutor(1000) as threads,
    ):
        answers = list(threads.map(lambda _: client.get(api.url).status_code, range(1000)))
    assert answers == [200] * 1000
    assert len(refusals) >= 50
    assert pool.refreshes == 1


@pytest.mark.once
def test_a_thousand_tasks_that_are_refused_make_one_refresh(pool: Pool) -> None:
    """Tasks likewise; every one of them had the first token."""
    refusals: list[None] = []

    async def scene(url: str) -> list[int]:
        auth = SessionAuth(AsyncCaller(pool).session)
        async with AsyncExitStack() as stack:  # one client with a thousand requests in its queue would be slow
            options: dict[str, Any] = {"limits": FEW, "timeout": 60, "trust_env": False, "verify": False}
            made = [httpx.AsyncClient(auth=auth, **options) for _ in range(20)]
            clients = [await stack.enter_async_context(client) for client in made]
            answers = await asyncio.gather(*[client.get(url) for client in clients for _ in range(50)])
        return [answer.status_code for answer in answers]

    with serving(wave(50, refusals)) as api:
        assert asyncio.run(scene(api.url)) == [200] * 1000
    assert (len(refusals), pool.refreshes) == (1000, 1)
