"""A session's token on the requests of httpx: fresh, renewed where it is refused, and never at another's door."""

from __future__ import annotations

import asyncio
import logging
import ssl
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from cognito_raw import AsyncSession, CognitoError, Err, Session, State
from cognito_raw.auth import SessionAuth
from tests.support.apis import CALLERS, AsyncCaller, BlockingCaller, Caller, Calling, Pool, asking, bearer, seen_by
from tests.support.conversation import NOW, configured, not_authorized, refused, signed_in, tokens
from tests.support.hostile import Peer, Server, reply, replying, serving

END = NOW + 3600
OUTAGE = refused("InternalErrorException")
REVOKED = not_authorized("Refresh Token has been revoked")


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture(params=CALLERS)
def calling(request: pytest.FixtureRequest) -> Calling:
    made: Calling = request.param
    return made


@pytest.fixture
def caller(calling: Calling, pool: Pool) -> Iterator[Caller]:
    made = calling(pool)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[Server]:
    """Takes the first tokens and later ones."""
    with serving(asking()) as server:
        yield server


@pytest.fixture
def later_api() -> Iterator[Server]:
    """Takes the second tokens and later ones, so that a session must refresh first."""
    with serving(asking(accepted=2)) as server:
        yield server


# --- which token


def test_the_id_token_is_sent_unless_the_access_token_is_asked_for(caller: Caller, api: Server) -> None:
    """Each goes out as a bearer token, and nothing is refreshed."""
    caller.ask(SessionAuth(caller.session), "GET", api.url)
    caller.ask(SessionAuth(caller.session, token="access"), "GET", f"{api.url}a")
    held = tokens()
    assert seen_by(api)[:2] == [f"Bearer {held.id_token.jwt}", f"Bearer {held.access_token}"]


def test_a_token_at_its_end_is_renewed_before_it_is_sent(calling: Calling, pool: Pool, api: Server) -> None:
    """What is sent is what `id_token()` gives."""
    caller = calling(pool, at=END - 30)
    assert caller.ask(SessionAuth(caller.session), "GET", api.url).status_code == 200
    assert (seen_by(api), pool.refreshes) == ([bearer(2)], 1)
    caller.close()


def test_without_a_token_nothing_is_sent(calling: Calling, pool: Pool, api: Server) -> None:
    """A session that nobody signed in raises what `unwrap` raises."""
    caller = calling(pool, State())
    with pytest.raises(CognitoError) as caught:
        caller.ask(SessionAuth(caller.session), "GET", api.url)
    assert caught.value.err == Err("no-session")
    assert api.received == []
    caller.close()


def test_a_sign_out_at_the_last_moment_counts(calling: Calling, pool: Pool, api: Server) -> None:
    """A subscriber that signs out when it hears of new tokens leaves none to send."""
    caller = calling(pool, at=END)
    caller.session.subscribe(lambda token: token and caller.session.logout())
    with pytest.raises(CognitoError, match="no-session"):
        caller.ask(SessionAuth(caller.session), "GET", api.url)
    assert (api.received, pool.refreshes) == ([], 1)
    caller.close()


@pytest.mark.parametrize(
    "odd", ["", "two words", "line\nfeed", "na\u00efve"], ids=["nothing", "space", "line", "accent"]
)
def test_a_token_that_no_header_can_carry_is_not_sent(calling: Calling, pool: Pool, api: Server, odd: str) -> None:
    """Nobody's error shows it, and it splits no request in two."""
    state = signed_in()
    assert state.tokens is not None
    caller = calling(pool, replace(state, tokens=replace(state.tokens, access_token=odd)))
    with pytest.raises(CognitoError, match="malformed-reply") as caught:
        caller.ask(SessionAuth(caller.session, token="access"), "GET", api.url)
    assert not odd or odd not in f"{caught.value} {caught.value.err.message}"
    assert api.received == []
    caller.close()


# --- a 401


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


# --- a thousand at once


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


LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=50)
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


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_to_another_port_or_host_has_no_token(
    caller: Caller, pool: Pool, api: Server, status: int, host: str
) -> None:
    """Nor does the 401 of somebody who never saw the token renew it, or send it there."""
    target = api.url.replace("127.0.0.1", host)
    with serving(asking(target, status=status)) as first:
        response = caller.ask(SessionAuth(caller.session), "GET", f"{first.url}away", client={"follow_redirects": True})
        assert seen_by(first) == [bearer(1)]
    assert response.status_code == 401
    assert (seen_by(api), pool.refreshes) == ([None], 0)


