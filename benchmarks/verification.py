"""The library's own verifier, as far as the installed version has one: `verifier` gives what checks an access token.

This file is the middle of a program that is measured.
"""

from collections.abc import Callable
from typing import Any

import cognito_raw
from cognito_raw import Config


def verifier(issuer: str, client_id: str, keys: Any) -> Callable[[str], object]:
    """A function that gives the claims of an access token, or raises; `ImportError` where there is no verifier yet."""
    made = getattr(cognito_raw, "TokenVerifier", None)
    if made is None:
        raise ImportError("this version of cognito_raw has no TokenVerifier")
    ready = made(Config(issuer, client_id), token_use="access", keys=keys)  # noqa: S106  # no password
    return lambda token: ready.verify(token).unwrap()
