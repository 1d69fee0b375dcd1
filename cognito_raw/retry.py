"""Retries: after which failure, and after how long a pause.

`with_retries` turns a flow into steps: requests to send and pauses to make, within a deadline. One law: nothing is done
twice that is not safe to do twice. A call is repeated if nothing of it was sent, or if the service throttled it. A call
that only reads, or may be repeated, is also repeated after other failures. A call with a password, a code or a
challenge's answer is never sent twice. An exceeded quota is never retried. At most three requests of a method fail, and
`Retry-After` is honoured. Exceptions are distinguished by name, since nearly all of them have the status 400.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, TypeVar

from .call import Call, Reply, ServiceReply, render
from .config import Config
from .flow import Action, Driven, Limited, Pause, Steps, advance
from .models.fields import InputRefused
from .models.frozen import replace
from .reply import read
from .result import Err, Ok, Result, Sent

if TYPE_CHECKING:
    import logging

R = TypeVar("R")

# The requests of one method that may fail.
ATTEMPTS: Final = 3
_LOGGER: Final = "cognito_raw"
_DEBUG: Final = 10  # as in `logging`
_TOLD: Final = (
    "%(operation)s: %(duration).3f s, status %(status)s, reason %(reason)s, "
    "request id %(request_id)s, attempt %(attempt)d"
)
_NEVER: Final = float("inf")
# Seconds before the second attempt; doubled for the third. A throttled account needs seconds to recover, a lost
# connection does not. Both values are those of the AWS SDKs' standard mode.
_THROTTLED: Final = 1.0
_PASSING: Final = 0.05

_REPEATABLE: Final = frozenset(
    """
    GetDevice GetUser GetUserAuthFactors ListDevices ListUserSessions ListWebAuthnCredentials RevokeToken
    """.split()
)
# Other flows may send the user a code, or run the pool's triggers.
_REPEATABLE_AUTH: Final = ("USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
# Members, at any depth of a call, that work once or must not be guessed.
_ONCE: Final = frozenset(
    """
    ChallengeResponses Code ConfirmationCode Credential PASSWORD Password PreviousPassword ProposedPassword
    Session UserCode
    """.split()
)


class Budget:
    """The failed requests of one method: a few, however the service fails.

    failure: the last one. background: whether the requests are those of a refresh.
    """

    __slots__ = ("_failures", "_not_before", "background", "failure")

    def __init__(self, *, background: bool = False) -> None:
        self.background = background
        self.failure: Err | None = None
        self._failures = 0
        self._not_before = 0.0

    def note(self, failure: Err, now: float) -> None:
        """Count a failed request."""
        self.failure = failure
        self._failures += 1
        self._not_before = now + (failure.retry_after or 0.0)

    def add(self, other: Budget) -> None:
        """Count what failed elsewhere for the same method."""
        if other.failure is not None:
            self.failure = other.failure
        self._failures += other._failures
        self._not_before = max(self._not_before, other._not_before)

    @property
    def is_spent(self) -> bool:
        """Tell if no further request may be sent."""
        return self._failures >= ATTEMPTS

    def wait(self, now: float) -> float:
        """Return the seconds until another request may be sent: infinitely many if none may."""
        return _NEVER if self.is_spent else max(0.0, self._not_before - now)


def with_retries(
    flow: Driven[R], config: Config, deadline: float | None = None, budget: Budget | None = None
) -> Steps[R | Err]:
    """Return the steps that drive a flow to its end within `deadline` seconds, or the configuration's.

    budget: for all calls together. Without one, each call has its own. Input that cannot be sent is an `Err`.
    """
    ends = config.monotonic() + (config.deadline if deadline is None else deadline)
    with closing(flow):
        try:
            step = advance(flow)
            while isinstance(step, (Call, Limited, Pause, Action)):
                if isinstance(step, (Pause, Action)):
                    step = advance(flow, (yield step))
                else:
                    limited = step if isinstance(step, Limited) else Limited(step)
                    step = advance(flow, (yield from _exchange(limited, config, ends, budget or Budget())))
        except InputRefused as refused:
            return Err("input-refused", refused.sentence)
        return step


def _exchange(limited: Limited, config: Config, ends: float, budget: Budget) -> Steps[Result[ServiceReply]]:
    """Make one call, as often as is safe, useful and in time."""
    call, ends = limited.call, min(ends, limited.ends)
    sent: Sent = "no"
    pause = budget.wait(config.monotonic())
    failure = Err("timed-out", operation=call.operation, retryable=True)
    if pause and budget.failure is not None:  # after it nothing may be sent for a while, or at all
        failure = budget.failure
    attempt = 0
    while pause < ends - limited.reserve - config.monotonic():
        if pause:
            yield Pause(pause)
        left = ends - config.monotonic()
        if left <= limited.reserve:
            break
        began = config.monotonic()
        reply: object = yield render(call, config.endpoint, left, config.request_headers, background=budget.background)
        if not isinstance(reply, (Ok, Err)):
            raise TypeError(f"a transport must answer every request with Ok or Err, not {type(reply).__name__}")
        answer = _read(call, reply, config)
        attempt += 1
        _log(call, answer, attempt, config.monotonic() - began, config.endpoint)
        if isinstance(answer, Ok):
            return answer
        # If this attempt was not sent, an earlier one may have been.
        sent = answer.sent if answer.sent != "no" else failure.sent
        failure = replace(answer, operation=call.operation, retryable=is_safe(call, answer), sent=sent)
        budget.note(failure, config.monotonic())
        pause = _pause(call, failure, attempt - 1, config, budget)
    return failure


def _read(call: Call, reply: Result[Reply], config: Config) -> Result[ServiceReply]:
    return reply if isinstance(reply, Err) else read(call, reply.value, config.clock)


def _log(call: Call, answer: Result[ServiceReply], attempt: int, seconds: float, endpoint: str) -> None:
    """Log an attempt at DEBUG: what it was and how it went, and no value of it."""
    logger = _logger()
    if logger is None:
        return
    from urllib.parse import urlsplit  # here: an import of the library does not need it

    known = answer if isinstance(answer, Err) else answer.value
    reason = answer.reason if isinstance(answer, Err) else None
    told = {"operation": call.operation, "duration": seconds, "status": known.status, "reason": reason}
    told |= {"request_id": known.request_id, "attempt": attempt, "host": urlsplit(endpoint).hostname}
    with suppress(Exception):  # a handler that fails must not cost the answer
        logger.debug(_TOLD, told, extra=told)


def _logger() -> logging.Logger | None:
    """Return the logger if somebody listens.

    `getLogger` has a lock of the whole process, which an interruption may leave taken. It is not called before.
    """
    # The import would cost more than the rest of a call. Another thread may be in the midst of it.
    root: logging.Logger | None = getattr(sys.modules.get("logging"), "root", None)
    if root is None:
        return None
    named = root.manager.loggerDict.get(_LOGGER)
    level = getattr(named, "getEffectiveLevel", root.getEffectiveLevel)()
    return root.manager.getLogger(_LOGGER) if level <= _DEBUG else None


def is_safe(call: Call, failure: Err) -> bool:
    """Tell if the same call can be made again without harm, and may then succeed."""
    from .reasons import is_passing  # here: only a failure needs it

    if failure.reason == "throttled":
        return True
    if not is_passing(failure.reason, failure.message):
        return False
    return failure.sent == "no" or (_is_repeatable(call) and not _is_once(call.parameters))


def is_lost(failure: Err) -> bool:
    """Tell if the service may have acted in a reply that did not arrive."""
    return failure.sent == "maybe" or failure.reason == "service-unavailable"


def _is_repeatable(call: Call) -> bool:
    """Tell if repeating the call has no further effect."""
    if call.operation == "InitiateAuth":
        return call.parameters.get("AuthFlow") in _REPEATABLE_AUTH
    return call.operation in _REPEATABLE


def _pause(call: Call, failure: Err, attempt: int, config: Config, budget: Budget) -> float:
    """Return the seconds to wait before the next attempt: infinitely many if there must be none."""
    if not failure.retryable or (failure.sent != "no" and _is_once(call.parameters)):
        return _NEVER
    if failure.reason == "timed-out":
        return _NEVER  # no time is left
    base = _THROTTLED if failure.reason == "throttled" else _PASSING
    share = int.from_bytes(config.randomness(2), "big") / 0xFFFF
    return max(budget.wait(config.monotonic()), base * (1 << attempt) * (0.5 + share / 2))


def _is_once(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(name in _ONCE or _is_once(inner) for name, inner in value.items())
    return isinstance(value, (list, tuple)) and any(map(_is_once, value))
