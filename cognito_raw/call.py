"""The values on the wire: a call, the request made of it, and the raw reply.

The protocol is JSON 1.1: an unsigned POST whose `X-Amz-Target` names the operation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .models.frozen import field, frozen

_TARGET: Final = "AWSCognitoIdentityProviderService"


@frozen
class Call:
    """One operation of the service and its parameters, in the service's names."""

    operation: str
    parameters: Mapping[str, object] = field(repr=False)

    def __post_init__(self) -> None:
        if not (self.operation.isascii() and self.operation.isalnum()):
            raise ValueError(f"operation {self.operation!r}: must be a name such as InitiateAuth")


@frozen
class Request:
    """One HTTP request. `timeout` is in seconds, for the request and its reply.

    method: POST for a call. GET, with an empty body, for a public document, such as a pool's key set.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    timeout: float
    method: str = "POST"


@frozen
class Reply:
    """The raw reply: the status, the headers under lower-case names, and the body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen
class ServiceReply:
    """The service's reply to a call that it accepted.

    body: the JSON object of the reply. request_id: the service's id of the call.
    date: the service's clock when it replied, in seconds since the epoch, if the reply has it.
    """

    operation: str
    body: Mapping[str, Any] = field(repr=False)
    status: int = 200
    request_id: str | None = None
    date: float | None = None


def render(call: Call, endpoint: str, timeout: float) -> Request:
    """Return the request for a call. Parameters that JSON cannot hold are a `ValueError`."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{_TARGET}.{call.operation}",
        # A compressed reply could grow without limit while it is read.
        "Accept-Encoding": "identity",
        "Cache-Control": "no-store",
        "User-Agent": "cognito_raw",
    }
    return Request(f"{endpoint}/", headers, _body(call), timeout)


def render_get(url: str, timeout: float) -> Request:
    """Return the request for the current version of a public document."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # as above
        "Cache-Control": "no-cache",
        "User-Agent": "cognito_raw",
    }
    return Request(url, headers, b"", timeout, "GET")


def _body(call: Call) -> bytes:
    try:
        text = json.dumps(dict(call.parameters), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:
        fault = "a string holds half of a surrogate pair, which UTF-8 cannot carry"
    except (TypeError, ValueError, RecursionError) as error:
        fault = f"the parameters are not JSON: {error}"
    # Raised outside the handlers: inside, it would keep the first error, which holds the whole body.
    raise ValueError(f"{call.operation}: {fault}")
