"""The certificates that vouch for a server: Amazon's first, and the environment's others where these do not do.

OpenSSL takes a tenth of a millisecond to read a certificate. Where all are in one file, as httpx brings them and Amazon
Linux has them, that is a tenth of a cold start and more, and all but a handful is read in vain: the service's own
certificate is one of Amazon's (https://www.amazontrust.com/repository/). Nothing is trusted here that the environment
does not trust: of its file, the rest is read when a server first shows a certificate that Amazon's do not vouch for.
"""

from __future__ import annotations

import os
import ssl
from binascii import Error, a2b_base64
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

from ..locks import ProcessLock

T = TypeVar("T")

Places: TypeAlias = tuple[str | None, str | None]
"""A file with certificates, and a folder with one in each file, named as OpenSSL has it."""

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"
# What is in the names of the roots that Amazon's certificates lead to, and in few others'. Which are taken first for
# their names is no matter of trust: all of them are the environment's.
_AMAZON: Final = (b"Amazon", b"Starfield Services Root")


class Trust:
    """A TLS context, and the file that it has not read all of yet.

    context: none where nothing is encrypted, or where it is somebody else's affair.
    """

    def __init__(self, context: ssl.SSLContext | None, rest: str | None = None) -> None:
        self.context = context
        self._rest = rest
        self._lock = ProcessLock()

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
    """Whether a certificate was refused, also where httpx says so in words of its own.

    It does not name the cause. What it was handling when it raised may be the caller's own affair, which is why this
    alone never has anything sent again.
    """
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLCertVerificationError):
        found = found.__context__
    return found is not None


def trust_of_the_environment(usual: Callable[[], Places]) -> Trust:
    """What `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or without them what is usual, as far as it exists.

    `OSError` where certificates are named that cannot be read.
    """
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if not (file or folder):
        file, folder = usual()
    first = b"" if file is None else of_amazon(file)
    context = ssl.create_default_context(cafile=None if first else file, capath=folder, cadata=first or None)
    context.set_alpn_protocols(["http/1.1"])
    return Trust(context, file if first else None)


def of_amazon(file: str) -> bytes:
    """Those certificates in a file of PEM that bear Amazon's name, as they are encoded inside."""
    with open(file, "rb") as opened:
        blocks = opened.read().split(_BEGIN)[1:]
    found = (_octets(block.partition(_END)[0]) for block in blocks)
    return b"".join(certificate for certificate in found if any(name in certificate for name in _AMAZON))


def _octets(text: bytes) -> bytes:
    try:
        return a2b_base64(text)
    except Error:  # for OpenSSL to tell, once it reads it
        return b""
