"""The route of a request: URLs, and proxies that the environment names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from cognito_raw.transport.proxy import HostPort, Route, route_to, split_url
from tests.support.transports import surroundings

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")
POOL = HostPort("cognito-idp.eu-west-1.amazonaws.com", 443)


@pytest.fixture(autouse=True)
def no_proxies() -> Iterator[None]:
    with surroundings(dict.fromkeys(NAMES)):
        yield


@pytest.mark.parametrize(
    ("url", "place", "text"),
    [
        ("http://a.example/", HostPort("a.example", 80), "a.example:80"),
        ("https://A.example/x?y", HostPort("a.example", 443), "a.example:443"),
        ("https://a.example:8443", HostPort("a.example", 8443), "a.example:8443"),
        ("http://[::1]:5/", HostPort("::1", 5), "[::1]:5"),
        ("http://127.0.0.1:0/", HostPort("127.0.0.1", 0), "127.0.0.1:0"),
    ],
)
def test_an_address_names_a_place(url: str, place: HostPort, text: str) -> None:
    """The host in small letters, and the port, or the usual one of its scheme."""
    assert split_url(url)[1] == place
    assert str(place) == text


@pytest.mark.parametrize("url", ["", "/", "a.example", "ftp://a.example/", "http:///", "http://[::1/", "http://a:b/"])
def test_what_names_no_place_is_refused(url: str) -> None:
    """Anything but the address of an HTTP server: `ValueError`."""
    with pytest.raises(ValueError):  # noqa: PT011  # urlsplit has words of its own
        split_url(url)


PROXY = HostPort("proxy.example", 3128)


@pytest.mark.parametrize(
    ("values", "scheme", "proxy"),
    [
        ({}, "https", None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "https", PROXY),
        ({"https_proxy": "http://proxy.example:3128"}, "https", PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https", PROXY),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http", None),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, "http", PROXY),
        ({"HTTP_PROXY": "http://proxy.example:3128", "REQUEST_METHOD": "GET"}, "http", None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "REQUEST_METHOD": "GET"}, "https", PROXY),
        ({"HTTPS_PROXY": "http://proxy.example"}, "https", HostPort("proxy.example", 80)),
        ({"ALL_PROXY": "http://proxy.example:3128"}, "https", PROXY),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": "http://proxy.example:3128"}, "https", PROXY),
        ({"HTTPS_PROXY": ""}, "https", None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "a.example, .amazonaws.com"}, "https", None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "*"}, "https", None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "a.example"}, "https", PROXY),
    ],
)
def test_the_environment_names_a_proxy(values: Mapping[str, str], scheme: str, proxy: HostPort | None) -> None:
    """By scheme or for all, in either case, but not for the hosts that it excepts, nor what a CGI's caller says."""
    with surroundings(dict(values)), pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        route = route_to(scheme, POOL)
    assert route == Route(POOL, scheme == "https", route.proxy)
    assert (route.proxy and route.proxy.address) == proxy
    assert route.forwarded == (proxy is not None and scheme == "http")


def test_a_proxy_may_want_a_user() -> None:
    """User and password in its address are sent to it, and never shown."""
    with surroundings({"HTTPS_PROXY": "http://me:s%40crt@proxy.example:3128"}):
        route = route_to("https", POOL)
    assert route.proxy is not None
    assert route.proxy.headers == {"Proxy-Authorization": "Basic bWU6c0BjcnQ="}
    assert "s@crt" not in repr(route)
    with surroundings({"HTTPS_PROXY": "http://me@proxy.example:3128"}):
        route = route_to("https", POOL)
    assert route.proxy is not None
    assert route.proxy.headers == {"Proxy-Authorization": "Basic bWU6"}


@pytest.mark.parametrize("proxy", ["https://u:s3cret@proxy/", "socks5://u:s3cret@proxy/"])
def test_a_proxy_of_another_kind_is_reported_without_its_password(proxy: str) -> None:
    """Only plain proxies: `ValueError`, which says what knows others, and quotes nothing."""
    with surroundings({"HTTPS_PROXY": proxy}), pytest.raises(ValueError, match="HttpxTransport knows others") as caught:
        route_to("https", POOL)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None
