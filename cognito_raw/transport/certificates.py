"""The trust store: Amazon's root certificates first, and all others only when a server needs them.

OpenSSL takes a tenth of a millisecond to read a certificate. Where all are in one file, reading them is a tenth of a
cold start and more. The service's own certificates lead to Amazon's roots, so these are read first, from that very
file. The other roots are loaded when a server first shows an unknown issuer.

Only a file of plain certificates is read in two steps. OpenSSL reads any other file as a whole.
"""

from __future__ import annotations

import os
import ssl
import sys
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Final, TypeVar

from ..concurrency.background import in_thread
from ..concurrency.locks import ForkLock
from .limits import MAX_TIMEOUT, settings_error

T = TypeVar("T")

# OpenSSL's own names of them. Then those of boto3 and of requests, for a file or a folder.
_FILE: Final = "SSL_CERT_FILE"
_FOLDER: Final = "SSL_CERT_DIR"
_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")

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
# Each of them has one of these in its own name.
_AMAZON_NAMES: Final = (b"Amazon", b"Starfield")


class TrustStore:
    """A TLS context, and the file with the roots that it has not loaded yet.

    context: None in `NO_TRUST_STORE`, for what is not encrypted and for a caller's client, which has its own.
    """

    def __init__(self, context: ssl.SSLContext | None, all_roots: str | None = None) -> None:
        self.context = context
        self._all_roots = all_roots
        self._lock = ForkLock()

    def retry_with_all_roots(self, job: Callable[[], T], has_started: Callable[[], bool] = lambda: False) -> T:
        """Run the job; on an unknown issuer load all roots and retry once.

        has_started: tells if something may have been sent, which must not be sent twice.
        """
        file = self._all_roots  # read before the job, since another thread may load it meanwhile
        try:
            return job()
        except Exception as error:
            if has_started() or file is None or not _is_certificate_error(error):
                raise
        self._load_all_roots()
        return job()

    async def aretry_with_all_roots(self, job: Callable[[], Awaitable[T]], has_started: Callable[[], bool]) -> T:
        """Run an async job in the same way."""
        file = self._all_roots
        try:
            return await job()
        except Exception as error:
            if has_started() or file is None or not _is_certificate_error(error):
                raise
        await in_thread(self, self._load_all_roots, MAX_TIMEOUT)
        return await job()

    def _load_all_roots(self) -> None:
        with self._lock:
            if self._all_roots is not None and self.context is not None:
                self.context.load_verify_locations(self._all_roots)
                self._all_roots = None


NO_TRUST_STORE: Final = TrustStore(None)


def _is_certificate_error(error: BaseException) -> bool:
    """Return whether a certificate was refused, also where httpx wraps the error.

    httpcore names no cause, so the context is followed. The context may also be an error that the caller handles. So
    this alone never has anything sent again.
    """
    inner = error.__context__
    chain = (error, inner, None if inner is None else inner.__context__)
    return any(isinstance(found, ssl.SSLCertVerificationError) for found in chain)


def environment_locations() -> tuple[str | None, str | None]:
    """Return the file and the folder that the environment names for OpenSSL, or else boto3, or else requests."""
    file, folder = os.environ.get(_FILE) or None, os.environ.get(_FOLDER) or None
    bundle = None if file or folder else next(filter(None, map(os.environ.get, _BUNDLES)), None)
    if bundle is None:
        return file, folder
    return (None, bundle) if os.path.isdir(bundle) else (bundle, None)


def system_locations() -> tuple[str | None, str | None]:
    """Return the file and the folder of the system. Windows has none, and `ssl` asks it."""
    paths = ssl.get_default_verify_paths()
    return (None, None) if sys.platform == "win32" else (paths.cafile, paths.capath)


def load_trust_store(file: str | None, folder: str | None) -> TrustStore:
    """Load the certificates of a file and of a folder. Without either, load the defaults of `ssl`.

    `SettingsError` if they cannot be read.
    """
    # OpenSSL passes over a folder that is not there. Several may be named, as in PATH.
    if (
        folder is not None
        and folder == os.environ.get(_FOLDER)
        and not any(map(os.path.isdir, folder.split(os.pathsep)))
    ):
        raise settings_error("certificate", f"{_FOLDER} {folder!r}: not a folder")
    try:
        first = b"" if file is None else amazon_roots(file)
        context = ssl.create_default_context(cafile=None if first else file, capath=folder, cadata=first or None)
    except OSError as error:
        fault = error.strerror or str(error)
    else:
        context.set_alpn_protocols(["http/1.1"])
        return TrustStore(context, os.path.abspath(file) if file and first else None)
    name = next((name for name in (_FILE, *_BUNDLES) if os.environ.get(name) == file), "the file")
    raise settings_error("certificate", f"{name} {file!r}: {fault}")


def amazon_roots(file: str) -> bytes:
    """Return Amazon's roots in a PEM file, as DER. Return nothing if the file is not plain PEM."""
    if not os.path.isfile(file):  # a pipe can be read only once
        return b""
    with open(file, "rb") as opened:
        text = opened.read() + b"\n"
    try:
        return b"".join([der for der in _certificates(text) if _is_amazon(der)])
    except ValueError:
        return b""


def _is_amazon(der: bytes) -> bool:
    """Tell if it is one of Amazon's roots. Most others are told by their names, since a hash takes longer."""
    return any(name in der for name in _AMAZON_NAMES) and sha256(der).digest() in AMAZON_ROOTS


def _certificates(text: bytes) -> Iterator[bytes]:
    """Yield each certificate of a PEM text, as DER. `ValueError` for anything else but comments between them."""
    before, *blocks = text.split(_BEGIN)
    for block in blocks:
        body, end, comment = block.partition(_END)
        if not (end and body.startswith(_KIND) and (not before or before.endswith(b"\n"))):
            raise ValueError("not plain PEM")
        der = a2b_base64(body[len(_KIND) :].replace(b"\n", b""), strict_mode=True)
        # A certificate is one SEQUENCE, in practice of 256 to 65535 bytes.
        if der[:2] != _SEQUENCE or int.from_bytes(der[2:4], "big") != len(der) - 4:
            raise ValueError("not one certificate")
        yield der
        before = comment or b"\n"
