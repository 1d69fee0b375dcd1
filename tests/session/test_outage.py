"""Failing servers: few requests, none too soon, and nothing repeated that cannot help."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import certifi
import pytest

from cognito_raw import (
    AsyncHttpxTransport,
    Call,
    Client,
    Err,
    HttpxTransport,
    Ok,
    Pause,
    Reply,
    Request,
    Result,
    StandardTransport,
    advance,
    ask,
)
from cognito_raw.flow import Flow
from cognito_raw.models.frozen import replace
from cognito_raw.reply import read
from cognito_raw.retry import ATTEMPTS, Budget, with_retries
from cognito_raw.session.state import State
from tests.support.certificates import self_signed
from tests.support.conversation import Clock, answered, authentication_result, configured, refused, signed_in
from tests.support.deadlines import Stopwatch
from tests.support.failing import Failing
from tests.support.modes import MODES, Mode
from tests.support.transports import handshakes, leaving_nothing, surroundings


def page(status: int, **headers: str) -> Result[Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Ok(Reply(status, named, b"<html>Something went wrong</html>"))


OUTAGES: Mapping[str, Result[Reply]] = {
    **{f"HTML {status}": page(status) for status in (200, 403, 429, 500, 502, 503, 504)},
    "an empty 503": Ok(Reply(503, {}, b"")),
    "an internal error": Ok(Reply(500, {}, b'{"__type":"InternalErrorException"}')),
    "a redirect": page(302),
    "a refusal of the operation": refused("UnsupportedOperationException"),
    "no connection": Err("connection-failed", sent="no"),
    "a lost connection": Err("connection-lost", sent="maybe"),
    "a late answer": Err("timed-out", sent="maybe"),
    "a device that is not found": refused("ResourceNotFoundException", "Device does not exist."),
    "not authorized": refused("NotAuthorizedException", "no"),
}
LIFE = 3600
AT: Mapping[str, int] = {"fresh": 10, "near its end": LIFE - 20, "at its end": LIFE + 1}
METHODS: Mapping[str, Callable[[Any], Any]] = {
    "refresh": lambda session: session.refresh(),
    "id_token": lambda session: session.id_token(),
    "change_password": lambda session: session.change_password("old", "new"),
    "logout": lambda session: session.logout(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
    "login": lambda session: session.login("ada", "pw"),
    "login with a password": lambda session: session.login("ada", "pw", flow="USER_PASSWORD_AUTH"),
}


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def at(seconds: float) -> Any:
    """A configuration whose clock says that so many seconds of the tokens' life are over."""
    now = configured().clock() + seconds
    return configured(clock=Clock(now), monotonic=time.monotonic)


def held(by: Any) -> State:
    return replace(signed_in(), refresh_flow=by)


@pytest.mark.parametrize("by", ["GetTokensFromRefreshToken", "REFRESH_TOKEN_AUTH"])
@pytest.mark.parametrize("when", AT)
@pytest.mark.parametrize("method", METHODS)
def test_few_requests_of_a_session_method_fail(mode: Mode, method: str, when: str, by: str) -> None:
    """However the service fails, with the repetition of a lost refresh and the switch to the other operation."""
    for name, outage in OUTAGES.items():
        if name != "HTML 429":  # with long pauses
            transport = Failing(outage)
            result = METHODS[method](mode.session(at(AT[when]), state=held(by), transport=transport))
            assert len(transport.operations) <= ATTEMPTS, (name, transport.operations)
            assert isinstance(result, Err) or method in ("id_token", "logout", "logout everywhere"), name


@pytest.mark.parametrize("name", ["HTML 500", "HTML 502", "HTML 503", "HTML 504", "an empty 503"])
def test_a_page_is_no_word_about_the_operation(mode: Mode, name: str) -> None:
    """The refresh goes once more, as its answer may be lost, and not by the other operation."""
    transport = Failing(OUTAGES[name])
    session = mode.session(at(LIFE + 1), state=signed_in(), transport=transport)
    result = session.refresh()
    assert (result.reason, transport.operations) == ("service-unavailable", ["GetTokensFromRefreshToken"] * 2)
    assert session.state.tokens == signed_in().tokens


@pytest.mark.parametrize("name", ["HTML 500", "HTML 503", "a lost connection"])
def test_the_older_operation_is_asked_no_more_than_thrice(mode: Mode, name: str) -> None:
    """It may be repeated, but its repetitions and those of the refresh count together."""
    transport = Failing(OUTAGES[name])
    mode.session(at(LIFE + 1), state=held("REFRESH_TOKEN_AUTH"), transport=transport).refresh()
    assert transport.operations == ["InitiateAuth"] * ATTEMPTS


