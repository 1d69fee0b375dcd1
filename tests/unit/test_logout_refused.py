"""A refused sign-out: which words end the session, and which leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from cognito_raw import Err, Ok, Reason, Reply, Result
from cognito_raw.reasons import ENDS_SESSION, EXCEPTIONS, SAYS_NOTHING_OF_TOKENS
from tests.support.cases import each_case
from tests.support.conversation import answered, configured, not_authorized, refused, signed_in
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode

WORDS = [
    # what is said of the tokens, of their user, or of revoking them at all
    ("RefreshTokenReuseException", ""),
    ("UnsupportedOperationException", ""),
    ("UnsupportedTokenTypeException", ""),
    ("UserNotFoundException", ""),
    *[(code, "") for code, reason in EXCEPTIONS.items() if reason == "request-not-understood"],
    *[
        ("NotAuthorizedException", words)
        for words in (
            "Access Token has been revoked",
            "Access Token has expired",
            "Invalid Access Token",
            "Access Token does not have required scopes",
            "Refresh Token has expired",
            "Refresh Token has been revoked",
            "Invalid Refresh Token",
            "User is disabled.",
        )
    ],
]
ENDING = {code for code, words in WORDS if not words}
# The service's exceptions with whatever words, and words of NotAuthorizedException that are of something else.
OTHERS = [
    *[(code, "") for code in EXCEPTIONS if code not in ENDING],
    ("LimitExceededException", "Attempt limit exceeded, please try after some time."),
    ("InvalidParameterException", "1 validation error detected"),
    ("NotAuthorizedException", "SecretHash does not match for the client: 1"),
    ("NotAuthorizedException", "Something new"),
    ("AccessDeniedException", "User is not authorized to perform the operation"),
    ("UserLambdaValidationException", "PreAuthentication failed with error no."),
    ("SomethingNewException", ""),
]
REPLIES: dict[str, Result[Reply]] = {
    "a page": Ok(Reply(200, {}, b"<html>")),
    "a firewall": Ok(Reply(403, {}, b"")),
    "an outage": Ok(Reply(503, {}, b"")),
    "a redirect": Ok(Reply(302, {}, b"")),
    "no connection": Err("connection-failed", sent="no"),
    "a lost answer": Err("connection-lost", sent="maybe"),
    "too much": Err("reply-too-large", sent="maybe"),
}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def signed_out(mode: Mode, everywhere: bool, *replies: Result[Reply]) -> tuple[bool, list[object]]:
    """Tell if the tokens are gone after a sign-out that meets these replies, and what subscribers heard."""
    session = mode.session(configured(randomness=bytes), state=signed_in(), transport=Failing(*replies))
    heard: list[object] = []
    session.subscribe(heard.append)
    session.logout(everywhere=everywhere)
    return session.state.tokens is None, heard


@each_case("everywhere", [False, True])
@each_case(("code", "words"), WORDS)
def test_words_about_the_tokens_end_the_session(mode: Mode, code: str, words: str, everywhere: bool) -> None:
    """They are dead, or cannot be revoked: subscribers hear None."""
    assert signed_out(mode, everywhere, refused(code, words)) == (True, [None])


def is_slow(code: str) -> bool:
    return EXCEPTIONS.get(code) == "throttled"  # with long pauses


@each_case("everywhere", [False, True])
@each_case(("code", "words"), [case for case in OTHERS if not is_slow(case[0])])
def test_other_words_keep_the_session(mode: Mode, code: str, words: str, everywhere: bool) -> None:
    """Signing out can be tried again."""
    assert signed_out(mode, everywhere, refused(code, words)) == (False, [])


@each_case("everywhere", [False, True])
@each_case("case", REPLIES)
def test_no_words_keep_the_session(mode: Mode, case: str, everywhere: bool) -> None:
    """As where no connection comes about."""
    assert signed_out(mode, everywhere, REPLIES[case]) == (False, [])


def test_a_sign_out_that_was_kept_can_be_tried_again(mode: Mode) -> None:
    """The next one ends it."""
    transport = Failing(not_authorized("Something new"), answered({}))
    session = mode.session(configured(), state=signed_in(), transport=transport)
    assert session.logout().reason == "not-authorized"
    assert session.logout() == Ok(None)
    assert session.state.tokens is None


def test_the_set_knows_all_reasons() -> None:
    """Each is in it, or ends a session, or is of the few that were tried above."""
    tried = {EXCEPTIONS[code] for code in ENDING}
    rest = set(get_args(Reason)) - SAYS_NOTHING_OF_TOKENS - ENDS_SESSION - tried
    assert all(reason.startswith(("access-token-", "refresh-token-")) for reason in rest - OUR_OWN)
    assert {"throttled", "lambda-failed", "concurrent-modification", "code-mismatch"} <= SAYS_NOTHING_OF_TOKENS


OUR_OWN = {"disabled-user", "foreign-tokens", "no-session"}
