"""Replies that are no good answer, as bytes: each is sent to every request, and the connection stays open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from tests.support.hostile import reply

OK: Final = b"HTTP/1.1 200 OK\r\n"
_PAGE: Final = b"<html><body>Something went wrong</body></html>"
_GZIP: Final = "Content-Encoding: gzip"
_ELSEWHERE: Final = "Location: http://127.0.0.1:1/"
# What AWS's services and emulators call throttling.
_THROTTLING: Final = ("TooManyRequestsException", "ThrottlingException", "RequestLimitExceeded", "SlowDown")
# What no member of a reply may be, or only some.
_VALUES: Final = ("null", "7", '"x"', "[null]", '{"": []}')


def _exception(code: object, message: object = "no", status: int = 400) -> bytes:
    return reply(json.dumps({"__type": code, "message": message}).encode(), status)


def _wrong_types(value: object) -> bytes:
    """The members of many replies, all of this value."""
    names = (
        "AuthenticationResult ChallengeName ChallengeParameters CodeDeliveryDetails CodeDeliveryDetailsList "
        "Credentials CredentialCreationOptions Device Devices SecretCode Session Sessions Status UserAttributes "
        "Username UserSub UserConfirmed UserConfirmationNecessary ConfiguredUserAuthFactors"
    )
    return reply(json.dumps(dict.fromkeys(names.split(), value)).encode())


JSON: Final[Mapping[str, bytes]] = {
    "null": b"null",
    "a list": b"[]",
    "a number beyond all": b"1e999",
    "a number of 9,999 digits": b'{"ExpiresIn": ' + b"9" * 9999 + b"}",
    "an open brace 100,000 times": b'{"a":' * 100_000,
    "two objects": b"{}{}",
    "cut off": b'{"AuthenticationResult": {"IdToken": "ey',
    "in UTF-16": '{"a": 1}'.encode("utf-16"),
    "with bytes that are no UTF-8": b'{"Session": "\xff\xfe"}',
    "with half a surrogate pair": b'{"Session": "\\ud800", "ChallengeName": "\\ud800"}',
    "zero bytes": bytes(1000),
}

REPLIES: Final[Mapping[str, bytes]] = {
    "an empty 200": reply(b""),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "an HTML page, 200": reply(_PAGE),
    **{
        f"an HTML page, {status}": reply(_PAGE, status) for status in (400, 401, 403, 404, 408, 429, 500, 502, 503, 504)
    },
    "503, again in an hour": reply(_PAGE, 503, "Retry-After: 3600"),
    "a firewall's challenge": reply(b"", 202, "x-amzn-waf-action: challenge"),
    **{f"a redirect, {status}": reply(b"", status, _ELSEWHERE) for status in (301, 302, 303, 307, 308)},
    **{f"throttling, {name}": _exception(name) for name in _THROTTLING},
    "throttling, 429 in JSON": _exception("TooManyRequestsException", status=429),
    "an internal error": _exception("InternalErrorException", status=500),
    "an unknown exception": _exception("NobodyKnowsException"),
    "an exception with a list for a name": _exception(["x"], {"a": 1}),
    "an exception with a message of 1 MB": _exception("NotAuthorizedException", "x" * 1_000_000),
    "compressed": reply(b"\x1f\x8b\x08\x00", 200, _GZIP),
    "compressed, says its header of JSON": reply(b"{}", 200, _GZIP),
    **{f"JSON: {name}": reply(body) for name, body in JSON.items()},
    **{f"members that are {value}": _wrong_types(json.loads(value)) for value in _VALUES},
}
