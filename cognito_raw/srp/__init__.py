"""The Secure Remote Password protocol as Amazon Cognito speaks it. `exchange` has the arithmetic, step by step."""

from .exchange import (
    EXPONENT_BYTES,
    Ephemeral,
    N,
    UnsafeValue,
    g,
    k,
    number,
    pad,
    premaster,
    private_key,
    scramble,
    session_key,
    signature,
    timestamp,
    verifier,
)

__all__ = [
    "EXPONENT_BYTES",
    "Ephemeral",
    "N",
    "UnsafeValue",
    "g",
    "k",
    "number",
    "pad",
    "premaster",
    "private_key",
    "scramble",
    "session_key",
    "signature",
    "timestamp",
    "verifier",
]
