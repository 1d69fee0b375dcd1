"""Reading of raw replies into results.

Nearly every failure has the status 400, so the exception's name decides. It is in a header or in the body, under
several names and sometimes decorated. Whatever the reply holds, reading it returns a result and never raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from ..call import Call, Reply, ServiceReply
from ..result import Ok, Result
from .dates import date_of

# These operations return no member. So their reply may be empty, as the service's reference says of RevokeToken.
_WITHOUT_OUTPUT: Final = frozenset(
    """
    ChangePassword CompleteWebAuthnRegistration ConfirmForgotPassword DeleteUser DeleteUserAttributes
    DeleteWebAuthnCredential ForgetDevice GlobalSignOut RevokeToken RevokeUserSession SetUserMFAPreference
    SetUserSettings UpdateAuthEventFeedback UpdateDeviceStatus VerifyUserAttribute
    """.split()
)
_LONGEST_NAME: Final = 100


def read(call: Call, reply: Reply, clock: Callable[[], float] | None = None) -> Result[ServiceReply]:
    """Return the service's reply, or the failure.

    clock: seconds since the epoch, for a `Retry-After` with a time, if the reply has no `Date`.
    """
    body = _json(reply.body)
    code, request_id = _code(reply, body), _request_id(reply)
    if reply.status == 200 and code is None:
        if body is None and not reply.body and call.operation in _WITHOUT_OUTPUT:
            body = {}
        if body is not None:
            return Ok(ServiceReply(call.operation, body, reply.status, request_id, date_of(reply.headers.get("date"))))
    from .failure import read_failure  # here: a sign-in that succeeds does not need it

    return read_failure(call, reply, body, code, request_id, clock)


def _json(body: bytes) -> Mapping[str, object] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _code(reply: Reply, body: Mapping[str, object] | None) -> str | None:
    """Return the exception's bare name, such as CodeMismatchException."""
    found: list[object] = [reply.headers.get("x-amzn-errortype")]
    if body is not None:
        output = body.get("Output")
        found += [body.get("__type"), output.get("__type") if isinstance(output, dict) else None]
        found += [body.get("code")] if reply.status != 200 else []
    return next((name for text in found if isinstance(text, str) and (name := _bare(text))), None)


def _bare(text: str) -> str:
    """Return the name in "namespace#Name:http://...", or "". It is shown and logged, so it must be plain."""
    name = text.partition(":")[0].partition(",")[0].rpartition("#")[2].strip()
    return name if len(name) <= _LONGEST_NAME and name.isascii() and name.replace("_", "a").isalnum() else ""


def _request_id(reply: Reply) -> str | None:
    text = reply.headers.get("x-amzn-requestid", "")
    plain = text.isascii() and text.replace("-", "a").isalnum() and len(text) <= _LONGEST_NAME
    return text if plain else None
