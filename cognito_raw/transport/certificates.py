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
from typing import Final, TypeVar

from ..concurrency.locks import ForkLock

T = TypeVar("T")

_BEGIN: Final = b"-----BEGIN "
_KIND: Final = b"CERTIFICATE-----\n"
_END: Final = b"\n-----END CERTIFICATE-----\n"
# What is in the names of the roots that Amazon's certificates lead to, and in few others'. Which are taken first for
# their names is no matter of trust: all of them are the environment's.
_AMAZON: Final = (b"Amazon", b"Starfield Services Root")
# The tag of a DER SEQUENCE, and of the version in a certificate, which may be left out.
_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0


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
    first = b"" if file is None else of_amazon(file)
    context = ssl.create_default_context(cafile=None if first else file, capath=folder, cadata=first or None)
    context.set_alpn_protocols(["http/1.1"])
    return Trust(context, os.path.abspath(file) if file and first else None)


def of_amazon(file: str) -> bytes:
    """Those certificates in a file of PEM that bear Amazon's name, in DER; nothing of a file that is not plain."""
    if not os.path.isfile(file):  # a pipe could not be read again
        return b""
    with open(file, "rb") as opened:
        text = opened.read() + b"\n"
    try:
        return b"".join([certificate for certificate in _certificates(text) if is_amazons(certificate)])
    except (IndexError, ValueError):
        return b""


def _certificates(text: bytes) -> Iterator[bytes]:
    """The DER of each certificate in a text of PEM; `ValueError` for anything else in it but words between them."""
    before, *blocks = text.split(_BEGIN)
    for block in blocks:
        body, end, words = block.partition(_END)
        if not (end and body.startswith(_KIND) and (not before or before.endswith(b"\n"))):
            raise ValueError("not plain PEM")
        yield a2b_base64(body[len(_KIND) :].replace(b"\n", b""), strict_mode=True)
        before = words or b"\n"


def is_amazons(certificate: bytes) -> bool:
    """Whether it bears Amazon's name, and not only that of one that Amazon's vouch for."""
    start, end = _part(certificate, 0)
    if certificate[0] != _SEQUENCE or end != len(certificate):
        raise ValueError("not one certificate")
    return _names_amazon(certificate) and _names_amazon(_subject(certificate, start))


def _names_amazon(text: bytes) -> bool:
    return any(name in text for name in _AMAZON)


def _subject(certificate: bytes, start: int) -> bytes:
    """Whose certificate it is: the sixth part of what is signed, or the fifth where the version is left out."""
    at, _ = _part(certificate, start)
    for _ in range(5 if certificate[at] == _VERSION else 4):
        _, at = _part(certificate, at)
    start, end = _part(certificate, at)
    return certificate[start:end]


def _part(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the part at a place begins and ends (X.690, 8.1.3)."""
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        start, count = start + length - 0x80, length - 0x80
        length = int.from_bytes(der[start - count : start], "big")
    return start, start + length