def test_the_same_server_by_another_name_is_another_host(caller: Caller, pool: Pool) -> None:
    """localhost and 127.0.0.1 are two hosts, also on one port."""
    target: list[str] = []

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            away = received.line.startswith("GET /away")
            await peer.send(reply(b"", 302, f"Location: {target[0]}") if away else reply(status=401))

    with serving(behaviour) as server:
        target.append(server.url.replace("127.0.0.1", "localhost"))
        caller.ask(SessionAuth(caller.session), "GET", f"{server.url}away", client={"follow_redirects": True})
        assert (seen_by(server), pool.refreshes) == ([bearer(1), None], 0)


def test_a_redirect_out_of_the_encryption_has_no_token(
    caller: Caller, api: Server, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """Nor has one into it, at another port."""
    trusting = {"follow_redirects": True, "verify": ssl.create_default_context(cafile=str(certificate))}
    with serving(asking(api.url), server_side) as first:
        caller.ask(SessionAuth(caller.session), "GET", f"{first.url}away", client=trusting)
        assert (seen_by(first), seen_by(api)) == ([bearer(1)], [None])
        with serving(asking(first.url)) as plain:
            caller.ask(SessionAuth(caller.session), "GET", f"{plain.url}away", client=trusting)
            assert (seen_by(plain), seen_by(first)) == ([bearer(1)], [bearer(1), None])


def test_a_way_back_has_no_token_either(caller: Caller, pool: Pool) -> None:
    """Who was sent away and back comes without the token, and is not given it: another host chose the address."""
    target: list[str] = []

    async def to_the_other(peer: Peer) -> None:
        await asking(target[0])(peer)

    with serving(to_the_other) as first, serving(asking(f"{first.url}chosen")) as other:
        target.append(f"{other.url}away")
        response = caller.ask(SessionAuth(caller.session), "GET", f"{first.url}away", client={"follow_redirects": True})
        assert (seen_by(first), seen_by(other)) == ([bearer(1), None], [None])
    assert (response.status_code, pool.refreshes) == (401, 0)


def test_a_redirect_within_the_origin_keeps_the_token(caller: Caller, pool: Pool) -> None:
    """Where its target refuses the token, only that request is sent once more: the first one was taken."""
    with serving(asking("/there", status=303, accepted=2)) as api:
        response = caller.ask(
            SessionAuth(caller.session), "POST", f"{api.url}away", json={}, client={"follow_redirects": True}
        )
        assert [received.line.split()[:2] for received in api.received] == [
            ["POST", "/away"],
            ["GET", "/there"],
            ["GET", "/there"],
        ]
        assert seen_by(api) == [bearer(1), bearer(1), bearer(2)]
    assert (response.status_code, pool.refreshes) == (200, 1)


def test_the_next_request_of_a_redirect_elsewhere_has_no_token(caller: Caller, pool: Pool, api: Server) -> None:
    """Redirects that the caller follows by hand are followed with the same care."""
    auth = SessionAuth(caller.session)
    with serving(asking(api.url)) as first:
        following = caller.ask(auth, "GET", f"{first.url}away").next_request
        assert following is not None
        assert caller.send(auth, following).status_code == 401
    assert (seen_by(api), pool.refreshes) == ([None], 0)


def test_the_next_request_of_a_redirect_within_the_origin_has_the_token(caller: Caller) -> None:
    """It is as good as the first."""
    auth = SessionAuth(caller.session)
    with serving(asking("/there")) as api:
        following = caller.ask(auth, "GET", f"{api.url}away").next_request
        assert following is not None
        assert caller.send(auth, following).status_code == 200
        assert seen_by(api) == [bearer(1)] * 2


SCHEMES: dict[tuple[str, str], bool] = {
    ("https://api.example.com/", "http://api.example.com/"): False,
    ("https://api.example.com/", "http://api.example.com:443/"): False,
    ("https://api.example.com/", "https://api.example.com:8443/"): False,
    ("https://api.example.com/", "https://www.api.example.com/"): False,
    ("https://api.example.com/", "https://api.example.com./"): False,
    ("https://api.example.com/", "https://api.example.com@evil.example/"): False,
    ("https://api.example.com/", "//evil.example/"): False,
    ("https://api.example.com/", "https://API.EXAMPLE.COM:443/there"): True,
    ("http://localhost/", "https://localhost/"): True,
    ("http://localhost:8000/", "https://localhost:8000/"): False,
}


@pytest.mark.parametrize(("address", "target"), SCHEMES, ids=" to ".join)
def test_only_the_same_origin_and_its_encrypted_form_have_the_token_after_a_redirect(address: str, target: str) -> None:
    """By scheme, host and port, as httpx compares them; this holds httpx to it."""
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("authorization"))
        return httpx.Response(200) if len(sent) > 1 else httpx.Response(302, headers={"Location": target})

    auth = SessionAuth(Session(configured(), state=signed_in()))
    with httpx.Client(auth=auth, follow_redirects=True, transport=httpx.MockTransport(answer)) as client:
        client.get(address)
    assert sent == [bearer(), bearer() if SCHEMES[address, target] else None]