@pytest.mark.parametrize(
    "answer",
    [
        page(501),
        Ok(Reply(501, {}, b'{"__type":"InternalFailure"}')),
        Ok(Reply(400, {}, b'{"__type":"UnknownOperationException"}')),
    ],
    ids=["a page", "a name", "the usual name"],
)
def test_a_server_that_does_not_know_the_operation_is_asked_by_the_other(mode: Mode, answer: Result[Reply]) -> None:
    """501 says so, by whatever name."""
    transport = Failing(answer, answered(authentication_result(LIFE * 1e6, n=2)))
    session = mode.session(at(LIFE + 1), state=signed_in(), transport=transport)
    session.refresh()
    assert transport.operations == ["GetTokensFromRefreshToken", "InitiateAuth"]
    assert session.state.refresh_flow == "REFRESH_TOKEN_AUTH"


def test_a_password_is_changed_after_a_refresh_that_failed_a_little(mode: Mode) -> None:
    """Near its end a token is still good, and what failed for it leaves one request."""
    transport = Failing(page(503), page(503), answered(authentication_result(LIFE * 1e6, n=2)), answered({}))
    session = mode.session(at(LIFE - 20), state=signed_in(), transport=transport)
    assert session.change_password("old", "new") == Ok(None)
    assert transport.operations == ["GetTokensFromRefreshToken"] * 3 + ["ChangePassword"]


def test_a_client_method_has_three_failures(mode: Mode) -> None:
    """All calls of one method together."""
    transport = Failing(page(503))
    result = mode.client(at(0), transport=transport).get_user("token")
    assert (result.reason, transport.operations) == ("service-unavailable", ["GetUser"] * 3)


def test_a_flow_of_your_own_has_as_many_for_each_call() -> None:
    """It may go on after a refusal, and asks as often as it likes."""
    refusal = refused("UserNotFoundException")

    def five() -> Flow[int]:
        refusals = 0
        for _ in range(5):
            answer = yield from ask("ForgotPassword", {})
            refusals += isinstance(answer, Err)
        return Ok(refusals)

    transport = Failing(refusal, refusal, refusal, refusal, answered({}))
    assert Client(at(0), transport=transport).run(five()) == Ok(4)


def test_a_spent_budget_sends_nothing() -> None:
    """The last failure is the answer to every further call."""
    budget, failure = Budget(), Err("connection-lost", operation="GetUser", sent="maybe")
    for _ in range(ATTEMPTS):
        budget.note(failure, 0.0)
    total = Budget()
    total.add(budget)
    total.add(Budget())
    assert advance(with_retries(one(), configured(), None, total)) == failure


def one() -> Flow[Any]:
    answer = yield from ask("GetUser", {})
    return answer if isinstance(answer, Err) else Ok(None)


# --- Retry-After

DATE = "Tue, 07 Jul 2026 09:05:03 GMT"
LATER = "Tue, 07 Jul 2026 09:06:03 GMT"
HEADERS: Mapping[str, tuple[dict[str, str], float | None]] = {
    "none": ({}, None),
    "seconds": ({"retry-after": "120"}, 120.0),
    "nothing": ({"retry-after": "0"}, 0.0),
    "blanks": ({"retry-after": " 7 "}, 7.0),
    "a time, by the server's clock": ({"retry-after": LATER, "date": DATE}, 60.0),
    "a time, by ours": ({"retry-after": LATER}, 30.0),
    "a time, by ours where the server's is none": ({"retry-after": LATER, "date": "yesterday"}, 30.0),
    "a time that has passed": ({"retry-after": DATE, "date": LATER}, 0.0),
    "centuries": ({"retry-after": "9" * 5000}, 999_999_999_999.0),
    "a fraction": ({"retry-after": "1.5"}, None),
    "less than nothing": ({"retry-after": "-1"}, None),
    "other digits": ({"retry-after": "\u0661"}, None),
    "words": ({"retry-after": "soon"}, None),
    "empty": ({"retry-after": ""}, None),
}
OURS = 1_783_415_133.0


