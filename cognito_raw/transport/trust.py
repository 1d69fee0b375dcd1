"""The certificates that vouch for a server: Amazon's first, and the environment's others where these do not do.

OpenSSL takes a tenth of a millisecond to read a certificate. Where all of a system are in one file, as on Amazon Linux,
that is a sixth of a cold start, and all but a handful is read in vain: the service's own certificate is one of Amazon's
(https://www.amazontrust.com/repository/). Nothing is trusted here that the environment does not
trust: of its file, the rest is read when a server first shows a certificate that Amazon's do not vouch for.
"""

from __future__ import annotations

import os
import ssl
import sys
from binascii import Error, a2b_base64
from collections.abc import Callable
from typing import Final, TypeVar

from ..locks import ProcessLock

T = TypeVar("T")

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"
# What is in the names of the roots that Amazon's certificates lead to, and in few others'. Which are taken first for
# their names is no matter of trust: all of them are the environment's.
_AMAZON: Final = (b"Amazon", b"Starfield Services Root")


class Trust:
    """A TLS context, or none where nothing is encrypted, and the file that it has not read all of yet."""

    def __init__(self, context: ssl.SSLContext | None, rest: str | None = None) -> None:
        self._context = context
        self._rest = rest
        self._lock = ProcessLock()

    def through(self, connect: Callable[[ssl.SSLContext | None], T]) -> T:
        """What `connect` makes under the context: once more where it was refused for a certificate not read yet."""
        rest = self._rest  # read before, since another thread may read the file meanwhile
        try:
            return connect(self._context)
        except ssl.SSLCertVerificationError:
            if self._context is None or rest is None:
                raise
        with self._lock.own():
            if self._rest is not None:
                self._context.load_verify_locations(rest)
                self._rest = None
        return connect(self._context)


def trust_of_the_environment() -> Trust:
    """What the environment trusts. `OSError` where it names certificates that cannot be read."""
    file, folder = _places()
    first = b"" if file is None else of_amazon(file)
    context = ssl.create_default_context(cafile=None if first else file, capath=folder, cadata=first or None)
    context.set_alpn_protocols(["http/1.1"])
    return Trust(context, file if first else None)


def _places() -> tuple[str | None, str | None]:
    """The file and the folder: those that are named as for OpenSSL itself, or its own."""
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if file or folder or sys.platform == "win32":  # where the system has no files, and ssl knows where to ask
        return file, folder
    usual = ssl.get_default_verify_paths()
    return usual.cafile, usual.capath


def of_amazon(file: str) -> bytes:
    """Those certificates in a file of PEM that bear Amazon's name."""
    with open(file, "rb") as opened:
        blocks = opened.read().split(_BEGIN)[1:]
    found = (_octets(block.partition(_END)[0]) for block in blocks)
    return b"".join(certificate for certificate in found if any(name in certificate for name in _AMAZON))


def _octets(text: bytes) -> bytes:
    try:
        return a2b_base64(text)
    except Error:  # for OpenSSL to tell, once it reads it
        return b""
