"""What a Lambda trigger of the pool said: its own words, and its name beside them."""

from __future__ import annotations

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Call, Err, Reply
from cognito_raw.reply import read
from tests.support.cases import each_case
from tests.support.samples import ERRORS

REFUSED: Final = "UserLambdaValidationException"
UNEXPECTED: Final = "UnexpectedLambdaException"


def failed(status: int, body: object, headers: dict[str, str] | None = None) -> Err:
    """The failure that a reply with this JSON and these headers gives."""
    result = read(Call("SignUp", {}), Reply(status, headers or {}, json.dumps(body).encode()))
    assert isinstance(result, Err)
    return result


def test_each_form_of_a_triggers_words_is_recorded() -> None:
    """Both exceptions that carry a trigger's words, the words of no trigger, and those that end in a full stop."""
    recorded = [entry for entry in ERRORS if entry["confidence"] == "recorded-from-aws" and "said" in entry]
    assert {entry["type"] for entry in recorded} == {REFUSED, UNEXPECTED}
    assert {entry.get("trigger") is None for entry in recorded} == {True, False}
    assert {entry.get("said", "").endswith(".") for entry in recorded} == {True, False}


# Exception, message, the trigger's name, and what is left of the message.
TRIGGERED: Final[dict[str, tuple[str, str, str | None, str]]] = {
    "one word": (REFUSED, "PreSignUp failed with error No.", "PreSignUp", "No"),
    "without a full stop": (REFUSED, "PreSignUp failed with error No", "PreSignUp", "No"),
    "words that end in a full stop": (REFUSED, "PreSignUp failed with error No..", "PreSignUp", "No."),
    "an ellipsis": (REFUSED, "PreSignUp failed with error Wait....", "PreSignUp", "Wait..."),
    "several lines": (REFUSED, "CustomMessage failed with error a\nb\r\n\nc.", "CustomMessage", "a\nb\r\n\nc"),
    "a line break at the end": (REFUSED, "CustomMessage failed with error a.\n", "CustomMessage", "a.\n"),
    "JSON": (REFUSED, 'PreSignUp failed with error {"a": "b."}.', "PreSignUp", '{"a": "b."}'),
    "the form within the words": (
        REFUSED,
        "PreSignUp failed with error Job failed with error 5.",
        "PreSignUp",
        "Job failed with error 5",
    ),
    "no words": (REFUSED, "PreSignUp failed with error .", "PreSignUp", ""),
    "not even a full stop": (REFUSED, "PreSignUp failed with error ", "PreSignUp", ""),
    "words of spaces": (REFUSED, "PreSignUp failed with error   .", "PreSignUp", "  "),
    "a trigger of tomorrow": (REFUSED, "PreSomethingV2 failed with error No.", "PreSomethingV2", "No"),
    "another script": (
        REFUSED,
        "PreSignUp failed with error \u0417\u0430\u043d\u044f\u0442\u043e.",
        "PreSignUp",
        "\u0417\u0430\u043d\u044f\u0442\u043e",
    ),
    "no trigger": (REFUSED, "null failed with error No.", None, "No"),
    "one that failed": (UNEXPECTED, "UserMigration invocation failed due to error No.", "UserMigration", "No"),
    "one that is not there and failed": (UNEXPECTED, "null invocation failed due to error No.", None, "No"),
    "the other exception's form": (REFUSED, "PreSignUp invocation failed due to error No.", "PreSignUp", "No"),
    "the first exception's form": (UNEXPECTED, "PreSignUp failed with error No.", "PreSignUp", "No"),
    "another exception": ("NotAuthorizedException", "PreSignUp failed with error No.", "PreSignUp", "No"),
    "an unknown exception": ("SomeNewException", "PreSignUp failed with error No.", "PreSignUp", "No"),
    "a reply of the wrong form": (
        "InvalidLambdaResponseException",
        "PreSignUp failed with error No.",
        "PreSignUp",
        "No",
    ),
}
# What merely looks like it, and stays whole: exception, message.
UNTRIGGERED: Final[dict[str, tuple[str, str]]] = {
    "a sentence": (REFUSED, "Your sign-up failed with error 5."),
    "a small word": (REFUSED, "signup failed with error 5."),
    "no name": (REFUSED, " failed with error No."),
    "nothing in front": (REFUSED, "failed with error No."),
    "a secret": (REFUSED, "Hunter-2 failed with error No."),
    "a line in front": (REFUSED, "2026 ERROR root\nPreSignUp failed with error No."),
    "a name in another script": (REFUSED, "Pr\u0435SignUp failed with error No."),
    "a name without end": (REFUSED, "P" * 101 + " failed with error No."),
    "other words between": (REFUSED, "PreSignUp failed with errors."),
    "no words between": (REFUSED, "PreSignUp"),
    "words in other cases": (REFUSED, "PreSignUp Failed With Error No."),
    "nothing": (REFUSED, ""),
    "a full stop": (REFUSED, "."),
    "an emulator's own": (REFUSED, "Lambda threw an exception"),
    "a misconfiguration": (UNEXPECTED, "null invocation failed due to configuration."),
    "no trigger in another exception": ("NotAuthorizedException", "Operation failed with error No."),
}


