"""Base64url in its one canonical form (RFC 7515, section 2): no padding, no white space, no bits left over.

Decoders that are lenient here let one signature be written in many ways.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from typing import Final

# The other alphabet and the padding become something that is in neither.
_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
# By the characters in the last group: what completes it, and which last characters leave no bits over.
_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


def octets(text: bytes) -> bytes | None:
    """The bytes that the text stands for; None for a text that is empty, or not the canonical one."""
    rest = len(text) & 3
    if not text or rest == 1 or (rest and text[-1] not in _LAST[rest]):
        return None
    try:
        return a2b_base64(text.translate(_STANDARD) + _PADDING[rest], strict_mode=True)
    except Error:
        return None
