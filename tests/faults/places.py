"""Faults that strike before a request can be sent: of hosts, their look-up, TLS and proxies."""

from __future__ import annotations

import atexit
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.ledger import Ledger, recording
from tests.support.certificates import self_signed
from tests.support.hostile import Behaviour, Peer, deaf, dripping, ignoring, refusing, reply, replying, saying, serving
from tests.support.transports import surroundings

Opening = Callable[[int], AbstractContextManager[Ledger]]
"""Opens the server of one call, given how many requests it answers well first."""
Around = Callable[[], AbstractContextManager[None]]
"""Sets up what all calls share."""

_NAME: Final = "pool.test"
# A handshake's answers: the alert "handshake failure", and half of a record.
_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"
_HALF: Final = b"\x16\x03\x03\x00\x7a\x02\x00"
# A proxy's answer, and the beginning of a record of 16 KiB.
_TUNNEL: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_LONG: Final = b"\x16\x03\x03\x40\x00"


def _at(url: str) -> Opening:
    @contextmanager
    def opening(_: int) -> Iterator[Ledger]:
        yield Ledger(url)

    return opening


def _under(address: Callable[[], AbstractContextManager[str]]) -> Opening:
    @contextmanager
    def opening(_: int) -> Iterator[Ledger]:
        with address() as url:
            yield Ledger(url.rstrip("/"))

    return opening


def in_handshake(behaviour: Behaviour) -> Opening:
    """The server of a call that plays this with the first bytes of a handshake."""

    @contextmanager
    def opening(_: int) -> Iterator[Ledger]:
        with recording(behaviour) as ledger:
            ledger.url = ledger.url.replace("http:", "https:")
            yield ledger

    return opening


def _first(data: bytes, *, resets: bool = False) -> Behaviour:
    """Take the first bytes that come, and answer so."""

    async def behaviour(peer: Peer) -> None:
        await peer.read_some()
        await peer.send(data)
        if resets:
            peer.reset()

    return behaviour


# --- certificates


@cache
def certificate(name: str) -> Path:
    """A certificate of 127.0.0.1, one for each name."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return self_signed(Path(folder.name, "server.pem"), name)


@cache
def server_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate("ours"))
    return context


def trusting(name: str = "ours") -> AbstractContextManager[None]:
    """Trust this certificate alone."""
    return surroundings({"SSL_CERT_FILE": str(certificate(name)), "SSL_CERT_DIR": None})


def over_tls(behaviour: Behaviour, host: str = "127.0.0.1") -> Opening:
    """The server of a call under TLS, by this name of the machine."""

    @contextmanager
    def opening(after: int) -> Iterator[Ledger]:
        with recording(behaviour, after, server_side()) as ledger:
            ledger.url = ledger.url.replace("127.0.0.1", host)
            yield ledger

    return opening


# --- look-ups


def _looking_up(find: Callable[[threading.Event], list[Any]]) -> Around:
    @contextmanager
    def around() -> Iterator[None]:
        ended, original = threading.Event(), socket.getaddrinfo

        def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
            found = host in (_NAME, _NAME.encode())
            return find(ended) if found else original(host, *arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", look_up)
            try:
                yield
            finally:
                ended.set()

    return around


def _fails(_: threading.Event) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "no such host")


def _hangs(ended: threading.Event) -> list[Any]:
    ended.wait(30)
    return []


# --- proxies


def _behind(behaviour: Behaviour) -> Around:
    @contextmanager
    def around() -> Iterator[None]:
        with serving(behaviour) as proxy, surroundings({"HTTPS_PROXY": proxy.url, "NO_PROXY": None}):
            yield

    return around


_LOOKED_UP: Final = _at(f"https://{_NAME}")
_PROXIED: Final = _at("https://pool.example")
PLACES: Final[Mapping[str, tuple[Around, Opening]]] = {
    "a refused connection": (trusting, _under(refusing)),
    "a look-up that fails": (_looking_up(_fails), _LOOKED_UP),
    "a look-up that finds nothing": (_looking_up(lambda _: []), _LOOKED_UP),
    "a refused certificate": (lambda: trusting("another"), over_tls(deaf)),
    "a certificate of another host": (trusting, over_tls(deaf, "localhost")),
    "closed in the handshake": (trusting, in_handshake(_first(b""))),
    "reset in the handshake": (trusting, in_handshake(_first(b"", resets=True))),
    "a TLS alert": (trusting, in_handshake(_first(_ALERT))),
    "half a record of the handshake": (trusting, in_handshake(_first(_HALF))),
    "a server without TLS": (trusting, in_handshake(_first(reply(b"{}", 400)))),
    "a proxy that refuses": (_behind(replying(reply(b"no", 403))), _PROXIED),
    "a proxy that wants a password": (_behind(replying(reply(b"who?", 407))), _PROXIED),
    "a proxy that closes": (_behind(saying(b"")), _PROXIED),
    "a proxy that speaks no HTTP": (_behind(saying(b"SSH-2.0-x\r\n")), _PROXIED),
}
SLOW_PLACES: Final[Mapping[str, tuple[Around, Opening]]] = {
    "a full queue of connections": (trusting, _under(lambda: ignoring(full=True))),
    "a look-up that hangs": (_looking_up(_hangs), _LOOKED_UP),
    "silence in the handshake": (trusting, in_handshake(deaf)),
    "a proxy that says nothing": (_behind(deaf), _PROXIED),
    "silence in a proxy's tunnel": (_behind(saying(_TUNNEL, then="silent")), _PROXIED),
    "a reply before the handshake in a proxy's tunnel": (
        _behind(saying(_TUNNEL + reply(b"{}"), then="silent")),
        _PROXIED,
    ),
    "a slow handshake in a proxy's tunnel": (_behind(dripping(_TUNNEL, _LONG)), _PROXIED),
}
