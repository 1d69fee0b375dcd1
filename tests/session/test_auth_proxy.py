"""A session's token reaches this machine without a proxy, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cognito_raw.auth import SessionAuth
from tests.support.apis import CALLERS, AsyncCaller, Caller, Pool, asking, bearer, seen_by
from tests.support.hostile import Server, serving

REFUSED = "a token for this machine by http must not go through a proxy"


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    made: Caller = request.param(Pool())
    yield made
    made.close()


@pytest.fixture
def proxy() -> Iterator[Server]:
    with serving(asking()) as server:
        yield server


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "http://127.0.0.1/a", "http://[::1]:8000/", "http://a.localhost"]
)
@pytest.mark.parametrize("named", [False, True])
def test_a_proxy_gets_no_request_for_this_machine(caller: Caller, proxy: Server, url: str, named: bool) -> None:
    """Nothing of it leaves, also where the origin is named."""
    auth = SessionAuth(caller.session, origins="/".join(url.split("/")[:3]) if named else None)
    with pytest.raises(ValueError, match=REFUSED):
        caller.ask(auth, "GET", url, client={"proxy": proxy.url})
    assert proxy.received == []


def test_the_environments_proxy_is_one(caller: Caller, proxy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx reads it by itself; `NO_PROXY` lets the token out."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    auth = SessionAuth(caller.session)
    with serving(asking()) as api:
        with pytest.raises(ValueError, match=REFUSED):
            caller.ask(auth, "GET", api.url, client={"trust_env": True})
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert caller.ask(auth, "GET", api.url, client={"trust_env": True}).status_code == 200
        assert (seen_by(api), proxy.received) == ([bearer()], [])


def test_a_proxy_may_have_what_was_named_elsewhere(caller: Caller, proxy: Server) -> None:
    """Another machine by http, which the caller allows."""
    auth = SessionAuth(caller.session, origins="http://orders.internal")
    assert caller.ask(auth, "GET", "http://orders.internal/", client={"proxy": proxy.url}).status_code == 200
    assert seen_by(proxy) == [bearer()]


def through(caller: Caller, proxy: str) -> Any:
    """A transport of httpx that goes through a proxy."""
    name = "AsyncHTTPTransport" if isinstance(caller, AsyncCaller) else "HTTPTransport"
    return getattr(caller.library, name)(proxy=proxy)


def test_a_proxy_may_have_what_has_no_token(caller: Caller, proxy: Server) -> None:
    """As a redirect to another origin, and a request that is none of the origins."""
    auth = SessionAuth(caller.session)
    with serving(asking("http://localhost:1/")) as api:
        mounts = {"http://localhost": through(caller, proxy.url)}
        options: dict[str, Any] = {"mounts": mounts, "follow_redirects": True}
        assert caller.ask(auth, "GET", f"{api.url}away", client=options).status_code == 401
        assert (seen_by(api), seen_by(proxy)) == ([bearer()], [None])


def test_a_tunnel_of_a_proxy_shows_no_token(caller: Caller, proxy: Server) -> None:
    """After a redirect to this machine by https, the request to the proxy has none."""
    options: dict[str, Any] = {"mounts": {"https://": through(caller, proxy.url)}, "follow_redirects": True}
    with serving(asking("https://127.0.0.1/")) as api, pytest.raises(caller.library.ProxyError):
        caller.ask(SessionAuth(caller.session), "GET", f"{api.url}away", client=options)
    assert [(received.line.split()[0], "authorization" in received.headers) for received in proxy.received] == [
        ("CONNECT", False)
    ]


def test_a_trace_of_the_callers_own_goes_on(caller: Caller) -> None:
    """It hears the same events as without."""
    heard: list[str] = []

    async def hear(event: str, _: Any) -> None:
        heard.append(event)

    def hear_at_once(event: str, _: Any) -> None:
        heard.append(event)

    trace = hear if isinstance(caller, AsyncCaller) else hear_at_once
    with serving(asking()) as api:
        for auth in (SessionAuth(caller.session), None):
            caller.ask(auth, "GET", api.url, extensions={"trace": trace})  # type: ignore[arg-type]  # without one
    assert heard[: len(heard) // 2] == heard[len(heard) // 2 :]
    assert "http11.send_request_headers.started" in heard
