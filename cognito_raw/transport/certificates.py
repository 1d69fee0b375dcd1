"""The certificates that vouch for a server: Amazon's first, and the environment's others where these do not do.

OpenSSL takes a tenth of a millisecond to read a certificate. Where all are in one file, as httpx and many systems have
them, that is a tenth of a cold start and more, and all but a handful is read in vain: the service's own certificate is
one of Amazon's (https://www.amazontrust.com/repository/). What is read first is a part of that very file; the rest of
it follows when a server first shows a certificate that Amazon's do not vouch for.

A file that is anything but plain certificates one after the other, such as one that says what they are good for, is
left to OpenSSL as a whole.
"""

from __future__ import annotations

import os
import ssl
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Final, TypeVar

from ..concurrency.locks import ForkLock

T = TypeVar("T")

_BEGIN: Final = b"-----BEGIN "
_KIND: Final = b"CERTIFICATE-----\n"
_END: Final = b"\n-----END CERTIFICATE-----\n"
# The first bytes of a DER SEQUENCE whose length takes two more (X.690, 8.1.3).
_SEQUENCE: Final = b"\x30\x82"
# The SHA-256 fingerprints of Amazon's roots (https://www.amazontrust.com/repository/). They decide which certificates
# are read first, never which are trusted: all of them are the environment's.
AMAZON_ROOTS: Final = frozenset(
    map(
        bytes.fromhex,
        (
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",  # Amazon Root CA 1
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",  # Amazon Root CA 2
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",  # Amazon Root CA 3
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",  # Amazon Root CA 4
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",  # Starfield Services Root CA - G2
        ),
    )
)


class Trust:
    """A TLS context, and the file that it has not read all of yet.

    context: none where nothing is encrypted, or where it is somebody else's affair.
    """

    def __init__(self, context: ssl.SSLContext | None, rest: str | None = None) -> None:
        self.context = context
        self._rest = rest
        self._lock = ForkLock()

    def through(self, act: Callable[[], T], sent: Callable[[], bool] = lambda: False) -> T:
        """What an act under this context gives: the second one's where a certificate not read yet ended the first.

        sent: whether anything has left that must not leave twice.
        """
        rest = self._rest  # read before, since another thread may read the file meanwhile
        try:
            return act()
        except Exception as error:
            if sent() or not self._learns(error, rest):
                raise
        return act()

    async def athrough(self, act: Callable[[], Awaitable[T]], sent: Callable[[], bool]) -> T:
        """The same for an act that is awaited."""
        rest = self._rest
        try:
            return await act()
        except Exception as error:
            if sent() or not self._learns(error, rest):
                raise
        return await act()

    def _learns(self, error: Exception, rest: str | None) -> bool:
        """Whether there was more to read, if this is what it takes; it has been read now."""
        if self.context is None or rest is None or not _is_refusal(error):
            return False
        with self._lock.own():
            if self._rest is not None:
                self.context.load_verify_locations(rest)
                self._rest = None
        return True


def _is_refusal(error: BaseException) -> bool:
    """Whether a certificate was refused, also where httpx says so in words of its own, one upon the other.

    httpcore names no cause. What was handled when an error was raised may be the caller's own affair, which is why this
    alone never has anything sent again.
    """
    found: BaseException | None = error
    for _ in range(3):
        if isinstance(found, ssl.SSLCertVerificationError):
            return True
        found = None if found is None else found.__context__
    return False


def named_places() -> tuple[str | None, str | None]:
    """The file and the folder that the environment names, as for OpenSSL itself."""
    return os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None


def trust_in(file: str | None, folder: str | None) -> Trust:
    """The certificates of a file and of a folder; without either, whatever `ssl` takes by itself.

    `OSError` where they cannot be read.
    """
    first = b"" if file is None else amazon_roots(file)
    context = ssl.create_default_context(cafile=None if first else file, capath=folder, cadata=first or None)
    context.set_alpn_protocols(["http/1.1"])
    return Trust(context, os.path.abspath(file) if file and first else None)


def amazon_roots(file: str) -> bytes:
    """Return Amazon's roots among the certificates of a PEM file, in DER; nothing if the file is not plain PEM."""
    if not os.path.isfile(file):  # a pipe could not be read again
        return b""
    with open(file, "rb") as opened:
        text = opened.read() + b"\n"
    try:
        return b"".join([der for der in _certificates(text) if sha256(der).digest() in AMAZON_ROOTS])
    except ValueError:
        return b""


def _certificates(text: bytes) -> Iterator[bytes]:
    """Yield each certificate of a PEM text in DER; `ValueError` for anything else but words between them."""
    before, *blocks = text.split(_BEGIN)
    for block in blocks:
        body, end, words = block.partition(_END)
        if not (end and body.startswith(_KIND) and (not before or before.endswith(b"\n"))):
            raise ValueError("not plain PEM")
        der = a2b_base64(body[len(_KIND) :].replace(b"\n", b""), strict_mode=True)
        # Every certificate is one SEQUENCE of 256 to 65535 bytes.
        if der[:2] != _SEQUENCE or int.from_bytes(der[2:4], "big") != len(der) - 4:
            raise ValueError("not one certificate")
        yield der
        before = words or b"\n"
