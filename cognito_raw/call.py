"""The values on the wire: a call, the request made of it, and the raw reply.

The protocol is JSON 1.1: an unsigned POST whose `X-Amz-Target` names the operation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from .models.fields import CANNOT_BE_SENT, HALF_A_PAIR, InputRefused
from .models.frozen import Frozen, field

# The service's own parameters are nested four deep.
_DEEPEST: Final = 32
_TOO_DEEP: Final = f"the parameters are not JSON that an operation takes: they are nested more than {_DEEPEST} deep"
USER_AGENT: Final = "cognito_raw"
_TARGET: Final = "AWSCognitoIdentityProviderService"
_NONE: Final[Mapping[str, str]] = {}
# A compressed reply could grow without limit while it is read.
_COMMON: Final = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT}


class Call(Frozen):
    """One operation of the service and its parameters, in the service's names."""

    operation: str
    parameters: Mapping[str, object] = field(repr=False)

    def __post_init__(self) -> None:
        operation, parameters = cast("tuple[object, object]", (self.operation, self.parameters))
        if not (isinstance(operation, str) and operation.isascii() and operation.isalnum()):
            raise ValueError(f"operation {operation!r}: must be a name such as InitiateAuth")
        if not isinstance(parameters, Mapping):
            raise ValueError(f"{operation}: parameters must be a mapping, not {type(parameters).__name__}")


class Request(Frozen):
    """One HTTP request. `timeout` is in seconds, for the request and its reply.

    method: POST for a call. GET, with an empty body, for a public document, such as a pool's key set.
    background: whether it is a session's refresh. Refreshes use few connections, so that other calls need not wait.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout: float
    method: str = "POST"
    background: bool = False


class Reply(Frozen):
    """The raw reply: the status, the headers under lower-case names, and the body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class ServiceReply(Frozen):
    """The service's reply to a call that it accepted.

    body: the JSON object of the reply. request_id: the service's id of the call.
    date: the service's clock when it replied, in seconds since the epoch, if the reply has it.
    """

    operation: str
    body: Mapping[str, Any] = field(repr=False)
    status: int = 200
    request_id: str | None = None
    date: float | None = None


def render(
    call: Call, endpoint: str, timeout: float, own: Mapping[str, str] = _NONE, *, background: bool = False
) -> Request:
    """Return the request for a call, with these headers of one's own.

    Parameters that JSON cannot hold are a `ValueError`.
    """
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{_TARGET}.{call.operation}",
        "Cache-Control": "no-store",
        **_COMMON,
        **own,
    }
    return Request(f"{endpoint}/", headers, _body(call), timeout, background=background)


def render_get(url: str, timeout: float, own: Mapping[str, str] = _NONE) -> Request:
    """Return the request for the current version of a public document."""
    headers = {"Accept": "application/json", "Cache-Control": "no-cache", **_COMMON, **own}
    return Request(url, headers, b"", timeout, "GET")


def _body(call: Call) -> bytes:
    try:
        text = json.dumps(dict(call.parameters), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        body = text.encode()
        if is_shallow(call.parameters):
            return body
        fault: str | None = _TOO_DEEP
    except UnicodeEncodeError:
        fault = None
    except RecursionError:
        fault = _TOO_DEEP
    except (TypeError, ValueError) as error:
        fault = f"the parameters are not JSON: {error}"
    # Raised outside the handlers: inside, it would keep the first error, which holds the whole body.
    if fault is None:
        raise InputRefused(f"{call.operation}: a string {HALF_A_PAIR}", CANNOT_BE_SENT)
    raise ValueError(f"{call.operation}: {fault}")


def is_shallow(parameters: object) -> bool:
    """Tell if mappings and lists are nested no deeper than parameters may be. They are JSON, and so end."""
    level: list[Any] = [parameters]
    for _ in range(_DEEPEST + 1):
        if not level:
            return True
        found = (value.values() if isinstance(value, Mapping) else value for value in level)
        level = [inner for values in found for inner in values if isinstance(inner, (Mapping, list, tuple))]
    return False
