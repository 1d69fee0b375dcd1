"""Reading of replies that are failures: the reason, the message, and the time to wait.

The status decides only if the reply has no exception's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..call import Call, Reply
from ..reasons import VAGUE, Reason, classify, classify_status, split_trigger
from ..result import Err, Sent
from .dates import date_of

# Parts of the names and messages with which servers say that they lack an operation, and names for one.
_LACKING: Final = (
    "unknown unsupported notsupported notimplemented beenimplemented notfound notavailable unrecognized".split()
)
_OPERATION: Final = "operation action api method target command feature".split()
# moto's server answers with one page for an operation that it lacks and for a fault. These operations have another way.
_LACKED: Final = ("GetTokensFromRefreshToken", "RevokeToken", "GlobalSignOut")
# Digits of seconds, which are centuries then.
_LONGEST_NUMBER: Final = 12


def read_failure(
    call: Call,
    reply: Reply,
    body: Mapping[str, object] | None,
    code: str | None,
    request_id: str | None,
    clock: Callable[[], float] | None,
) -> Err:
    """Return the failure of a reply, of which these parts have been read. None stands for a part that is missing."""
    said = _message(reply, body)
    trigger, message = split_trigger(code, said)
    reason = _reason(call, reply, code, said)
    sent: Sent = "maybe" if reason == "malformed-reply" else "yes"
    return Err(
        reason,
        message,
        code,
        call.operation,
        reply.status,
        request_id,
        sent=sent,
        trigger=trigger,
        retry_after=_retry_after(reply.headers, clock),
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


def _message(reply: Reply, body: Mapping[str, object] | None) -> str | None:
    found: list[object] = [body.get("message"), body.get("Message")] if body is not None else []
    found.append(reply.headers.get("x-amzn-errormessage"))
    # JSON may hold halves of surrogate pairs, which no terminal can print.
    return next((text.encode("utf-8", "replace").decode() for text in found if isinstance(text, str)), None)


def _retry_after(headers: Mapping[str, str], clock: Callable[[], float] | None) -> float | None:
    """Return the seconds from now to the time of the header (RFC 9110, section 10.2.3)."""
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header[:_LONGEST_NUMBER])
    then = date_of(header) if header else None
    if then is None:
        return None
    now = date_of(headers.get("date"))
    if now is None:
        now = then if clock is None else clock()
    return max(0.0, then - now)
