"""The documented exchanges of fixtures/, as lines of a conversation."""

from __future__ import annotations

import json
from typing import Any, Final

from cognito_raw import Config, Ok, Reply
from tests.support.conversation import Clock, Exchange
from tests.support.samples import load

# The pool and the app client that the documentation's samples name.
POOL: Final = Config(
    "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_aaaaaaaaa", "1example23456789", monotonic=Clock(0.0)
)
TOKEN: Final = "eyJra456defEXAMPLE"
_ENTRIES: Final[list[dict[str, Any]]] = load("exchanges.json")


def documented(operation: str, number: int = 0) -> Exchange:
    """The successful exchange of this operation, or the one of this number where there are several."""
    found = [entry for entry in _ENTRIES if entry["operation"] == operation and entry["status"] == 200]
    entry = found[number]
    body = b"" if entry["response"] is None else json.dumps(entry["response"]).encode()
    return Exchange(operation, entry["request"], Ok(Reply(200, {}, body)))
