"""What goes over the wire, before anything is read into it: a call, the request it becomes, the raw reply.

The service speaks JSON 1.1: a POST whose `X-Amz-Target` names the operation, unsigned for all that is asked here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .models.frozen import field, frozen

_TARGET: Final = "AWSCognitoIdentityProviderService"


@frozen
class Call:
    """One operation of the service with its parameters, both in the service's own words."""

    operation: str
    parameters: Mapping[str, object] = field(repr=False)

    def __post_init__(self) -> None:
        if not (self.operation.isascii() and self.operation.isalnum()):
            raise ValueError(f"operation {self.operation!r}: must be a name such as InitiateAuth")


@frozen
class Request:
    """One request as a transport sends it; `timeout` is the seconds left for the whole of it, reply included.

    method: POST for every call; GET, with an empty body, for what is public, such as a pool's key set.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    timeout: float
    method: str = "POST"


@frozen
class Reply:
    """What came back, unread: the status, the headers under lower-case names, and the body as bytes."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen
class ServiceReply:
    """What the service answered to a call that it accepted.

    body: the JSON object of the reply; request_id: the service's id of the call.
    date: the service's clock when it answered, in seconds since the epoch, if the reply says it.
    """

    operation: str
    body: Mapping[str, Any] = field(repr=False)
    status: int = 200
    request_id: str | None = None
    date: float | None = None


def render(call: Call, endpoint: str, timeout: float) -> Request:
    """The request that carries the call to the endpoint; `ValueError` if a parameter cannot be written as JSON."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{_TARGET}.{call.operation}",
        # A compressed reply could grow without bound while it is read, so none is asked for.
        "Accept-Encoding": "identity",
        "Cache-Control": "no-store",
        "User-Agent": "cognito_raw",
    }
    return Request(f"{endpoint}/", headers, _body(call), timeout)


def render_get(url: str, timeout: float) -> Request:
    """The request for a public document as it is now."""
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
        fault = "a text holds half of a surrogate pair, which UTF-8 cannot carry"
    except (TypeError, ValueError, RecursionError) as error:
        fault = f"the parameters are not JSON: {error}"
    # Out here, since an error raised in a handler keeps the first one, which carries the whole body.
    raise ValueError(f"{call.operation}: {fault}")