@pytest.mark.parametrize("case", HEADERS)
@pytest.mark.parametrize("status", [400, 429, 503])
def test_an_error_says_when_to_come_back(case: str, status: int) -> None:
    """In seconds from now, wherever the header was there."""
    headers, expected = HEADERS[case]
    result = read(Call("GetUser", {}), Reply(status, headers, b"{}"), lambda: OURS)
    assert isinstance(result, Err)
    assert result.retry_after == expected


def test_without_any_clock_a_time_means_now() -> None:
    """As where a reply is read by hand."""
    result = read(Call("GetUser", {}), Reply(503, {"retry-after": LATER}, b"{}"))
    assert isinstance(result, Err)
    assert result.retry_after == 0.0


def steps(flow: Flow[Any], clock: Clock, *replies: Result[Reply]) -> tuple[list[float], Any]:
    """The pauses of a flow that meets these replies, and its result. Time passes in the pauses alone."""
    made, pauses, left = with_retries(flow, configured(monotonic=clock), None, Budget()), [], list(replies)
    step = advance(made)
    while isinstance(step, Request | Pause):
        if isinstance(step, Pause):
            pauses.append(step.seconds)
            clock.now += step.seconds
            step = advance(made)
        else:
            step = advance(made, left.pop(0))
    assert not left
    return pauses, step


@pytest.mark.parametrize("status", [429, 503])
def test_no_attempt_is_made_before_the_time(status: int) -> None:
    """The pause is as long as the server wants, and no shorter than it would be."""
    waits = page(status, retry_after="3"), page(status, retry_after="0")
    pauses, result = steps(one(), Clock(0.0), *waits, answered({}))
    assert (pauses[0], result) == (3.0, Ok(None))
    assert 0 < pauses[1] < 2.1


@pytest.mark.parametrize("seconds", ["10", "3600"])
def test_what_is_too_long_comes_back_at_once(seconds: str) -> None:
    """The caller has the seconds, and decides."""
    pauses, result = steps(one(), Clock(0.0), page(503, retry_after=seconds))
    assert (pauses, result.reason, result.retry_after) == ([], "service-unavailable", float(seconds))


def test_another_call_of_the_same_method_waits_as_well() -> None:
    """Or is not sent, if that takes too long."""

    def two() -> Flow[Any]:
        yield from ask("SignUp", {"Password": "p"})
        return (yield from one())

    assert steps(two(), Clock(0.0), page(503, retry_after="3"), answered({})) == ([3.0], Ok(None))
    pauses, result = steps(two(), Clock(0.0), page(503, retry_after="30"))
    assert (pauses, result.operation, result.retry_after) == ([], "SignUp", 30.0)


def test_a_refresh_comes_back_at_once_too(mode: Mode) -> None:
    """Its repetition would be too early."""
    transport = Failing(page(503, retry_after="3600"))
    with Stopwatch() as watch:
        result = mode.session(at(LIFE + 1), state=signed_in(), transport=transport).refresh()
    assert (result.retry_after, transport.operations) == (3600.0, ["GetTokensFromRefreshToken"])
    assert watch.seconds < 2


def test_a_refresh_is_repeated_when_it_is_time(mode: Mode) -> None:
    """And then succeeds."""
    transport = Failing(page(503, retry_after="1"), answered(authentication_result(LIFE * 1e6, n=2)))
    assert isinstance(mode.session(at(LIFE + 1), state=signed_in(), transport=transport).refresh(), Ok)
    assert transport.times[1] - transport.times[0] >= 1.0


# --- certificates

TRANSPORTS = [(MODES[0], HttpxTransport), (MODES[0], StandardTransport), (MODES[1], AsyncHttpxTransport)]


@pytest.mark.parametrize(("kind", "transport"), TRANSPORTS)
def test_a_refused_certificate_is_not_shown_again(
    kind: Callable[[], Mode], transport: type[Any], tmp_path: Path, server_side: ssl.SSLContext
) -> None:
    """One handshake, or two where there are roots that were not read before. It may not be retried."""
    other = str(self_signed(tmp_path / "other.pem"))
    with leaving_nothing(), closing(kind()) as mode, handshakes(server_side) as server:
        config = configured(endpoint=server.url.replace("http", "https"), monotonic=time.monotonic)
        for file, expected in ((other, 1), (certifi.where(), 2)):
            before = server.connections
            with surroundings({"SSL_CERT_FILE": file, "SSL_CERT_DIR": None}):
                result = mode.client(config, transport=transport()).get_user("token")
            assert (result.reason, result.sent, result.retryable) == ("connection-failed", "no", False)
            assert server.connections - before == expected
