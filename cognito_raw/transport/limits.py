"""Limits of every transport: response size, time-outs, idle connections, error texts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, TypeVar

from ..call import Request
from ..concurrency.locks import is_from_signal

M = TypeVar("M")

# The service's largest responses hold some tokens, and come nowhere near it.
MAX_BODY: Final = 1024 * 1024
# Seconds until an idle connection is stale. A suspended function resumes with connections that are long dead.
MAX_IDLE: Final = 4.0
# Seconds between looks at idle connections that nobody asks for.
REAP_INTERVAL: Final = 1.0
# Connections to one address that calls use at the same time.
MAX_CONNECTIONS: Final = 100
# Seconds between looks at the wall clock during a request. The monotonic clock may stop while a process is suspended.
POLL_INTERVAL: Final = 0.5
# Seconds past the deadline, by the wall clock, that count as a suspension: clocks are also set.
CLOCK_TOLERANCE: Final = 60.0
# The longest time-out in seconds: sockets and threads raise for waits of centuries.
MAX_TIMEOUT: Final = 86400.0

# Interim responses (1xx) before one response; servers send one or two. The bytes of their headers in sum, and of those
# of the response itself: h11 allows 100 KiB for each.
MAX_INTERIM: Final = 20
MAX_HEAD: Final = 128 * 1024

TIMED_OUT: Final = "the deadline passed"
NONE_FREE: Final = "no connection became free before the deadline"
TOO_MANY_INTERIM: Final = "too many interim responses"
TOO_LONG_HEAD: Final = "the headers are too long"
# Some errors quote whole headers.
_MAX_ERROR_TEXT: Final = 200
# Packages whose exceptions tell of the network, beside the standard library.
_NETWORK: Final = frozenset("anyio cognito_raw h11 httpcore httpcore2 httpx httpx2 idna socksio".split())


class SettingsError(ValueError):
    """The proxy or certificate settings of the environment cannot be used. Names the variable, and shows no secret."""


class MalformedResponse(Exception):
    """A response is not HTTP/1.1, or is ambiguous."""


def settings_error(kind: str, fault: object) -> SettingsError:
    """Return the error for proxy or certificate settings that cannot be used."""
    return SettingsError(f"the {kind} settings of this environment cannot be used: {fault}")


def timeout_of(request: Request) -> float:
    """Return the seconds that the whole request may take."""
    return min(request.timeout, MAX_TIMEOUT)


def from_environment(make: Callable[[], M]) -> M:
    """Call `make`; turn errors of the environment's settings into `SettingsError`."""
    try:
        return make()
    except SettingsError:
        raise
    except (ImportError, OSError, ValueError) as error:
        if is_from_signal(error):
            raise
        fault = str(error)
    raise settings_error("proxy or certificate", fault)


def is_of_program(error: BaseException) -> bool:
    """Return whether an exception is the program's own, as a signal handler raises it, and none of the network's."""
    if is_from_signal(error):
        return True
    package = type(error).__module__.partition(".")[0]
    return not (package in _NETWORK or package in sys.stdlib_module_names)


def error_text(error: Exception, words: str | None = None) -> str:
    """Return the start of an exception's text, or of these words for it. They may quote hosts, and nothing sent."""
    return f"{type(error).__name__}: {error if words is None else words}"[:_MAX_ERROR_TEXT]
