"""The proxy and certificate settings of the environment mean the same to every transport."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from cognito_raw import AsyncHttpxTransport, Err, HttpxTransport, StandardTransport
from cognito_raw.models.hosts import is_this_machine
from cognito_raw.transport import limits
from cognito_raw.transport.proxy import HostPort, proxy_for
from tests.support.hostile import Server, echoing, serving
from tests.support.tokens import Clock, key_set, token
from tests.support.transports import (
    HTTPX_SENDERS,
    Sender,
    Sending,
    StandardSender,
    body_of,
    closing_sender,
    post,
    summary,
)
from tests.support.transports import surroundings as environment
from tests.support.verifiers import VERIFYING, AsyncVerifying, BlockingVerifying, Service, Verifying, told

NOTHING: dict[str, str | None] = dict.fromkeys(
    (
        *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
    )
)
PROXY = "http://proxy.example:3128"
SECRET = "CANARY"

pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture(autouse=True)
def no_settings() -> Iterator[None]:
    with environment(NOTHING):
        yield


@pytest.fixture
def proxy() -> Iterator[Server]:
    with serving(echoing) as server, environment({"HTTP_PROXY": server.url}):
        yield server


@pytest.fixture(params=VERIFYING, ids=lambda kind: kind.__name__)
def verifying(request: pytest.FixtureRequest) -> Iterator[Verifying]:
    made: Verifying = request.param()
    yield made
    made.close()


# --- NO_PROXY

ENTRIES: Mapping[str, tuple[str, int, bool]] = {
    "*": ("a.example", 443, True),
    "a.example": ("a.example", 443, True),
    "A.Example": ("a.example", 443, True),
    "a.example.": ("a.example", 443, True),
    "example": ("a.example", 443, True),
    ".example": ("a.example", 443, True),
    ".a.example": ("a.example", 443, True),
    "*.example": ("a.example", 443, True),
    "b.example,  a.example": ("a.example", 443, True),
    "b.example a.example": ("a.example", 443, True),
    "b.example": ("a.example", 443, False),
    "ample": ("a.example", 443, False),
    ",": ("a.example", 443, False),
    "a.example:443": ("a.example", 443, True),
    "a.example:8443": ("a.example", 443, False),
    ".example:443": ("a.example", 443, True),
    "*:8443": ("a.example", 443, False),
    "https://a.example": ("a.example", 443, True),
    "https://a.example:443/": ("a.example", 443, True),
    "http://a.example": ("a.example", 443, False),
    "all://a.example": ("a.example", 443, True),
    "/var/run/docker.sock": ("a.example", 443, False),
    "10.1.2.3": ("10.1.2.3", 443, True),
    "10.1.2.3:443": ("10.1.2.3", 443, True),
    "10.1.2.3:80": ("10.1.2.3", 443, False),
    "10.0.0.0/8": ("10.1.2.3", 443, True),
    "10.1.2.3/8": ("10.1.2.3", 443, True),
    "10.*": ("10.1.2.3", 443, True),
    "2.3": ("10.1.2.3", 443, False),
    "192.168.0.0/16": ("10.1.2.3", 443, False),
    "10.0.0.0/8,": ("a.example", 443, False),
    "fd00::/8": ("fd00::1", 443, True),
    "[fd00::]/8": ("fd00::1", 443, True),
    "fe80::/10": ("fd00::1", 443, False),
    "::/0": ("10.1.2.3", 443, False),
    "fd00::1": ("fd00::1", 443, True),
    "FD00:0::1": ("fd00::1", 443, True),
    "[fd00::1]": ("fd00::1", 443, True),
    "[fd00::1]:443": ("fd00::1", 443, True),
    "[fd00::1]:80": ("fd00::1", 443, False),
    "[fd00::2]": ("fd00::1", 443, False),
    "[fd00::1] ": ("a.example", 443, False),
    "fe80::1%eth0": ("fe80::1%25eth0", 443, True),
    "::ffff:10.0.0.1": ("10.0.0.1", 443, True),
    "10.0.0.0/16": ("::ffff:10.0.0.1", 443, True),
}


@pytest.mark.parametrize("entries", ENTRIES)
def test_no_proxy_excepts_hosts_addresses_and_ranges(entries: str) -> None:
    """With or without a port, in either case; a host stands for all below it, with or without a leading dot."""
    host, port, excepted = ENTRIES[entries]
    with environment({"HTTPS_PROXY": PROXY, "NO_PROXY": entries}):
        assert (proxy_for("https", HostPort(host, port)) is None) == excepted


@pytest.mark.parametrize(
    "entries", ["pool.invalid", ".invalid", "*.invalid:9", "*", "[::1],pool.invalid:9", "fd00::/8,pool.invalid"]
)
def test_every_transport_goes_past_the_proxy(sender: Sender, proxy: Server, entries: str) -> None:
    """A host that is excepted is reached directly."""
    with environment({"NO_PROXY": entries}):
        assert summary(sender.send(post("http://pool.invalid:9/"))) == ("connection-failed", "no")
    assert proxy.received == []
    assert body_of(sender.send(post("http://pool.invalid:9/b", b"x"))) == b"x"


# --- what cannot be read

UNREADABLE: Mapping[str, tuple[str, str]] = {
    "a port that is none": ("ALL_PROXY", f"http://{SECRET}:notaport"),
    "a port that is too large": ("HTTPS_PROXY", f"http://u:{SECRET}@proxy.example:99999"),
    "a slash in the password": ("HTTPS_PROXY", f"http://user:{SECRET}/pw@127.0.0.1:8"),
    "a question mark in the password": ("HTTPS_PROXY", f"http://user:{SECRET}?pw@127.0.0.1:8"),
    "a hash in the password": ("HTTPS_PROXY", f"http://user:{SECRET}#pw@127.0.0.1:8"),
    "digits before the slash": ("HTTPS_PROXY", f"http://user:12345/{SECRET}@127.0.0.1:8"),
    "a line's end within": ("HTTPS_PROXY", f"http://user:{SECRET}@proxy\n.example"),
    "a blank within": ("https_proxy", f"http://user:{SECRET} @proxy.example"),
    "half of a bracket": ("HTTPS_PROXY", f"http://user:{SECRET}@[::1"),
    "no host": ("HTTPS_PROXY", f"http://user:{SECRET}@:8"),
    "another scheme": ("ALL_PROXY", f"foo://user:{SECRET}@proxy.example"),
    "a port of NO_PROXY that is none": ("NO_PROXY", f"a.example,{SECRET}.example:port"),
    "a port of NO_PROXY in other digits": ("no_proxy", f"{SECRET}.example:\u0664\u0664"),
    "a range of NO_PROXY that is none": ("NO_PROXY", f"10.0.0.0/33,{SECRET}"),
    "an address of NO_PROXY that is none": ("NO_PROXY", f"{SECRET}:x:y,*"),
}


@pytest.mark.parametrize("url", ["https://pool.example/", "https://127.0.0.1:9/"])
@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_named_by_its_variable(case: str, url: str, sender: Sender) -> None:
    """One `ValueError` in every transport, whatever is asked for, without the value and without a cause."""
    name, value = UNREADABLE[case]
    with pytest.MonkeyPatch.context() as patch:
        if "NO_PROXY" in name.upper():
            patch.setenv("HTTPS_PROXY", PROXY)
        patch.setenv(name, value)
        with pytest.raises(ValueError, match=f"environment cannot be used: {name}: ") as caught:
            sender.send(post(url))
    assert SECRET not in str(caught.value)
    assert "12345" not in str(caught.value)
    assert caught.value.__context__ is None


def test_blanks_and_a_lines_end_around_are_dropped(sender: Sender, proxy: Server) -> None:
    """A value is often read from a file."""
    with environment({"HTTP_PROXY": f" {proxy.url}\n"}):
        assert body_of(sender.send(post("http://pool.example/", b"x"))) == b"x"


def test_an_at_sign_in_the_password_is_understood(sender: Sender, proxy: Server) -> None:
    """The last one is before the host."""
    with environment({"HTTP_PROXY": proxy.url.replace("http://", "http://me:s@crt@")}):
        assert body_of(sender.send(post("http://pool.example/", b"x"))) == b"x"
    assert proxy.received[0].headers["proxy-authorization"] == "Basic bWU6c0BjcnQ="


VERIFIERS = [
    (BlockingVerifying, HttpxTransport),
    (BlockingVerifying, StandardTransport),
    (AsyncVerifying, AsyncHttpxTransport),
]


@pytest.mark.parametrize(("kind", "transport"), VERIFIERS)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_verifier_raises_it_too(kind: type[Verifying], transport: type[Any], variable: str) -> None:
    """It is no outage, so that nobody is told to try again. The next token asks anew."""
    with closing(kind()) as verifying:
        verifier = verifying.verifier(Clock().config(), transport=transport())
        with environment({variable: "http://proxy.example:notaport"}):
            for _ in range(2):
                with pytest.raises(ValueError, match=f"cannot be used: {variable}: "):
                    verifier.verify(token())
        with environment({variable: f"http://127.0.0.1:{closed_port()}"}):
            assert told(verifier.verify(token())) == "key-set-unavailable"


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def test_a_verifier_with_keys_goes_on(verifying: Verifying) -> None:
    """Settings that broke meanwhile keep nobody out while the keys may still be used."""

    def refuse() -> object:
        raise limits.SettingsError("broken")

    service, clock = Service(refuse), Clock()  # type: ignore[arg-type]
    verifier = verifying.verifier(clock.config(), keys=key_set(), transport=service)
    clock.go_on(3601)
    good = token(exp=int(clock.now) + 60)
    assert told(verifier.verify(good)) == "Ok"
    verifying.settle()
    assert told(verifier.verify(good)) == "Ok"
    assert len(service.requests) == 1


# --- this machine

HOSTS = {
    "localhost": True,
    "LOCALHOST": True,
    "localhost.": True,
    "pool.localhost": True,
    "127.0.0.1": True,
    "127.255.0.9": True,
    "::1": True,
    "0:0:0:0:0:0:0:1": True,
    "::1%lo": True,
    "::ffff:127.0.0.1": True,
    "::ffff:7f00:1": True,
    "": False,
    "notlocalhost": False,
    "localhost.example.com": False,
    "127.0.0.1.example.com": False,
    "0.0.0.0": False,
    "10.0.0.1": False,
    "::ffff:10.0.0.1": False,
    "::": False,
    "::2": False,
    "127.1": False,
    "0x7f.0.0.1": False,
    "\uff11\uff12\uff17.0.0.1": False,
    "[::1]": False,
    "ministack": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_which_hosts_are_this_machine(host: str) -> None:
    """Loopback addresses, and names that resolve to nothing else. `host` is without brackets, as `urlsplit` has it."""
    assert is_this_machine(host) is HOSTS[host]
    with environment({"ALL_PROXY": PROXY}):
        assert (proxy_for("http", HostPort(host, 80)) is None) is HOSTS[host]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.8.7"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_this_machine_is_reached_past_every_proxy(sender: Sender, host: str, variable: str) -> None:
    """Whatever the environment says."""
    with serving(echoing) as server, serving(echoing) as proxy, environment({variable: proxy.url}):
        result = sender.send(post(server.url.replace("127.0.0.1", host), b"x"))
        assert summary(result) == (("connection-failed", "no") if host == "127.9.8.7" else ("200", "yes"))
        assert proxy.connections == 0


# --- other proxies


@pytest.mark.parametrize("make", HTTPX_SENDERS)
def test_socks_proxies_need_an_extra_of_httpx(make: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the variable and the extra are named."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    with environment({"ALL_PROXY": f"socks5://u:{SECRET}@127.0.0.1:9"}), closing_sender(make) as sender:
        with pytest.raises(ValueError, match=r"cannot be used: ALL_PROXY: .*httpx\[socks\]") as caught:
            sender.send(post("https://pool.example/"))
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("make", HTTPX_SENDERS)
def test_what_this_httpx_does_not_know_is_told_as_well(make: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older ones do not know socks5h://."""

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("Unknown scheme for proxy URL")

    monkeypatch.setattr(httpx, "Proxy", refuse)
    told_so = pytest.raises(ValueError, match=r"cannot be used: ALL_PROXY: httpx cannot use it$")
    with environment({"ALL_PROXY": "socks5h://127.0.0.1:9"}), closing_sender(make) as sender, told_so:
        sender.send(post("https://pool.example/"))


