"""The result of every method: `Ok` with a value, or `Err` with a reason. The caller's own mistakes raise instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, TypeAlias, TypeVar, final

from .models.frozen import Frozen, field
from .models.lazy import LateType

if TYPE_CHECKING:
    from .models.challenge import Challenge
    from .reasons import Kind, Reason
else:  # for tools that evaluate the annotations
    Kind = Reason = str
    Challenge = LateType(f"{__package__}.models.challenge", "Challenge")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Sent: TypeAlias = Literal["no", "maybe", "yes"]

_LONGEST_MESSAGE: Final = 300
_NO_TRUTH: Final = "Ok and Err have no truth value: use isinstance(result, Err), or match"


class CognitoError(Exception):
    """An `Err` that `unwrap` raised; `err` holds it.

    The text has the reason, the kind, the exception, the operation and the message, on one line. The message may quote
    the request: check it before you log it.
    """

    def __init__(self, err: Err) -> None:
        super().__init__(err)
        self.err = err

    def __str__(self) -> str:
        err = self.err
        answer = err.code or (f"HTTP {err.status}" if err.status else "no answer")
        trigger = f", trigger {err.trigger}" if err.trigger else ""
        where = f"; {answer} to {err.operation}{trigger}" if err.operation else ""
        return f"{err.reason} (kind {err.kind}{where}){f': {_on_one_line(err.message)}' if err.message else ''}"


def _on_one_line(message: str) -> str:
    """Escape unprintable characters, and shorten a message that is too long for a line of a log."""
    escaped = (letter if letter.isprintable() else ascii(letter)[1:-1] for letter in message[: _LONGEST_MESSAGE + 1])
    shown = "".join(escaped)
    return shown if len(shown) <= _LONGEST_MESSAGE else f"{shown[:_LONGEST_MESSAGE]}..."


@final
class Ok(Frozen, Generic[T_co]):
    """A success, with its `value`."""

    value: T_co

    def unwrap(self) -> T_co:
        """Return the value."""
        return self.value

    def __bool__(self) -> NoReturn:
        """Raise `TypeError`: use `isinstance` or `match`."""
        raise TypeError(_NO_TRUTH)

    def on(
        self,
        success: Callable[[T_co], object] | None = None,
        failure: Callable[[Reason], object] | None = None,  # noqa: ARG002  # the other class calls it
    ) -> Ok[T_co]:
        """Call `success` with the value, and return this result."""
        if success is not None:
            success(self.value)
        return self

    def __repr__(self) -> str:
        # Our own values hide their secrets; a string or a reply's body may itself be a secret.
        shown = self.value is None or hasattr(type(self.value), "__dataclass_fields__")
        return f"Ok({self.value!r})" if shown else f"Ok(<{type(self.value).__name__}>)"


@final
class Err(Frozen):
    """A failure, with its `reason` and `kind`.

    message, code, status, request_id: the service's message, exception name, HTTP status and id of the call, if known.
        The message may quote the request: check it before you log it.
    operation: the operation that failed, in the service's name.
    challenge: the challenge to answer, if the reason ends in `-challenge`. After a refused answer, the challenge to
        answer again, or None if only a new sign-in helps.
    sent: "no" if nothing of the call was sent, "yes" if it got a reply that makes sense, "maybe" otherwise.
    retryable: whether the very same call can be made again without harm, and may then succeed.
    trigger: the Lambda trigger that refused or failed, such as "PreSignUp", if the service names one. The message is
        then the trigger's own.
    retry_after: the seconds that the server asks to wait, if it names them.
    """

    reason: Reason
    message: str | None = field(default=None, repr=False)
    code: str | None = None
    operation: str | None = None
    status: int | None = None
    request_id: str | None = None
    challenge: Challenge | None = None
    retryable: bool = False
    sent: Sent = "no"
    trigger: str | None = None
    retry_after: float | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the reason: it tells a program what to do. docs/reasons.md has the reasons of each kind.

        "challenge": take the user to the next step. "input": show it to the user, who types something else. "account":
        start another procedure for this user, such as confirming the account. "signed-out": ask for a new sign-in.
        "temporary": try again later. "configuration": tell the operator. "token": refuse the request with the token.
        "unknown": log it.
        """
        from .reasons import kind_of  # here: only a failure has a reason

        return kind_of(self.reason)

    def unwrap(self) -> "NoReturn":  # noqa: UP037  # bare, pylint takes code after any `unwrap()` for unreachable
        """Raise `CognitoError`."""
        raise CognitoError(self)

    def __bool__(self) -> NoReturn:
        """Raise `TypeError`: a failure must never count as true."""
        raise TypeError(_NO_TRUTH)

    def on(
        self,
        success: Callable[[Any], object] | None = None,  # noqa: ARG002  # the other class calls it
        failure: Callable[[Reason], object] | None = None,
    ) -> Err:
        """Call `failure` with the reason, and return this result."""
        if failure is not None:
            failure(self.reason)
        return self


Result: TypeAlias = Ok[T] | Err
