"""Reading of raw replies into results.

Nearly every failure has the status 400, so the exception's name decides. It is in a header or in the body, under
several names and sometimes decorated. The status decides only if there is no name. Whatever the reply holds, reading it
returns a result and never raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from .call import Call, Reply, ServiceReply
from .reasons import VAGUE, Reason, classify, classify_status, split_trigger
from .result import Err, Ok, Result, Sent

# These operations return no member. So their reply may be empty, as the service's reference says of RevokeToken.
_WITHOUT_OUTPUT: Final = frozenset(
    """
    ChangePassword CompleteWebAuthnRegistration ConfirmForgotPassword DeleteUser DeleteUserAttributes
    DeleteWebAuthnCredential ForgetDevice GlobalSignOut RevokeToken RevokeUserSession SetUserMFAPreference
    SetUserSettings UpdateAuthEventFeedback UpdateDeviceStatus VerifyUserAttribute
    """.split()
)
_LONGEST_NAME: Final = 100
# Parts of the names and messages with which servers say that they lack an operation, and names for one.
_LACKING: Final = (
    "unknown unsupported notsupported notimplemented beenimplemented notfound notavailable unrecognized".split()
)
_OPERATION: Final = "operation action api method target command feature".split()
# moto's server answers with one page for an operation that it lacks and for a fault. These operations have another way.
_LACKED: Final = ("GetTokensFromRefreshToken", "RevokeToken", "GlobalSignOut")
# Digits of seconds, which are centuries then.
_LONGEST_NUMBER: Final = 12


def read(call: Call, reply: Reply, clock: Callable[[], float] | None = None) -> Result[ServiceReply]:
    """Return the service's reply, or the failure.

    clock: seconds since the epoch, for a `Retry-After` with a time, if the reply has no `Date`.
    """
    body = _json(reply.body)
    code = _code(reply, body)
    request_id = _request_id(reply)
    if reply.status == 200 and code is None:
        if body is None and not reply.body and call.operation in _WITHOUT_OUTPUT:
            body = {}
        if body is not None:
            return Ok(ServiceReply(call.operation, body, reply.status, request_id, _date(reply.headers.get("date"))))
    said = _message(reply, body)
    trigger, message = split_trigger(code, said)
    reason = _reason(call, reply, code, said)
    sent: Sent = "maybe" if reason == "malformed-reply" else "yes"
    wait = _retry_after(reply.headers, clock)
    return Err(
        reason, message, code, call.operation, reply.status, request_id, sent=sent, trigger=trigger, retry_after=wait
    )


def _reason(call: Call, reply: Reply, code: str | None, said: str | None) -> Reason:
    by_status = classify_status(reply.status, reply.headers)
    reason = by_status if code is None else classify(code, said)
    if reason == "unknown-error" and (reply.status in (408, 429) or reply.status >= 500):
        reason = by_status  # the name is perhaps a proxy's
    if reply.status == 501 or (reason == "request-blocked" and by_status == "captcha-required"):
        reason = by_status  # it says more than the name
    is_moto = code is None and reply.status == 500 and reply.headers.get("server", "").startswith("Werkzeug")
    if reason in VAGUE and (_lacks(call.operation, code or "", said or "") or (is_moto and call.operation in _LACKED)):
        return "request-not-understood"
    return "device-not-found" if reason in VAGUE and _is_of_device(call, reason, f"{code} {said}") else reason


def _lacks(operation: str, code: str, said: str) -> bool:
    """Tell if the server says that it does not have the operation, by the exception's name or in the message."""
    name, words = code.lower().removesuffix("exception").removesuffix("error"), said.lower()
    subject = next((name.replace(word, "") for word in _LACKING if word in name), None)
    if subject in _OPERATION or (subject == "" and "notfound" not in name):
        return True
    is_named = operation.lower() in words.replace("_", "")
    return is_named and any(word in words.replace(" ", "") for word in _LACKING)


def _is_of_device(call: Call, reason: Reason, said: str) -> bool:
    """Tell if the service has forgotten the device that the call names. Not all its words for that are known."""
    found = (call.parameters.get(name) for name in ("AuthParameters", "ChallengeResponses"))
    names_device = "DeviceKey" in call.parameters or any(
        "DEVICE_KEY" in one for one in found if isinstance(one, Mapping)
    )
    is_about = "device" in said.lower() and "Device" not in call.operation and reason != "service-unavailable"
    return names_device and (is_about or reason == "resource-not-found")


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


def _message(reply: Reply, body: Mapping[str, object] | None) -> str | None:
    found: list[object] = [body.get("message"), body.get("Message")] if body is not None else []
    found.append(reply.headers.get("x-amzn-errormessage"))
    return next((_printable(text) for text in found if isinstance(text, str)), None)


def _printable(text: str) -> str:
    """Replace the halves of surrogate pairs that JSON may hold and no terminal can print."""
    return text.encode("utf-8", "replace").decode()


def _retry_after(headers: Mapping[str, str], clock: Callable[[], float] | None) -> float | None:
    """Return the seconds from now to the time of the header (RFC 9110, section 10.2.3)."""
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header[:_LONGEST_NUMBER])
    then = _date(header) if header else None
    if then is None:
        return None
    now = _date(headers.get("date"))
    if now is None:
        now = then if clock is None else clock()
    return max(0.0, then - now)


def _date(header: str | None) -> float | None:
    """Return the seconds since the epoch of a Date header, or None. Some platforms know no time before the epoch."""
    if header is None:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime  # here: only a sign-in needs the service's clock

    try:
        when = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP has no other zone. Without a zone, Python would use the local one.
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds >= 0 else None
