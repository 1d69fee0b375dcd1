"""The library's own verifier, if the installed version has one.

This file is a part of a measured program.
"""

from collections.abc import Callable
from typing import Any

import cognito_raw
from cognito_raw import Config


def verifier(issuer: str, client_id: str, keys: Any) -> Callable[[str], object]:
    """Return a function that verifies an access token. Raise `ImportError` if this version has no verifier."""
    made = getattr(cognito_raw, "TokenVerifier", None)
    if made is None:
        raise ImportError("this version of cognito_raw has no TokenVerifier")
    ready = made(Config(issuer, client_id), token_use="access", keys=keys)  # noqa: S106  # no password
    return lambda token: ready.verify(token).unwrap()
