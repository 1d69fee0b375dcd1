"""`Ok` and `Err`: what every method gives."""

from __future__ import annotations

import copy
import operator
import pickle
import traceback
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any, Final, get_args

import pytest

from cognito_raw import Challenge, CognitoError, Delivery, Err, Kind, Ok, Reason, Result

ERR: Final = Err(
    "code-mismatch",
    "the code hunter2 is wrong",
    "CodeMismatchException",
    "ConfirmSignUp",
    400,
    "id-1",
    sent="yes",
)


def told(result: Result[int]) -> str:
    """What a caller's match statement makes of a result."""
    match result:
        case Ok(value):
            return f"value {value}"
        case Err("code-mismatch"):
            return "wrong code"
        case Err(reason):
            return f"other {reason}"


@pytest.mark.parametrize(
    ("result", "words"), [(Ok(5), "value 5"), (ERR, "wrong code"), (Err("timed-out"), "other timed-out")]
)
def test_results_match_on_their_first_position(result: Result[int], words: str) -> None:
    """`case Ok(value)` and `case Err("reason")` are all that a caller needs."""
    assert told(result) == words


def test_an_error_matches_by_name_too() -> None:
    """Whatever else an error carries can be matched by its name."""
    match ERR:
        case Err("code-mismatch", code=code, operation=operation, status=status, sent="yes"):
            assert (code, operation, status) == ("CodeMismatchException", "ConfirmSignUp", 400)
        case _:
            pytest.fail("the pattern did not match")


def test_an_error_has_the_kind_of_its_reason() -> None:
    """A program that knows the eight kinds need not know a hundred reasons."""
    kinds = {Err(reason).kind for reason in get_args(Reason)}
    assert kinds == set(get_args(Kind))
    assert (ERR.kind, Err("timed-out").kind, Err("no-session").kind) == ("input", "temporary", "signed-out")


@pytest.mark.parametrize(("err", "words"), [(ERR, "type again"), (Err("timed-out"), "later"), (Err("no-session"), "?")])
def test_an_error_matches_by_its_kind(err: Err, words: str) -> None:
    """`case Err(kind="input")` is all that a caller needs."""
    match err:
        case Err(kind="input"):
            told = "type again"
        case Err("timed-out", kind="temporary"):
            told = "later"
        case _:
            told = "?"
    assert told == words


@pytest.mark.parametrize("result", [Ok(5), Ok(False), ERR], ids=["success", "false value", "failure"])
@pytest.mark.parametrize("ask", [bool, operator.not_, lambda result: result or 5, lambda result: any([result])])
def test_a_result_has_no_truth_value(result: object, ask: Callable[[object], object]) -> None:
    """A failure that counted as true would let everybody in; the error says what to do."""
    with pytest.raises(TypeError, match=r"use isinstance\(result, Err\), or match"):
        ask(result)


def test_unwrapping_a_success_gives_its_value() -> None:
    """`unwrap` is for scripts that want a value or a traceback."""
    assert Ok(5).unwrap() == 5
    assert Ok(None).unwrap() is None


def test_unwrapping_a_failure_raises_an_error_that_holds_it() -> None:
    """`CognitoError.err` is the failure itself, with all that the service said."""
    with pytest.raises(CognitoError) as caught:
        ERR.unwrap()
    assert caught.value.err is ERR


SHOWN: Final[dict[Err, str]] = {
    ERR: "code-mismatch (kind input; CodeMismatchException to ConfirmSignUp): the code hunter2 is wrong",
    replace(ERR, reason="lambda-refused", code="UserLambdaValidationException", trigger="PreSignUp"): (
        "lambda-refused (kind input; UserLambdaValidationException to ConfirmSignUp, trigger PreSignUp): "
        "the code hunter2 is wrong"
    ),
    Err("timed-out", operation="GetUser"): "timed-out (kind temporary; no answer to GetUser)",
    Err("no-session"): "no-session (kind signed-out)",
    Err("service-unavailable", status=502, operation="GetUser"): (
        "service-unavailable (kind temporary; HTTP 502 to GetUser)"
    ),
    Err("lambda-refused", "no\n\x1b[31m\r\ud800\u2028 Ü'"): (
        "lambda-refused (kind input): no\\n\\x1b[31m\\r\\ud800\\u2028 Ü'"
    ),
    Err("user-not-found", "x" * 300): f"user-not-found (kind account): {'x' * 300}",
}


@pytest.mark.parametrize(("err", "text"), SHOWN.items(), ids=lambda value: getattr(value, "reason", ""))
def test_the_error_says_what_failed(err: Err, text: str) -> None:
    """A traceback names the reason, its kind, the exception and the operation, and has the message on one line."""
    error = CognitoError(err)
    assert str(error) == text
    assert text in "".join(traceback.format_exception(error))
    assert "hunter2" not in repr(error)


def test_the_text_of_an_error_has_an_end() -> None:
    """However much the service says, and however it must be written."""
    for message in ("x" * 301, "\n" * 1000, "\U0010ffff" * 50):
        text = str(CognitoError(Err("lambda-refused", message)))
        assert len(text) == len("lambda-refused (kind input): ") + 300 + len("...")
        assert text.isprintable()
        assert text.endswith("...")