# --- where it may go


def sent_to(address: str, **options: Any) -> str | None:
    """The header that a request to this address has."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers.get("authorization", "")))
    auth = SessionAuth(Session(configured(), state=signed_in()), **options)
    with httpx.Client(auth=auth, transport=transport) as client:
        return client.get(address).text or None


@pytest.mark.parametrize(
    "address",
    ["https://api.example.com", "http://localhost:8000", "http://api.localhost", "http://127.0.0.9", "http://[::1]:80"],
)
def test_the_token_goes_out_encrypted_or_not_at_all(address: str) -> None:
    """Unless the address is this very machine's."""
    assert sent_to(address) == bearer()


@pytest.mark.parametrize(
    "address",
    ["http://api.example.com", "http://localhost.example.com", "http://10.0.0.7:8000", "http://[fe80::1]", "ftp://h"],
)
def test_an_address_that_others_can_listen_to_must_be_named(address: str) -> None:
    """The error says what to do, and that does it."""
    with pytest.raises(ValueError, match=r"goes out by https; to send it to .* all the same: origins='") as caught:
        sent_to(address)
    if not address.startswith("ftp"):
        named = str(caught.value).split("origins='")[1].rstrip("'")
        assert named == address
        assert sent_to(address, origins=named) == bearer()


@pytest.mark.parametrize(
    ("address", "has_it"),
    {
        "https://api.example.com/orders": True,
        "https://api.example.com:443": True,
        "https://API.example.com": True,
        "http://api.example.com": False,
        "https://api.example.com:8443": False,
        "https://other.example.com": False,
        "http://orders.internal:8080/": True,
        "http://127.0.0.1": False,
    }.items(),
)
def test_where_origins_are_named_others_are_asked_without_the_token(address: str, has_it: bool) -> None:
    """So one client may call several services, and follow links in what they say."""
    origins = ("https://api.example.com", "http://orders.internal:8080/")
    assert sent_to(address, origins=origins) == (bearer() if has_it else None)


def test_another_origins_401_renews_nothing(caller: Caller, pool: Pool, api: Server) -> None:
    """Nor does it need a signed-in session."""
    assert caller.ask(SessionAuth(caller.session, origins="https://x.example"), "GET", api.url).status_code == 401
    assert (seen_by(api), pool.refreshes) == ([None], 0)


# --- mistakes and secrets


def test_a_session_of_the_other_colour_is_refused(caller: Caller, api: Server) -> None:
    """The words say which one is wanted, and nothing is sent."""
    with pytest.raises(ValueError, match=r"SessionAuth of an? (Async)?Session, not of an? (Async)?Session"):
        caller.ask(SessionAuth(caller.other), "GET", api.url)
    assert api.received == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"session": None}, "session is a Session or an AsyncSession, not NoneType"),
        ({"token": "refresh"}, 'token is "id" or "access"'),
        *[
            ({"origins": origins}, 'such as "https://api.example.com"')
            for origins in (
                "api.example.com",
                "https://",
                "https://api.example.com/orders",
                "https://api.example.com?a=b",
                "https://ada:hunter2@api.example.com",
                "https://api.example.com/#a",
                "ftp://api.example.com",
                "https://[::1",
                ["https://api.example.com", 5],
            )
        ],
    ],
    ids=str,
)
def test_a_mistake_raises_with_words(options: dict[str, Any], words: str) -> None:
    """At once, and not at the first request; what was given is not repeated."""
    with pytest.raises(ValueError, match=words) as caught:
        SessionAuth(**{"session": Session(configured()), **options})
    assert "hunter2" not in str(caught.value)


def test_no_token_shows(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the `repr` nor in a log line, nor in what a failing request raises."""
    secret = tokens().id_token.jwt.split(".")[1]
    auth = SessionAuth(AsyncSession(configured(), state=signed_in()), token="access")
    assert repr(auth) == "SessionAuth(token='access')"

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no way", request=request)

    blocking = SessionAuth(Session(configured(), state=signed_in()))
    caplog.set_level(logging.DEBUG)
    client = httpx.Client(auth=blocking, transport=httpx.MockTransport(broken))
    with client, pytest.raises(httpx.ConnectError) as caught:
        client.get("https://api.example.com")
    request = caught.value.request
    assert request.headers["authorization"] == bearer()
    shown = f"{request!r} {request.headers!r} {request.extensions!r} {traceback.format_exception(caught.value)!r}"
    assert secret not in shown + caplog.text
