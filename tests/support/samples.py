"""Values that several test modules build upon: the error replies of fixtures/, and tokens made of given claims."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, NotRequired, TypedDict, cast

from cognito_raw.call import Reply
from cognito_raw.reasons import Reason
from tests.support.paths import FIXTURES

POOL: Final = "eu-west-1_AbCdEf123"
ISS: Final = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
CLIENT: Final = "o2ubh2gb4qbt440jd3543dv8g"


class Recorded(TypedDict):
    """One entry of fixtures/errors.json: what some server answers, and where that is known from.

    reason: where the name is none of the service's own exceptions, what the reply must be read as.
    trigger, said: of a message that carries a Lambda trigger's words, the trigger's name and those words.
    """

    operation: str | None
    type: str | None
    message: str | None
    reason: NotRequired[Reason]
    trigger: NotRequired[str | None]
    said: NotRequired[str]
    status: int | None
    headers: dict[str, str]
    where: str
    confidence: str
    body: NotRequired[str]


def load(name: str) -> Any:
    """The JSON of a fixture."""
    return json.loads((FIXTURES / name).read_bytes())


ERRORS: Final = cast("list[Recorded]", load("errors.json"))


def title(entry: Recorded) -> str:
    """A readable id for an entry."""
    return f"{entry['status']}-{entry['type']}-{(entry['message'] or 'without message')[:60]}"


def reply_of(entry: Recorded) -> Reply:
    """The reply that the entry tells of; where only name and message are known, in the documented compact form."""
    body = entry.get("body")
    if body is None and entry["type"] is not None:
        told = {"__type": entry["type"], "message": entry["message"]}
        body = json.dumps({key: value for key, value in told.items() if value is not None}, separators=(",", ":"))
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    return Reply(entry["status"] or 400, headers, (body or "").encode())


def jwt(payload: object, *, raw: bytes | None = None) -> str:
    """A token with this payload, or with these raw bytes in its place, and a signature that is none."""
    parts = (b'{"alg":"RS256"}', json.dumps(payload).encode() if raw is None else raw, b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