@pytest.mark.parametrize(
    "as_dataclass", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))], ids=["copy", "pickle"]
)
def test_results_and_errors_survive_copying_and_pickling(as_dataclass: Any) -> None:
    """They may go to another thread or process and come back whole."""
    assert [as_dataclass(Ok(5)), as_dataclass(ERR)] == [Ok(5), ERR]
    assert as_dataclass(CognitoError(ERR)).err == ERR
    assert str(as_dataclass(CognitoError(ERR))) == str(CognitoError(ERR))


def test_callbacks_are_called_with_the_value_or_the_reason() -> None:
    """`on` calls the one that applies, once, and returns the very result."""
    calls: list[object] = []
    success, failure = Ok(5), ERR
    assert success.on(success=calls.append, failure=lambda _: calls.append("no")) is success
    assert failure.on(success=lambda _: calls.append("no"), failure=calls.append) is failure
    assert calls == [5, "code-mismatch"]


def test_either_callback_may_be_left_out() -> None:
    """`on` without the callback that applies does nothing."""
    calls: list[object] = []
    assert Ok(5).on() == Ok(5).on(failure=calls.append) == Ok(5)
    assert ERR.on() == ERR.on(success=calls.append) == ERR
    assert calls == []


def test_an_exception_of_a_callback_is_the_callers_own() -> None:
    """What a callback raises goes through `on` to whoever passed it."""

    def fail(_: object) -> None:
        raise KeyError("mine")

    for result in (Ok(5), ERR):
        with pytest.raises(KeyError):
            result.on(success=fail, failure=fail)


@dataclass(frozen=True)
class _Open:
    """A value of the caller's own flow."""

    shown: str


REPRS: Final[dict[str, tuple[Ok[Any], str]]] = {
    "nothing": (Ok(None), "Ok(None)"),
    "a value of ours": (Ok(Delivery("b***@e***", "EMAIL", "email")), f"Ok({Delivery('b***@e***', 'EMAIL', 'email')})"),
    "a value of the caller": (Ok(_Open("x")), "Ok(_Open(shown='x'))"),
    "a success within": (Ok(Ok("hunter2")), "Ok(Ok(<str>))"),
    "a text": (Ok("hunter2"), "Ok(<str>)"),
    "an empty text": (Ok(""), "Ok(<str>)"),
    "bytes": (Ok(b"hunter2"), "Ok(<bytes>)"),
    "a dict": (Ok({"AccessToken": "hunter2"}), "Ok(<dict>)"),
    "a list": (Ok(["hunter2"]), "Ok(<list>)"),
    "a class": (Ok(_Open), "Ok(<type>)"),
}


@pytest.mark.parametrize(("result", "shown"), REPRS.values(), ids=REPRS.keys())
def test_the_repr_of_a_success_hides_what_may_be_a_token(result: Ok[Any], shown: str) -> None:
    """Values of a class of their own hide their secrets; of a text or a reply's body only the kind is shown."""
    assert repr(result) == shown.replace("_Open(shown", f"{_Open.__qualname__}(shown")


def test_the_repr_of_a_failure_hides_the_services_words() -> None:
    """Reason, exception, operation, status, request id and trigger are shown; the message and what waits are not."""
    err = replace(ERR, challenge=Challenge("SMS_MFA", "bob", "hunter2", {"a": "hunter2"}), trigger="PreSignUp")
    shown = repr(err)
    assert "hunter2" not in shown
    words = ("code-mismatch", "CodeMismatchException", "ConfirmSignUp", "400", "id-1", "PreSignUp")
    assert all(word in shown for word in words)


def test_equal_results_are_equal_and_hash_alike() -> None:
    """Results are values: equal if they hold the same."""
    assert Ok(5) == Ok(5) != Ok(6)
    assert ERR == replace(ERR) != replace(ERR, status=500)
    values: list[object] = [Ok(None), ERR, None]
    assert [values.index(value) for value in values] == [0, 1, 2]
    assert len({Ok(5), Ok(5), ERR, replace(ERR)}) == 2


@pytest.mark.parametrize(("result", "name"), [(Ok(5), "value"), (ERR, "reason")], ids=["success", "failure"])
def test_results_are_frozen(result: Any, name: str) -> None:
    """Nobody who is handed a result can change it."""
    with pytest.raises(FrozenInstanceError):
        setattr(result, name, None)
    with pytest.raises((AttributeError, TypeError)):
        result.more = 1


def test_the_parts_of_an_error_keep_their_places() -> None:
    """What was given by position yesterday means the same today: new parts come last."""
    assert Err.__match_args__ == (
        "reason",
        "message",
        "code",
        "operation",
        "status",
        "request_id",
        "challenge",
        "retryable",
        "sent",
        "trigger",
        "retry_after",
    )


def test_an_error_says_nothing_that_it_was_not_told() -> None:
    """A bare reason has no code, message, status, challenge, and claims that nothing was sent."""
    err = Err("no-session")
    rest = {field.name: getattr(err, field.name) for field in fields(err)}
    empty = dict.fromkeys(rest)
    reason: Reason = "no-session"
    assert rest == {**empty, "reason": reason, "retryable": False, "sent": "no"}
