"""The codes of an authenticator app (RFC 6238), for programs that have no phone at hand."""

from __future__ import annotations

import base64
import hmac
import struct
import time


def totp(secret: str, at: float | None = None) -> str:
    """Return the code of six digits that an app shows at a time, or now."""
    counter = int((time.time() if at is None else at) // 30)
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"