@each_case(("code", "message", "trigger", "words"), TRIGGERED.values(), ids=TRIGGERED.keys())
def test_a_lambda_triggers_words_arrive_as_its_author_wrote_them(
    code: str, message: str, trigger: str | None, words: str
) -> None:
    """The name that the service puts in front stands in `trigger`, and the full stop that it adds is gone."""
    in_headers = failed(400, {}, {"x-amzn-errortype": f"{code}:", "x-amzn-errormessage": message})
    for err in (failed(400, {"__type": code, "message": message}), in_headers):
        assert (err.trigger, err.message, err.code) == (trigger, words, code)


@pytest.mark.parametrize(("code", "message"), UNTRIGGERED.values(), ids=UNTRIGGERED.keys())
def test_what_merely_looks_like_a_triggers_words_stays_whole(code: str, message: str) -> None:
    """Nothing is taken from a message that the service does not introduce so, and nothing is shown as a name."""
    err = failed(400, {"__type": code, "message": message})
    assert (err.trigger, err.message) == (None, message)


def test_a_failure_without_words_has_no_trigger() -> None:
    """The exception alone does not tell which trigger it was."""
    for body in ({"__type": REFUSED}, {"__type": UNEXPECTED, "message": None}, {"__type": REFUSED, "message": 5}):
        err = failed(400, body)
        assert (err.trigger, err.message) == (None, None)


@given(st.sampled_from([REFUSED, UNEXPECTED]), st.text(), st.sampled_from(["PreSignUp", "null"]))
def test_whatever_the_author_wrote_comes_out_again(code: str, words: str, name: str) -> None:
    """Any text of a trigger comes out as it went in, once its halves of surrogate pairs are made printable."""
    between = "failed with error" if code == REFUSED else "invocation failed due to error"
    err = failed(400, {"__type": code, "message": f"{name} {between} {words}."})
    assert (err.message, err.trigger) == (words, None if name == "null" else name)


WORDS: Final = [
    "Email not verified.",
    "Sign-in from this country is disabled.",
    "Trial quota exceeded, contact sales.",
    "Refresh Token policy: use SSO.",
    "Incorrect username or password.",
    "The USERNAME and the password are too short.",
    "Unknown operation SignUp",
    "Device does not exist.",
]


@each_case(
    "code",
    ["NotAuthorizedException", "InvalidParameterException", "ResourceNotFoundException", "LimitExceededException", "X"],
)
@each_case("words", WORDS)
def test_a_triggers_words_are_not_mistaken_for_the_services(code: str, words: str) -> None:
    """In whatever exception they come, and whatever they say."""
    err = failed(400, {"__type": code, "message": f"PreAuthentication failed with error {words}"})
    assert (err.reason, err.trigger, err.message) == ("lambda-refused", "PreAuthentication", words.removesuffix("."))
    err = failed(400, {"__type": code, "message": f"PreAuthentication invocation failed due to error {words}"})
    assert (err.reason, err.trigger) == ("lambda-failed", "PreAuthentication")
    assert failed(400, {"__type": code, "message": f"null failed with error {words}"}).reason == "lambda-refused"


def test_the_triggers_own_exceptions_keep_their_reasons() -> None:
    """Their name says it."""
    for code, reason in (
        (REFUSED, "lambda-refused"),
        (UNEXPECTED, "lambda-failed"),
        ("InvalidLambdaResponseException", "lambda-reply-invalid"),
    ):
        for between in ("failed with error", "invocation failed due to error"):
            assert failed(400, {"__type": code, "message": f"PreSignUp {between} disabled."}).reason == reason
