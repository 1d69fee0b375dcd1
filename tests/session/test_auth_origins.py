"""Redirects and origins: another server never gets the token."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from cognito_raw import Session
from cognito_raw.auth import SessionAuth
from tests.support.apis import Caller, Pool, asking, bearer, seen_by
from tests.support.conversation import configured, signed_in
from tests.support.hostile import Peer, Server, reply, serving
from tests.support.libraries import LIBRARIES, MODULES, httpx


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


@pytest.mark.parametrize("library", MODULES, ids=LIBRARIES)
@pytest.mark.parametrize(("address", "target"), SCHEMES, ids=" to ".join)
def test_only_the_same_origin_and_its_encrypted_form_have_the_token_after_a_redirect(
    address: str, target: str, library: Any
) -> None:
    """By scheme, host and port, as httpx compares them; this holds httpx and httpx2 to it."""
    sent: list[str | None] = []

    def answer(request: Any) -> Any:
        sent.append(request.headers.get("authorization"))
        return library.Response(200) if len(sent) > 1 else library.Response(302, headers={"Location": target})

    auth = SessionAuth(Session(configured(), state=signed_in()))
    with library.Client(auth=auth, follow_redirects=True, transport=library.MockTransport(answer)) as client:
        client.get(address)
    assert sent == [bearer(), bearer() if SCHEMES[address, target] else None]


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
    with pytest.raises(
        ValueError, match=r"goes out by https only; to send it to .* all the same, give origins='"
    ) as caught:
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


@pytest.mark.parametrize("named", [True, False], ids=["origins named", "by default"])
def test_a_request_that_is_used_again_elsewhere_goes_without_the_token(
    caller: Caller, pool: Pool, api: Server, named: bool
) -> None:
    """The token that it was sent with before does not follow to the new address."""
    with serving(asking()) as other:
        auth = SessionAuth(caller.session, origins=api.url if named else None)
        request = caller.library.Request("GET", api.url)
        assert caller.send(auth, request).status_code == 200
        request.url = caller.library.URL(other.url)
        assert caller.send(auth, request).status_code == 401
        assert (seen_by(api), seen_by(other), pool.refreshes) == ([bearer(1)], [None], 0)


@pytest.mark.parametrize(("target", "kept"), [("https://localhost/", True), ("https://localhost:444/", False)])
def test_a_next_request_takes_the_token_only_to_the_encrypted_form_of_its_origin(target: str, kept: bool) -> None:
    """As a redirect that httpx follows does."""
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("authorization"))
        return httpx.Response(200)

    auth = SessionAuth(Session(configured(), state=signed_in()))
    with httpx.Client(auth=auth, transport=httpx.MockTransport(answer)) as client:
        request = httpx.Request("GET", "http://localhost/")
        client.send(request)
        request.url = httpx.URL(target)
        client.send(request)
    assert sent == [bearer(), bearer() if kept else None]