def test_the_standard_library_needs_no_socks_proxy_for_this_machine() -> None:
    """What only httpx knows is no fault where it is not used."""
    proxies = environment({"ALL_PROXY": "socks5://127.0.0.1:9"})
    with serving(echoing) as server, proxies, closing_sender(StandardSender) as sender:
        assert body_of(sender.send(post(server.url, b"x"))) == b"x"


@pytest.mark.parametrize("make", HTTPX_SENDERS)
def test_our_own_clients_leave_the_environment_to_us(make: Sending) -> None:
    """httpx reads none of it: it would look at all variables, also at those that nobody needs."""
    with environment({"HTTPS_PROXY": "http://["}), serving(echoing) as server, closing_sender(make) as sender:
        assert body_of(sender.send(post(server.url, b"x"))) == b"x"


# --- certificates


@pytest.mark.parametrize(
    ("variable", "case"),
    [
        ("SSL_CERT_FILE", "nothing there"),
        ("SSL_CERT_FILE", "no certificates"),
        ("SSL_CERT_FILE", "a folder"),
        ("AWS_CA_BUNDLE", "nothing there"),
        ("REQUESTS_CA_BUNDLE", "no certificates"),
    ],
)
def test_a_certificate_file_is_named_by_its_variable_and_path(
    variable: str, case: str, sender: Sender, tmp_path: Path
) -> None:
    """One that is not there, or that OpenSSL cannot use."""
    file = tmp_path / "roots.pem"
    if case == "no certificates":
        file.write_text("nothing")
    elif case == "a folder":
        file.mkdir()
    told_so = pytest.raises(ValueError, match=f"environment cannot be used: {variable} '{file}': ")
    with environment({variable: str(file)}), told_so as caught:
        sender.send(post("https://pool.invalid/"))
    assert caught.value.__context__ is None


def test_a_certificate_folder_that_is_not_there_is_reported(sender: Sender, tmp_path: Path) -> None:
    """OpenSSL itself would pass over it, and trust nobody. One of several is enough."""
    missing = str(tmp_path / "missing")
    told_so = pytest.raises(ValueError, match=f"environment cannot be used: SSL_CERT_DIR '{missing}': not a folder$")
    with environment({"SSL_CERT_DIR": missing}), told_so:
        sender.send(post("https://pool.invalid/"))
    with environment({"SSL_CERT_DIR": f"{missing}:{tmp_path}"}):
        assert summary(sender.send(post("https://pool.invalid/"))) == ("connection-failed", "no")


def test_certificates_that_nobody_named_are_reported_by_their_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a packager removed what httpx brings."""
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "gone.pem"))
    with pytest.raises(ValueError, match=r"cannot be used: the file '.*gone\.pem': No such file"):
        HttpxTransport().send(post("https://pool.invalid/"))


def test_an_address_that_is_none_needs_no_proxy(sender: Sender) -> None:
    """It is told by the request's result."""
    with environment({"ALL_PROXY": PROXY}):
        result = sender.send(post("http://[::1/"))
    assert isinstance(result, Err)
    assert summary(result) == ("connection-failed", "no")
